"""What the heads did: ledgers, attention weights, and one measure for all heads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# A decoder's attention to itself, or that of a model that is all encoder; the decoder's attention
# to the encoder; the encoder's to itself.
Kind = Literal["self", "cross", "encoder"]
LETTERS: dict[Kind, str] = {"self": "L", "cross": "X", "encoder": "E"}


@dataclass(frozen=True)
class KeyTerm:
    """What one earlier token answers, through one head, to the token that asks.

    Attributes:
        score: q·k/√d_k, before the softmax.
        weight: after it.
        norm: ‖weight · v · W_O‖.
        share: signed share of the layer's ΔE.
    """

    position: int
    label: str
    score: float
    weight: float
    norm: float
    share: float | None


@dataclass(frozen=True)
class OtherKeys:
    """The keys that a ledger does not list, summed."""

    count: int
    weight: float
    share: float | None

    @classmethod
    def of(cls, keys: Sequence[KeyTerm]) -> "OtherKeys | None":
        """Their sum; None of none."""
        if not keys:
            return None
        shares = [key.share for key in keys if key.share is not None]
        total = sum(shares) if len(shares) == len(keys) else None
        return cls(len(keys), sum(key.weight for key in keys), total)


@dataclass(frozen=True)
class HeadLedger:
    """One head at one position: who was asked, what each answered, what it moved.

    `share` + `other_heads_share` + `bias_share` = 1.

    Attributes:
        kind: which attention: of a decoder (or encoder) to itself, or of a decoder to its encoder.
        query: the position that asks.
        score: how a score is made, in words: “q·k/√64”.
        keys: in order of position, those that the query may look at.
        others: the keys that are not listed, or None.
        largest: position of the key with the largest weight.
        sink: weight that a learned sink takes; None where the model has none.
        norm: ‖ΔE‖ of this head alone.
        delta_norm: ‖ΔE‖ of the layer's attention.
        share: this head's signed share of that ΔE.
        bias_share: the output bias's share; None where the model has none.
        head_shares: every head's share.
    """

    kind: Kind
    layer: int
    head: int
    query: int
    score: str
    keys: tuple[KeyTerm, ...]
    others: OtherKeys | None
    largest: int
    sink: float | None
    norm: float
    delta_norm: float
    share: float | None
    other_heads_share: float | None
    bias_share: float | None
    head_shares: tuple[float | None, ...]


@dataclass(frozen=True)
class KeyWeight:
    """A key and its attention weight."""

    position: int
    label: str
    weight: float


@dataclass(frozen=True)
class AttentionMatrix:
    """A window of a head's attention weights: queries `first` …, keys `first_key` ….

    Attributes:
        rows: one a query; in a causal model a row ends at its own position, for what follows is
            masked. None for a key before that which is masked, as it stands before a window.
        before, after: for each row, the weight that went to keys before and behind the window.
    """

    first: int
    first_key: int
    rows: tuple[tuple[float | None, ...], ...]
    before: tuple[float, ...]
    after: tuple[float, ...]

    @property
    def columns(self) -> int:
        """How many keys the window has."""
        return max(map(len, self.rows), default=0)


@dataclass(frozen=True)
class HeadAttention:
    """One head's attention: the query's strongest keys, and the matrix where it was asked for.

    Attributes:
        kind: which attention, as in HeadLedger.
        query: the position that asks in `top`.
        top: the keys with the largest weights, largest first.
        others: how many more keys there are, and `others_weight`, their weight.
        sink: weight that a learned sink takes of the query's; None where the model has none. In
            such a model the rows of the matrix sum to less than 1.
        matrix: None where the prompt is long and no window was asked for.
    """

    kind: Kind
    layer: int
    head: int
    query: int
    top: tuple[KeyWeight, ...]
    others: int
    others_weight: float
    sink: float | None
    matrix: AttentionMatrix | None


@dataclass(frozen=True)
class HeadScore:
    """A head and its value.

    Attributes:
        deviations: how many standard deviations it stands above the mean of all heads; None where
            heads are not compared so.
    """

    layer: int
    head: int
    value: float
    deviations: float | None = None


@dataclass(frozen=True)
class RepeatedTokens:
    """Random tokens that a model read twice.

    Attributes:
        length: of one copy.
        start: how many tokens stand before the first.
        seed: of the drawing.
        first_bits, second_bits: surprisal of a token of either copy, on average; None without an
            output matrix.
    """

    length: int
    start: int
    seed: int
    first_bits: float | None
    second_bits: float | None


@dataclass(frozen=True)
class HeadsGrid:
    """One measure for every layer and head, at the position or of the model.

    Attributes:
        kind: which attention, as in HeadLedger.
        measure: its name; `unit` says what `values` are.
        values: [layer][head]; None where the measure does not exist there.
        scaled: the same on a scale of -1 to 1; `scale` says what 1 stands for.
        largest: the five largest by absolute value, largest first.
        repeated: what was read instead of the prompt, where that is so.
        note: what has to be known to read it, in one line, or None.
        filling: what stands in place of each head that a measure takes away: zeros, or the mean
            of its output over the positions of the prompt; None where none is taken away.
    """

    kind: Kind
    measure: str
    unit: str
    scale: str
    values: tuple[tuple[float | None, ...], ...]
    scaled: tuple[tuple[float | None, ...], ...]
    largest: tuple[HeadScore, ...]
    repeated: RepeatedTokens | None = None
    note: str | None = None
    filling: Literal["zero", "mean"] | None = None
