"""The ledger of one update, E + ΔE: every source token through every head, and the block's walk."""

from dataclasses import dataclass

from tfcli.explain.result.attention import Kind


@dataclass(frozen=True)
class SourceTerm:
    """What one source token gives to the token that asks.

    Attributes:
        share, norm: through all heads together: signed share of ΔE, and length.
        shares, norms: through each head.
    """

    position: int
    label: str
    share: float | None
    norm: float
    shares: tuple[float | None, ...]
    norms: tuple[float, ...]


@dataclass(frozen=True)
class OtherSources:
    """The source tokens that a ledger does not list, summed. Attributes as in SourceTerm."""

    count: int
    share: float | None
    norm: float
    shares: tuple[float | None, ...]
    norms: tuple[float, ...]


@dataclass(frozen=True)
class UpdateLedger:
    """One attention module at one position: ΔE as a sum over source tokens and heads.

    Shares of sources, others and bias sum to 1, those of heads and bias as well.

    Attributes:
        kind: which attention, as in HeadLedger.
        query: the position that asks.
        norm: ‖ΔE‖.
        sources: in order of position: all that the query may look at, or the strongest.
        others: those that are not listed, or None.
        head_shares, head_norms: of each head, over all source tokens.
        bias_share, bias_norm: of what no token gives; None where the model has no such bias.
        error: ‖Σ parts - ΔE‖ / ‖ΔE‖.
    """

    kind: Kind
    layer: int
    query: int
    norm: float
    sources: tuple[SourceTerm, ...]
    others: OtherSources | None
    head_shares: tuple[float | None, ...]
    head_norms: tuple[float, ...]
    bias_share: float | None
    bias_norm: float | None
    error: float


@dataclass(frozen=True)
class WalkStep:
    """What one module adds to the residual stream.

    Attributes:
        module: attention, cross-attention or feed-forward.
        delta: ‖ΔE‖.
        cosine: between what was there and ΔE; None where one of them is zero.
        total: the length of the sum.
        after: that behind the norm on the sum; None in a model without one.
    """

    module: str
    delta: float
    cosine: float | None
    total: float
    after: float | None


@dataclass(frozen=True)
class Walk:
    """The way of one token's vector through a block, from E to E'.

    Attributes:
        kind: self for the decoder or the only stack, encoder for the one beside it.
        start: ‖E‖.
        error: ‖E and all that was added - E'‖ / ‖E'‖, with the attention's parts summed here.
    """

    kind: Kind
    layer: int
    position: int
    start: float
    steps: tuple[WalkStep, ...]
    error: float


@dataclass(frozen=True)
class Ledger:
    """The updates of the opened blocks, one after the other; a walk a block."""

    updates: tuple[UpdateLedger, ...]
    walks: tuple[Walk, ...]
