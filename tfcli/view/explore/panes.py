"""What the panes show, each drawn as `explain` draws it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rich.text import Text

from tfcli.explain.result import Explanation, NextTokens
from tfcli.view import explain_answer as answer
from tfcli.view import explain_attention as attention
from tfcli.view import explain_model as model
from tfcli.view import explain_numbers as numbers
from tfcli.view.explain import omitted_line
from tfcli.view.explain_lines import ACCENT, DIM, STRONG, Pen, crop

if TYPE_CHECKING:
    from tfcli.explain.explorer import Part, Sight

Name = Literal["ledger", "lens", "weights", "next", "credit", "model"]
NAMES: tuple[Name, ...] = ("ledger", "lens", "weights", "next", "credit", "model")
# Where several stand side by side, those that were not asked for come in this order.
ORDER: tuple[Name, ...] = ("ledger", "next", "lens", "weights", "credit", "model")
PARTS: "dict[Name, Part]" = {
    "ledger": "qkv",
    "lens": "lens",
    "weights": "attention",
    "next": "next",
    "credit": "credit",
    "model": "model",
}
_CELL = 3
_ROW_LABEL = 12
_MATRIX_FRAME = 3  # its heading, the columns' numbers, the caveat
_BESIDE = 16  # columns for the weight before and behind the window


@dataclass(frozen=True)
class Look:
    """How a pane is looked at.

    Attributes:
        row: the candidate of the next-token table that Enter takes, from 0.
        top: the first line that is shown.
    """

    row: int = 0
    top: int = 0


def shown(main: Name, count: int) -> tuple[Name, ...]:
    """The panes that are seen where there is room for `count`: the one asked for, and others."""
    others: list[Name] = [name for name in ORDER if name != main]
    return (main, *others)[:count]


def matrix_room(width: int, height: int) -> int:
    """How many rows and columns of an attention matrix fit into a pane."""
    return max(min((width - _ROW_LABEL - _BESIDE) // _CELL, height - _MATRIX_FRAME), 1)


def draw_pane(pen: Pen, name: Name, sight: "Sight", look: Look) -> list[Text]:
    """All lines of a pane."""
    found = sight.explanation
    section = PARTS[name]
    if section in found.omitted:
        return omitted_line(pen, section, found.omitted[section])
    if name == "next":
        return _next(pen, sight, look.row)
    return _DRAWN[name](pen, found)


def _weights(pen: Pen, explanation: Explanation) -> list[Text]:
    caveat = pen.line("   ", (attention.CAVEAT, DIM))
    return [*attention.draw_attention(pen, explanation), caveat]


def _model(pen: Pen, explanation: Explanation) -> list[Text]:
    parts = (
        model.draw_model(pen, explanation),
        model.draw_shapes(pen, explanation),
        model.draw_block(pen, explanation),
        model.draw_parameters(pen, explanation),
        model.draw_audit(pen, explanation),
    )
    lines: list[Text] = []
    for part in parts:
        lines += [Text()] * bool(lines) + part
    return lines


_DRAWN: dict[Name, Callable[[Pen, Explanation], list[Text]]] = {
    "ledger": attention.draw_qkv,
    "lens": answer.draw_lens,
    "weights": _weights,
    "credit": answer.draw_credit,
    "model": _model,
}


def visible(pen: Pen, lines: Sequence[Text], top: int, height: int) -> list[Text]:
    """The lines from `top` on that fit, and in the last one how many more there are."""
    cropped = [crop(line, pen.width, pen.say("…")) for line in lines]
    below = len(cropped) - top - height
    if below <= 0:
        return cropped[top:]
    more = pen.line("   ", (f"{below + 1} more: PageDown", DIM))
    return [*cropped[top : top + height - 1], more]


def last_top(lines: int, height: int) -> int:
    """The furthest that a pane can be scrolled."""
    return max(lines - height, 0)


def _next(pen: Pen, sight: "Sight", row: int) -> list[Text]:
    table = sight.explanation.next
    assert table is not None
    chosen = table.candidates[min(row, len(table.candidates) - 1)].id
    if sight.before is None or sight.kl is None:
        return answer.draw_next(pen, sight.explanation, chosen)
    return _changed(pen, sight.before, table, sight.kl, chosen)


def _changed(pen: Pen, before: NextTokens, table: NextTokens, kl: float, chosen: int) -> list[Text]:
    """The table of the run with heads ablated, beside that of the run as it is."""
    label = min(max([pen.size(c.label) for c in table.candidates] + [14]), 24)
    was = {candidate.id: candidate for candidate in before.candidates}
    lines = [
        pen.line(
            (" NEXT    ", STRONG),
            ("KL(as it is ‖ ablated) ", ""),
            (numbers.number(kl, 3), ACCENT),
            " bits",
        ),
        pen.line(
            " " * 9,
            (pen.right("rank", 4) + "  ", DIM),
            (pen.left("ablated", label), DIM),
            (pen.right("p", 7), DIM),
            (pen.right("before", 9), DIM),
            (pen.right("rank", 6), DIM),
            ("   " + pen.left("as it is", label), DIM),
            (pen.right("p", 7), DIM),
        ),
    ]
    for now, then in zip(table.candidates, before.candidates, strict=True):
        same = was.get(now.id)
        lines.append(
            pen.line(
                " " * 9,
                (pen.right(str(now.rank), 4), DIM),
                "* " if now.id == chosen else "  ",
                (pen.left(now.label, label), STRONG if now.id == chosen else ""),
                pen.right(numbers.probability(now.probability), 7),
                pen.right(numbers.probability(same.probability if same else None), 9),
                pen.right(str(same.rank) if same else numbers.NONE, 6),
                "   ",
                (pen.left(then.label, label), ""),
                pen.right(numbers.probability(then.probability), 7),
            )
        )
    return lines
