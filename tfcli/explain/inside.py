"""The sections that look inside the layers and at the distribution behind them."""

from collections.abc import Callable
from typing import Any

from tfcli.explain.applies import require_sum
from tfcli.explain.labels import label
from tfcli.explain.memories import layer_memories
from tfcli.explain.residual import residual_stream
from tfcli.explain.result import Memories
from tfcli.explain.run import Run


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


MEASURES: dict[str, Callable[[Run], dict[str, Any]]] = {
    "residual": _residual,
    "memories": _memories,
}
