"""A run whose logits are NaN or infinite cannot be explained, but it can be said where it broke."""

from collections.abc import Iterator, Sequence

from torch import Tensor

from tfcli.errors import TfcliError
from tfcli.explain.precision import dtype_name
from tfcli.model.trace import Trace


def require_numbers(trace: Trace, position: int, labels: Sequence[str]) -> None:
    """Refuse a run that has no likeliest next token: it would be explained by numbers of nothing.

    Raises:
        TfcliError: a logit at the position is NaN or infinite; the message names the module and
            the first token where such a value appears.
    """
    if bool(trace.logits[0, position].isfinite().all()):
        return
    where, first = next(_broken(trace))
    dtype = dtype_name(trace.logits.dtype)
    wider = "" if dtype in ("float32", "float64") else " try --dtype float32, or"
    raise TfcliError(
        f"The model computed no numbers (NaN or infinity) at {position} “{labels[position]}”. "
        f"They begin in {where}, at {first} “{labels[first]}”.",
        hint=f"Its weights are damaged, or too large for {dtype}:{wider} train again.",
    )


def _broken(trace: Trace) -> Iterator[tuple[str, int]]:
    """Each stage of the run that holds a value that is no number, and at which token first.

    Tokens to the right of the position count as well: their weight is 0, but 0 · NaN is NaN.
    """
    for name, vectors in _stages(trace):
        broken = ~vectors[0].isfinite().all(-1)  # [T]
        if bool(broken.any()):
            yield name, int(broken.nonzero()[0])


def _stages(trace: Trace) -> Iterator[tuple[str, Tensor]]:
    """What is computed one after the other, [1, T, ·] each."""
    yield "the token embedding", trace.token_embedding
    if trace.position_embedding is not None:
        yield "the position embedding", trace.position_embedding
    for i, layer in enumerate(trace.layers):
        yield f"layer {i}'s attention", layer.attention.output
        yield f"the sum after layer {i}'s attention", layer.residual_mid
        yield f"layer {i}'s feed-forward", layer.feed_forward.output
        yield f"the sum after layer {i}'s feed-forward", layer.residual_out
    yield "the final norm", trace.final_norm_out
    yield "the output matrix", trace.logits
