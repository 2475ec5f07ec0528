"""Changing one field of a config.json, and knowing which fields were read."""

import copy
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import torch
from parity.chatglm_layout import GLM_FIELDS, glm_config
from parity.checkpoints import VARIANTS, build, checkpoint, config_class, config_of, reference_model
from parity.mutation_tables import FLIP, OLD
from parity.old_style import old_style
from parity.reference import inputs, logits
from torch import Tensor

from tfcli.families import family

Config = dict[str, Any]


def changed(config: Config, path: str, value: Any) -> Config:
    """A copy with another value at a dotted path."""
    new = copy.deepcopy(config)
    *sections, field = path.split(".")
    place = new
    for section in sections:
        place = place[section]
    if value == FLIP:
        value = not place[field]
    assert place.get(field) != value, f"{path} is {value} already"
    place[field] = value
    return new


def styles(name: str, path: str, value: Any) -> Iterator[tuple[Config, Config]]:
    """(a config.json, the same with the change), in both styles where both know the field."""
    config = config_of(checkpoint(name))
    if path.startswith(OLD):
        yield old_style(config), changed(old_style(config), path.removeprefix(OLD), value)
        return
    new = changed(config, path, value)
    yield config, new
    if VARIANTS[name].family != "chatglm" and old_style(new) != old_style(config):
        yield old_style(config), old_style(new)


def paths(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Every field by its dotted path; sections too, by their own."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        found[prefix + key] = value
        if isinstance(value, dict):
            found |= paths(value, f"{prefix}{key}.")
    return found


def touched(config: Config, new: Config) -> set[str]:
    """The dotted paths of what differs."""
    before, after = paths(config), paths(new)
    missing = object()
    return {
        path
        for path in before.keys() | after.keys()
        if before.get(path, missing) != after.get(path, missing)
    }


class Watched(dict[str, Any]):
    """A config.json that knows which of its fields were looked at, however deep."""

    def __init__(self, config: Mapping[str, Any], seen: set[str], prefix: str = "") -> None:
        super().__init__(
            (key, Watched(value, seen, f"{prefix}{key}.") if isinstance(value, dict) else value)
            for key, value in config.items()
        )
        self.seen, self.prefix = seen, prefix

    def __getitem__(self, key: str) -> Any:
        self.seen.add(self.prefix + key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.seen.add(self.prefix + key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.seen.add(self.prefix + str(key))
        return super().__contains__(key)


def fields_read(model_type: str, configs: list[Config]) -> set[str]:
    """The fields that our family looks at in any of these, by their dotted paths."""
    seen: set[str] = set()
    for config in configs:
        family(model_type).read_config(Watched(json.loads(json.dumps(config)), seen))
    return seen


@cache
def _weights(name: str) -> dict[str, Tensor]:
    return reference_model(name).state_dict()


def reference_logits(name: str, config: Config) -> Tensor | None:
    """What transformers makes of the variant's weights and this config.json.

    None where it refuses (another shape, a field that it checks, a pass that fails), and where
    it cannot say.
    """
    variant, given = VARIANTS[name], copy.deepcopy(config)
    if variant.family == "chatglm":
        given = glm_config(config)
        if not touched(config_of(checkpoint(name)), config) <= GLM_FIELDS:
            return None
    try:
        model = build(variant, config_class(variant).from_dict(given))
        model.load_state_dict(_weights(name), strict=True)
        found = logits(model, variant, inputs(variant))
    except Exception:  # it has no one error for a configuration that it cannot run
        return None
    return found if bool(torch.isfinite(found).all()) else None
