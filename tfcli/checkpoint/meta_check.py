"""A plan held against the model itself, run on PyTorch's meta device: shapes without numbers."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tfcli.checkpoint.build import empty_model
from tfcli.model.block_shapes import Step
from tfcli.model.cache import KVCache
from tfcli.model.config import ModelConfig
from tfcli.model.forward_shapes import ForwardShapes, Section
from tfcli.model.parameter_shapes import Size, all_parameters
from tfcli.model.trace import AttentionTrace, LayerTrace, StackTrace, Trace

Found = Iterator[tuple[str, str, Size]]  # module, name, and the shape that it has there


@dataclass(frozen=True)
class _Compared:
    """One tensor of the run, and how its shape differs from the plan's ("" where it does not)."""

    module: str
    name: str
    difference: str


@dataclass(frozen=True)
class Check:
    """What came of it.

    Attributes:
        tensors, parameters: how many were compared.
        differences: in words; empty where all are as planned.
        unseen: module and name of planned tensors that the run does not show: sums that are
            made on the way, and what each of several experts makes.
    """

    tensors: int
    parameters: int
    differences: tuple[str, ...]
    unseen: frozenset[tuple[str, str]]


def check_on_meta(shapes: ForwardShapes) -> Check:
    """Build the model on the meta device, run it, and compare every shape that its trace has."""
    config = _with_plain_angles(shapes.config)
    model = empty_model(Path("the plan"), config)
    built = {name: tuple(p.shape) for name, p in model.named_parameters()}
    planned = dict(all_parameters(shapes.config))
    differences = [
        f"{name}: planned {planned.get(name)}, built {built.get(name)}"
        for name in sorted(built.keys() | planned.keys())
        if built.get(name) != planned.get(name)
    ]
    watched = [_Watched(model)] + ([] if model.encoder is None else [_Watched(model.encoder)])
    with torch.inference_mode(), torch.device("meta"):
        trace = model.trace(*_inputs(shapes))
        found = [*_compared(shapes, trace, watched), *_cache(shapes, config)]
    differences += [one.difference for one in found if one.difference]
    planned_names = {(step.module, step.name) for s in shapes.sections for step in s.steps}
    unseen = planned_names - {(one.module, one.name) for one in found}
    return Check(len(found), len(built), tuple(differences), frozenset(unseen))


def _inputs(shapes: ForwardShapes) -> tuple[Any, ...]:
    ids = torch.zeros(shapes.batch, shapes.tokens, dtype=torch.long)
    if shapes.config.encoder is None:
        return (ids,)
    source = torch.zeros(shapes.batch, shapes.source_tokens, dtype=torch.long)
    return source, None, None, ids


def _with_plain_angles(config: ModelConfig) -> ModelConfig:
    """The same shapes, where the angles would depend on positions that are no numbers here."""
    if not config.rope.depends_on_length:
        return config
    rope = dataclasses.replace(config.rope, scaling="default", short=(), long=())
    return dataclasses.replace(config, rope=rope)


