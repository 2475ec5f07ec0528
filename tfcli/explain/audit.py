"""The audit: what must add up, checked on the very run that is explained.

Every check compares two ways to the same numbers and gives the relative error between them. A
kernel that computes something else, a norm with the wrong scale or a forgotten bias shows here.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from tfcli.explain.heads.attention import output_of_heads
from tfcli.explain.heads.sites import AnyAttention, sites
from tfcli.explain.lens.logit import lens_logits
from tfcli.explain.logits.credit import credit_gap, logit_credit
from tfcli.explain.logits.flow import residual_sum
from tfcli.explain.precision import (
    TOLERANCES,
    at,
    dtype_name,
    logits_at,
    relative_error,
    working_dtype,
)
from tfcli.explain.result import Audit, Check
from tfcli.model.trace import AttentionTrace, Trace
from tfcli.model.transformer import Transformer

_ROWS_CHECKED = 32


@dataclass(frozen=True)
class _AttentionErrors:
    rows: float
    delta: float
    kernel: float


def audit(model: Transformer, trace: Trace, position: int, target: int | None) -> Audit:
    """Check the run, in every layer, at the position and up to 32 rows spread over the prompt.

    Args:
        target: the token whose credits are summed; None in a model without an output matrix.
    """
    attention = _all_attention_errors(model, trace, position)
    exact, run = TOLERANCES[working_dtype(model.dtype)], TOLERANCES[model.dtype]
    residual = [
        relative_error(
            residual_sum(model, trace, position), at(trace.layers[-1].residual_out, position)
        )
    ]
    if model.encoder is not None and trace.encoder is not None:
        source, last = trace.encoder, trace.encoder.ids.shape[1] - 1
        total, end = residual_sum(model.encoder, source, last), source.layers[-1].residual_out
        residual.append(relative_error(total, at(end, last)))
    found = {
        "rows": _worst(errors.rows for errors in attention),
        "ΔE": _worst(errors.delta for errors in attention),
        "residual": _worst(residual),
    }
    if target is not None and trace.head is not None:
        if credit_gap(model) is None:
            found["logit"] = logit_credit(model, trace, position, target, None).error
        lens = lens_logits(model, trace, position)[-1]
        found["lens"] = relative_error(lens, logits_at(trace, position))
    found["SDPA"] = _worst(errors.kernel for errors in attention)
    # the weights are computed here, from q and k as they are: no rounding of the run is in them
    checks = tuple(
        _check(name, error, exact if name == "rows" else run) for name, error in found.items()
    )
    return Audit(all(check.passed for check in checks), checks, _note(model.dtype))


def _check(name: str, error: float, tolerance: float) -> Check:
    return Check(name, _MEANINGS[name], error, tolerance, passed=error <= tolerance)  # NaN is not


_MEANINGS = {
    "rows": "attention weights of a query sum to 1, learned sinks included, and none falls on a "
    "token that it may not see",
    "ΔE": "heads and output bias sum to what the attention gives",
    "residual": "embedding and what every module added sum to the last residual stream",
    "logit": "credits sum to the logit",
    "lens": "the lens after the last layer gives the logits",
    "SDPA": "softmax(QKᵀ/√d)·V written out equals the kernel that ran",
}


def _all_attention_errors(
    model: Transformer, trace: Trace, position: int
) -> list[_AttentionErrors]:
    """Errors of every attention module of the model, one after the other."""
    found = [*sites(model, trace, position, "self"), *sites(model, trace, position, "cross")]
    queries = _spread(trace.ids.shape[1], position)
    errors = [_attention_errors(site.module, site.trace, queries) for site in found]
    if model.encoder is not None and trace.encoder is not None:
        length = trace.encoder.ids.shape[1]
        errors += [
            _attention_errors(site.module, site.trace, _spread(length, length - 1))
            for site in sites(model.encoder, trace.encoder, length - 1, "encoder")
        ]
    return errors


def _attention_errors(
    module: AnyAttention, attention: AttentionTrace, queries: list[int]
) -> _AttentionErrors:
    """Errors of one attention module over some queries."""
    rows = attention.rows(queries=queries)[0]  # [H, q, S]
    total = rows.sum(-1)  # [H, q]
    sinks = attention.sink_weights(queries)
    if sinks is not None:
        total = total + sinks[0]
    unseen = ~torch.stack([attention.seen_by(query) for query in queries])  # [q, S]
    seen_unseen = float(rows[:, unseen].abs().sum())
    explicit = rows @ attention.v[0]  # [H, q, Dv]
    heads = torch.einsum("hqd,hdo->qo", explicit, output_of_heads(module, explicit.dtype))
    if module.o.bias is not None:
        heads = heads + module.o.bias.to(heads.dtype)
    ran, output = attention.mixed[0][:, queries], attention.output[0, queries]
    picked = range(len(queries))
    return _AttentionErrors(
        rows=float((total - 1).abs().max()) + seen_unseen,
        delta=_worst(relative_error(heads[i], output[i]) for i in picked),
        kernel=_worst(relative_error(explicit[:, i], ran[:, i]) for i in picked),
    )


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
