"""One word in two prompts, side by side in one model."""

from dataclasses import dataclass, field
from typing import Literal

from tfcli.explain.result.anatomy import ModelFacts
from tfcli.explain.result.models import Distances, SharedCandidate

# What the numbers cannot say by themselves, or what must be known to read them.
Warned = Literal["same", "unseen", "alone-first", "alone-second", "position", "other-tokens"]


@dataclass(frozen=True)
class ContextToken:
    """A token of the prompt that the followed one sees, and what it did to it.

    Attributes:
        share: of the distance between the two vectors, over all heads and layers, directly: what
            the followed token took from this position. Negative where it drew them together;
            None where there is no distance.
        in_both: whether the other prompt's context has the same token.
        own: whether it is of the followed word itself.
        cosine_without, jensen_shannon_without: of the last residual stream, and of the next token
            in bits, to the other prompt's, when this token is left out of the prompt. None where
            that was not measured.
    """

    position: int
    id: int
    label: str
    share: float | None
    in_both: bool
    own: bool
    cosine_without: float | None
    jensen_shannon_without: float | None


@dataclass(frozen=True)
class PullTerm:
    """What one head took from one token: its signed share of the distance."""

    layer: int
    head: int
    position: int
    label: str
    share: float


@dataclass(frozen=True)
class ComparedSide:
    """One of the two prompts.

    Attributes:
        labels, ids: of the tokens that were read.
        position: the token that is followed; `start` the first one of its word.
        context: the tokens that it sees, itself included, in order. Of a long prompt those with
            the largest shares.
        others, others_share: how many are not listed, and their shares' sum.
        word_share: the sum over the word's own tokens.
        terms: the heads' largest terms of other tokens, the largest first.
        pulled: the position of the context token with the largest share among those that the
            other prompt has not; None where no share of such a token is positive.
        told: the position of the token without which the last residual streams come nearest to each
            other; None where that was not measured, or none brings them nearer.
    """

    labels: tuple[str, ...]
    ids: tuple[int, ...]
    position: int
    start: int
    context: tuple[ContextToken, ...]
    others: int
    others_share: float | None
    word_share: float | None
    terms: tuple[PullTerm, ...]
    pulled: int | None
    told: int | None


@dataclass(frozen=True)
class ComparedLayer:
    """The two vectors in the residual stream.

    Attributes:
        layer: the block behind which they are; None for what enters the first one.
        cosine: of both; None where one has no direction.
        baseline: the mean cosine of pairs of other tokens there; None where there are none.
        adjusted: cosine less baseline (Ethayarajh 2019).
    """

    layer: int | None
    cosine: float | None
    baseline: float | None
    adjusted: float | None


@dataclass(frozen=True)
class Pull:
    """What the distance ‖x₁ - x₂‖ of the last residual streams is made of.

    Shares are of the parts along x₁ - x₂; over everything, with both sides' context and word, they
    sum to 1.

    Attributes:
        distance: ‖x₁ - x₂‖.
        first, second: what the followed token took from its context, by side.
        word: what it took from the word itself, on both sides.
        embedding: of the vectors that enter the first block: of positions alone where the tokens
            are the same.
        feed_forward: of all feed-forward modules.
        bias: of what is the same for every token: biases, of norms also.
        error: how far the shares are from summing to 1.
    """

    distance: float
    first: float
    second: float
    word: float
    embedding: float
    feed_forward: float
    bias: float
    error: float


@dataclass(frozen=True)
class Ends:
    """The last tokens of two prompts that differ only behind the word.

    Attributes:
        differs_at: the first position at which they differ.
        first_label, second_label: the tokens there; None where a prompt has ended.
        cosine: of the last residual streams at the ends.
        jensen_shannon: of what comes next there, in bits; None for a model without an output
            matrix.
    """

    differs_at: int
    first_label: str | None
    second_label: str | None
    cosine: float | None
    jensen_shannon: float | None


@dataclass(frozen=True)
class Comparison:
    """Two prompts on one model.

    Attributes:
        stack: the side that reads the prompts: "decoder", or "encoder", beside a decoder also.
        causal: whether a token sees only what stands on its left.
        word: as it was named; None where the ends of the prompts are followed.
        same_token: whether both follow the same tokens, so that E is the same.
        embedding_cosine: of the rows of the embedding table.
        position_is_added: whether what enters the first block has a vector of its position, so
            that the same token may enter it as two vectors; else positions are in the attention.
        layers: from what enters the first block to the last residual stream.
        pairs: how many pairs of other tokens the baseline is the mean of.
        parting: the block with the largest fall of the adjusted cosine; None where it falls behind
            no block, or there is no baseline.
        pull: None where the vectors are the same.
        candidates: the likeliest next tokens behind the word on either side; in an encoder the
            likeliest at the word, beside a decoder what that writes next.
        distances: of these two distributions.
        warnings: see `Warned`.
        ends: where a causal model cannot see what differs; else None.
        omitted: "next", "without": what there is not, each with the reason.
    """

    model: ModelFacts
    stack: Literal["decoder", "encoder"]
    causal: bool
    same_token: bool
    first: ComparedSide
    second: ComparedSide
    position_is_added: bool
    layers: tuple[ComparedLayer, ...]
    pairs: int
    candidates: tuple[SharedCandidate, ...]
    warnings: tuple[Warned, ...]
    word: str | None = None
    embedding_cosine: float | None = None
    parting: int | None = None
    pull: Pull | None = None
    distances: Distances | None = None
    ends: Ends | None = None
    omitted: dict[str, str] = field(default_factory=dict)
