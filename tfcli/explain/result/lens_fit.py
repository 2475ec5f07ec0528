"""How well a tuned lens was fitted."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LensFitRow:
    """One layer's lens on text that it was not fitted on.

    Attributes:
        layer: None for the embedding, before any block.
        logit_kl: KL(final ‖ here) of the logit lens, in bits a token.
        tuned_kl: the same of the tuned lens.
    """

    layer: int | None
    logit_kl: float
    tuned_kl: float


@dataclass(frozen=True)
class LensFit:
    """The fit of a tuned lens (Belrose et al. 2023).

    Attributes:
        corpus: what it was fitted on, as the user named it.
        steps: updates of the translators.
        tokens: how many were read on the way, those of a repeated text each time.
        held_out: tokens that `rows` were measured on.
        file: where the lens was saved.
        rows: the embedding, then every layer but the last, whose lens is exact as it is.
    """

    corpus: str
    steps: int
    tokens: int
    held_out: int
    file: str
    rows: tuple[LensFitRow, ...]
