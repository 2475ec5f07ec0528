"""In which numbers measures are taken, and how far they may be off.

Measures are taken in float64 where the model is float64, else in float32: a model that runs in
bfloat16 is measured in float32 on the rounded vectors that it had.
"""

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor

from tfcli.model.block import Block
from tfcli.model.stack import Stack
from tfcli.model.trace import AttentionTrace, Trace
from tfcli.model.transformer import Transformer

_ROWS_AT_ONCE = 16_384

# How far two ways to the same number may lie apart, relative to it. The narrow formats are those
# of the run: each vector of the residual stream was rounded to 8 (bfloat16) or 11 (float16) bits
# at every step, so what was added up no longer adds up to more than these bits.
TOLERANCES = {
    torch.float64: 1e-12,
    torch.float32: 1e-5,
    torch.float16: 1e-2,
    torch.bfloat16: 5e-2,
}


def working_dtype(dtype: torch.dtype) -> torch.dtype:
    """The element type that a model of `dtype` is measured in."""
    return torch.float64 if dtype == torch.float64 else torch.float32


def dtype_name(dtype: torch.dtype) -> str:
    """“bfloat16” for torch.bfloat16."""
    return str(dtype).removeprefix("torch.")


def upcast(attention: AttentionTrace) -> AttentionTrace:
    """The same attention module's trace in the dtype of measures; itself where it is in it."""
    dtype = working_dtype(attention.q.dtype)
    if attention.q.dtype == dtype:
        return attention
    return replace(
        attention,
        q=attention.q.to(dtype),
        shared_k=attention.shared_k.to(dtype),
        shared_v=attention.shared_v.to(dtype),
        sinks=None if attention.sinks is None else attention.sinks.to(dtype),
        mixed=attention.mixed.to(dtype),
        output=attention.output.to(dtype),
    )


def blocks(stack: Stack) -> list[Block]:
    """The blocks of a model or of its encoder, typed: a ModuleList forgets what it holds."""
    return cast("list[Block]", list(stack.blocks))


def at(vectors: Tensor, position: int) -> Tensor:
    """One position of [1, T, D] in the dtype of measures: [D]."""
    return vectors[0, position].to(working_dtype(vectors.dtype))


def logits_at(trace: Trace, position: int) -> Tensor:
    """The logits that the run gave at one position, in the dtype of measures: [V]."""
    return at(trace.logits_at(slice(position, position + 1)), 0)


def divergence(logits: Tensor, others: Tensor) -> float:
    """KL(p ‖ q) in bits of the softmax of two rows of logits [V]."""
    log_p, log_q = logits.log_softmax(-1), others.log_softmax(-1)
    kl = float((log_p.exp() * (log_p - log_q)).sum()) / math.log(2)
    return max(kl, 0.0) if math.isfinite(kl) else kl  # rounding may leave a tiny negative


def unembed(model: Transformer, x: Tensor) -> Tensor:
    """Logits of vectors that have been through the final norm, [n, D] → [n, V].

    Everything that stands between: a scale, BERT's transform, the output matrix, a soft-cap. The
    output matrix is upcast a slice at a time: whole, a large vocabulary's would need more memory
    than the model.
    """
    assert model.head is not None
    logits = uncapped(model, _head_input(model, x))
    cap = model.config.logit_softcap
    return logits if cap is None else cap * torch.tanh(logits / cap)


def uncapped(model: Transformer, x: Tensor) -> Tensor:
    """U·x of what the output matrix reads, before a soft-cap: [n, D] → [n, V]."""
    assert model.head is not None
    weight = model.head.weight
    if weight.dtype == x.dtype:
        logits = x @ weight.T
    else:
        parts = [x @ rows.to(x.dtype).T for rows in weight.split(_ROWS_AT_ONCE)]
        logits = torch.cat(parts, dim=-1)
    return logits if model.head.bias is None else logits + model.head.bias.to(x.dtype)


def _head_input(model: Transformer, x: Tensor) -> Tensor:
    x = x * model.config.output_scale
    transform = model.head_transform
    if transform is None or transform.dense.weight.dtype == x.dtype:
        return x if transform is None else transform(x)
    return deepcopy(transform).to(x.dtype)(x)


def relative_error(found: Tensor, expected: Tensor) -> float:
    """‖found - expected‖ / ‖expected‖; 0 where both are the same, also where both are zero."""
    difference = float((found - expected).norm())
    if difference == 0:
        return 0.0
    size = float(expected.norm())
    return difference / size if size else math.inf


def optional(value: float) -> float | None:
    """None instead of a value that is not a number."""
    return value if math.isfinite(value) else None


def blocks_of(first: int, end: int, length: int, size: int) -> Iterator[tuple[range, slice]]:
    """The positions `first` to `end` of a text, in blocks that do not depend on these two.

    A product of matrices rounds a row otherwise where other rows stand beside it. Measured block
    by block, a position has the same numbers in every window, to the last digit. Blocks are
    counted from the end of the text, for the last tokens are looked at most.

    Yields:
        a block of at most `size` positions to be measured, and which of them were asked for.
    """
    start = length - -(-(length - first) // size) * size
    for begin in range(start, end, size):
        block = range(max(begin, 0), min(begin + size, length))
        yield block, slice(max(first - block.start, 0), min(end, block.stop) - block.start)
