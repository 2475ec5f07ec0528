"""One number for every layer and head: who moves the token, who looks where."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tfcli.explain.attention import head_deltas
from tfcli.explain.precision import at, blocks, upcast
from tfcli.explain.request import Measure
from tfcli.explain.result import HeadScore, HeadsGrid
from tfcli.model.trace import Trace
from tfcli.model.transformer import Transformer

_LARGEST = 5


@dataclass(frozen=True, eq=False)
class HeadReadings:
    """All measures of all heads at one position, each [L, H].

    Attributes:
        delta: ‖ΔE_h‖ = ‖Σ_j A_hij v_hj W_O^h‖ (Elhage et al. 2021).
        entropy: -Σ A log₂ A of the head's row, in bits (Clark et al. 2019).
        sink: weight on the first token, A[i, 0] (Xiao et al. 2023).
        previous: weight on the token before, A[i, i-1] (Olsson et al. 2022); NaN for the first.
        credit: what the head alone adds to the target's logit, σ of the final norm held fixed
            (Elhage et al. 2021; Wang et al. 2022).
        largest_entropy: of a row that looks at every key alike.
    """

    delta: Tensor
    entropy: Tensor
    sink: Tensor
    previous: Tensor
    credit: Tensor
    largest_entropy: float


def read_heads(model: Transformer, trace: Trace, position: int, target: int) -> HeadReadings:
    """Measure every head at a position. One row of attention a head is held, a layer at a time.

    Args:
        target: the token whose logit the credit is for.
    """
    scale = model.final_norm.scale(at(trace.layers[-1].residual_out, position))
    unembedding = model.head.weight[target].to(scale.dtype)  # [D]
    columns: list[tuple[Tensor, ...]] = []
    for block, layer in zip(blocks(model), trace.layers, strict=True):
        attention = upcast(layer.attention)
        row = attention.rows(queries=[position])[0, :, 0]  # [H, T]
        deltas = head_deltas(block.attention, attention, position)  # [H, D]
        columns.append(
            (
                deltas.norm(dim=-1),
                torch.special.entr(row).sum(-1) / math.log(2),
                row[:, 0],
                row[:, position - 1] if position else torch.full_like(row[:, 0], math.nan),
                model.final_norm.apply_frozen(deltas, scale) @ unembedding,
            )
        )
    stacked = [torch.stack(measure).double().cpu() for measure in zip(*columns, strict=True)]
    return HeadReadings(*stacked, largest_entropy=math.log2(position + 1))


def heads_grid(readings: HeadReadings, measure: Measure) -> HeadsGrid:
    """One of the measures as a grid, with the scale that its cells are drawn on."""
    values: Tensor = getattr(readings, measure)
    if measure in ("delta", "credit"):
        largest = float(values.nan_to_num(0.0).abs().max())
        scaled = values / largest if largest else values
    elif measure == "entropy":
        scaled = values / readings.largest_entropy if readings.largest_entropy else values
    else:
        scaled = values
    unit, scale = _WORDS[measure]
    return HeadsGrid(
        measure=measure,
        unit=unit,
        scale=scale,
        values=_rows(values),
        scaled=_rows(scaled),
        largest=_largest(values),
    )


_WORDS = {
    "delta": ("‖ΔE‖", "% of the largest"),
    "entropy": ("entropy in bits", "% of a row that looks everywhere alike"),
    "sink": ("weight on the first token", "%"),
    "previous": ("weight on the token before", "%"),
    "credit": ("part of the top logit", "% of the largest"),
}


def _rows(values: Tensor) -> tuple[tuple[float | None, ...], ...]:
    return tuple(
        tuple(value if math.isfinite(value) else None for value in row) for row in values.tolist()
    )


def _largest(values: Tensor) -> tuple[HeadScore, ...]:
    """The largest by absolute value, the earlier one of equals first."""
    heads = values.shape[1]
    flat = values.flatten()
    order = torch.sort(flat.abs().nan_to_num(-1.0), descending=True, stable=True).indices
    best = [i for i in order[:_LARGEST].tolist() if math.isfinite(flat[i])]
    return tuple(HeadScore(i // heads, i % heads, float(flat[i])) for i in best)
