"""Sections that show what comes next: lens, credit, next-token table, the loop."""

from collections.abc import Sequence

from rich.text import Text

from tfcli.explain.result import Credit, Explanation, LensRow, Loop, LoopStep, NextTokens
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, BAD, DIM, GOOD, STRONG, Pen, Piece, margin, on_one_line

_BRIEF_ROWS = 5
_SHORTEST_BAR = 6
_LABEL = 14
_GAP = 11


def draw_lens(pen: Pen, explanation: Explanation) -> list[Text]:
    """A line a layer: the likeliest token there, and the answer's way up."""
    lens = explanation.lens
    if lens is None:
        return []
    label = min(max([pen.size(row.top_label) for row in lens.rows] + [_LABEL]), 20)
    named = f"“{lens.answer_label}”"
    answer = min(max(pen.size(named) + 3, 11), 20)
    gap = _GAP if lens.against_id is not None else 0
    rest = min(pen.width - 9 - 8 - label - 6 - answer - 8 - gap, 22)
    distance = "KL to the end, bits" if rest > pen.size("KL to the end, bits") else "KL, bits"
    lines = [
        margin(pen, "LENS").append_text(
            pen.line(
                (pen.left("layer", 8), DIM),
                (pen.left("most likely", label), DIM),
                (pen.right("p", 6), DIM),
                ("  " + pen.right(named, answer - 2), DIM),
                (pen.right("rank", 8), DIM),
                (pen.right("logit gap", gap), DIM),
                (pen.right(distance, rest), DIM),
            )
        )
    ]
    for row in _abridged(pen, lens.rows):
        first = row.top_id == lens.answer_id
        lines.append(
            pen.line(
                " " * 9,
                pen.left("E" if row.layer is None else str(row.layer), 8),
                (pen.left(row.top_label, label), STRONG if first else ""),
                pen.right(numbers.probability(row.top_probability), 6),
                (pen.right(numbers.probability(row.answer_probability), answer), ACCENT),
                pen.right(numbers.count(row.answer_rank), 8),
                (pen.right(numbers.signed(row.difference), gap), ACCENT),
                pen.right(numbers.number(row.kl), rest),
            )
        )
    if lens.against_label is not None:
        words = f"logit gap: how far {named} stands above “{pen.fit(lens.against_label, 20)}”"
        lines.append(pen.line(" " * 9, (words, DIM)))
    if lens.fitted_on is not None:
        steps = f"{numbers.count(lens.fitted_steps or 0)} steps"
        words = f"tuned lens, {steps} on {on_one_line(lens.fitted_on)}"
        lines.append(pen.line(" " * 9, (words, DIM)))
    return lines


def _abridged(pen: Pen, rows: Sequence[LensRow]) -> list[LensRow]:
    """In brief, the first, the last and evenly spread rows between."""
    if not pen.brief or len(rows) <= _BRIEF_ROWS:
        return list(rows)
    last = len(rows) - 1
    return [rows[round(i * last / (_BRIEF_ROWS - 1))] for i in range(_BRIEF_ROWS)]


def draw_credit(pen: Pen, explanation: Explanation) -> list[Text]:
    """The logit as a sum of what every part wrote."""
    credit = explanation.credit
    if credit is None:
        return []
    head = margin(pen, "CREDIT").append_text(
        pen.line(
            "logit of “",
            (pen.fit(credit.target_label, 20), STRONG),
            *_less(pen, credit),
            "” ",
            (numbers.number(credit.logit), ACCENT),
            " = " if credit.adds_up else (" ≠ ", BAD),
        )
    )
    parts = [
        ("embedding", credit.embedding),
        ("position", credit.position),
        ("segment", credit.segment),
        ("attention", credit.attention),
        ("cross-attention", credit.cross_attention),
        ("feed-forward", credit.feed_forward),
        ("bias", credit.bias),
    ]
    items: list[list[Piece]] = [
        [f"{name} ", (numbers.signed(value), ACCENT)] for name, value in parts if value is not None
    ]
    verdict = ("✓", GOOD) if credit.adds_up else (f"in sum {numbers.number(credit.total)}", BAD)
    items[-1] += ["  ", verdict]
    lines = pen.flow(items, "  ", head=head, indent=9, room=pen.width)
    if credit.softcap is not None:
        note = f"before the model's soft-cap, {credit.softcap:g}·tanh(logit/{credit.softcap:g})"
        lines.append(pen.line(" " * 9, (note, DIM)))
    if not pen.brief:
        return lines + _credit_table(pen, credit)
    by_layer: list[list[Piece]] = [
        [(f"{layer.layer} ", DIM), numbers.signed(layer.both, 1)] for layer in credit.layers
    ]
    head = pen.line(" " * 9, ("by layer  ", DIM))
    return lines + pen.flow(by_layer, "  ", head=head, indent=19, room=pen.width)


