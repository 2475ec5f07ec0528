"""The section that shows the ledger of an update: source tokens × heads, and the block's walk."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.text import Text

from tfcli.explain.result import LETTERS, Explanation, Token, UpdateLedger, Walk
from tfcli.view.explain import heat, numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, heading

_CELL = 5
_ALL, _NORM = 7, 9


def draw_ledger(pen: Pen, explanation: Explanation) -> list[Text]:
    """Each opened block: its attention's ledger, then the walk from E to E'."""
    if explanation.ledger is None:
        return []
    lines: list[Text] = []
    for walk in explanation.ledger.walks:
        for update in explanation.ledger.updates:
            if (update.layer, update.kind == "encoder") == (walk.layer, walk.kind == "encoder"):
                lines += [Text()] * bool(lines) + _update(pen, explanation, update)
        lines += [Text(), *_walk(pen, walk)]
    return lines


@dataclass(frozen=True)
class _Row:
    """One line of the table; `style` is of its name."""

    name: str
    shares: Sequence[float | None]
    share: float | None
    norm: float
    style: str = ""


def _update(pen: Pen, explanation: Explanation, update: UpdateLedger) -> list[Text]:
    rows = _rows(pen, update)
    label = min(max(12, *(pen.size(row.name) for row in rows)), 18)
    columns = _columns(pen, update, label)
    rest = len(columns) < len(update.head_norms)
    asker = _tokens(explanation, update)[update.query]
    where = f"{LETTERS[update.kind]}{update.layer}"
    title = heading(
        pen,
        f"LEDGER {where}",
        f"what {asker.position} “{pen.fit(asker.label, 16)}” takes, signed % of ΔE",
    )
    names: list[Piece] = [(pen.right(f"H{head}", _CELL), DIM) for head in columns]
    if rest:
        names.append((pen.right("rest", _CELL), DIM))
    margins: list[Piece] = [(pen.right("all", _ALL), DIM), (pen.right("‖ΔE‖", _NORM), DIM)]
    lines = [title, pen.line("   ", (pen.left("from", label), DIM), *names, *margins)]
    largest = max((abs(s) for row in rows for s in row.shares if s is not None), default=0.0)
    lines += [_row_line(pen, row, label, columns, rest, largest) for row in rows]
    if update.bias_norm is not None:
        blank = " " * _CELL * (len(columns) + rest)
        share = pen.right(percent(update.bias_share), _ALL)
        norm = pen.right(numbers.number(update.bias_norm), _NORM)
        lines.append(pen.line("   ", (pen.left("bias", label), DIM), blank, share, norm))
    return [*lines, *_sums(pen, update, label, columns, rest)]


def _rows(pen: Pen, update: UpdateLedger) -> list[_Row]:
    """The source tokens in order of position, and in one row those that are not listed."""
    strongest = max(update.sources, key=lambda source: source.norm)
    rows = [
        _Row(f"{s.position} {s.label}", s.shares, s.share, s.norm, STRONG if s is strongest else "")
        for s in update.sources
    ]
    rest = update.others
    if rest is not None:
        rows.append(_Row(f"{numbers.count(rest.count)} more", rest.shares, rest.share, rest.norm))
    return rows


def _columns(pen: Pen, update: UpdateLedger, label: int) -> list[int]:
    """The heads that fit, those that move the token most, in order; the rest needs one column."""
    room = (pen.width - 3 - label - _ALL - _NORM) // _CELL
    heads = len(update.head_norms)
    if heads <= room:
        return list(range(heads))
    order = sorted(range(heads), key=lambda head: -update.head_norms[head])
    return sorted(order[: max(room - 1, 1)])


def _row_line(
    pen: Pen, row: _Row, label: int, columns: Sequence[int], rest: bool, largest: float
) -> Text:
    line = pen.line("   ", (pen.left(row.name, label), row.style))
    for head in columns:
        share = row.shares[head]
        scaled = share / largest if share is not None and largest else None
        line.append(" ").append(percent(share).rjust(_CELL - 1), heat.style(scaled))
    if rest:
        others = [share for head, share in enumerate(row.shares) if head not in columns]
        line.append(pen.right(percent(_sum(others)), _CELL))
    line.append(pen.right(percent(row.share), _ALL), STRONG)
    return line.append(pen.right(numbers.number(row.norm), _NORM))


def _sums(
    pen: Pen, update: UpdateLedger, label: int, columns: Sequence[int], rest: bool
) -> list[Text]:
    """Under the table: each head over all tokens, its norm, and how well it all adds up."""
    shares, norms = update.head_shares, update.head_norms
    by_head: list[Piece] = [pen.right(percent(shares[head]), _CELL) for head in columns]
    lengths: list[Piece] = [pen.right(numbers.number(norms[head], 1), _CELL) for head in columns]
    if rest:
        others = _sum(share for head, share in enumerate(shares) if head not in columns)
        by_head.append(pen.right(percent(others), _CELL))
        lengths.append(" " * _CELL)
    bias = update.bias_share
    whole = _sum([*shares, *([] if bias is None and update.bias_norm is None else [bias])])
    total = (pen.right(percent(whole), _ALL), STRONG)
    norm = (pen.right(numbers.number(update.norm), _NORM), ACCENT)
    error = numbers.error(update.error)
    return [
        pen.line("   ", (pen.left("all tokens", label), DIM), *by_head, total, norm),
        pen.line("   ", (pen.left("‖ΔE‖", label), DIM), *lengths),
        pen.line("   ", ("The parts add up to ΔE; relative error ", DIM), (error, ACCENT)),
    ]


def _walk(pen: Pen, walk: Walk) -> list[Text]:
    """E, what each module adds, E'."""
    normed = any(step.after is not None for step in walk.steps)
    widths = (18, 9, 12, 12, 12)
    titles = ("|ΔE|", "cos to it", "sum", *(("normed",) if normed else ()))
    header = pen.line("   ", (pen.left(f"block {LETTERS[walk.kind]}{walk.layer}", widths[0]), DIM))
    for title, width in zip(titles, widths[1:], strict=False):
        header.append(pen.right(title, width), DIM)
    start = 3 if normed else 2
    blank = sum(widths[1 : start + 1])
    first = pen.line("   ", pen.left("E", widths[0]), " " * blank)
    lines = [header, first.append(pen.right(numbers.number(walk.start), widths[start + 1]))]
    for step in walk.steps:
        values = [
            numbers.number(step.delta),
            numbers.cosine(step.cosine),
            numbers.number(step.total),
            *([numbers.number(step.after)] if normed else []),
        ]
        line = pen.line("   ", pen.left(f"+ {step.module}", widths[0]))
        for value, width in zip(values, widths[1:], strict=False):
            line.append(pen.right(value, width))
        lines.append(line)
    lines[-1].append(pen.say("  = |E'|"), DIM)
    error = (numbers.error(walk.error), ACCENT)
    return [*lines, pen.line("   ", ("All of it adds up to E'; relative error ", DIM), error)]


def percent(share: float | None) -> str:
    """“12”, “-3”, “.4”, “0”: percent in at most four columns."""
    if share is None or not math.isfinite(share):
        return numbers.NONE
    value = 100 * share
    if abs(value) >= 999.5:
        mantissa, exponent = f"{value:.0e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    if abs(value) >= 0.95:
        return f"{value:.0f}"
    shown = f"{value:.1f}".replace("0.", ".", 1)
    return "0" if shown.strip("-") == ".0" else shown


def _sum(shares: Iterable[float | None]) -> float | None:
    found = list(shares)
    known = [share for share in found if share is not None]
    return sum(known) if len(known) == len(found) else None


def _tokens(explanation: Explanation, update: UpdateLedger) -> Sequence[Token]:
    """Those that ask."""
    if update.kind == "encoder" and explanation.source is not None:
        return explanation.source.tokens
    return explanation.tokens.tokens
