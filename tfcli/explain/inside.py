"""The sections that look inside the layers and at the distribution behind them."""

from collections.abc import Callable
from typing import Any

from tfcli.explain.applies import NotForThisModelError, require_sum
from tfcli.explain.experts import routing
from tfcli.explain.labels import label
from tfcli.explain.memories import layer_memories
from tfcli.explain.residual import residual_stream
from tfcli.explain.result import Memories
from tfcli.explain.run import Run

_NO_EXPERTS = "this model has no experts: in each layer one feed-forward module reads every token"


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


MEASURES: dict[str, Callable[[Run], dict[str, Any]]] = {
    "residual": _residual,
    "memories": _memories,
    "experts": _experts,
}
