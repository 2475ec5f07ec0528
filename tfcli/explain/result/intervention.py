"""What a change in the model did to the next token."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Change:
    """One thing that was changed.

    Attributes:
        place: “L5H3”, a head; “attn:L5”, “ffn:L5”, a module; X for cross-attention, E for the
            encoder beside a decoder.
        how: its output became zero, its mean over the positions of the prompt, was multiplied
            with `factor`, or was taken from the other prompt's run ("patch").
        factor: None where nothing was multiplied.
    """

    place: str
    how: Literal["zero", "mean", "scale", "patch"]
    factor: float | None


@dataclass(frozen=True)
class OtherPrompt:
    """The prompt whose run outputs are taken from.

    Attributes:
        ids, labels: its tokens; in an encoder-decoder those that the encoder read.
        position: the token that is followed in it, from 0.
        answer_id, answer_label: the likeliest token there; None without an output matrix.
        aligned: both runs have as many positions, so that each takes the output of the same one.
            Else only the position that is followed takes it, from `position`.
    """

    ids: tuple[int, ...]
    labels: tuple[str, ...]
    position: int
    answer_id: int | None
    answer_label: str | None
    aligned: bool


@dataclass(frozen=True)
class ShiftedToken:
    """A candidate for the next token before and after. Ranks are from 1.

    Attributes:
        probability, probability_after: softmax of the logits as they are.
    """

    id: int
    label: str
    rank: int
    rank_after: int
    logit: float
    logit_after: float
    probability: float
    probability_after: float


@dataclass(frozen=True)
class Edits:
    """The next token of the run as it is, and of the same run with changes.

    Attributes:
        position: where the table stands.
        other: None where nothing is taken from another prompt.
        kl: KL(as it is ‖ changed) in bits.
        answer: the token that is followed, which is the likeliest of the run as it is unless
            another was named; `against` is the second one, or None.
        top, top_after: the likeliest of the run as it is, and of the changed one.
        tokens: the likeliest of either run and those that are followed, in the order of the run
            as it is.
    """

    position: int
    changes: tuple[Change, ...]
    other: OtherPrompt | None
    kl: float
    answer: ShiftedToken
    against: ShiftedToken | None
    top: ShiftedToken
    top_after: ShiftedToken
    tokens: tuple[ShiftedToken, ...]
