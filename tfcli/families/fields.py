"""Reading the fields of a config.json that may hold anything.

Sizes are checked by ModelConfig itself; here are the other kinds. What a family cannot compute is
refused by name: a field that is overlooked would give plausible words from the wrong model.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

from tfcli.errors import CheckpointError
from tfcli.model.config import Activation, Experts, ModelConfig

_ACTIVATIONS: dict[str, Activation] = {
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_python_tanh": "gelu_tanh",
    "quick_gelu": "quick_gelu",
    "relu": "relu",
    "relu2": "relu2",
    "tanh": "tanh",
}
_MOST_LAYERS = 100_000
_LARGEST = 2**40
Names = Mapping[str, str]
_WINDOW, _FULL = "sliding_attention", "full_attention"


class Fields:
    """A config.json, with the values that the family's files may leave out.

    What the file says wins, also where it says null.
    """

    def __init__(self, hf: Mapping[str, Any], **defaults: Any) -> None:
        self.hf, self.defaults = hf, defaults

    def __getitem__(self, name: str) -> Any:
        """The value as it is. KeyError where neither the file nor the family has one."""
        value = self.hf.get(name, self.defaults.get(name, _ABSENT))
        if value is _ABSENT:
            raise KeyError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """The value, or `default` where there is none, or null."""
        value = self.hf.get(name, self.defaults.get(name))
        return default if value is None else value

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number above 0. CheckpointError, naming the field, for anything else."""
        value = self.get(name, default)
        return positive(name, self[name] if value is None else value)

    def optional(self, name: str) -> float | None:
        """A finite number above 0, or None where there is none."""
        value = self.get(name)
        return None if value is None else positive(name, value)

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false. CheckpointError, naming the field, for anything else."""
        value = self.get(name, default)
        if not isinstance(value, bool):
            raise CheckpointError(f"{name} is {shown(value)}; it must be true or false")
        return value

    def whole(self, name: str, default: int | None = None, least: int = 0) -> int:
        """A whole number, at least `least`. CheckpointError, naming the field, for others."""
        value = self.get(name, default)
        value = self[name] if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise CheckpointError(
                f"{name} is {shown(value)}; it must be a whole number, {least} or more"
            )
        if value > _LARGEST:
            raise CheckpointError(f"{name} is {shown(value)}; no model has so much")
        return value

    def wholes(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers; empty where there is none."""
        values = self.get(name, [])
        if not isinstance(values, list) or not all(isinstance(v, int) for v in values):
            raise CheckpointError(f"{name} is {shown(values)}; it must be a list of whole numbers")
        return tuple(values)

    def activation(self, name: str = "hidden_act") -> Activation:
        """The core's name of an activation. CheckpointError for one that it does not have."""
        return activation(name, self[name])

    def refuse(self, **only: Any) -> None:
        """Refuse a field with any value but the one that the family computes (its default)."""
        for name, value in only.items():
            if self.get(name, value) != value:
                raise CheckpointError(
                    f"{name} is {shown(self[name])}, which is not supported; only {shown(value)} is"
                )

    def layers(self) -> int:
        """How many layers there are, checked before anything is made of that size."""
        count = self.whole("num_hidden_layers", least=1)
        if count > _MOST_LAYERS:
            raise CheckpointError(f"num_hidden_layers is {count:,}; no model has so many")
        return count

    def windows(self, windowed: Callable[[int], bool], listed: bool = True) -> dict[str, Any]:
        """ModelConfig's `window` and `window_layers`, from `sliding_window`.

        Args:
            windowed: the family's rule for a layer, where no `layer_types` are given.
            listed: the family reads `layer_types`.
        """
        kinds = self.get("layer_types") if listed else None
        size = self.get("sliding_window")
        count = self.layers()
        if kinds is None:
            layers = tuple(i for i in range(count) if size and windowed(i))
        else:
            if not isinstance(kinds, list) or set(map(str, kinds)) - {_WINDOW, _FULL}:
                raise CheckpointError(
                    f"layer_types is {shown(kinds)}; it can list {_FULL} and {_WINDOW}"
                )
            if len(kinds) != count:
                raise CheckpointError(f"layer_types lists {len(kinds)} layers of {count}")
            layers = tuple(i for i, kind in enumerate(kinds) if kind == _WINDOW)
        if not layers:
            return {}
        return {"window": self.whole("sliding_window", least=1), "window_layers": layers}


_ABSENT = object()


def read_names(f: Fields, kind: type, names: Names) -> dict[str, Any]:
    """A dataclass's fields that a file has under its own names, each checked by its type.

    Args:
        names: config.json's name -> the dataclass's.
    """
    types = {field.name: field.type for field in dataclasses.fields(kind)}
    readers: dict[Any, Callable[[str], Any]] = {
        int: f.whole,
        bool: f.flag,
        Activation: f.activation,
    }
    return {own: readers.get(types[own], f.number)(theirs) for theirs, own in names.items()}


def write_names(values: Any, names: Names) -> dict[str, Any]:
    """The same fields under the file's names: `read_names` backwards."""
    found = {theirs: getattr(values, own) for theirs, own in names.items()}
    return {k: activation_name(v) if names[k] == "activation" else v for k, v in found.items()}


def experts_of(config: ModelConfig) -> Experts:
    """The configuration's experts. CheckpointError where it has none."""
    if config.experts is None:
        raise CheckpointError("This model has no experts.")
    return config.experts


def layer_types(config: ModelConfig) -> list[str]:
    """The `layer_types` of a config.json."""
    return [_WINDOW if config.has_window(i) else _FULL for i in range(config.num_layers)]


def positive(name: str, value: Any) -> float:
    """A finite number above 0. CheckpointError, naming the field, for anything else."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value < math.inf:
        raise CheckpointError(f"{name} is {shown(value)}; it must be a number above 0")
    return float(value)


def activation(name: str, value: Any) -> Activation:
    """The core's name of an activation. CheckpointError for one that it does not have."""
    known = _ACTIVATIONS.get(value) if isinstance(value, str) else None
    if known is None:
        raise CheckpointError(
            f"{name} is {shown(value)}; supported are {', '.join(sorted(_ACTIVATIONS))}"
        )
    return known


def activation_name(ours: str) -> str:
    """What config.json files call an activation of the core."""
    return {"gelu_tanh": "gelu_new"}.get(ours, ours)


def section(name: str, value: Any) -> Mapping[str, Any]:
    """An object within the file; None counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise CheckpointError(f"{name} is {shown(value)}; it must be an object")
    return value


def shown(value: Any) -> str:
    """A value of the file for a message, cut short."""
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
