"""Run a model with something in it changed: a head taken away, a module halved, a value put in.

    with edited(model, [ablated(Place("self", "head", 5, 3))]):
        trace = model.trace(ids)

An edit changes what a place gives. A head's output is its part of what W_O reads, Σ_j A_ij v_j
[Dv], before the output bias, which belongs to no head. An attention or feed-forward module's
output is what it gives [D], its bias included, before a norm on the branch.

Edits are hooks on the model's modules, so a model that is not edited pays nothing, and a trace,
a plain forward pass and decoding with a cache all see them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor
from torch.utils.hooks import RemovableHandle

from tfcli.explain.edits.request import Extents, Place, require_place
from tfcli.explain.heads.sites import AnyAttention
from tfcli.explain.precision import blocks
from tfcli.model.block import Block
from tfcli.model.trace import AttentionTrace, FeedForwardTrace, LayerTrace, StackTrace, Trace
from tfcli.model.transformer import Transformer


@dataclass(frozen=True, eq=False)
class Edit:
    """One change of what a place gives.

    Attributes:
        place: where; a head's output is Dv wide, a module's D.
        factor: what the output is multiplied with, where no value is given.
        value: what stands there instead: one vector [width] for all positions, or with
            `positions` one for each [n, width].
        positions: which positions are changed, from 0; None for all. Tokens that a cache already
            holds count.
        row: the row of the batch that is changed; None for all.
    """

    place: Place
    factor: float = 1.0
    value: Tensor | None = None
    positions: tuple[int, ...] | None = None
    row: int | None = None


def ablated(place: Place, row: int | None = None) -> Edit:
    """Zeros instead of what the place gives (Michel et al. 2019; Voita et al. 2019)."""
    return Edit(place, 0.0, row=row)


def averaged(place: Place, trace: Trace) -> Edit:
    """The mean of the place's output over the positions of a run, at each position."""
    return Edit(place, value=output_of(place, trace).mean(0))


def patched(
    place: Place,
    other: Trace,
    positions: Sequence[int],
    taken_from: Sequence[int] | None = None,
    row: int | None = None,
) -> Edit:
    """What the place gives on another prompt (Vig et al. 2020; Meng et al. 2022).

    Args:
        other: the run on the other prompt.
        positions: which positions are changed.
        taken_from: whose output in the other run each of them gets; None for the same ones.
    """
    source = list(positions if taken_from is None else taken_from)
    return Edit(place, value=output_of(place, other)[source], positions=tuple(positions), row=row)


def output_of(place: Place, trace: Trace) -> Tensor:
    """What a place gave in a run, at every position [T, width]."""
    layer = _layer_of(place, trace)
    if place.part == "feed-forward":
        return layer.feed_forward.output[0]
    attention = layer.cross_attention if place.kind == "cross" else layer.attention
    assert attention is not None
    return attention.output[0] if place.head is None else attention.mixed[0, place.head]


def extents(model: Transformer) -> Extents:
    """The layers and heads of a model, by the kind of attention."""
    config = model.config
    size = (config.num_layers, config.num_heads)
    if config.encoder is None:
        return {"self": size}
    inner = (config.encoder.num_layers, config.encoder.num_heads)
    return {"self": size, "cross": size, "encoder": inner}


@contextmanager
def edited(model: Transformer, edits: Sequence[Edit]) -> Iterator[None]:
    """Within it, the model runs changed; afterwards it is as before, also after an error.

    Edits of one place are applied in their order, those of heads before that of their module.

    Raises:
        UsageError: the model has no such place.
    """
    there_are = extents(model)
    for edit in edits:
        require_place(edit.place, there_are)
    by_block: dict[tuple[bool, int], list[Edit]] = {}
    for edit in edits:
        key = edit.place.kind == "encoder", edit.place.layer
        by_block.setdefault(key, []).append(edit)
    handles: list[RemovableHandle] = []
    try:
        for (of_encoder, layer), found in by_block.items():
            stack = model.encoder if of_encoder else model
            assert stack is not None
            _BlockHooks(blocks(stack)[layer], found).put_on(handles)
        yield
    finally:
        for handle in handles:
            handle.remove()


