"""Norms: what each one made of the vector that it read."""

from dataclasses import dataclass
from typing import Literal

# On the embeddings; on what a module reads; on what it gives; on the sum behind it; at the end.
NormPlace = Literal["embedding", "pre", "branch", "post", "final"]


@dataclass(frozen=True)
class Spread:
    """The numbers of one vector.

    Attributes:
        rms: the root of their mean square.
        largest: the largest by absolute value.
    """

    mean: float
    rms: float
    largest: float


@dataclass(frozen=True)
class NormRow:
    """One norm at the position.

    Attributes:
        layer, module: None where it stands outside the blocks.
        scale: σ, what it divided by, ε included.
    """

    place: NormPlace
    layer: int | None
    module: str | None
    before: Spread
    scale: float
    after: Spread


@dataclass(frozen=True)
class Norms:
    """The norms over the residual stream: those of the opened layers, and at both ends.

    Attributes:
        kind: RMSNorm or LayerNorm.
        formula: in words.
    """

    position: int
    kind: str
    formula: str
    rows: tuple[NormRow, ...]
