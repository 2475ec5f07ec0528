"""The sections that look inside the layers and at the distribution behind them."""

from collections.abc import Callable
from typing import Any

from tfcli.explain.residual import residual_stream
from tfcli.explain.run import Run


def _residual(run: Run) -> dict[str, Any]:
    found = residual_stream(run.model, run.trace, run.position, run.target, run.tokenizer)
    return {"residual": found}


MEASURES: dict[str, Callable[[Run], dict[str, Any]]] = {
    "residual": _residual,
}
