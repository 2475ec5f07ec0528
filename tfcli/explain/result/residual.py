"""The residual stream, layer by layer: what was added, and how gradients come back."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gradients:
    """Norms of ∂ log p(answer) / ∂x at one place of the residual stream.

    Attributes:
        here: at the position that is followed.
        everywhere: over all positions at once.
        here_without, everywhere_without: likewise where no module's input is added to what it
            gives, from the end down to this place.
    """

    here: float
    everywhere: float
    here_without: float
    everywhere_without: float


@dataclass(frozen=True)
class ResidualRow:
    """One block at one position: Y = x + F(x), for each of its modules. Norms and cosines.

    Attributes:
        residual_in, residual_out: x before and after the block.
        attention, cross_attention, feed_forward: what each module added.
        cosine: between x before and after.
        cosine_to_end: between x after the block and after the last block.
        gradients: at the block's input; None in a model without an output matrix.
    """

    layer: int
    residual_in: float
    attention: float
    cross_attention: float | None
    feed_forward: float
    residual_out: float
    cosine: float | None
    cosine_to_end: float | None
    gradients: Gradients | None


@dataclass(frozen=True)
class Residual:
    """The residual stream from the embedding to the end.

    Attributes:
        answer_id, answer_label: whose log-probability (natural) the gradients are of; None in a
            model without an output matrix.
        end: the gradients after the last block, where both ways begin.
    """

    position: int
    answer_id: int | None
    answer_label: str | None
    rows: tuple[ResidualRow, ...]
    end: Gradients | None
