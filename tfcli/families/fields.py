"""Reading the fields of a config.json that may hold anything.

Sizes are checked by ModelConfig itself; here are the other kinds. What a family cannot compute is
refused by name: a field that is overlooked would give plausible words from the wrong model.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal

from tfcli.errors import CheckpointError

Activation = Literal["silu", "gelu", "gelu_tanh"]
_ACTIVATIONS: dict[str, Activation] = {
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
}


def positive(name: str, value: Any) -> float:
    """A finite number above 0. CheckpointError, naming the field, for anything else."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value < math.inf:
        raise CheckpointError(f"{name} is {_shown(value)}; it must be a number above 0")
    return float(value)


def flag(name: str, value: Any) -> bool:
    """True or false. CheckpointError, naming the field, for anything else."""
    if not isinstance(value, bool):
        raise CheckpointError(f"{name} is {_shown(value)}; it must be true or false")
    return value


def activation(name: str, value: Any) -> Activation:
    """The core's name of an activation. CheckpointError for one that it does not have."""
    known = _ACTIVATIONS.get(value) if isinstance(value, str) else None
    if known is None:
        raise CheckpointError(
            f"{name} is {_shown(value)}; supported are {', '.join(sorted(_ACTIVATIONS))}"
        )
    return known


def activation_name(ours: str) -> str:
    """What config.json files call an activation of the core."""
    return next(name for name in ("silu", "gelu", "gelu_new") if _ACTIVATIONS[name] == ours)


def section(name: str, value: Any) -> Mapping[str, Any]:
    """An object within the file; None counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise CheckpointError(f"{name} is {_shown(value)}; it must be an object")
    return value


def refuse(hf: Mapping[str, Any], **only: Any) -> None:
    """Refuse a field with any value but the one that the family computes (its default)."""
    for name, value in only.items():
        if hf.get(name, value) not in (value, None):
            raise CheckpointError(
                f"{name} is {_shown(hf[name])}, which is not supported; only {_shown(value)} is"
            )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
