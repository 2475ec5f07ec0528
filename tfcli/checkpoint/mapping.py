"""Tensor-name rules: the names and layouts in a file <-> the core's parameters, both ways.

A rule maps one outside name onto one or several of ours, side by side with `|`: the outside
tensor is cut by the sizes of our parameters, so no size stands in a rule. `{i}` is a layer's
index, `{e}` an expert's, and `{w}` is weight or bias. `[{e}]` behind one of ours writes to the
expert's slice of it. A second text names how the layout differs, in the order of reading:

    transpose     the last two dimensions are the other way round
    per_head      cut head by head: [H, parts, Dh] instead of [parts, H, Dh] (GPT-NeoX)
    alternating   along dimension 1, the parts' elements take turns (gpt-oss)
    dim1          cut along dimension 1 instead of 0 (experts in one tensor)
    flat          the same numbers in another shape

Where several rules give the same parameter, files may have either; the first one is written, and
those with the word `copy`, beside it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

import torch
from torch import Tensor

from tfcli.errors import CheckpointError
from tfcli.families import Family
from tfcli.model.config import ModelConfig

Rule = str | tuple[str, str]
Rules = Mapping[str, Rule]
_LAYER = re.compile(r"model\.layers\.(\d{1,9})\.")
_PLACEHOLDERS = {"i": r"(?P<i>\d{1,9})", "e": r"(?P<e>\d{1,9})", "w": r"(?P<w>weight|bias)"}


@dataclass(frozen=True)
class Part:
    """One of our parameters, or one expert's slice of it."""

    name: str
    expert: int | None = None


@dataclass(frozen=True)
class Target:
    """Where one outside tensor goes, and how its layout differs."""

    parts: tuple[Part, ...]
    layout: tuple[str, ...]


def find_target(family: Family, name: str, config: ModelConfig) -> Target | None:
    """Our parameters for the outside tensor `name`; None for one that is to be ignored.

    Raises:
        CheckpointError: the family has no such tensor; the caller knows the file.
    """
    if any(fnmatchcase(name, pattern) for pattern in getattr(family, "IGNORED", ())):
        return None
    if getattr(family, "EXTRA_LAYERS", False):
        extra = _LAYER.match(name)
        if extra is not None and int(extra[1]) >= config.num_layers:
            return None  # for predicting several tokens at once, which we do not
    candidates = [name]
    if prefix := getattr(family, "PREFIX", ""):
        candidates.append(prefix + name)
    for candidate in candidates:
        for pattern, rule in _compiled(tuple(_rules(family, config).items())):
            match = pattern.fullmatch(candidate)
            if match is None:
                continue
            groups = match.groupdict()
            targets, layout = _halves(rule)
            layers = _side(config, targets).num_layers
            if int(groups.get("i", 0)) >= layers:
                break
            return Target(_parts(targets, groups), tuple(layout.split()))
    raise CheckpointError(
        f"it holds a tensor “{name[:200]}” that a {family.MODEL_TYPE} model with "
        f"{config.num_layers:,} layers does not have."
    )


def split_tensor(
    name: str, tensor: Tensor, target: Target, shapes: Mapping[str, torch.Size], num_heads: int
) -> Iterator[tuple[Part, Tensor]]:
    """Cut an outside tensor into ours. Yields each part with its tensor, which may be a view.

    Raises:
        CheckpointError: a shape differs from what the configuration asks for; the caller knows
            the file.
    """
    if any(part.name not in shapes for part in target.parts):
        raise CheckpointError(f"it holds a tensor “{name}” that config.json has no place for.")
    wanted = [_shape(part, shapes) for part in target.parts]
    dim = 1 if "dim1" in target.layout else 0
    if any(len(shape) <= dim for shape in wanted):
        raise CheckpointError(f"its tensor “{name}” cannot be cut as config.json asks.")
    sizes = [shape[dim] for shape in wanted]
    joined = list(wanted[0])
    joined[dim] = sum(sizes)
    arranged = _arranged(tensor, target.layout, joined, num_heads, len(sizes))
    if arranged is None:
        asked = list(joined)
        if "transpose" in target.layout:
            asked[-2:] = asked[:-3:-1]
        raise CheckpointError(
            f"its tensor “{name}” has the shape {list(tensor.shape)}; config.json asks for {asked}."
        )
    yield from zip(target.parts, arranged.split(sizes, dim=dim), strict=True)


def outside_name(family: Family, ours: str, config: ModelConfig) -> str:
    """What the family's files call the tensor that holds our parameter `ours`."""
    for _, outside, target in _expanded(family, config):
        if any(part.name == ours for part in target.parts):
            return outside
    raise KeyError(ours)


