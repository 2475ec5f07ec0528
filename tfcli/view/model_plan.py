"""The screen of `tfcli model plan`: every tensor of a forward pass, and what it all costs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from tfcli.model.block_shapes import AXES, Step
from tfcli.model.forward_shapes import ForwardShapes, Section
from tfcli.model.parameter_shapes import count
from tfcli.model.size import (
    BYTES,
    activations,
    cache_size,
    parameter_count,
    work,
)
from tfcli.view import console
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece
from tfcli.view.explain.numbers import counted
from tfcli.view.model_lines import operations, paragraph, ranges, sentence, under
from tfcli.view.model_sizes import cache_lines, memory_lines, parameter_lines
from tfcli.view.model_words import heads_words, kind_words
from tfcli.view.pull import size

_WIDE = 116
_PARAMETERS = 7


@dataclass(frozen=True)
class Planned:
    """What is shown.

    Attributes:
        name: of the model, as it was typed.
        changes: the sizes that were chosen otherwise, in words.
        dtype: of the weights, the cache and the tensors.
    """

    name: str
    model_type: str
    shapes: ForwardShapes
    dtype: str
    changes: tuple[str, ...] = ()


def plan_lines(pen: Pen, planned: Planned) -> Iterator[Text]:
    """The screen."""
    yield from _head(pen, planned)
    yield Text()
    yield from _Table(pen, planned.shapes).lines()
    yield Text()
    yield from _legend(pen, planned.shapes)
    yield Text()
    yield from _costs(pen, planned)


def _head(pen: Pen, planned: Planned) -> Iterator[Text]:
    shapes = planned.shapes
    config = shapes.config
    with_changes = f" with {', '.join(planned.changes)}" if planned.changes else ""
    title: Sequence[Sequence[Piece]] = [
        [(console.printable(planned.name), STRONG), with_changes],
        [f"{kind_words(config)}, {planned.model_type}"],
        [(numbers.amount(parameter_count(config).total), ACCENT), " parameters"],
        [context_words(planned)],
    ]
    yield from paragraph(pen, "MODEL", title)
    layers = counted(config.num_layers, "layer")
    if config.encoder is not None:
        layers = f"{config.encoder.num_layers} + {layers}"
    shape: Sequence[Sequence[Piece]] = [
        [f"{layers} × {counted(config.num_heads, 'head')}"],
        [f"width {config.hidden_size:,}"],
        [f"inner width {config.intermediate_size:,}"],
        [f"vocabulary {config.vocab_size:,}"],
    ]
    yield from paragraph(pen, "SIZES", shape)
    yield from _heads(pen, shapes)
    what = f"{counted(shapes.batch, 'text')} of {counted(shapes.tokens, 'token')}"
    if shapes.source_tokens:
        what += f" for the decoder and {shapes.source_tokens:,} for the encoder"
    yield from sentence(pen, "INPUT", f"{what} (--batch, --tokens)")


def _heads(pen: Pen, shapes: ForwardShapes) -> list[Text]:
    """How the width is shared out: the point of the whole screen."""
    config = shapes.config
    *first, last = heads_words(config).split(" ")
    words: list[Sequence[Piece]] = [[(part, ACCENT)] for part in first]
    words.append([(last, ACCENT), ":"])
    words += [[part] for part in ("each", "head's", "V", "is")]
    words += [[(f"{config.value_dim:,}", f"{STRONG} {ACCENT}")], ["wide"]]
    return paragraph(pen, "HEADS", words, " ")


def context_words(planned: Planned) -> str:
    """“context 2,048”."""
    config = planned.shapes.config
    if config.position == "relative":
        return "a context without limit"
    return f"context {config.max_position_embeddings:,}"


class _Table:
    """The tensors in columns that are as wide as the widest cell."""

    def __init__(self, pen: Pen, shapes: ForwardShapes) -> None:
        self.pen, self.shapes = pen, shapes
        steps = [step for section in shapes.sections for step in section.steps]
        steps += shapes.cache
        self.name = max(pen.size(step.name) for step in steps) + 2
        self.size = max(len(_size(step.size)) for step in steps) + 2
        self.axes = max(len(" ".join(step.axes)) for step in steps) + 2
        rest = pen.width - 1 - 4 - self.name - self.size - self.axes - _PARAMETERS
        self.wide = pen.width >= _WIDE
        weights = max(pen.size(_weights(step)) for step in steps) + 2
        self.weights = min(weights, rest // 2) if self.wide else 0
        self.how = min(rest - self.weights, 44)

    def lines(self) -> Iterator[Text]:
        """All sections, and the cache."""
        pen = self.pen
        made = pen.left("made by", self.how)
        made += pen.left("weights", self.weights) if self.wide else ""
        head = pen.left("tensor", self.name + 3) + pen.left("shape", self.size)
        head += pen.left("axes", self.axes) + made + pen.right("params", _PARAMETERS)
        yield pen.line(" ", (head, DIM))
        first: dict[str, Section] = {}
        for section in self.shapes.sections:
            like = first.get(section.side)
            if section.name == "block":
                first.setdefault(section.side, section)
            yield from self._section(section, like if section.name == "block" else None)
        if self.shapes.cache:
            yield self._title("CACHE", "of each block, for the tokens to come")
            yield from (self._row(step) for step in self.shapes.cache)

    def _section(self, section: Section, like: Section | None) -> Iterator[Text]:
        word, note = self._title_of(section)
        steps: Sequence[Step] = section.steps
        if like is not None:
            known = set(map(_identity, like.steps))
            steps = [step for step in steps if _identity(step) not in known]
            note += f"; as block {like.layers[0]}" + (" but for" if steps else "")
        yield self._title(word, note)
        module = ""
        for step in steps:
            if step.module != module:
                module = step.module
                yield self.pen.line("   ", (module, DIM))
            yield self._row(step)

    def _title_of(self, section: Section) -> tuple[str, str]:
        side = f"{section.side.upper()} " if section.side else ""
        if section.name != "block":
            return side + section.name.upper(), ""
        note = f"{section.times} alike" if section.times > 1 else "one"
        if section.window:
            note += f", a token sees the last {section.window:,}"
        elif any(other.window for other in self.shapes.sections):
            note += ", a token sees all before it"
        return side + _block_word(section.layers), note

    def _title(self, word: str, note: str) -> Text:
        return self.pen.line(" ", (word, STRONG), "  ", (note, DIM))

    def _row(self, step: Step) -> Text:
        pen = self.pen
        style = f"{STRONG} {ACCENT}" if step.name == "V" else ACCENT
        weights = _weights(step)
        if self.wide:
            made = pen.left(step.how, self.how) + pen.left(weights, self.weights)
        else:
            matrices = any(len(one) > 1 for one in step.parameters.values())
            made = pen.left(weights if matrices else step.how, self.how)
        parameters = numbers.amount(count(step.parameters)) if step.parameters else ""
        return pen.line(
            "    ",
            pen.left(step.name, self.name),
            (pen.left(_size(step.size), self.size), style),
            (pen.left(" ".join(step.axes), self.axes), DIM),
            (made, DIM),
            pen.right(parameters, _PARAMETERS),
        )


def _identity(step: Step) -> tuple[object, ...]:
    return step.module, step.name, step.size, step.how, tuple(step.parameters.items())


def _block_word(layers: tuple[int, ...]) -> str:
    return f"BLOCK{'S' * (len(layers) > 1)} {ranges(layers)}"


def _size(numbers_: Sequence[int]) -> str:
    return f"[{', '.join(map(str, numbers_))}]"


def _weights(step: Step) -> str:
    """The shapes of a step's weights, without the biases beside them: “2×[64, 32]”."""
    sizes = list(step.parameters.values())
    dimensions = max(map(len, sizes), default=0)
    matrices = [size for size in sizes if len(size) == dimensions]
    parts = []
    for one, times in Counter(matrices).items():
        parts.append(f"{times}×{_size(one)}" if times > 1 else _size(one))
    return " + ".join(parts)


