"""Two models on one prompt, side by side."""

from dataclasses import dataclass, field
from typing import Literal

from tfcli.explain.result.anatomy import ModelFacts
from tfcli.explain.result.attention import Kind


@dataclass(frozen=True)
class ModelSide:
    """One of the two, and what it made of the prompt.

    Attributes:
        labels: of the tokens that it read.
        source: labels of what an encoder beside the decoder read; else empty.
        position: the one that is followed.
        bits: the prompt's surprisal behind its first token; None where no token is predicted.
        bytes: UTF-8 bytes that it is of; None where they are not known.
        bits_per_byte: does not depend on how the text was cut into tokens.
        entropy: of the distribution at the position, in bits.
        top_id, top_label, top_probability: its likeliest token there.
    """

    model: ModelFacts
    labels: tuple[str, ...]
    source: tuple[str, ...]
    ids: tuple[int, ...]
    position: int
    bits: float | None
    bytes: int | None
    bits_per_byte: float | None
    entropy: float
    top_id: int
    top_label: str
    top_probability: float


@dataclass(frozen=True)
class SharedCandidate:
    """A token of both, or of one of them: its probability and rank in each.

    An id is None, and so is what belongs to it, where a model has no such token.
    """

    label: str
    first_id: int | None
    second_id: int | None
    first_probability: float | None
    second_probability: float | None
    first_rank: int | None
    second_rank: int | None


@dataclass(frozen=True)
class Distances:
    """How far the two distributions lie apart, in bits.

    Attributes:
        forward: KL(first ‖ second). backward: KL(second ‖ first).
        jensen_shannon: the mean of both to their mean (Lin 1991); from 0 to 1.
    """

    forward: float
    backward: float
    jensen_shannon: float


@dataclass(frozen=True)
class AnswerPoint:
    """The answer in the logit lens.

    Attributes:
        layer: None for the embedding. depth: its share of the layers, from 0 to 1.
    """

    layer: int | None
    depth: float
    probability: float
    rank: int


@dataclass(frozen=True)
class HeadChange:
    """A head's score in each model; `change` is the second less the first."""

    kind: Kind
    layer: int
    head: int
    first: float
    second: float
    change: float


@dataclass(frozen=True)
class WeightChange:
    """How far weights moved: ‖W₁ - W₂‖ / ‖W₁‖ in the Frobenius norm; None where W₁ is zero.

    Attributes:
        name: of the kind of module, over all blocks, or of a block.
    """

    name: str
    parameters: int
    change: float | None


@dataclass(frozen=True)
class ModelComparison:
    """Two models on one prompt.

    Attributes:
        matched_by: how a token of one is found in the other: by its id, where they have one
            vocabulary, else by the text that it writes, as the likeliest that writes it.
        answer_label: the token that the lenses follow: the one that was named, else the first
            model's likeliest.
        candidates: the likeliest of either, the largest probability first.
        distances: None where the vocabularies differ.
        first_lens, second_lens: the answer's way through each; empty where it has no such token.
        measure, unit: what the heads' scores are.
        heads: those that differ the most, the largest change first.
        modules, layers: of the weights; empty where the models' shapes differ.
        omitted: "heads", "weights", "lens", "distances": what there is not, each with the reason.
    """

    first: ModelSide
    second: ModelSide
    matched_by: Literal["id", "text"]
    answer_label: str
    answer_chosen: bool
    candidates: tuple[SharedCandidate, ...]
    first_lens: tuple[AnswerPoint, ...]
    second_lens: tuple[AnswerPoint, ...]
    measure: str
    unit: str
    heads: tuple[HeadChange, ...]
    modules: tuple[WeightChange, ...]
    layers: tuple[WeightChange, ...]
    distances: Distances | None = None
    omitted: dict[str, str] = field(default_factory=dict)
