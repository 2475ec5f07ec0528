"""One number for every layer and head: who moves the token, who looks where."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tfcli.explain.heads.attention import head_outputs
from tfcli.explain.heads.sites import Site
from tfcli.explain.logits.flow import Directions
from tfcli.explain.precision import optional
from tfcli.explain.request import Measure
from tfcli.explain.result import HeadScore, HeadsGrid, Kind, RepeatedTokens

_LARGEST = 5


@dataclass(frozen=True, eq=False)
class HeadReadings:
    """All measures of all heads at one position, each [L, H].

    Attributes:
        kind: of the attention modules.
        delta: ‖ΔE_h‖ = ‖Σ_j A_hij v_hj W_O^h‖ (Elhage et al. 2021).
        entropy: -Σ A log₂ A of the head's row, in bits (Clark et al. 2019); a learned sink is one
            of the places that weight goes to.
        sink: weight on the first token, A[i, 0] (Xiao et al. 2023).
        previous: weight on the token before, A[i, i-1] (Olsson et al. 2022); NaN for the first.
        credit: what the head alone adds to the target's logit, σ of all norms held fixed (Elhage
            et al. 2021; Wang et al. 2022); NaN where a logit is no sum of parts.
        largest_entropy: of a row that looks at every key alike, by layer [L, 1].
    """

    kind: Kind
    delta: Tensor
    entropy: Tensor
    sink: Tensor
    previous: Tensor
    credit: Tensor
    largest_entropy: Tensor


def read_heads(found: Sequence[Site], way: Directions | None) -> HeadReadings:
    """Measure every head of some attention modules. One row of attention a head is held at a time.

    Args:
        found: the modules, a layer each, at one query.
        way: of the token whose logit the credit is for; None leaves the credit out.
    """
    columns: list[tuple[Tensor, ...]] = []
    for site in found:
        row = site.trace.rows(queries=[site.query])[0, :, 0]  # [H, S]
        sink = site.trace.sink_weights([site.query])
        places = row if sink is None else torch.cat((row, sink[0]), dim=-1)  # [H, S + 1]
        outputs = head_outputs(site)  # [H, D]
        missing = torch.full_like(row[:, 0], math.nan)
        previous = site.query - 1
        credit = missing if way is None else outputs @ way.modules[site.layer][_PASSAGE[site.kind]]
        columns.append(
            (
                site.branch.forward(outputs).norm(dim=-1),
                torch.special.entr(places).sum(-1) / math.log(2),
                row[:, 0],
                missing if previous < 0 or site.kind == "cross" else row[:, previous],
                credit,
            )
        )
    delta, entropy, sink, previous, credits = (
        torch.stack(measure).double().cpu() for measure in zip(*columns, strict=True)
    )
    places = [len(site.keys) + (site.ran.sinks is not None) for site in found]
    largest = torch.tensor(places, dtype=torch.float64).log2()[:, None]  # [L, 1]
    return HeadReadings(found[0].kind, delta, entropy, sink, previous, credits, largest)


def heads_grid(
    readings: HeadReadings, measure: Measure, credited: str = "the top logit"
) -> HeadsGrid:
    """One of the measures as a grid, with the scale that its cells are drawn on.

    Args:
        credited: what the credit is a part of, in words.
    """
    values: Tensor = getattr(readings, measure)
    if measure in ("delta", "credit"):
        scaled = of_largest(values)
    elif measure == "entropy":
        scaled = torch.where(
            readings.largest_entropy > 0, values / readings.largest_entropy, values
        )
    else:
        scaled = values
    unit, scale = _WORDS[measure]
    unit = unit.format(credited)
    return make_grid(readings.kind, measure, unit, scale, values, scaled=scaled)


def make_grid(
    kind: Kind,
    measure: Measure,
    unit: str,
    scale: str,
    values: Tensor,
    *,
    scaled: Tensor | None = None,
    compared: bool = False,
    repeated: RepeatedTokens | None = None,
    note: str | None = None,
) -> HeadsGrid:
    """A grid of values [L, H], with the largest of them.

    Args:
        scaled: the same on a scale of -1 to 1, where the values are not.
        compared: say of the largest how far they stand above the mean of all heads.
        repeated: the random tokens that were read.
        note: what has to be known to read it, in one line.
    """
    return HeadsGrid(
        kind=kind,
        measure=measure,
        unit=unit,
        scale=scale,
        values=_rows(values),
        scaled=_rows(values if scaled is None else scaled),
        largest=_largest(values, compared),
        repeated=repeated,
        note=note,
    )


def of_largest(values: Tensor) -> Tensor:
    """The values as parts of the largest of them."""
    largest = float(values.nan_to_num(0.0).abs().max())
    return values / largest if largest else values


_PASSAGE = {"self": "attention", "encoder": "attention", "cross": "cross-attention"}
_WORDS = {
    "delta": ("‖ΔE‖", "% of the largest"),
    "entropy": ("entropy in bits", "% of a row that looks everywhere alike"),
    "sink": ("weight on the first token", "%"),
    "previous": ("weight on the token before", "%"),
    "credit": ("part of {}", "% of the largest"),
}


def _rows(values: Tensor) -> tuple[tuple[float | None, ...], ...]:
    return tuple(
        tuple(value if math.isfinite(value) else None for value in row) for row in values.tolist()
    )


def _largest(values: Tensor, compared: bool) -> tuple[HeadScore, ...]:
    """The largest by absolute value, the earlier one of equals first."""
    heads = values.shape[1]
    flat = values.flatten()
    order = torch.sort(flat.abs().nan_to_num(-1.0), descending=True, stable=True).indices
    best = [i for i in order[:_LARGEST].tolist() if math.isfinite(flat[i])]
    above = _deviations(flat) if compared else [None] * len(flat)
    return tuple(HeadScore(i // heads, i % heads, float(flat[i]), above[i]) for i in best)


def _deviations(values: Tensor) -> list[float | None]:
    """How many standard deviations each stands above the mean of all; None where all are alike."""
    known = values[values.isfinite()]
    spread = float(known.std(unbiased=False)) if len(known) else 0.0
    if not spread:
        return [None] * len(values)
    return [optional(value) for value in ((values - known.mean()) / spread).tolist()]
