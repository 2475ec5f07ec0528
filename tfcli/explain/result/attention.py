"""What the heads did: ledgers, attention weights, and one measure for all heads."""

from dataclasses import dataclass


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


@dataclass(frozen=True)
class HeadLedger:
    """One head at one position: who was asked, what each answered, what it moved.

    `share` + `other_heads_share` + `bias_share` = 1.

    Attributes:
        keys: in order of position.
        others: the keys that are not listed, or None.
        largest: position of the key with the largest weight.
        norm: ‖ΔE‖ of this head alone.
        delta_norm: ‖ΔE‖ of the layer's attention.
        share: this head's signed share of that ΔE.
        bias_share: the output bias's share; None where the model has none.
        head_shares: every head's share.
    """

    layer: int
    head: int
    keys: tuple[KeyTerm, ...]
    others: OtherKeys | None
    largest: int
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
    """Attention weights of a head between the tokens `first` … `first + len(rows) - 1`.

    Attributes:
        rows: one a query; a row ends at its own position, for what follows is masked.
        before: for each row, the weight that went to keys before `first`.
    """

    first: int
    rows: tuple[tuple[float, ...], ...]
    before: tuple[float, ...]


@dataclass(frozen=True)
class HeadAttention:
    """One head's attention: the query's strongest keys, and the matrix where it was asked for.

    Attributes:
        query: the position that asks in `top`.
        top: the keys with the largest weights, largest first.
        others: how many more keys there are, and `others_weight`, their weight.
        matrix: None where the prompt is long and no window was asked for.
    """

    layer: int
    head: int
    query: int
    top: tuple[KeyWeight, ...]
    others: int
    others_weight: float
    matrix: AttentionMatrix | None


@dataclass(frozen=True)
class HeadScore:
    """A head and its value."""

    layer: int
    head: int
    value: float


@dataclass(frozen=True)
class HeadsGrid:
    """One measure for every layer and head at the position.

    Attributes:
        measure: its name; `unit` says what `values` are.
        values: [layer][head]; None where the measure does not exist there.
        scaled: the same on a scale of -1 to 1; `scale` says what 1 stands for.
        largest: the five largest by absolute value, largest first.
    """

    measure: str
    unit: str
    scale: str
    values: tuple[tuple[float | None, ...], ...]
    scaled: tuple[tuple[float | None, ...], ...]
    largest: tuple[HeadScore, ...]