class _BlockHooks:
    """The hooks of one block. They learn from it how many tokens its cache already holds."""

    def __init__(self, block: Block, edits: Sequence[Edit]) -> None:
        self.block, self.edits = block, edits
        self.past = 0

    def put_on(self, handles: list[RemovableHandle]) -> None:
        block = self.block
        handles.append(block.register_forward_pre_hook(self._note_past, with_kwargs=True))
        own = [edit for edit in self.edits if edit.place.part != "feed-forward"]
        self._put_on_attention(
            block.attention, [e for e in own if e.place.kind != "cross"], handles
        )
        if block.cross_attention is not None:
            crossed = [edit for edit in own if edit.place.kind == "cross"]
            self._put_on_attention(block.cross_attention, crossed, handles)
        rest = [edit for edit in self.edits if edit.place.part == "feed-forward"]
        if rest:
            handles.append(block.feed_forward.register_forward_hook(self._of_module(rest)))

    def _note_past(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        cache = args[2] if len(args) > 2 else kwargs.get("cache")
        self.past = 0 if cache is None else cache.length

    def _put_on_attention(
        self, module: AnyAttention, edits: Sequence[Edit], handles: list[RemovableHandle]
    ) -> None:
        heads = [edit for edit in edits if edit.place.part == "head"]
        whole = [edit for edit in edits if edit.place.part == "attention"]
        count = module.config.num_heads

        def before_output(_: Any, args: tuple[Tensor]) -> tuple[Tensor]:
            return (self._heads_changed(args[0], heads, count),)

        def trace_too(_: Any, args: Any, given: tuple[Tensor, AttentionTrace | None]) -> Any:
            output, trace = given
            if trace is None:
                return given
            joined = trace.mixed.transpose(1, 2).flatten(2)  # [B, T, H·Dv]
            changed = self._heads_changed(joined, heads, count)
            mixed = changed.unflatten(2, (count, -1)).transpose(1, 2)
            return output, replace(trace, mixed=mixed)

        if heads:
            handles.append(module.o.register_forward_pre_hook(before_output))
            handles.append(module.register_forward_hook(trace_too))
        if whole:
            handles.append(module.register_forward_hook(self._of_module(whole)))

    def _heads_changed(self, joined: Tensor, edits: Sequence[Edit], count: int) -> Tensor:
        """What W_O reads, all heads side by side [B, T, H·Dv]."""
        width = joined.shape[-1] // count
        changed = joined.clone()
        for edit in edits:
            assert edit.place.head is not None
            start = edit.place.head * width
            self._change(changed[..., start : start + width], edit)
        return changed

    def _of_module(self, edits: Sequence[Edit]) -> Any:
        def hook(
            _: Any, args: Any, given: tuple[Tensor, AttentionTrace | FeedForwardTrace | None]
        ) -> Any:
            output, trace = given
            changed = output.clone()
            for edit in edits:
                self._change(changed, edit)
            return changed, None if trace is None else replace(trace, output=changed)

        return hook

    def _change(self, output: Tensor, edit: Edit) -> None:
        """Write one edit into what a place gives [B, T, width]."""
        rows = slice(None) if edit.row is None else slice(edit.row, edit.row + 1)
        T = output.shape[1]
        places = range(T) if edit.positions is None else [p - self.past for p in edit.positions]
        here = [i for i, place in enumerate(places) if 0 <= place < T]
        at = [places[i] for i in here]
        if edit.value is None:
            output[rows, at] *= edit.factor
            return
        value = edit.value.to(output)
        output[rows, at] = value if edit.positions is None else value[here]


def _layer_of(place: Place, trace: Trace) -> LayerTrace:
    stack: StackTrace | None = trace.encoder if place.kind == "encoder" else trace
    assert stack is not None
    return stack.layers[place.layer]
