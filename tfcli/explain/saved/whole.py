"""Measure all that a file is to hold: every section, layer, head and measure that has room."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

import torch

from tfcli.explain.applies import NotForThisModelError
from tfcli.explain.explanation import Facts, measured, run_of
from tfcli.explain.finite import require_numbers
from tfcli.explain.request import MEASURES, SECTIONS, Choice, Measure, Request, resolve_window
from tfcli.explain.result import Explanation, SavedExplanation, SavedMeasure
from tfcli.explain.run import Run
from tfcli.explain.sections import measure
from tfcli.model.transformer import Transformer

# How much is kept of every layer and head. A file at all of these bounds has about 25 MB before it
# is compressed, and is read in a second.
MOST_WEIGHTS = 2**21  # attention weights in matrices
MOST_KEYS = 2**17  # keys in ledgers of heads
MOST_CELLS = 2**16  # of the lens at every position
# Multiplications for a measure that was not asked for: what a few seconds of one core do.
MOST_WORK = 2**35
_ROWS = 100
_BY_TOKEN = ("sources",)  # sections with a line for each token: they have room for all


@torch.inference_mode()
def explain_whole(
    model: Transformer, ids: Sequence[int], request: Request, **facts: Unpack[Facts]
) -> SavedExplanation:
    """Explain a prompt from all sides. Arguments and errors as in `explain`.

    The request's answer, position, sampling, changes and seed are those of the file. Its sections,
    layers, heads, window, rows and measure can be others when the file is looked at, and what it
    asks for is held in any case.
    """
    run = run_of(model, ids, request, facts)
    resolve_window(request.window, len(ids))  # refused before anything is measured
    require_numbers(run.trace, run.position, run.labels, run.source_labels)
    rows = max(request.top_k, _ROWS)
    asked = replace(
        request,
        layers=_layers(run),
        heads="all",
        top_k=rows,
        measure="delta",
        window=(None, None) if _is_short(run) else request.window,
        all_keys=True,
        steps=0,
    )
    most = tuple(section for section in SECTIONS if section not in _BY_TOKEN)
    whole = measured(run.asked(replace(asked, sections=most)), None, facts)
    every = replace(asked, sections=_BY_TOKEN, window=(None, None))
    rest = measured(run.asked(every), None, facts)
    whole = replace(
        _trimmed(run, whole),
        sections=SECTIONS,
        omitted=whole.omitted | rest.omitted,
        **{section: getattr(rest, section) for section in _BY_TOKEN},
    )
    return SavedExplanation(
        whole=whole,
        delta_norms=tuple(run.delta_norms),
        rows=rows,
        measures={name: _measure(run, name) for name in MEASURES if _has_room(run, name)},
    )


def _is_short(run: Run) -> bool:
    """Whether the whole prompt is kept where a window could be asked for."""
    read = len(run.source_labels or run.labels)
    cells = len(run.labels) * (len(run.trace.layers) + 1)
    return _heads(run) * read**2 // 2 <= MOST_WEIGHTS and cells <= MOST_CELLS


def _layers(run: Run) -> Choice:
    """All of them; where these are too many, those that are asked for and the top one."""
    keys = len(run.source_labels or run.labels)
    if _heads(run) * keys <= MOST_KEYS:
        return "all"
    top = run.asked(replace(run.request, layers="top"))
    return tuple(sorted({*run.focus.layers, *top.focus.layers}))


def _trimmed(run: Run, whole: Explanation) -> Explanation:
    """Without the matrices of heads that are not asked for, where all take too much room."""
    read = min(len(run.source_labels or run.labels), 94)
    kept = {
        "self": run.focus.heads,
        "cross": run.focus.cross_heads,
        "encoder": run.focus.encoder_heads,
    }
    if whole.attention is None or len(whole.attention) * read**2 // 2 <= MOST_WEIGHTS:
        return whole
    return replace(
        whole,
        attention=tuple(
            head if (head.layer, head.head) in kept[head.kind] else replace(head, matrix=None)
            for head in whole.attention
        ),
    )


def _heads(run: Run) -> int:
    return sum(
        site.ran.q.shape[1] for kind in run.sites if kind != "encoder" for site in run.sites[kind]
    )


def _has_room(run: Run, name: Measure) -> bool:
    """Whether a measure is asked for, or costs little."""
    if name == run.request.measure:
        return True
    size = run.model.num_parameters()
    if name == "patching":
        return False  # its prompt is an option of the measure
    if name == "copying":
        return run.model.config.vocab_size * run.model.config.hidden_size**2 <= MOST_WORK
    if name == "ablation":
        return _heads(run) * len(run.labels) * size <= MOST_WORK
    return True


def _measure(run: Run, name: Measure) -> SavedMeasure:
    try:
        found = measure(run.asked(replace(run.request, measure=name)), "heads")
    except NotForThisModelError as reason:
        return SavedMeasure((), str(reason))
    return SavedMeasure(tuple(found.values()))
