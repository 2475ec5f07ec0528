"""One prompt over the checkpoints of a run: when did the answer, or a head, form?"""

from dataclasses import dataclass, field

from tfcli.explain.result.attention import Kind


@dataclass(frozen=True)
class CheckpointRow:
    """What one checkpoint makes of the prompt.

    Attributes:
        name: of the checkpoint, as the user knows it.
        step: how long it had been trained; None where its directory does not say.
        top_id, top_label, top_probability: its own likeliest token.
        probability, rank, logit: of the answer.
        kl: KL(last checkpoint ‖ this one) of the next-token distributions, in bits.
        bits: the prompt's surprisal; None where no token is predicted from those before.
        bits_per_byte: the same by the UTF-8 bytes that it is of.
    """

    name: str
    step: int | None
    top_id: int
    top_label: str
    top_probability: float
    probability: float
    rank: int
    logit: float
    kl: float
    bits: float | None
    bits_per_byte: float | None


@dataclass(frozen=True)
class HeadCourse:
    """A head's score at each checkpoint.

    Attributes:
        values: None where the measure does not exist.
        change: the last less the first.
        half_from: the first checkpoint, by its place from 0, from which on the score stays at
            half of its last value or beyond; None where that is zero or there is none.
    """

    kind: Kind
    layer: int
    head: int
    values: tuple[float | None, ...]
    change: float
    half_from: int | None


@dataclass(frozen=True)
class Formation:
    """A prompt read by several checkpoints, in the order in which they came to be.

    Attributes:
        of_run: whether they are one run's, and so named by their steps.
        labels, ids: the tokens that were read; `position` is the one that is followed.
        source: labels of what an encoder beside the decoder read; else empty.
        answer_chosen: whether the answer was named, rather than the last checkpoint's likeliest.
        top_from: the first checkpoint, by its place from 0, from which on the answer is the
            likeliest token up to the end; None where it is not at the end.
        measure, unit: what the heads' scores are.
        head: the one that is followed; None where the measure does not apply, and `omitted` says
            why under "heads". `head_named` says whether the user named it.
        moved: the heads that changed the most, the largest change first.
    """

    name: str
    family: str
    parameters: int
    of_run: bool
    labels: tuple[str, ...]
    source: tuple[str, ...]
    ids: tuple[int, ...]
    position: int
    answer_id: int
    answer_label: str
    answer_chosen: bool
    top_from: int | None
    checkpoints: tuple[CheckpointRow, ...]
    measure: str
    unit: str
    head_named: bool
    head: HeadCourse | None
    moved: tuple[HeadCourse, ...]
    omitted: dict[str, str] = field(default_factory=dict)