def _less(pen: Pen, credit: Credit) -> list[Piece]:
    """The token whose logit is taken away, where there is one."""
    if credit.against_label is None:
        return []
    return ["” less that of “", (pen.fit(credit.against_label, 20), STRONG)]


def _credit_table(pen: Pen, credit: Credit) -> list[Text]:
    crossed = credit.cross_attention is not None
    header = pen.line(
        " " * 9,
        (pen.left("layer", 8), DIM),
        (pen.right("attention", 11), DIM),
        *([(pen.right("cross", 8), DIM)] if crossed else []),
        (pen.right("feed-forward", 14), DIM),
        (pen.right("all" if crossed else "both", 10), DIM),
    )
    largest = max(abs(layer.both) for layer in credit.layers)
    bar = max(pen.width - 9 - 8 - 11 - 8 * crossed - 14 - 10 - 3, 0)
    lines = [header]
    for layer in credit.layers:
        share = abs(layer.both) / largest if largest else 0.0
        lines.append(
            pen.line(
                " " * 9,
                pen.left(str(layer.layer), 8),
                pen.right(numbers.signed(layer.attention), 11),
                *([pen.right(numbers.signed(layer.cross_attention or 0), 8)] if crossed else []),
                pen.right(numbers.signed(layer.feed_forward), 14),
                (pen.right(numbers.signed(layer.both), 10), STRONG),
                "  ",
                (pen.bar(share, min(bar, 24)), ACCENT if layer.both >= 0 else "red"),
            )
        )
    return lines


def draw_next(pen: Pen, explanation: Explanation, chosen: int | None = None) -> list[Text]:
    """The candidates for the next token.

    Args:
        chosen: the id of the one that is marked; None for none.
    """
    table = explanation.next
    if table is None:
        return []
    fills = explanation.model.kind == "encoder"
    lines = _table(pen, table, margin(pen, "FILL" if fills else "NEXT"), chosen)
    if table.settings == {"temperature": 1.0}:
        note = "temperature 1"
        gap = pen.width - lines[0].cell_len - len(note)
        lines[0].append(" " * gap + note if gap >= 2 else "", DIM)
    if fills or table.position < len(explanation.ids) - 1:
        label = explanation.tokens.tokens[table.position].label
        where = "at" if fills else "after"
        lines.append(pen.line(" " * 9, f"{where} {table.position} “{pen.fit(label, 20)}”"))
    return [*lines, *_in_force(pen, explanation, table)]


def draw_loop(pen: Pen, explanation: Explanation) -> list[Text]:
    """The loop: for each step the text so far, the table, and what was taken (marked *)."""
    loop = explanation.loop
    if loop is None:
        return []
    how = f"{loop.choice} (*) and appended, and round again"
    if loop.seed is not None:
        how += f" · seed {loop.seed}"
    if loop.edited:
        how += " · edited"
    lines = [margin(pen, "LOOP").append(pen.say(how))]
    if loop.steps:
        lines += _in_force(pen, explanation, loop.steps[0].table)
    return lines + draw_turns(pen, loop)


def draw_turns(pen: Pen, loop: Loop) -> list[Text]:
    """The turns of a loop, an empty line before each, and why it ended."""
    lines: list[Text] = []
    for step in loop.steps:
        number = pen.line(" ", (f"STEP {step.step}", STRONG), "  ")
        taken = pen.fit(step.chosen_label, 24)
        room = pen.width - number.cell_len - pen.size(f" → {taken}")
        number.append(_last_words(pen, step.text, room))
        number.append_text(pen.line((" → ", DIM), (taken, f"{STRONG} {ACCENT}")))
        lines += [Text(), number, *_table(pen, step.table, Text(" " * 9), step.chosen_id)]
        if step.chosen_rank > len(step.table.candidates):
            lines.append(_further_row(pen, step))
    if loop.ended is not None:
        lines += [Text(), pen.line(" " * 9, (f"The loop ends here: {loop.ended}.", DIM))]
    return lines


