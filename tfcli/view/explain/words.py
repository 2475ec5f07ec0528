"""Sections that calculate with words: the tokens nearest to a vector, and to a sum of vectors."""

from collections.abc import Sequence
from itertools import zip_longest

from rich.text import Text

from tfcli.explain.result import Analogy, Expected, Explanation, Neighbor, Neighbors
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, heading

_INDENT = 3
_RANK = 4
_ID = 8
_COSINE = 8
_GAP = 4


def draw_neighbors(pen: Pen, explanation: Explanation) -> list[Text]:
    """The tokens nearest to E, and beside them those nearest to E' where there is one."""
    found = explanation.neighbors
    if found is None:
        return []
    at = "" if found.position is None else f"{found.position} "
    title = f"{at}“{pen.fit(found.label, 20)}”  cosine with {numbers.count(found.rows)} rows of E"
    lines = [heading(pen, "NEIGHBORS", title)]
    if found.nearest_to_final is None:
        return lines + _tables(pen, [("nearest to E", found.nearest)], None)
    columns = [
        ("nearest to E", found.nearest),
        ("nearest to E', normed", found.nearest_to_final),
    ]
    lines += _tables(pen, columns, found.id)
    return lines + _own_place(pen, explanation, found)


def _own_place(pen: Pen, explanation: Explanation, found: Neighbors) -> list[Text]:
    """How far E' has gone from the token's own row."""
    items: list[list[Piece]] = [
        [
            "its own row is number ",
            (numbers.count(found.own_rank or 0), ACCENT),
            f" from E', cosine {numbers.cosine(found.own_cosine)}",
        ]
    ]
    if "causal" in explanation.model.mask:
        items.append([("a decoder's E' leads to the next token", DIM)])
    return pen.flow(items, " · ", head=Text(" " * _INDENT), indent=_INDENT, room=pen.width)


def draw_analogy(pen: Pen, explanation: Explanation) -> list[Text]:
    """The tokens nearest to a sum of words, without these words and with them, side by side."""
    found = explanation.analogy
    if found is None:
        return []
    head = heading(pen, "ANALOGY  ")
    room = pen.width
    lines = pen.flow(_sum(pen, found), " ", head=head, indent=_INDENT, room=room)
    expected = found.expected
    columns = [("its words left out", found.nearest), ("all tokens", found.nearest_of_all)]
    lines += _tables(pen, columns, None if expected is None else expected.id)
    named = ["left out:", *(pen.fit(word, 20) for word in found.left_out)]
    left_out: list[list[Piece]] = [[(word, DIM)] for word in named]
    lines += pen.flow(left_out, " ", head=Text(" " * _INDENT), indent=_INDENT, room=room)
    return lines if expected is None else lines + _verdict(pen, found, expected)


def _sum(pen: Pen, found: Analogy) -> list[list[Piece]]:
    """“E(␣king) - E(␣man) + E(␣woman)”, with the tokens that were taken."""
    items: list[list[Piece]] = []
    for i, term in enumerate(found.terms):
        sign = "-" if term.sign < 0 else "+" if i else ""
        start = f"{sign} E(" if sign else "E("
        items.append([start, (pen.fit(term.label, 20), STRONG), ")"])
    norm = numbers.norm(found.norm)
    items.append([(f"  norm {norm}, cosine with {numbers.count(found.rows)} rows", DIM)])
    return items


def _verdict(pen: Pen, found: Analogy, expected: Expected) -> list[Text]:
    """Where the expected word stands, and where one word alone would have put it."""
    items: list[list[Piece]] = [
        [
            "expected “",
            (pen.fit(expected.label, 20), STRONG),
            "”: number ",
            (numbers.count(expected.rank), ACCENT),
        ],
        ["of all tokens number ", (numbers.count(expected.rank_of_all), ACCENT)],
        [f"cosine {numbers.cosine(expected.cosine)}"],
    ]
    alone = [term for term in found.terms if term.expected_rank is not None]
    for term in alone:
        rank = numbers.count(term.expected_rank or 0)
        items.append([(f"by “{pen.fit(term.label, 20)}” alone number {rank}", DIM)])
    return pen.flow(items, " · ", head=Text(" " * _INDENT), indent=_INDENT, room=pen.width)


def _tables(
    pen: Pen, columns: Sequence[tuple[str, Sequence[Neighbor]]], marked: int | None
) -> list[Text]:
    """Neighbours in one table or two side by side: rank, token, id, cosine; one token marked."""
    room = (pen.width - _INDENT - _RANK - 2 - _GAP * (len(columns) - 1)) // len(columns)
    widest = max((pen.size(n.label) for _, near in columns for n in near), default=0)
    label = max(min(room - _ID - _COSINE, max(widest, 18), 30), 6)
    gap = " " * _GAP
    head: list[Piece] = [" " * _INDENT, (pen.right("rank", _RANK), DIM)]
    for i, (title, _) in enumerate(columns):
        head.append(gap if i else "  ")
        head.append((pen.left(title, label + _ID - 2), DIM))
        head.append((pen.right("cosine", _COSINE + 2), DIM))
    lines = [pen.line(*head)]
    for rank, row in enumerate(zip_longest(*(near for _, near in columns)), start=1):
        pieces: list[Piece] = [" " * _INDENT, (pen.right(str(rank), _RANK), DIM)]
        for i, neighbor in enumerate(row):
            pieces += [gap if i else "  ", *_cells(pen, neighbor, label, marked)]
        lines.append(pen.line(*pieces))
    return lines


def _cells(pen: Pen, neighbor: Neighbor | None, label: int, marked: int | None) -> list[Piece]:
    if neighbor is None:
        return [" " * (label + _ID + _COSINE)]
    is_marked = neighbor.id == marked
    return [
        (pen.left(neighbor.label, label), STRONG if is_marked else ""),
        (pen.right(str(neighbor.id), _ID), DIM),
        (pen.right(numbers.cosine(neighbor.cosine), _COSINE - 1), ACCENT),
        "*" if is_marked else " ",
    ]
