"""Tensor-name rules: the names and layouts in a file <-> the core's parameters, both ways.

A rule maps one outside name onto one or several of ours, side by side with `|`: the outside
tensor is cut along its first dimension by the sizes of our parameters, so no size stands in a
rule. `{i}` is a layer's index and `{w}` is weight or bias. A second word names how the layout
differs: "transpose" (GPT-2 saves its matrices input-first).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from tfcli.errors import CheckpointError
from tfcli.families import Family

Rules = Mapping[str, "str | tuple[str, str]"]
_PLACEHOLDERS = {"i": r"(?P<i>\d+)", "w": r"(?P<w>weight|bias)"}


@dataclass(frozen=True)
class Target:
    """Where one outside tensor goes: our parameters' names, and whether it is transposed."""

    names: tuple[str, ...]
    transpose: bool


def find_target(family: Family, name: str, num_layers: int) -> Target | None:
    """Our parameters for the outside tensor `name`; None for one that is to be ignored.

    Raises:
        CheckpointError: the family has no such tensor; the caller knows the file.
    """
    if name.endswith(tuple(getattr(family, "IGNORED", ()))):
        return None
    prefix = getattr(family, "PREFIX", "")
    for candidate in (name, prefix + name):
        for pattern, rule in _compiled(family.MODEL_TYPE, tuple(family.RULES.items())):
            match = pattern.fullmatch(candidate)
            if match is None:
                continue
            groups = match.groupdict()
            if int(groups.get("i", 0)) >= num_layers:
                break
            targets, layout = (rule, "") if isinstance(rule, str) else rule
            return Target(
                tuple(t.format(**groups) for t in targets.split("|")), layout == "transpose"
            )
    raise CheckpointError(
        f"it holds a tensor “{name}” that a {family.MODEL_TYPE} model with {num_layers:,} layers "
        "does not have."
    )


def split_tensor(name: str, tensor: Tensor, target: Target, shapes: Mapping[str, torch.Size]):
    """Cut an outside tensor into ours. Yields (our name, tensor) pairs.

    Raises:
        CheckpointError: a shape differs from what the configuration asks for; the caller knows
            the file.
    """
    found = list(tensor.shape)
    if target.transpose and tensor.dim() == 2:
        tensor = tensor.T
    unknown = [ours for ours in target.names if ours not in shapes]
    if unknown:
        raise CheckpointError(f"it holds a tensor “{name}” that config.json has no place for.")
    sizes = [shapes[ours][0] for ours in target.names]
    expected = (sum(sizes), *shapes[target.names[0]][1:])
    if tuple(tensor.shape) != expected:
        asked = expected[::-1] if target.transpose else expected
        raise CheckpointError(
            f"its tensor “{name}” has the shape {found}; config.json asks for {list(asked)}."
        )
    yield from zip(target.names, tensor.split(sizes), strict=True)


def outside_name(family: Family, ours: str, num_layers: int) -> str:
    """What the family's files call the tensor that holds our parameter `ours`."""
    for outside, names, _ in _expanded(family, num_layers):
        if ours in names:
            return outside
    raise KeyError(ours)


def outside_tensors(
    family: Family, parameters: Mapping[str, Tensor], num_layers: int
) -> dict[str, Tensor]:
    """Our parameters under the family's names and in its layout: find_target in reverse."""
    tensors: dict[str, Tensor] = {}
    for outside, names, transpose in _expanded(family, num_layers):
        if not all(name in parameters for name in names):
            continue
        parts = [parameters[name] for name in names]
        tensor = torch.cat(parts) if len(parts) > 1 else parts[0]
        tensors[outside] = (tensor.T if transpose else tensor).contiguous()
    return tensors


def _expanded(family: Family, num_layers: int) -> Iterator[tuple[str, list[str], bool]]:
    """Every rule with its placeholders filled: outside name, our names, whether transposed."""
    for pattern, rule in family.RULES.items():
        targets, layout = (rule, "") if isinstance(rule, str) else rule
        for i in range(num_layers if "{i}" in pattern else 1):
            for w in ("weight", "bias") if "{w}" in pattern else ("",):
                names = [target.format(i=i, w=w) for target in targets.split("|")]
                yield pattern.format(i=i, w=w), names, layout == "transpose"


@lru_cache
def _compiled(
    model_type: str, rules: tuple[tuple[str, str | tuple[str, str]], ...]
) -> list[tuple[re.Pattern[str], str | tuple[str, str]]]:
    del model_type  # only there to make the cache's key readable
    fill: Callable[[re.Match[str]], str] = lambda m: _PLACEHOLDERS[m[1]]  # noqa: E731
    return [
        (re.compile(re.sub(r"\\\{(\w)\\\}", fill, re.escape(outside))), rule)
        for outside, rule in rules
    ]
