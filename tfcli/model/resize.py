"""The same architecture in another size: what follows from the sizes that were chosen."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from tfcli.errors import UsageError
from tfcli.model.config import ModelConfig, Rope


@dataclass(frozen=True)
class NewSizes:
    """Sizes that were chosen, by ModelConfig's names; None keeps what the architecture has."""

    num_layers: int | None = None
    num_heads: int | None = None
    num_kv_heads: int | None = None
    head_dim: int | None = None
    hidden_size: int | None = None
    intermediate_size: int | None = None
    vocab_size: int | None = None


def resized(config: ModelConfig, sizes: NewSizes) -> ModelConfig:
    """The configuration in other sizes; in an encoder-decoder on both sides.

    The width of a head follows from `hidden_size / num_heads` where either was chosen and no
    `head_dim`: 12,288 in 96 heads are 128 each, in 16 heads 768. It stays in latent attention, and
    where a new width meets heads that do not share it out. Key/value heads follow the query heads
    where there are as many of them; the inner width keeps its ratio to the outer one.

    Raises:
        UsageError: the sizes do not fit together.
    """
    if sizes == NewSizes():
        return config
    encoder = None if config.encoder is None else resized(config.encoder, sizes)
    changes: dict[str, Any] = {"encoder": encoder}
    changes |= _widths(config, sizes) | _heads(config, sizes)
    if sizes.vocab_size is not None:
        changes["vocab_size"] = sizes.vocab_size
    if sizes.num_layers is not None:
        changes |= _layers(config, sizes.num_layers)
    experts = changes.get("experts", config.experts)
    if experts is not None and len(experts.layers) == (sizes.num_layers or config.num_layers):
        inner = _scaled(experts.intermediate_size, config, sizes)  # there is no other module
        changes["experts"] = dataclasses.replace(experts, intermediate_size=inner)
    return dataclasses.replace(config, **changes)


def _widths(config: ModelConfig, sizes: NewSizes) -> dict[str, Any]:
    width = sizes.hidden_size or config.hidden_size
    changes: dict[str, Any] = {
        "hidden_size": width,
        "intermediate_size": _scaled(config.intermediate_size, config, sizes),
    }
    for name, power in (("embedding_scale", 0.5), ("output_scale", -0.5)):
        if getattr(config, name) == config.hidden_size**power:
            changes[name] = width**power
    return changes


def _scaled(inner: int, config: ModelConfig, sizes: NewSizes) -> int:
    if sizes.intermediate_size is not None:
        return sizes.intermediate_size
    if sizes.hidden_size is None:
        return inner
    return max(inner * sizes.hidden_size // config.hidden_size, 1)


def _heads(config: ModelConfig, sizes: NewSizes) -> dict[str, Any]:
    heads = sizes.num_heads or config.num_heads
    width = sizes.hidden_size or config.hidden_size
    shared_out = config.head_dim * config.num_heads == config.hidden_size
    head_dim = config.head_dim
    if sizes.head_dim is not None:
        head_dim = sizes.head_dim
    elif config.latent is None and (
        sizes.num_heads is not None or (sizes.hidden_size is not None and shared_out)
    ):
        head_dim, rest = divmod(width, heads)
        if rest:
            raise UsageError(
                f"A width of {width:,} cannot be shared out among {heads:,} heads.",
                hint=f"Take heads that divide {width:,}, or say how wide one is: --head-dim.",
            )
    kv_heads = config.num_kv_heads if config.num_kv_heads != config.num_heads else heads
    kv_heads = sizes.num_kv_heads or kv_heads
    if heads % kv_heads:
        raise UsageError(
            f"{heads:,} query heads cannot share {kv_heads:,} key/value heads.",
            hint="Choose --kv-heads so that it divides --heads.",
        )
    changes: dict[str, Any] = {"num_heads": heads, "num_kv_heads": kv_heads, "head_dim": head_dim}
    if head_dim != config.head_dim and config.latent is None:
        changes["rope"] = _turning(config.rope, config.head_dim, head_dim)
        if config.window_rope is not None:
            changes["window_rope"] = _turning(config.window_rope, config.head_dim, head_dim)
    return changes


def _turning(rope: Rope, before: int, head_dim: int) -> Rope:
    """The same share of a wider or narrower head turns; factors for its pairs are of no use."""
    dim = max(rope.dim * head_dim // before // 2 * 2, 2) if rope.dim else 0
    if rope.scaling in ("longrope", "factors"):
        return dataclasses.replace(rope, dim=dim, scaling="default", short=(), long=())
    return dataclasses.replace(rope, dim=dim)


def _layers(config: ModelConfig, count: int) -> dict[str, Any]:
    """More layers go on in the pattern of those that are there: windows by turns, experts."""
    windowed = set(config.window_layers)
    with_experts = set(config.experts.layers) if config.experts is not None else set()
    kinds = [(i in windowed, i in with_experts) for i in range(config.num_layers)]
    period = _period(kinds)
    while len(kinds) < count:
        kinds.append(kinds[-period])
    chosen = kinds[:count]
    changes: dict[str, Any] = {
        "num_layers": count,
        "window_layers": tuple(i for i, kind in enumerate(chosen) if kind[0]),
    }
    if config.experts is not None:
        layers = tuple(i for i, kind in enumerate(chosen) if kind[1])
        changes["experts"] = dataclasses.replace(config.experts, layers=layers)
    return changes


def _period(kinds: list[tuple[bool, bool]]) -> int:
    """After how many layers the upper half repeats itself."""
    half = len(kinds) // 2
    for period in range(1, half + 1):
        if all(kinds[i] == kinds[i - period] for i in range(half, len(kinds))):
            return period
    return len(kinds)
