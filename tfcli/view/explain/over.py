"""The screen of `tfcli explain --over`: one prompt at every checkpoint of a run."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from tfcli.explain.result import LETTERS, CheckpointRow, Formation, HeadCourse
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, beside, margin

_INDENT = 9
_TWO_COLUMNS = 160
_GAP = 4
_LEVELS = "▁▂▃▄▅▆▇█"
_WIDEST_NAME = 20
_WIDEST_BAR = 24
_LABELS_SHOWN = 24


def screen(pen: Pen, found: Formation) -> list[Text]:
    """What was read, what happened when, then a line a checkpoint for the answer and the head."""
    lines = [*title(pen, found), Text()]
    answer = _answer(pen, found)
    heads = [*_head(pen, found), *([Text()] if found.head is not None else []), *_moved(pen, found)]
    if pen.width >= _TWO_COLUMNS:
        return [*lines, *beside(answer, heads, (pen.width + _GAP) // 2)]
    return [*lines, *answer, Text(), *heads]


def title(pen: Pen, found: Formation) -> list[Text]:
    """What was read, and what happened when."""
    return [*_read(pen, found), *_milestones(pen, found)]


def _read(pen: Pen, found: Formation) -> list[Text]:
    count = len(found.checkpoints)
    first, last = (found.checkpoints[i].step for i in (0, -1))
    steps = f"{count} checkpoints"
    if found.of_run and first is not None and last is not None:
        steps += f", steps {numbers.count(first)} to {numbers.count(last)}"
    about: list[list[Piece]] = [
        [(pen.fit(found.name, 40), STRONG)],
        [found.family],
        [f"{numbers.amount(found.parameters)} parameters"],
        [steps],
    ]
    lines = pen.flow(about, " · ", head=margin(pen, "OVER"), indent=_INDENT, room=pen.width)
    read = read_labels(found.source, found.labels)
    lines += pen.flow(read, " ", head=margin(pen, "PROMPT"), indent=_INDENT, room=pen.width)
    if found.position != len(found.labels) - 1:
        where = f"at {found.position} “{pen.fit(found.labels[found.position], 20)}”"
        lines.append(pen.line(" " * _INDENT, where))
    return lines


def read_labels(source: Sequence[str], labels: Sequence[str]) -> list[list[Piece]]:
    """The last tokens that were read; beside an encoder its own first, then the decoder's."""
    shown: list[list[Piece]] = []
    for part in (source, labels):
        words: list[Piece] = list(part[-_LABELS_SHOWN:])
        if len(part) > _LABELS_SHOWN:
            words.insert(0, "…")
        if shown:
            words.insert(0, "→")
        shown += [[word] for word in words]
    return shown


def _milestones(pen: Pen, found: Formation) -> list[Text]:
    """When the answer came to be the first and stayed so, and when the head was half itself."""
    named = pen.fit(found.answer_label, 20)
    whose = "the answer" if found.answer_chosen else "the last one's answer"
    when: list[Piece] = ["is not the likeliest at the end"]
    if found.top_from is not None:
        when = ["is the likeliest from ", (_place(pen, found, found.top_from), STRONG), " on"]
    subject: list[Piece] = ["“", (named, STRONG), f"”, {whose},"]
    lines = pen.flow([subject, when], " ", head=margin(pen, "WHEN"), indent=_INDENT, room=pen.width)
    head = found.head
    if head is not None and head.half_from is not None:
        half = numbers.number(head.values[-1])
        when = ["has half of its last score, ", half, ", from "]
        when += [(_place(pen, found, head.half_from), STRONG), " on"]
        lines.append(pen.line(" " * _INDENT, (head_name(head), STRONG), " ", *when))
    return lines


