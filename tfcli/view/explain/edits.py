"""The section of changes in the model: what was changed, and the next token before and after."""

from collections.abc import Sequence

from rich.text import Text

from tfcli.explain.result import Change, Edits, Explanation, OtherPrompt, ShiftedToken
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, margin

_INDENT = 9
_CHANGES_LISTED = 12
_LABEL = 12
_OTHERS = {"model", "edits"}
_HOW = {
    "zero": "zeros instead of",
    "mean": "the mean over the prompt's positions instead of",
    "patch": "the other prompt's",
}


def draw_edits(pen: Pen, explanation: Explanation) -> list[Text]:
    """What was changed, what that did to the answer, and a table of both runs."""
    found = explanation.edits
    if found is None:
        return []
    lines = _changes(pen, found.changes)
    if found.other is not None:
        lines += _other(pen, found.other, found.position)
    lines += [Text(), *_answer(pen, found), Text(), *_table(pen, explanation, found)]
    if set(explanation.sections) - _OTHERS:
        note = "The other sections are of the run as it is."
        lines.append(pen.line(" " * _INDENT, (note, DIM)))
    return lines


def _changes(pen: Pen, changes: Sequence[Change]) -> list[Text]:
    """“zeros instead of L5H3 L5H4”, a line for each kind of change; the first places of many."""
    groups: dict[str, list[str]] = {}
    for change in changes:
        groups.setdefault(_words(change), []).append(change.place)
    lines: list[Text] = []
    for words, places in groups.items():
        shown = places[:_CHANGES_LISTED] if pen.brief else places
        items: list[list[Piece]] = [[(place, ACCENT)] for place in shown]
        if len(shown) < len(places):
            items.append([(f"and {numbers.count(len(places) - len(shown))} more", DIM)])
        head = margin(pen, "EDITS") if not lines else Text(" " * _INDENT)
        head.append(pen.say(f"{words} "))
        lines += pen.flow(items, " ", head=head, indent=_INDENT, room=pen.width)
    return lines


def _words(change: Change) -> str:
    return f"{change.factor:g} ×" if change.factor is not None else _HOW[change.how]


def _other(pen: Pen, other: OtherPrompt, position: int) -> list[Text]:
    """The other prompt, and which of its positions are taken."""
    head = pen.line(" " * _INDENT, ("the other prompt  ", DIM))
    text = " ".join(other.labels)
    lines = [head.append(pen.fit(text, pen.width - head.cell_len))]
    where = "each position takes the output of the same one"
    if not other.aligned:
        where = f"lengths differ: only {position} takes an output, that of {other.position} there"
    parts: list[list[Piece]] = [[(where, DIM)]]
    if other.answer_label is not None:
        parts.append([("its answer “", DIM), (pen.fit(other.answer_label, 20), STRONG), ("”", DIM)])
    return lines + pen.flow(parts, " · ", head=Text(" " * _INDENT), indent=_INDENT, room=pen.width)


def _answer(pen: Pen, found: Edits) -> list[Text]:
    """The likeliest before and after, the answer's logit, the distance of the distributions."""
    answer, top, after = found.answer, found.top, found.top_after
    items: list[list[Piece]] = [
        [
            "most likely “",
            (pen.fit(top.label, 16), STRONG),
            f"” {numbers.probability(top.probability)} → “",
            (pen.fit(after.label, 16), STRONG),
            f"” {numbers.probability(after.probability_after)}",
        ],
        [
            f"logit of “{pen.fit(answer.label, 16)}” {numbers.number(answer.logit)} → ",
            (numbers.number(answer.logit_after), ACCENT),
        ],
        *_lead(pen, answer, found.against),
        ["KL(as it is ‖ changed) ", (numbers.significant(found.kl), ACCENT), " bits"],
    ]
    head = Text(" " * _INDENT)
    return pen.flow(items, " · ", head=head, indent=_INDENT, room=pen.width)


def _lead(pen: Pen, answer: ShiftedToken, against: ShiftedToken | None) -> list[list[Piece]]:
    """How far the answer's logit is above that of the second token, before and after."""
    if against is None:
        return []
    before, after = answer.logit - against.logit, answer.logit_after - against.logit_after
    words = f"less that of “{pen.fit(against.label, 16)}” {numbers.signed(before)} → "
    return [[words, (numbers.signed(after), ACCENT)]]


def _table(pen: Pen, explanation: Explanation, found: Edits) -> list[Text]:
    """A row a token: its rank, logit and probability in the run as it is and in the changed one."""
    longest = max([_LABEL, *(pen.size(row.label) for row in found.tokens)])
    label = min(longest, 24, max(pen.width - _INDENT - 56, _LABEL))
    token = explanation.tokens.tokens[found.position]
    where = "at" if explanation.model.kind == "encoder" else "after"
    asked = f"{where} {found.position} “{pen.fit(token.label, 20)}”, as it is → changed"
    lines = [
        pen.line(" " * _INDENT, (asked, DIM)),
        pen.line(
            " " * _INDENT,
            (pen.right("rank", 5) + pen.right("→", 6) + "  ", DIM),
            (pen.left("token", label), DIM),
            (pen.right("logit", 8) + pen.right("→", 8) + pen.right("Δ", 8), DIM),
            (pen.right("p", 8) + pen.right("→", 8), DIM),
        ),
    ]
    for row in found.tokens:
        lines.append(_row(pen, row, label))
    return lines


def _row(pen: Pen, row: ShiftedToken, label: int) -> Text:
    leads = row.rank == 1 or row.rank_after == 1
    return pen.line(
        " " * _INDENT,
        (pen.right(numbers.count(row.rank), 5), DIM),
        (pen.right(numbers.count(row.rank_after), 6), STRONG if row.rank_after == 1 else ""),
        "  ",
        (pen.left(row.label, label), STRONG if leads else ""),
        pen.right(numbers.number(row.logit), 8),
        pen.right(numbers.number(row.logit_after), 8),
        (pen.right(numbers.signed(row.logit_after - row.logit), 8), ACCENT),
        pen.right(numbers.probability(row.probability), 8),
        (pen.right(numbers.probability(row.probability_after), 8), STRONG),
    )
