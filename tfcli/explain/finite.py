"""A run whose logits are NaN or infinite cannot be explained, but it can be said where it broke."""

from collections.abc import Iterator, Sequence

from torch import Tensor

from tfcli.errors import TfcliError
from tfcli.explain.precision import dtype_name
from tfcli.model.trace import StackTrace, Trace


def require_numbers(
    trace: Trace, position: int, labels: Sequence[str], source_labels: Sequence[str] = ()
) -> None:
    """Refuse a run that has no likeliest next token: it would be explained by numbers of nothing.

    Args:
        labels: of the tokens; `source_labels` of those that an encoder beside the decoder read.

    Raises:
        TfcliError: a logit at the position is NaN or infinite; the message names the module and
            the first token where such a value appears.
    """
    here = slice(position, position + 1)
    last = trace.final_norm_out[:, here] if trace.head is None else trace.logits_at(here)
    if bool(last.isfinite().all()):
        return
    where, first, of_encoder = next(_broken(trace))
    broken = (source_labels if of_encoder else labels)[first]
    dtype = dtype_name(last.dtype)
    wider = "" if dtype in ("float32", "float64") else " try --dtype float32, or"
    raise TfcliError(
        f"The model computed no numbers (NaN or infinity) at {position} “{labels[position]}”. "
        f"They begin in {where}, at {first} “{broken}”.",
        hint=f"Its weights are damaged, or too large for {dtype}:{wider} train again.",
    )


def _broken(trace: Trace) -> Iterator[tuple[str, int, bool]]:
    """Each stage of the run that holds a value that is no number, at which token first, and
    whether that is one of the encoder's.

    Tokens to the right of the position count as well: their weight is 0, but 0 · NaN is NaN.
    """
    for name, vectors, of_encoder in _stages(trace):
        broken = ~vectors[0].isfinite().all(-1)  # [T]
        if bool(broken.any()):
            yield name, int(broken.nonzero()[0]), of_encoder


def _stages(trace: Trace) -> Iterator[tuple[str, Tensor, bool]]:
    """What is computed one after the other, [1, T, ·] each, and whether in the encoder."""
    if trace.encoder is not None:
        for name, vectors in _stack_stages(trace.encoder):
            yield f"{name} of the encoder", vectors, True
    for name, vectors in _stack_stages(trace):
        yield name, vectors, False
    yield "the step before the output matrix", trace.head_in, False
    if trace.logits is not None:
        yield "the output matrix", trace.logits, False


def _stack_stages(trace: StackTrace) -> Iterator[tuple[str, Tensor]]:
    yield "the token embedding", trace.token_embedding
    if trace.position_embedding is not None:
        yield "the position embedding", trace.position_embedding
    if trace.type_embedding is not None:
        yield "the segment embedding", trace.type_embedding
    for i, layer in enumerate(trace.layers):
        yield f"layer {i}'s attention", layer.attention_delta
        if layer.cross_attention_delta is not None:
            yield f"layer {i}'s cross-attention", layer.cross_attention_delta
        yield f"the sum after layer {i}'s attention", layer.residual_mid
        yield f"layer {i}'s feed-forward", layer.feed_forward_delta
        yield f"the sum after layer {i}'s feed-forward", layer.residual_out
    yield "the final norm", trace.final_norm_out
