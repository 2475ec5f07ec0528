"""What every layer would say after every token."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LensCell:
    """One layer's lens at one position.

    Attributes:
        top_id, top_label, top_probability: the most likely token there.
        kl: KL(final ‖ here) in bits.
        entropy: in bits.
        surprisal: -log₂ of what the token that does follow gets here; None where none follows, or
            where tokens are not predicted one after the other.
        answer_probability: of the token that was named as the answer; None where none was.
    """

    top_id: int
    top_label: str
    top_probability: float
    kl: float
    entropy: float
    surprisal: float | None
    answer_probability: float | None


@dataclass(frozen=True)
class LensGridRow:
    """One layer at every position of the window. `layer` is None for the embedding."""

    layer: int | None
    cells: tuple[LensCell, ...]


@dataclass(frozen=True)
class LensGrid:
    """The lens of every layer at a window of positions.

    Attributes:
        first: position of the first cell of a row.
        chosen: the window was picked here, the last tokens up to the position that is followed.
        labels: of the tokens that stand there.
        rows: the embedding, then every layer.
        answer_id, answer_label: of the token that was named as the answer, or None.
        fitted_on: the corpus of a tuned lens; None for the logit lens.
    """

    first: int
    chosen: bool
    labels: tuple[str, ...]
    rows: tuple[LensGridRow, ...]
    answer_id: int | None = None
    answer_label: str | None = None
    fitted_on: str | None = None
