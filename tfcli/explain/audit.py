"""The audit: what must add up, checked on the very run that is explained.

Every check compares two ways to the same numbers and gives the relative error between them. A
kernel that computes something else, a norm with the wrong scale or a forgotten bias shows here.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from tfcli.explain.attention import output_of_heads
from tfcli.explain.credit import logit_credit
from tfcli.explain.lens import lens_logits
from tfcli.explain.precision import (
    TOLERANCES,
    at,
    blocks,
    dtype_name,
    relative_error,
    upcast,
    working_dtype,
)
from tfcli.explain.result import Audit, Check
from tfcli.model.attention import Attention
from tfcli.model.trace import AttentionTrace, Trace
from tfcli.model.transformer import Transformer

_ROWS_CHECKED = 32


@dataclass(frozen=True)
class _AttentionErrors:
    rows: float
    delta: float
    kernel: float


def audit(model: Transformer, trace: Trace, position: int, target: int) -> Audit:
    """Check the run, in every layer, at the position and up to 32 rows spread over the prompt.

    Args:
        target: the token whose credits are summed.
    """
    queries = _spread(trace.ids.shape[1], position)
    attention = [
        _attention_errors(block.attention, upcast(layer.attention), queries)
        for block, layer in zip(blocks(model), trace.layers, strict=True)
    ]
    found = {
        "rows": _worst(errors.rows for errors in attention),
        "ΔE": _worst(errors.delta for errors in attention),
        "residual": _residual_error(trace, position),
        "logit": logit_credit(model, trace, position, target, None).error,
        "lens": relative_error(lens_logits(model, trace, position)[-1], at(trace.logits, position)),
        "SDPA": _worst(errors.kernel for errors in attention),
    }
    # the weights are computed here, from q and k as they are: no rounding of the run is in them
    exact, run = TOLERANCES[working_dtype(model.dtype)], TOLERANCES[model.dtype]
    checks = tuple(
        _check(name, error, exact if name == "rows" else run) for name, error in found.items()
    )
    return Audit(all(check.passed for check in checks), checks, _note(model.dtype))


def _check(name: str, error: float, tolerance: float) -> Check:
    return Check(name, _MEANINGS[name], error, tolerance, passed=error <= tolerance)  # NaN is not


_MEANINGS = {
    "rows": "attention weights of a query sum to 1, and none falls on a later token",
    "ΔE": "heads and output bias sum to the attention's ΔE",
    "residual": "embedding and what every module added sum to the last residual stream",
    "logit": "credits sum to the logit",
    "lens": "the lens after the last layer gives the logits",
    "SDPA": "softmax(QKᵀ/√d)·V written out equals the kernel that ran",
}


def _attention_errors(
    module: Attention, attention: AttentionTrace, queries: list[int]
) -> _AttentionErrors:
    """Errors of one attention module over some queries."""
    rows = attention.rows(queries=queries)[0]  # [H, q, T]
    positions = torch.arange(rows.shape[-1], device=rows.device)
    future = positions[None, :] > positions[queries][:, None]  # [q, T]
    seen_future = float(rows[:, future].abs().sum())
    explicit = rows @ attention.v[0]  # [H, q, Dh]
    heads = torch.einsum("hqd,hdo->qo", explicit, output_of_heads(module, explicit.dtype))
    if module.o.bias is not None:
        heads = heads + module.o.bias.to(heads.dtype)
    ran, output = attention.mixed[0][:, queries], attention.output[0, queries]
    picked = range(len(queries))
    return _AttentionErrors(
        rows=float((rows.sum(-1) - 1).abs().max()) + seen_future,
        delta=_worst(relative_error(heads[i], output[i]) for i in picked),
        kernel=_worst(relative_error(explicit[:, i], ran[:, i]) for i in picked),
    )


def _residual_error(trace: Trace, position: int) -> float:
    total = at(trace.token_embedding, position)
    if trace.position_embedding is not None:
        total = total + at(trace.position_embedding, position)
    for layer in trace.layers:
        total = total + at(layer.attention.output, position)
        total = total + at(layer.feed_forward.output, position)
    return relative_error(total, at(trace.layers[-1].residual_out, position))


def _spread(length: int, position: int) -> list[int]:
    """All positions of a short prompt; of a long one, `position` and others evenly spread."""
    count = length if length <= _ROWS_CHECKED else _ROWS_CHECKED - 1
    return sorted({position, *(i * length // count for i in range(count))})


def _worst(errors: Iterable[float]) -> float:
    found = list(errors)
    return math.nan if any(math.isnan(error) for error in found) else max(found)


def _note(dtype: torch.dtype) -> str | None:
    if dtype in (torch.float64, torch.float32):
        return None
    bits = {torch.bfloat16: 8, torch.float16: 11}[dtype]
    return f"the model ran in {dtype_name(dtype)}, which keeps {bits} bits of each number"
