"""A run over its checkpoints: when did this answer, or this head, form?

After the training curves of Olsson et al. 2022 (induction heads) and the checkpoints of Biderman et
al. 2023 (Pythia). One checkpoint is in memory at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tfcli.errors import UsageError
from tfcli.explain.request import Choice, Request, resolve_choice
from tfcli.explain.result import CheckpointRow, Formation, HeadCourse, HeadsGrid
from tfcli.explain.several.predictions import divergence
from tfcli.explain.several.reading import Open, Reading, read_model
from tfcli.explain.text.labels import label

_MOVED = 5


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """One of several stages of a model.

    Attributes:
        name: as the user knows it.
        step: how long it had been trained, where that is known.
        open: brings it into memory, with the prompt that it is to read.
    """

    name: str
    step: int | None
    open: Open


def formation(checkpoints: Sequence[Checkpoint], request: Request, *, of_run: bool) -> Formation:
    """Read the prompt with each checkpoint.

    Args:
        checkpoints: the last is the one that the others are compared with; it is opened first.
        request: `layers` and `heads` limit the heads that may be followed; of these it is the one
            whose score is largest at the end.
        of_run: whether they are stages of one run.

    Raises:
        UsageError: they do not share a vocabulary, or there is no such layer, head or position.
    """
    *earlier, last = checkpoints
    opened = last.open()
    final = read_model(opened, request)
    chosen = opened.answer is not None
    name, family, parameters = opened.name, opened.family, opened.model.num_parameters()
    del opened  # one model at a time
    followed = replace(request, answer=final.answer)
    readings = [*(_read(each, followed, final, last) for each in earlier), final]
    grids = [reading.grid for reading in readings]
    courses, gap = _courses(grids) if final.gap is None else ([], final.gap)
    head = None if final.grid is None or gap else _strongest(courses, final.grid, request)
    moved = sorted(courses, key=lambda course: -abs(course.change))
    return Formation(
        name=name,
        family=family,
        parameters=parameters,
        of_run=of_run,
        labels=final.labels,
        source=final.source,
        ids=final.ids,
        position=final.position,
        answer_id=final.answer,
        answer_label=label(final.tokenizer, final.answer),
        answer_chosen=chosen,
        top_from=_stays([int(r.logits.argmax()) == final.answer for r in readings]),
        checkpoints=tuple(
            _row(each, reading, final) for each, reading in zip(checkpoints, readings, strict=True)
        ),
        measure=request.measure,
        unit=final.grid.unit if final.grid is not None else "",
        head_named="top" not in (request.layers, request.heads),
        head=head,
        moved=tuple(moved[:_MOVED]),
        omitted={"heads": gap} if gap else {},
    )


def _read(each: Checkpoint, request: Request, final: Reading, last: Checkpoint) -> Reading:
    reading = read_model(each.open(), request)
    if not reading.vocabulary.same(final.vocabulary):
        raise UsageError(
            f"{each.name} has not the vocabulary of {last.name}: they are no stages of one model.",
            hint=f"To compare two models: --model {each.name} --with {last.name}",
        )
    return reading


def _row(each: Checkpoint, reading: Reading, final: Reading) -> CheckpointRow:
    p, answer = reading.probabilities, final.answer
    top = int(reading.logits.argmax())
    return CheckpointRow(
        name=each.name,
        step=each.step,
        top_id=top,
        top_label=label(final.tokenizer, top),
        top_probability=float(p[top]),
        probability=float(p[answer]),
        rank=reading.rank(answer),
        logit=float(reading.logits[answer]),
        kl=divergence(final.logits, reading.logits),
        bits=reading.tokens.bits,
        bits_per_byte=reading.tokens.bits_per_byte,
    )


def _courses(grids: Sequence[HeadsGrid | None]) -> tuple[list[HeadCourse], str | None]:
    """Every head's scores; none where the checkpoints have not the same heads, and the reason."""
    known = [grid for grid in grids if grid is not None]
    if len(known) < len(grids):
        return [], "the measure does not apply to every checkpoint"
    kind, heads = known[-1].kind, [len(row) for row in known[-1].values]
    if any((grid.kind, [len(row) for row in grid.values]) != (kind, heads) for grid in known):
        return [], "the checkpoints have not the same layers and heads"
    courses: list[HeadCourse] = []
    for layer, count in enumerate(heads):
        for head in range(count):
            values = tuple(grid.values[layer][head] for grid in known)
            there = [value for value in values if value is not None]
            change = there[-1] - there[0] if there else 0.0
            courses.append(HeadCourse(kind, layer, head, values, change, _half(values)))
    return courses, None


def _half(values: Sequence[float | None]) -> int | None:
    """From where on a score is at least half of its last value, and on its side of zero."""
    last = values[-1]
    if not last:
        return None
    return _stays([value is not None and value / last >= 0.5 for value in values])


def _stays(holds: Sequence[bool]) -> int | None:
    """The first place from which on it holds up to the end; None where it does not at the end."""
    if not holds[-1]:
        return None
    return max((place + 1 for place, held in enumerate(holds) if not held), default=0)


def _strongest(courses: Sequence[HeadCourse], grid: HeadsGrid, request: Request) -> HeadCourse:
    """The head whose score is largest at the end, among those that may be chosen."""
    layers = _chosen(request.layers, len(grid.values), "layer")
    heads = _chosen(request.heads, len(grid.values[0]), "head")
    among = [course for course in courses if course.layer in layers and course.head in heads]
    return max(among, key=lambda course: abs(course.values[-1] or 0.0))


def _chosen(choice: Choice, count: int, what: str) -> Sequence[int]:
    return range(count) if choice == "top" else resolve_choice(choice, count, (), what)
