"""The grid of heads under any measure, each kind of attention by itself; only what is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from torch import Tensor

from tfcli.explain.applies import NotForThisModelError, require_head
from tfcli.explain.heads.copying import copying
from tfcli.explain.heads.effects import (
    ablation_effects,
    answers,
    patching_effects,
    patching_note,
)
from tfcli.explain.heads.patterns import duplicate, induction, norm_entropy, prefix
from tfcli.explain.heads.readings import heads_grid, make_grid, of_largest
from tfcli.explain.heads.sites import Site
from tfcli.explain.request import Measure
from tfcli.explain.result import HeadsGrid, Kind
from tfcli.explain.run import Run
from tfcli.explain.text.labels import label

Grids = dict[Kind, HeadsGrid]


def grids(run: Run, measure: Measure, credited: str) -> Grids:
    """One measure for all heads of each kind of attention that it is defined for.

    Args:
        credited: what the credit is a part of, in words.

    Raises:
        NotForThisModelError: it is defined for none.
    """
    further = _FURTHER.get(measure)
    if further is not None:
        return further(run)
    return {
        kind: heads_grid(readings, measure, credited)
        for kind, readings in run.readings.items()
        if kind != "encoder" or measure != "credit"
    }


def _duplicate(run: Run) -> Grids:
    return _before(run, "duplicate", "weight on the same token before", duplicate)


def _prefix(run: Run) -> Grids:
    return _before(run, "prefix", "weight behind the same token before", prefix)


def _before(
    run: Run, measure: Measure, unit: str, weight: Callable[[Sequence[Site], list[int]], Tensor]
) -> Grids:
    """A measure of an earlier place of the token, in the stacks that read a text."""
    ids: dict[Kind, list[int]] = {"self": run.trace.ids[0].tolist()}
    if run.trace.encoder is not None:
        ids["encoder"] = run.trace.encoder.ids[0].tolist()
    return {
        kind: make_grid(kind, measure, unit, "%", weight(run.sites[kind], read))
        for kind, read in ids.items()
    }


def _norm(run: Run) -> Grids:
    found: Grids = {}
    unit, scale = "entropy of ‖w·v·W_O‖ in bits", "% of keys that give alike"
    for kind, sites in run.sites.items():
        values, largest = norm_entropy(sites)
        scaled = _parts(values, largest)
        found[kind] = make_grid(kind, "norm", unit, scale, values, scaled=scaled)
    return found


def _induction(run: Run) -> Grids:
    values, repeated = induction(run.model, run.tokenizer, run.request.seed)
    unit = "weight on what stood behind the same token"
    return {
        "self": make_grid("self", "induction", unit, "%", values, compared=True, repeated=repeated)
    }


def _copying(run: Run) -> Grids:
    values = copying(run.model)
    unit, scale = "eigenvalues of U·W_OV·E: sum / sum of sizes", "%, 100 copies"
    return {"self": make_grid("self", "copying", unit, scale, values, compared=True)}


def _ablation(run: Run) -> Grids:
    require_head(run)
    filling = run.request.edits.filling
    there, note = "zeros", None
    if filling == "mean":
        there, note = "its mean", "the mean is that over the positions of the prompt"
    unit, scale = f"KL in bits without the head, {there} there", "% of the largest"
    return {
        kind: replace(
            make_grid(kind, "ablation", unit, scale, values, scaled=of_largest(values), note=note),
            filling=filling,
        )
        for kind, values in ablation_effects(run).items()
    }


def _patching(run: Run) -> Grids:
    require_head(run)
    ours, theirs = answers(run)
    if ours == theirs:
        same = label(run.tokenizer, ours)
        raise NotForThisModelError(f"both prompts have the same answer, “{same}”")
    unit, scale = "the other prompt's output of one head", "% of the way to its answer"
    note = patching_note(run)
    return {
        kind: make_grid(
            kind, "patching", unit, scale, values, scaled=values.clamp(-1, 1), note=note
        )
        for kind, values in patching_effects(run).items()
    }


_FURTHER: dict[Measure, Callable[[Run], Grids]] = {
    "duplicate": _duplicate,
    "prefix": _prefix,
    "norm": _norm,
    "induction": _induction,
    "copying": _copying,
    "ablation": _ablation,
    "patching": _patching,
}


def _parts(values: Tensor, largest: Tensor) -> Tensor:
    """Of the largest; a single key leaves nothing to choose."""
    return (values / largest).where(largest > 0, values)
