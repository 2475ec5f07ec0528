"""Whether a measure applies to the model at hand: if not, the reason in one line."""

from tfcli.explain.logits.credit import credit_gap
from tfcli.explain.run import Run

_NO_HEAD = "this model has no output matrix: it gives vectors, not words"


class NotForThisModelError(Exception):
    """A measure does not apply to the model; the message is the reason, in one line."""


def require_head(run: Run) -> None:
    """Only where there is an output matrix."""
    if run.model.head is None:
        raise NotForThisModelError(_NO_HEAD)


def require_sum(run: Run) -> None:
    """Only where a logit is a sum of parts."""
    require_head(run)
    gap = credit_gap(run.model)
    if gap is not None:
        raise NotForThisModelError(gap)
