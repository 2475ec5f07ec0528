"""The screen of `tfcli explain --with`: two models on one prompt."""

from collections.abc import Sequence

from rich.text import Text

from tfcli.explain.result import LETTERS, AnswerPoint, ModelComparison, ModelSide, WeightChange
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, beside, margin
from tfcli.view.explain.over import read_labels
from tfcli.view.explain.pairs import distances_line, next_table, stacked

_INDENT = 9
_TWO_COLUMNS = 160
_GAP = 4
_LENS_ROWS = 9
_WIDEST_BAR = 20


def screen(pen: Pen, found: ModelComparison) -> list[Text]:
    """Who they are, what they say next, and where on the way they part."""
    head = [*title(pen, found), Text(), *_surprise(pen, found)]
    by = "token, by id" if found.matched_by == "id" else "token, by text"
    left = [next_table(pen, found.candidates, by), _lens(pen, found)]
    right = [_heads(pen, found), _weights(pen, found)]
    if pen.width >= _TWO_COLUMNS:
        columns = beside(stacked(left), stacked(right), (pen.width + _GAP) // 2)
        return stacked([head, columns])
    return stacked([head, *left, *right])


def title(pen: Pen, found: ModelComparison) -> list[Text]:
    """Who they are, and what they read."""
    return [*_models(pen, found), *_prompts(pen, found)]


def sides(found: ModelComparison) -> list[tuple[str, ModelSide]]:
    """Both, with their numbers."""
    return [("1", found.first), ("2", found.second)]


def _models(pen: Pen, found: ModelComparison) -> list[Text]:
    lines: list[Text] = []
    for number, side in sides(found):
        facts = side.model
        words: list[list[Piece]] = [
            [(f"{number}  ", ACCENT), (pen.fit(facts.name, 40), STRONG)],
            [f"{facts.kind}, {facts.family}" if facts.family else facts.kind],
            [f"{numbers.amount(facts.parameters)} parameters"],
            [f"{facts.num_layers} × {facts.num_heads} heads"],
            [f"width {numbers.count(facts.hidden_size)}"],
        ]
        head = margin(pen, "MODELS") if number == "1" else Text(" " * _INDENT)
        lines += pen.flow(words, " · ", head=head, indent=_INDENT + 3, room=pen.width)
    return lines


def _prompts(pen: Pen, found: ModelComparison) -> list[Text]:
    """The tokens that were read: once, where both cut the text alike."""
    both = sides(found)
    read = [read_labels(side.source, side.labels) for _, side in both]
    alike = read[0] == read[1]
    lines: list[Text] = []
    for (number, _), shown in list(zip(both, read, strict=True))[: 1 if alike else 2]:
        if not alike:
            shown[0] = [(f"{number}  ", ACCENT), *shown[0]]
        head = margin(pen, "PROMPT") if number == "1" else Text(" " * _INDENT)
        lines += pen.flow(shown, " ", head=head, indent=_INDENT + 3 * (not alike), room=pen.width)
    side = found.first
    if side.position != len(side.labels) - 1:
        where = f"at {side.position} “{pen.fit(side.labels[side.position], 20)}”"
        lines.append(pen.line(" " * _INDENT, where))
    return lines


def _surprise(pen: Pen, found: ModelComparison) -> list[Text]:
    """The prompt's surprisal behind its first token, and how far the two answers lie apart."""
    lines = [
        margin(pen, "BITS").append_text(
            pen.line(
                (pen.left("", 3), DIM),
                (pen.right("prompt", 8), DIM),
                (pen.right("a byte", 9), DIM),
                (pen.right("of bytes", 10), DIM),
                (pen.right("entropy of the next token", 28), DIM),
            )
        )
    ]
    for number, side in sides(found):
        lines.append(
            pen.line(
                " " * _INDENT,
                (pen.left(number, 3), ACCENT),
                pen.right(numbers.number(side.bits), 8),
                (pen.right(numbers.number(side.bits_per_byte), 9), STRONG),
                pen.right(numbers.NONE if side.bytes is None else numbers.count(side.bytes), 10),
                pen.right(numbers.number(side.entropy), 28),
            )
        )
    if found.distances is None:
        return [*lines, *_gap(pen, found, "distances", "")]
    return [*lines, *distances_line(pen, found.distances)]


def _gap(pen: Pen, found: ModelComparison, name: str, word: str) -> list[Text]:
    """One line for what there is not; nothing where there is."""
    if name not in found.omitted:
        return []
    words: list[list[Piece]] = [[(word, DIM)] for word in found.omitted[name].split(" ")]
    head = margin(pen, word) if word else Text(" " * _INDENT)
    return pen.flow(words, " ", head=head, indent=_INDENT, room=pen.width)


def _lens(pen: Pen, found: ModelComparison) -> list[Text]:
    """The answer's way through the layers of each, set side by side by their depth."""
    named = f"“{pen.fit(found.answer_label, 20)}”"
    whose = "the answer" if found.answer_chosen else "the answer of 1"
    lines = [
        margin(pen, "LENS").append_text(
            pen.line(
                (pen.left("depth", 8), DIM),
                (f"{named}, {whose}: p and rank in ", DIM),
                ("1", ACCENT),
                (" and ", DIM),
                ("2", ACCENT),
            )
        )
    ]
    longer = max(found.first_lens, found.second_lens, key=len)
    last = len(longer) - 1
    shown = range(last + 1)
    if last + 1 > _LENS_ROWS:
        shown = [round(i * last / (_LENS_ROWS - 1)) for i in range(_LENS_ROWS)]
    for i in shown:
        depth = longer[i].depth
        lines.append(
            pen.line(
                " " * _INDENT,
                pen.left(numbers.percent(depth), 8),
                *_point(pen, found.first_lens, depth),
                "  ",
                *_point(pen, found.second_lens, depth),
            )
        )
    return [*lines, *_gap(pen, found, "lens", "")]


def _point(pen: Pen, way: Sequence[AnswerPoint], depth: float) -> list[Piece]:
    """The point of a way that is nearest to the depth."""
    if not way:
        return [pen.left(numbers.NONE, 22)]
    point = min(way, key=lambda p: abs(p.depth - depth))
    layer = "E" if point.layer is None else str(point.layer)
    return [
        (pen.left(f"{layer}", 4), DIM),
        (pen.right(numbers.probability(point.probability), 6), ACCENT),
        pen.right(numbers.count(point.rank), 9),
        "   ",
    ]


def _heads(pen: Pen, found: ModelComparison) -> list[Text]:
    """The heads whose scores differ the most."""
    if "heads" in found.omitted:
        return _gap(pen, found, "heads", "HEADS")
    lines = [
        margin(pen, "HEADS").append_text(
            pen.line(
                (pen.left("differ", 8), DIM),
                (pen.right("1", 9), DIM),
                (pen.right("2", 9), DIM),
                (pen.right("change", 10), DIM),
                (f"  {found.unit}", DIM),
            )
        )
    ]
    for head in found.heads:
        lines.append(
            pen.line(
                " " * _INDENT,
                pen.left(f"{LETTERS[head.kind]}{head.layer}H{head.head}", 8),
                pen.right(numbers.number(head.first), 9),
                pen.right(numbers.number(head.second), 9),
                (pen.right(numbers.signed(head.change), 10), STRONG),
            )
        )
    return lines


def _weights(pen: Pen, found: ModelComparison) -> list[Text]:
    """How far the weights lie apart, by kind of module, then by layer."""
    if "weights" in found.omitted:
        return _gap(pen, found, "weights", "MOVED")
    known = [module.change for module in found.modules if module.change is not None]
    largest = max(known, default=0.0)
    name = max(min(max(pen.size(module.name) for module in found.modules), 32), 12)
    lines = [
        margin(pen, "MOVED").append_text(
            pen.line(
                (pen.left("modules", name), DIM),
                (pen.right("parameters", 12), DIM),
                (pen.right("‖W1-W2‖/‖W1‖", 15), DIM),
            )
        )
    ]
    for module in found.modules:
        share = (module.change or 0.0) / largest if largest else 0.0
        lines.append(
            pen.line(
                " " * _INDENT,
                pen.left(module.name, name),
                pen.right(numbers.amount(module.parameters), 12),
                pen.right(relative(module), 15),
                "  ",
                (pen.bar(share, _WIDEST_BAR), ACCENT),
            )
        )
    by_layer: list[list[Piece]] = [
        [(f"{layer.name} ", DIM), relative(layer)] for layer in found.layers
    ]
    head = pen.line(" " * _INDENT, ("by layer  ", DIM))
    return lines + pen.flow(by_layer, "  ", head=head, indent=_INDENT + 10, room=pen.width)


def relative(change: WeightChange) -> str:
    """“0.42”; “3e-5” where two decimals would call it nothing."""
    if change.change is None or 0 < change.change < 0.005:
        return numbers.NONE if change.change is None else numbers.error(change.change)
    return numbers.number(change.change)
