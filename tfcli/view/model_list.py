"""The screens of `tfcli model list`: models at hand, and the types that can be run."""

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from tfcli.checkpoint.at_hand import ModelAtHand
from tfcli.model.config import ModelConfig
from tfcli.model.size import parameter_count
from tfcli.view import console
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, BAD, DIM, STRONG, Pen
from tfcli.view.model_lines import words
from tfcli.view.pull import size


def list_lines(pen: Pen, models: Sequence[ModelAtHand]) -> Iterator[Text]:
    """A line for each model: its name, type and size."""
    names = [console.printable(model.name) for model in models]
    kinds = [model.model_type for model in models]
    name_width = min(max(map(pen.size, names), default=0), max(pen.width - 42, 20))
    kind_width = max([4, *map(pen.size, kinds)]) + 2
    head = pen.left("model", name_width + 2) + pen.left("type", kind_width)
    head += pen.right("params", 8) + pen.right("files", 10)
    yield pen.line(" ", (head, DIM))
    for model, name in zip(models, names, strict=True):
        line = pen.line(" ", (pen.left(name, name_width), STRONG), "  ")
        if model.fault:
            yield line.append(pen.fit(console.printable(model.fault), pen.width - 20), BAD)
            continue
        line.append(pen.left(model.model_type, kind_width))
        line.append(pen.right(numbers.amount(model.parameters), 8), ACCENT)
        line.append(pen.right(size(model.bytes), 10))
        if pen.width >= 110:
            line.append("  " + pen.fit(_where(model), pen.width - line.cell_len - 3), DIM)
        yield line


def preset_lines(pen: Pen, presets: Mapping[str, tuple[str, ModelConfig]]) -> Iterator[Text]:
    """A line for each preset of `tfcli model plan`: its type, and its sizes."""
    width = max(map(len, presets)) + 2
    kind_width = max(len(kind) for kind, _ in presets.values()) + 2
    titles = ("params", "a token", "layers", "width")
    head = pen.left("preset", width) + pen.left("type", kind_width)
    yield pen.line(" ", (head + "".join(pen.right(title, 9) for title in titles), DIM))
    for name, (kind, config) in presets.items():
        counted = parameter_count(config)
        line = pen.line(" ", (pen.left(name, width), STRONG), pen.left(kind, kind_width))
        line.append(pen.right(numbers.amount(counted.total), 9), ACCENT)
        fewer = counted.active != counted.total
        line.append(pen.right(numbers.amount(counted.active) if fewer else "", 9))
        sides = [config] if config.encoder is None else [config.encoder, config]
        line.append(pen.right("+".join(str(side.num_layers) for side in sides), 9))
        yield line.append(pen.right(numbers.count(config.hidden_size), 9))


def type_lines(pen: Pen, types: Mapping[str, str]) -> Iterator[Text]:
    """A line for each model type: its name, and what it is."""
    width = max(map(len, types)) + 2
    for name, text in types.items():
        head = pen.line(" ", (name.ljust(width), STRONG))
        items = words(pen, text)
        yield from pen.flow(items, " ", head=head, indent=width + 1, room=pen.width - 1)


def _where(model: ModelAtHand) -> str:
    kind = "run" if model.kind == "run" else f"pulled, {model.revision}"
    return f"{kind}, {console.printable(str(model.path))}"