def _further_row(pen: Pen, step: LoopStep) -> Text:
    """The token that was taken from below the table's last row, under the table's columns."""
    label = _label_width(pen, step.table)
    between = 9 + 10 * _is_changed(step.table)
    return pen.line(
        " " * 9,
        (pen.right(numbers.count(step.chosen_rank), 4), DIM),
        "* ",
        (pen.left(step.chosen_label, label), STRONG),
        (pen.right(str(step.chosen_id), 7), DIM),
        " " * between,
        (pen.right(numbers.probability(step.chosen_probability), 8), STRONG),
    )


def _last_words(pen: Pen, labels: Sequence[str], room: int) -> str:
    """The last tokens that fit, oldest first; an ellipsis where some were left out."""
    shown = ""
    for label in reversed(labels):
        longer = f"{label} {shown}".rstrip()
        if pen.size(longer) + 2 > room:
            return pen.say(f"… {shown}")
        shown = longer
    return pen.say(shown)


def _table(pen: Pen, table: NextTokens, head: Text, chosen: int | None = None) -> list[Text]:
    """Rows of candidates; the chosen one is marked, the ones that filters took away are dim."""
    label = _label_width(pen, table)
    changed = _is_changed(table)
    bar = pen.width - 9 - 6 - label - 7 - 9 - 10 * changed - 8 - 12 - 2
    bar = bar if bar >= _SHORTEST_BAR else 0
    title = pen.line(
        (pen.right("rank", 4) + "  ", DIM),
        (pen.left("token", label), DIM),
        (pen.right("id", 7), DIM),
        (pen.right("logit", 9), DIM),
        (pen.right("p before", 10 * changed), DIM),
        (pen.right("p", 8), DIM),
        (pen.right("cumulative", 12), DIM),
    )
    lines = [head.append_text(title)]
    for row in table.candidates:
        marked = row.id == chosen if chosen is not None else row.rank == 1
        style = DIM if row.probability == 0 else ""
        lines.append(
            pen.line(
                " " * 9,
                (pen.right(str(row.rank), 4), DIM),
                "* " if row.id == chosen else "  ",
                (pen.left(row.label, label), STRONG if marked else style),
                (pen.right(str(row.id), 7), DIM),
                (pen.right(numbers.number(row.logit), 9), style),
                (pen.right(numbers.probability(row.plain_probability), 10 * changed), style),
                (pen.right(numbers.probability(row.probability), 8), style or STRONG),
                (pen.right(numbers.probability(row.cumulative), 12), style),
                "  ",
                (pen.bar(row.probability, bar), ACCENT),
            )
        )
    return lines


def _label_width(pen: Pen, table: NextTokens) -> int:
    return min(max([pen.size(c.label) for c in table.candidates] + [_LABEL - 1]), 24)


def _is_changed(table: NextTokens) -> bool:
    """Whether a temperature or a filter makes the distribution another than the model's."""
    return table.settings not in ({"temperature": 1.0}, {"temperature": 0.0})


def _in_force(pen: Pen, explanation: Explanation, table: NextTokens) -> list[Text]:
    """The temperature and filters, and how many tokens they leave; nothing where none are set."""
    if table.settings == {"temperature": 1.0}:
        return []
    items: list[list[Piece]] = [
        [f"{name.replace('_', '-')} ", (f"{value:g}", ACCENT)]
        for name, value in table.settings.items()
    ]
    if table.settings.get("temperature") == 0:
        items[0].append(" takes the first row")
        items.insert(1, ["p is at temperature 1"])
    if _is_changed(table):
        vocabulary = numbers.count(explanation.model.vocab_size)
        items.append([f"{numbers.count(table.kept)} of {vocabulary} tokens are left"])
    return pen.flow(items, " · ", head=Text(" " * 9), indent=9, room=pen.width)
