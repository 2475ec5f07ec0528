"""How far the weights of two models of one shape lie apart."""

import re
from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

from tfcli.explain.result import WeightChange
from tfcli.model.transformer import Transformer

_BLOCK = re.compile(r"(encoder\.)?blocks\.(\d+)\.")
_PARAMETER = re.compile(r"\.(?:weight|bias)$")


def weight_shapes(model: Transformer) -> dict[str, torch.Size]:
    """The shape of each parameter, by its name."""
    return {name: parameter.shape for name, parameter in model.named_parameters()}


@torch.inference_mode()
def weight_changes(
    first: Transformer, second: Transformer
) -> tuple[tuple[WeightChange, ...], tuple[WeightChange, ...]]:
    """‖W₁ - W₂‖ / ‖W₁‖ of each kind of module over all blocks, and of each block.

    Args:
        first, second: models whose `weight_shapes` are the same.
    """
    modules: dict[str, list[tuple[Tensor, Tensor]]] = defaultdict(list)
    layers: dict[str, list[tuple[Tensor, Tensor]]] = defaultdict(list)
    others = dict(second.named_parameters())
    for name, parameter in first.named_parameters():
        pair = (parameter, others[name])
        block = _BLOCK.match(name)
        kind = _PARAMETER.sub("", _BLOCK.sub(r"\1", name, count=1))
        modules[kind].append(pair)
        if block:
            layers[f"{'E' if block[1] else 'L'}{block[2]}"].append(pair)
    return _changes(modules.items()), _changes(layers.items())


def _changes(
    groups: Iterable[tuple[str, list[tuple[Tensor, Tensor]]]],
) -> tuple[WeightChange, ...]:
    found: list[WeightChange] = []
    for name, pairs in groups:
        moved = size = 0.0
        for one, other in pairs:
            wide = one.double()
            moved += float((wide - other.to(wide.device).double()).square().sum())
            size += float(wide.square().sum())
        parameters = sum(one.numel() for one, _ in pairs)
        found.append(WeightChange(name, parameters, (moved / size) ** 0.5 if size else None))
    return tuple(found)