def outside_tensors(
    family: Family, parameters: Mapping[str, Tensor], config: ModelConfig
) -> dict[str, Tensor]:
    """Our parameters under the family's names and in its layout: find_target in reverse."""
    tensors: dict[str, Tensor] = {}
    written: dict[str, str] = {}  # our parameter -> the rule that it is written by
    for pattern, outside, target in _expanded(family, config):
        names = {part.name for part in target.parts}
        own = "copy" in target.layout or all(written.get(n, pattern) == pattern for n in names)
        if names <= parameters.keys() and own:
            parts = [_of(parameters, part) for part in target.parts]
            tensors[outside] = _as_outside(parts, target.layout, config.num_heads)
            written = dict.fromkeys(names, pattern) | written
    left = sorted(parameters.keys() - written.keys())
    if left:
        raise CheckpointError(
            f"A {family.MODEL_TYPE} checkpoint has no place for {len(left)} of this model's "
            f"tensors, the first “{left[0]}”."
        )
    return tensors


def _of(parameters: Mapping[str, Tensor], part: Part) -> Tensor:
    tensor = parameters[part.name]
    return tensor if part.expert is None else tensor[part.expert]


def _shape(part: Part, shapes: Mapping[str, torch.Size]) -> torch.Size:
    shape = shapes[part.name]
    return shape if part.expert is None else shape[1:]


def _arranged(
    tensor: Tensor, layout: Sequence[str], joined: list[int], num_heads: int, count: int
) -> Tensor | None:
    """The tensor in our layout, parts one behind the other; None where the shape is wrong."""
    if "transpose" in layout and tensor.dim() >= 2:
        tensor = tensor.transpose(-1, -2)
    if "flat" in layout and tensor.numel() == torch.Size(joined).numel():
        tensor = tensor.reshape(joined)
    if list(tensor.shape) != joined:
        return None
    if "per_head" in layout:
        if joined[0] % (num_heads * count):
            return None
        return tensor.unflatten(0, (num_heads, count, -1)).transpose(0, 1).flatten(0, 2)
    if "alternating" in layout:
        return tensor.unflatten(1, (-1, count)).transpose(1, 2).flatten(1, 2)
    return tensor


def _as_outside(parts: Sequence[Tensor], layout: Sequence[str], num_heads: int) -> Tensor:
    """Our parts as one tensor in the file's layout: `_arranged` backwards."""
    tensor = torch.cat(tuple(parts), dim=1 if "dim1" in layout else 0)
    if "per_head" in layout:
        tensor = tensor.unflatten(0, (len(parts), num_heads, -1)).transpose(0, 1).flatten(0, 2)
    if "alternating" in layout:
        tensor = tensor.unflatten(1, (len(parts), -1)).transpose(1, 2).flatten(1, 2)
    if "flat" in layout:
        tensor = tensor.reshape(1, -1)
    if "transpose" in layout and tensor.dim() >= 2:
        tensor = tensor.transpose(-1, -2)
    return tensor.contiguous()


def _expanded(family: Family, config: ModelConfig) -> Iterator[tuple[str, str, Target]]:
    """Every rule, with its placeholders filled: the outside name, and where it goes."""
    for pattern, rule in _rules(family, config).items():
        targets, layout = _halves(rule)
        side = _side(config, targets)
        experts = range(side.experts.count) if side.experts is not None else range(0)
        for i in range(side.num_layers) if "{i}" in pattern else (0,):
            for e in experts if "{e}" in pattern else (0,):
                for w in ("weight", "bias") if "{w}" in pattern else ("",):
                    filled = {"i": i, "e": e, "w": w}
                    target = Target(_parts(targets, filled), tuple(layout.split()))
                    yield pattern, pattern.format(**filled), target


def _rules(family: Family, config: ModelConfig) -> Rules:
    """The family's rules, or those for this configuration where it has several sets."""
    chosen = getattr(family, "rules", None)
    return family.RULES if chosen is None else chosen(config)


def _side(config: ModelConfig, targets: str) -> ModelConfig:
    """Whose layers a rule counts: the encoder's where it stands beside a decoder."""
    encoder = config.encoder
    return encoder if encoder is not None and targets.startswith("encoder.") else config


def _halves(rule: Rule) -> tuple[str, str]:
    return (rule, "") if isinstance(rule, str) else rule


def _parts(targets: str, groups: Mapping[str, object]) -> tuple[Part, ...]:
    parts = []
    for target in targets.split("|"):
        name, _, expert = target.format(**groups).partition("[")
        parts.append(Part(name, int(expert[:-1]) if expert else None))
    return tuple(parts)


@lru_cache
def _compiled(rules: tuple[tuple[str, Rule], ...]) -> list[tuple[re.Pattern[str], Rule]]:
    fill: Callable[[re.Match[str]], str] = lambda m: _PLACEHOLDERS[m[1]]  # noqa: E731
    return [
        (re.compile(re.sub(r"\\\{(\w)\\\}", fill, re.escape(outside))), rule)
        for outside, rule in rules
    ]
