"""What the panes show, each drawn as `explain` draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from rich.text import Text

from tfcli.explain.result import Explanation, NextTokens
from tfcli.view.explain import answer, attention, numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, crop
from tfcli.view.explain.screen import draw_section

if TYPE_CHECKING:
    from tfcli.explain.explorer import Part, Sight

Name = Literal["head", "lens", "weights", "next", "credit", "model", "more"]
NAMES: tuple[Name, ...] = get_args(Name)
# Where several stand side by side, those that were not asked for come in this order.
ORDER: tuple[Name, ...] = ("head", "next", "lens", "weights", "credit", "model", "more")
_PARTS: "dict[Name, Part]" = {
    "head": "qkv",
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
        section: which of the further sections “more” shows.
    """

    row: int = 0
    top: int = 0
    section: int = 0


def shown(main: Name, count: int) -> tuple[Name, ...]:
    """The panes that are seen where there is room for `count`: the one asked for, and others."""
    others: list[Name] = [name for name in ORDER if name != main]
    return (main, *others)[:count]


def matrix_room(width: int, height: int) -> int:
    """How many rows and columns of an attention matrix fit into a pane."""
    return max(min((width - _ROW_LABEL - _BESIDE) // _CELL, height - _MATRIX_FRAME), 1)


def part_of(name: Name, look: Look) -> "Part":
    """What a pane shows."""
    from tfcli.explain.explorer import FURTHER

    return FURTHER[look.section] if name == "more" else _PARTS[name]


def draw_pane(pen: Pen, name: Name, sight: "Sight", look: Look) -> list[Text]:
    """All lines of a pane."""
    found, part = sight.explanation, part_of(name, look)
    if part == "next" and part not in found.omitted:
        return _next(pen, sight, look.row)
    if part == "model":
        return _model(pen, found)
    drawn = draw_section(pen, found, part)
    return [*drawn, pen.line("   ", (attention.CAVEAT, DIM))] if part == "attention" else drawn


def _model(pen: Pen, explanation: Explanation) -> list[Text]:
    lines: list[Text] = []
    for section in ("model", "shapes", "block", "parameters", "audit"):
        lines += [Text()] * bool(lines) + draw_section(pen, explanation, section)
    return lines


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
    return _changed(pen, sight, sight.before, sight.kl, chosen)


def _changed(pen: Pen, sight: "Sight", before: NextTokens, kl: float, chosen: int) -> list[Text]:
    """The table of the run with heads ablated, beside that of the run as it is."""
    table = sight.explanation.next
    assert table is not None
    label = min(max([pen.size(c.label) for c in table.candidates] + [14]), 24)
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
            (pen.right("rank", 7), DIM),
            ("   " + pen.left("as it is", label), DIM),
            (pen.right("p", 7), DIM),
        ),
    ]
    for now, then, (rank, p) in zip(table.candidates, before.candidates, sight.was, strict=True):
        lines.append(
            pen.line(
                " " * 9,
                (pen.right(str(now.rank), 4), DIM),
                "* " if now.id == chosen else "  ",
                (pen.left(now.label, label), STRONG if now.id == chosen else ""),
                pen.right(numbers.probability(now.probability), 7),
                pen.right(numbers.probability(p), 9),
                pen.right(numbers.count(rank), 7),
                "   ",
                (pen.left(then.label, label), ""),
                pen.right(numbers.probability(then.probability), 7),
            )
        )
    return lines