def _legend(pen: Pen, shapes: ForwardShapes) -> list[Text]:
    steps = [step for section in shapes.sections for step in section.steps]
    used = {axis for step in (*steps, *shapes.cache) for axis in step.axes}
    items: list[list[Piece]] = [
        [(letter, STRONG), f" {name}"] for letter, name in AXES.items() if letter in used
    ]
    return paragraph(pen, "AXES", items)


def _costs(pen: Pen, planned: Planned) -> Iterator[Text]:
    shapes, dtype = planned.shapes, planned.dtype
    config = shapes.config
    parameters = parameter_count(config)
    yield from parameter_lines(pen, config, parameters)
    yield Text()
    yield from memory_lines(pen, parameters.total)
    yield from cache_lines(pen, config, cache_size(config), dtype, _cached(shapes))
    yield from _work(pen, shapes)
    yield from _activations(pen, shapes, dtype)


def _cached(shapes: ForwardShapes) -> dict[str, int]:
    """What the cache keeps of the input, and of a whole context."""
    config, cache = shapes.config, cache_size(shapes.config)
    if cache is None:
        return {}
    tokens, source, context = shapes.tokens, shapes.source_tokens, config.max_position_embeddings
    found = {"the input": shapes.batch * cache.of(tokens, source)}
    if config.position != "relative" and (shapes.batch, tokens) != (1, context):
        found[f"a context of {context:,}"] = cache.of(context, context if source else 0)
    return found


def _work(pen: Pen, shapes: ForwardShapes) -> Iterator[Text]:
    done = work(shapes)
    items: list[list[Piece]] = [
        [(operations(done.token), ACCENT), " a token"],
        [(operations(done.text), ACCENT), " for the input"],
        ["three times that to train on it"],
    ]
    yield from paragraph(pen, "WORK", items)
    matrices = done.matrices // 2
    words = f"a token: 2 × {numbers.amount(matrices)} (matrices that it goes through) + "
    words += f"{operations(done.attention)} (attention to {counted(shapes.tokens, 'token')}"
    each = "4·H·d" if shapes.config.latent is None else "2·H·(d + v)"
    words += f", {each} for each one in each layer)"
    if done.source_matrices:
        each = operations(done.source_matrices + done.source_attention)
        words += f"; of the encoder's: {each}"
    yield from under(pen, words)


def _activations(pen: Pen, shapes: ForwardShapes, dtype: str) -> Iterator[Text]:
    made, width = activations(shapes), BYTES[dtype]
    items: list[list[Piece]] = [
        [f"{dtype} ", (size(made.largest_block * width), ACCENT), " a block"],
        [(size(made.total * width), ACCENT), " all, as kept for training"],
    ]
    yield from paragraph(pen, "TENSORS", items)
    share = numbers.percent(made.scores / made.total)
    yield from under(
        pen, f"scores and weights are {share} of that, and a fused kernel never writes them"
    )
