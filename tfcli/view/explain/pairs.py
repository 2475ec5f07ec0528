"""What the screens of two models and of two prompts have in common."""

from collections.abc import Sequence

from rich.text import Text

from tfcli.explain.result import Distances, SharedCandidate
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, margin

INDENT = 9


def stacked(blocks: Sequence[list[Text]]) -> list[Text]:
    """Blocks one below the other, a free line between them."""
    lines: list[Text] = []
    for block in blocks:
        lines += [*([Text()] if lines and block else []), *block]
    return lines


def distances_line(pen: Pen, found: Distances) -> list[Text]:
    """How far two distributions lie apart, in bits."""
    words: list[list[Piece]] = [
        ["KL(1 ‖ 2) ", (numbers.number(found.forward), ACCENT)],
        ["KL(2 ‖ 1) ", (numbers.number(found.backward), ACCENT)],
        ["Jensen–Shannon ", (numbers.number(found.jensen_shannon, 3), ACCENT)],
    ]
    return pen.flow(words, " · ", head=Text(" " * INDENT), indent=INDENT, room=pen.width)


def next_table(pen: Pen, rows: Sequence[SharedCandidate], title: str) -> list[Text]:
    """The likeliest tokens of either with their probabilities in both."""
    label = min(max([pen.size(row.label) for row in rows] + [12]), 24)
    lines = [
        margin(pen, "NEXT").append_text(
            pen.line(
                (pen.left(title, max(label, 15)), DIM),
                (pen.right("p 1", 8), DIM),
                (pen.right("p 2", 8), DIM),
                (pen.right("rank 1", 9), DIM),
                (pen.right("rank 2", 9), DIM),
            )
        )
    ]
    for row in rows:
        one, two = row.first_probability, row.second_probability
        change = (two or 0.0) - (one or 0.0)
        ranks = (row.first_rank, row.second_rank)
        shown = [numbers.NONE if rank is None else numbers.count(rank) for rank in ranks]
        lines.append(
            pen.line(
                " " * INDENT,
                (pen.left(row.label, max(label, 15)), STRONG if 1 in ranks else ""),
                pen.right(numbers.probability(one), 8),
                pen.right(numbers.probability(two), 8),
                *((pen.right(rank, 9), DIM) for rank in shown),
                "  ",
                (pen.bar(abs(change), 12), ACCENT if change >= 0 else "red"),
            )
        )
    return lines