class _Watched:
    """What a stack's modules give that its trace does not keep, by block and module name."""

    def __init__(self, stack: Any) -> None:
        self.seen: dict[str, Size] = {}
        self.around: dict[int, Any] = {}
        for name, module in stack.named_modules():
            if not name.startswith("encoder.") and not isinstance(module, nn.ModuleList):
                module.register_forward_hook(self._keep(name))
        for i, block in enumerate(stack.blocks):
            block.register_forward_pre_hook(self._keep_around(i))

    def _keep(self, name: str) -> Any:
        def keep(_: nn.Module, args: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                self.seen[name] = tuple(output.shape)

        return keep

    def _keep_around(self, layer: int) -> Any:
        def keep(_: nn.Module, args: Any) -> None:
            self.around[layer] = args[1]

        return keep


def _compared(shapes: ForwardShapes, trace: Trace, watched: list[_Watched]) -> Iterator[_Compared]:
    for section in shapes.sections:
        encoder = section.side == "encoder"
        stack = trace.encoder if encoder else trace
        seen = watched[1 if encoder else 0]
        assert stack is not None
        if section.name == "block":
            for layer in section.layers:
                found = _block(stack.layers[layer], seen.seen, f"blocks.{layer}.")
                yield from _differences(section, found, f"block {layer} ")
        elif section.name == "embedding":
            yield from _differences(section, _embedding(stack, seen), "")
        else:
            yield from _differences(section, _end(stack, seen), "")


def _differences(section: Section, found: Found, where: str) -> Iterator[_Compared]:
    planned: dict[tuple[str, str], Step] = {(s.module, s.name): s for s in section.steps}
    for module, name, size in found:
        step = planned.get((module, name))
        difference = ""
        if step is None or step.size != size:
            said = list(step.size) if step is not None else "nothing"
            title = f"{section.side} {where}{module} {name}".strip()
            difference = f"{title}: planned {said}, run {list(size)}"
        yield _Compared(module, name, difference)


def _embedding(stack: StackTrace, watched: _Watched) -> Found:
    parts = {
        "token": stack.token_embedding,
        "position": stack.position_embedding,
        "segment": stack.type_embedding,
    }
    there = {name: tensor for name, tensor in parts.items() if tensor is not None}
    if len(there) > 1 or "embedding_norm" in watched.seen:
        for name, tensor in there.items():
            yield "", name, tuple(tensor.shape)
    yield "", "E", tuple(stack.layers[0].residual_in.shape)
    around = watched.around[0]
    if around.rotary is not None:
        yield "", "cos, sin", tuple(around.rotary[0].shape)
    if "relative_bias" in watched.seen:
        yield "", "bias", watched.seen["relative_bias"]


def _end(stack: StackTrace, watched: _Watched) -> Found:
    if not isinstance(stack, Trace):
        yield "", "memory", tuple(stack.final_norm_out.shape)
        return
    if "final_norm" in watched.seen:
        yield "", "final norm", tuple(stack.final_norm_out.shape)
    if "head_transform" in watched.seen:
        yield "", "transformed", tuple(stack.head_in.shape)
    logits = stack.logits
    if logits is not None:
        yield "", "logits", tuple(logits.shape)


def _block(layer: LayerTrace, seen: dict[str, Size], at: str) -> Found:
    normed = f"{at}attention_branch_norm" in seen
    after = layer.residual_mid if layer.residual_cross is None else layer.residual_cross
    yield from _attention("attention", layer.attention, normed)
    yield "attention", "ΔE", tuple(layer.attention_delta.shape)
    yield "attention", "residual", tuple(after.shape)
    if layer.cross_attention is not None and layer.cross_attention_delta is not None:
        yield from _attention("cross-attention", layer.cross_attention, normed)
        yield "cross-attention", "ΔE", tuple(layer.cross_attention_delta.shape)
        yield "cross-attention", "residual", tuple(layer.residual_mid.shape)
    inner = layer.feed_forward
    if inner.inner is not None:
        yield "feed-forward", "neurons", tuple(inner.inner.shape)
    if inner.router is not None:
        yield "feed-forward", "router", tuple(inner.router.logits.shape)
        yield "feed-forward", "chosen", tuple(inner.router.chosen.shape)
    yield "feed-forward", "output" if normed else "ΔE", tuple(inner.output.shape)
    yield "feed-forward", "ΔE", tuple(layer.feed_forward_delta.shape)
    yield "feed-forward", "residual", tuple(layer.residual_out.shape)
    for module, name, inside in (
        ("attention", "norm", "attention_norm"),
        ("cross-attention", "norm", "cross_norm"),
        ("feed-forward", "norm", "feed_forward_norm"),
    ):
        if at + inside in seen:
            yield module, name, seen[at + inside]
    yield from _inside(layer, seen, at)


def _inside(layer: LayerTrace, seen: dict[str, Size], at: str) -> Found:
    """What latent attention and a shared expert make on the way."""
    if f"{at}attention.kv_norm" in seen:
        latent, both = seen[f"{at}attention.kv_norm"], seen[f"{at}attention.kv_down"]
        B, _, T, rank = latent
        yield "attention", "kv latent", (B, T, rank)
        yield "attention", "turned key", (B, 1, T, both[-1] - rank)
        if f"{at}attention.q_norm" in seen:
            yield "attention", "q latent", seen[f"{at}attention.q_norm"]
    if f"{at}feed_forward.shared.up" in seen:
        inner = seen[f"{at}feed_forward.shared.up"][-1]
        B, T, _ = layer.residual_in.shape
        yield "feed-forward", "shared", (B, T, inner)
        yield "feed-forward", "shared ΔE", (B, T, seen[f"{at}feed_forward.shared.down"][-1])


def _attention(module: str, trace: AttentionTrace, normed: bool) -> Found:
    named = {
        "Q": trace.q,
        "K": trace.shared_k,
        "V": trace.shared_v,
        "scores": trace.scores(),
        "weights": trace.weights,
        "heads": trace.mixed,
        "output" if normed else "ΔE": trace.output,
    }
    for name, tensor in named.items():
        yield module, name, tuple(tensor.shape)


def _cache(shapes: ForwardShapes, config: ModelConfig) -> Iterator[_Compared]:
    """What a layer's cache returns once all the tokens are in it."""
    if not shapes.cache:
        return
    cache = KVCache.allocate(
        config, shapes.batch, shapes.tokens, torch.device("meta"), torch.bfloat16
    )
    layer = cache.layers[0]
    one = torch.empty(1, device="meta")
    new = [one.expand(*t.shape[:2], shapes.tokens, t.shape[3]) for t in (layer.keys, layer.values)]
    keys, values = layer.append(*new)
    names = ("keys", "values") if config.latent is None else ("turned keys", "kv latents")
    built = dict(zip(names, (keys, values), strict=True))
    for step in shapes.cache:
        if step.name in built:
            size = tuple(built[step.name].shape)
            differs = f"cache {step.name}: planned {list(step.size)}, run {list(size)}"
            yield _Compared("cache", step.name, "" if size == step.size else differs)
