"""One prompt at every checkpoint of a run, as tables."""

from tfcli.explain.result import CheckpointRow, Formation, HeadCourse
from tfcli.view.explain import numbers
from tfcli.view.explain.over import head_name
from tfcli.view.html.parts import Json, read_strips, table


def parts(found: Formation) -> Json:
    """What the page shows of a run."""
    tables = [_answer(found)]
    if found.head is not None:
        tables.append(_head(found, found.head))
    tables += [_moved(found), _courses(found)] * bool(found.moved)
    strips = read_strips(found.source, found.labels, found.ids, found.position)
    return {"said": "", "strips": strips, "tables": tables}


def _name(found: Formation, row: CheckpointRow) -> str:
    return numbers.count(row.step) if found.of_run and row.step is not None else row.name


def _spots(found: Formation) -> list[str]:
    return [f"checkpoint {i}" for i in range(len(found.checkpoints))]


def _answer(found: Formation) -> Json:
    rows = [
        [
            _name(found, row),
            row.top_label,
            numbers.probability(row.top_probability),
            numbers.probability(row.probability),
            numbers.count(row.rank),
            numbers.number(row.kl),
            numbers.number(row.bits, 1),
            numbers.number(row.bits_per_byte),
            numbers.number(row.logit),
        ]
        for row in found.checkpoints
    ]
    answer = f"p of “{found.answer_label}”"
    names = ["step" if found.of_run else "model", "likeliest", "p", answer, "rank", "KL, bits"]
    return table(
        "answer",
        "The answer at every checkpoint",
        [*names, "prompt, bits", "a byte", "logit"],
        rows,
        bars=[row.probability for row in found.checkpoints],
        marked=[i for i, row in enumerate(found.checkpoints) if row.top_id == found.answer_id],
        words=[1],
        spots=_spots(found),
        note="KL to the last checkpoint",
    )


def _head(found: Formation, head: HeadCourse) -> Json:
    largest = max((abs(value) for value in head.values if value is not None), default=0.0)
    return table(
        "head",
        f"Head {head_name(head)}",
        ["step" if found.of_run else "model", found.unit],
        [
            [_name(found, row), numbers.number(value)]
            for row, value in zip(found.checkpoints, head.values, strict=True)
        ],
        bars=[(value or 0.0) / largest if largest else 0.0 for value in head.values],
        spots=_spots(found),
        note="" if found.head_named else "it ends with the most",
    )


def _moved(found: Formation) -> Json:
    rows = [
        [
            head_name(course),
            numbers.number(course.values[0]),
            numbers.number(course.values[-1]),
            numbers.signed(course.change),
            numbers.NONE
            if course.half_from is None
            else _name(found, found.checkpoints[course.half_from]),
        ]
        for course in found.moved
    ]
    return table(
        "moved",
        f"The heads that moved the most: {found.unit}",
        ["head", "first", "last", "change", "half from"],
        rows,
        spots=[head_name(course) for course in found.moved],
    )


def _courses(found: Formation) -> Json:
    names = [_name(found, row) for row in found.checkpoints]
    return table(
        "courses",
        "Their scores at every checkpoint",
        ["head", *names],
        [[head_name(course), *map(numbers.number, course.values)] for course in found.moved],
        spots=[head_name(course) for course in found.moved],
    )