def _answer(pen: Pen, found: Formation) -> list[Text]:
    """A line a checkpoint: its own likeliest token, and the answer's way up."""
    rows = found.checkpoints
    first = _first_column(pen, found)
    label = min(max([pen.size(row.top_label) for row in rows] + [12]), 16)
    named = f"“{found.answer_label}”"
    answer = min(max(pen.size(named) + 2, 9), 18)
    columns = [("rank", 8), ("KL", 8), ("prompt", 9), ("logit", 8)]
    room = (pen.width if pen.width < _TWO_COLUMNS else pen.width // 2) - _INDENT
    room -= first + label + 6 + answer
    while sum(size for _, size in columns) > room and len(columns) > 2:
        columns.pop()  # the JSON has them all
    shown = [name for name, _ in columns]
    lines = [
        margin(pen, "ANSWER").append_text(
            pen.line(
                (pen.left("step" if found.of_run else "model", first), DIM),
                (pen.left("likeliest", label), DIM),
                (pen.right("p", 6), DIM),
                ("  " + pen.right(named, answer - 2), DIM),
                *((pen.right(name, width), DIM) for name, width in columns),
            )
        )
    ]
    for row in rows:
        cells = {
            "rank": numbers.count(row.rank),
            "KL": numbers.number(row.kl),
            "prompt": numbers.number(row.bits, 1),
            "logit": numbers.number(row.logit),
        }
        lines.append(
            pen.line(
                " " * _INDENT,
                pen.left(_label(pen, found, row), first),
                (pen.left(row.top_label, label), STRONG if row.top_id == found.answer_id else ""),
                pen.right(numbers.probability(row.top_probability), 6),
                (pen.right(numbers.probability(row.probability), answer), ACCENT),
                *(pen.right(cells[name], width) for name, width in columns),
            )
        )
    legend = "KL to the last checkpoint"
    if "prompt" in shown and rows[-1].bits is not None:
        legend += " and the prompt's surprisal"
    lines.append(pen.line(" " * _INDENT, (f"{legend}, in bits", DIM)))
    return lines


def _head(pen: Pen, found: Formation) -> list[Text]:
    """The followed head's score, a line a checkpoint."""
    head = found.head
    if head is None:
        return []
    which = "" if found.head_named else " · it ends with the most"
    header = margin(pen, f"HEAD {head_name(head)}").append_text(
        pen.line("  " + found.unit, (which, DIM))
    )
    first = _first_column(pen, found)
    largest = max((abs(value) for value in head.values if value is not None), default=0.0)
    lines = [header]
    for row, value in zip(found.checkpoints, head.values, strict=True):
        share = abs(value) / largest if value is not None and largest else 0.0
        lines.append(
            pen.line(
                " " * _INDENT,
                pen.left(_label(pen, found, row), first),
                (pen.right(numbers.number(value), 8), ACCENT),
                "  ",
                (pen.bar(share, _WIDEST_BAR), ACCENT if (value or 0) >= 0 else "red"),
            )
        )
    return lines


def _moved(pen: Pen, found: Formation) -> list[Text]:
    """The heads that changed the most, a line each, with the course of their scores."""
    if "heads" in found.omitted:
        words: list[list[Piece]] = [[(word, DIM)] for word in found.omitted["heads"].split(" ")]
        return pen.flow(words, " ", head=margin(pen, "HEADS"), indent=_INDENT, room=pen.width)
    half_from = max(_first_column(pen, found), 11)
    columns = (pen.width - _GAP) // 2 if pen.width >= _TWO_COLUMNS else pen.width
    room = max(columns - _INDENT - 10 - 8 - 9 - 9 - 2 - half_from, 1)
    lines = [
        margin(pen, "HEADS").append_text(
            pen.line(
                (pen.left("moved most", 10), DIM),
                (pen.right("first", 8), DIM),
                (pen.right("last", 9), DIM),
                (pen.right("change", 9), DIM),
                ("  " + pen.left("half from", half_from), DIM),
                ("over the steps" if found.of_run else "", DIM),
            )
        )
    ]
    for course in found.moved:
        half = numbers.NONE
        if course.half_from is not None:
            half = _label(pen, found, found.checkpoints[course.half_from])
        lines.append(
            pen.line(
                " " * _INDENT,
                pen.left(head_name(course), 10),
                pen.right(numbers.number(course.values[0]), 8),
                pen.right(numbers.number(course.values[-1]), 9),
                (pen.right(numbers.signed(course.change), 9), STRONG),
                "  " + pen.left(half, half_from),
                (_course(pen, course.values, room), ACCENT),
            )
        )
    return lines


def _course(pen: Pen, values: Sequence[float | None], room: int) -> str:
    """A column a checkpoint, evenly spread ones where there are many: from zero, or the lowest
    score below it, to the highest."""
    known = [value for value in values if value is not None]
    low, high = min([*known, 0.0]), max([*known, 0.0])
    marks = "0123456789" if pen.ascii else _LEVELS
    span = (high - low) or 1.0
    last, columns = len(values) - 1, min(len(values), room)
    shown = [values[round(i * last / max(columns - 1, 1))] for i in range(columns)]
    return "".join(
        " " if value is None else marks[round((value - low) / span * (len(marks) - 1))]
        for value in shown
    )


def head_name(course: HeadCourse) -> str:
    """“L5H3”."""
    return f"{LETTERS[course.kind]}{course.layer}H{course.head}"


def _label(pen: Pen, found: Formation, row: CheckpointRow) -> str:
    """The step in a run; else the name, of which the end says most."""
    if found.of_run and row.step is not None:
        return numbers.count(row.step)
    name = pen.say(row.name)
    while cell_len(name) > _WIDEST_NAME - 1:
        name = name[1:]
    return name if name == pen.say(row.name) else pen.say("…") + name


def _place(pen: Pen, found: Formation, place: int) -> str:
    shown = _label(pen, found, found.checkpoints[place])
    return f"step {shown}" if found.of_run else shown


def _first_column(pen: Pen, found: Formation) -> int:
    widest = max(pen.size(_label(pen, found, row)) for row in found.checkpoints)
    return max(widest, 5) + 3
