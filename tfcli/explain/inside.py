"""The sections that look inside the layers and at the distribution behind them."""

from collections.abc import Callable
from typing import Any

from tfcli.explain.applies import NotForThisModelError, require_head, require_sum
from tfcli.explain.layers.cost import cost
from tfcli.explain.layers.experts import routing
from tfcli.explain.layers.memories import layer_memories
from tfcli.explain.layers.norms import norms
from tfcli.explain.layers.residual import residual_stream
from tfcli.explain.logits.sampling import sampling_table
from tfcli.explain.result import Memories
from tfcli.explain.run import Run
from tfcli.explain.sources.table import sources
from tfcli.explain.text.labels import label
from tfcli.explain.text.surprisal import surprisal

_NO_EXPERTS = "this model has no experts: in each layer one feed-forward module reads every token"
_NOTHING_DRAWN = "an encoder takes the likeliest token for a mask: nothing is drawn"
_NO_SURPRISE = "an encoder sees each token while it reads it, so none is a surprise"


def _residual(run: Run) -> dict[str, Any]:
    found = residual_stream(run.model, run.trace, run.position, run.target, run.tokenizer)
    return {"residual": found}


def _memories(run: Run) -> dict[str, Any]:
    require_sum(run)
    assert run.way is not None
    against = run.request.against
    layers = tuple(
        layer_memories(run.model, run.trace, run.position, layer, run.way, run.tokenizer)
        for layer in run.focus.layers
    )
    named = None if against is None else label(run.tokenizer, against)
    answer = label(run.tokenizer, run.answer)
    return {"memories": Memories(run.position, run.answer, answer, named, layers)}


def _experts(run: Run) -> dict[str, Any]:
    found = routing(run.model, run.trace, run.position, run.focus.layers, run.labels)
    if found is None:
        raise NotForThisModelError(_NO_EXPERTS)
    return {"experts": found}


def _sampling(run: Run) -> dict[str, Any]:
    require_head(run)
    if not run.model.config.causal:
        raise NotForThisModelError(_NOTHING_DRAWN)
    rows = 2 * run.request.top_k  # twice the table's, so that what a filter takes away is seen
    own = run.request.sampling
    return {
        "sampling": sampling_table(run.logits, run.read, rows, own, run.tokenizer, run.generation)
    }


def _surprisal(run: Run) -> dict[str, Any]:
    if not run.model.config.causal:
        raise NotForThisModelError(_NO_SURPRISE)
    require_head(run)
    return {"surprisal": surprisal(run.trace, run.tokens, run.tokenizer)}


def _norms(run: Run) -> dict[str, Any]:
    return {"norms": norms(run.model, run.trace, run.position, run.focus.layers)}


def _cost(run: Run) -> dict[str, Any]:
    encoder = run.trace.encoder
    source = None if encoder is None else encoder.ids
    return {"cost": cost(run.model, run.trace.ids, source)}


def _sources(run: Run) -> dict[str, Any]:
    return {"sources": sources(run)}


MEASURES: dict[str, Callable[[Run], dict[str, Any]]] = {
    "residual": _residual,
    "memories": _memories,
    "experts": _experts,
    "sampling": _sampling,
    "surprisal": _surprisal,
    "norms": _norms,
    "cost": _cost,
    "sources": _sources,
}
