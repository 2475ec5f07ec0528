"""Sections that several screens of `tfcli model` have: parameters, memory, the cache."""

from rich.text import Text

from tfcli.model.config import ModelConfig
from tfcli.model.size import BYTES, CacheSize, ModuleSize, ParameterCount
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, DIM, Pen, Piece, margin
from tfcli.view.model_lines import INDENT, paragraph, under
from tfcli.view.pull import size

_NAME, _COUNT, _SHARE = 16, 8, 7


def parameter_lines(pen: Pen, config: ModelConfig, counted: ParameterCount) -> list[Text]:
    """A row for each kind of module, and the feed-forward share."""
    pair = config.encoder is not None
    heads = [("encoder", _COUNT + 1), ("decoder", _COUNT + 1)] if pair else []
    heads = [("all", _COUNT + 1), *heads, ("share", _SHARE + 1)]
    title = "".join(pen.right(name, width) for name, width in heads)
    lines = [margin(pen, "PARAMETERS", INDENT).append(" " * _NAME + title, DIM)]
    lines += [_row(pen, config, counted, module, pair) for module in counted.modules]
    total = pen.line(" " * INDENT, pen.left("in all", _NAME))
    lines.append(total.append(pen.right(numbers.amount(counted.total), _COUNT + 1), ACCENT))
    lines[-1].append(f"  {counted.total:,}", DIM)
    if counted.active != counted.total:
        words = f"one token meets {numbers.amount(counted.active)} of them: {counted.active:,}"
        lines += under(pen, words)
    block, model = counted.feed_forward_of_block, counted.feed_forward_of_model
    shares: list[list[Piece]] = [
        ["feed-forward is ", (numbers.percent(block), ACCENT), " of a block"],
        [(numbers.percent(model), ACCENT), " of the model"],
    ]
    return lines + pen.flow(
        shares, ", ", head=Text(" " * INDENT), indent=INDENT, room=pen.width - 1
    )


def _row(
    pen: Pen, config: ModelConfig, counted: ParameterCount, module: ModuleSize, pair: bool
) -> Text:
    share = module.count / counted.total
    line = pen.line(" " * INDENT, pen.left(module.name, _NAME))
    line.append(pen.right(numbers.amount(module.count), _COUNT + 1), ACCENT)
    if pair:
        for count in (module.encoder, module.count - module.encoder):
            line.append(pen.right(numbers.amount(count) if count else numbers.NONE, _COUNT + 1))
    line.append(pen.right(_share(share), _SHARE + 1))
    words = ""
    if module.name == "experts" and config.experts is not None:
        active = numbers.amount(module.active)
        words = f"  {active} a token ({config.experts.chosen} of {config.experts.count})"
    room = min(pen.width - line.cell_len - pen.size(words) - 3, 40)
    bar = pen.bar(share, room) if room >= 8 else ""
    if bar:
        line.append(f"  {bar}", ACCENT)
    return line.append(pen.say(words), DIM)


def memory_lines(pen: Pen, parameters: int) -> list[Text]:
    """What the weights take, by element type."""
    items: list[list[Piece]] = [
        [f"{' or '.join(names)} ", (size(parameters * width), ACCENT)]
        for width, names in _by_width().items()
    ]
    return paragraph(pen, "WEIGHTS", items)


def cache_lines(
    pen: Pen, config: ModelConfig, cache: CacheSize | None, dtype: str, amounts: dict[str, int]
) -> list[Text]:
    """What the cache takes for a token, and for more of them.

    Args:
        amounts: how many numbers it keeps, by what of: “the context of 2,048”.
    """
    if cache is None:
        return paragraph(pen, "KV CACHE", [["none: an encoder reads a text once"]])
    width = BYTES[dtype]
    items: list[list[Piece]] = [[f"{dtype} ", (size(cache.token * width), ACCENT), " a token"]]
    if cache.source:
        items.append([(size(cache.source * width), ACCENT), " a token of the encoder"])
    items += [[(size(n * width), ACCENT), f" for {name}"] for name, n in amounts.items()]
    return paragraph(pen, "KV CACHE", items) + under(pen, _cache_formula(config, cache, dtype))


def _cache_formula(config: ModelConfig, cache: CacheSize, dtype: str) -> str:
    width = BYTES[dtype]
    if config.latent is not None:
        latent = config.latent
        inside = f"({latent.kv_rank} of the latent + {latent.rope_dim} that turn)"
    else:
        inside = f"{config.num_kv_heads} heads × 2 × {config.head_dim}"
    made = f"{config.num_layers} layers × {inside} = {cache.token:,} numbers of {width} bytes"
    if config.latent is not None:
        full = config.num_heads * (config.head_dim + config.value_dim) * config.num_layers
        made += f"; keys and values themselves would be {full / cache.token:.0f} times as many"
    return made


def _share(value: float) -> str:
    """A share in per cent that is never rounded to nothing."""
    return "<0.1%" if 0 < value < 0.0005 else numbers.percent(value)


def _by_width() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for name, width in BYTES.items():
        if name != "float64":
            found.setdefault(width, []).append(name)
    return found
