"""Clocks at the modules of a model: who takes how long, each without what it calls."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from tfcli.explain.precision import blocks
from tfcli.model.block import Block
from tfcli.model.experts import MixtureOfExperts
from tfcli.model.linear import Linear
from tfcli.model.stack import Stack
from tfcli.model.transformer import Transformer


class Clock:
    """Adds up the seconds of each kind of module."""

    def __init__(self, wait: Callable[[], None]) -> None:
        self._wait = wait
        self._seconds: dict[str, float] = defaultdict(float)
        self._open: list[tuple[float, float]] = []  # when it began, seconds of what it called

    def enter(self, _: nn.Module, args: Any) -> None:
        """A module begins."""
        self._wait()
        self._open.append((time.perf_counter(), 0.0))

    def leaves(self, name: str) -> Callable[[nn.Module, Any, Any], None]:
        """What to call where a module of this kind ends."""

        def leave(_: nn.Module, args: Any, output: Any) -> None:
            self._wait()
            began, inside = self._open.pop()
            taken = time.perf_counter() - began
            self._seconds[name] += taken - inside
            if self._open:
                outer, so_far = self._open[-1]
                self._open[-1] = (outer, so_far + taken)

        return leave

    def take(self, whole: float) -> dict[str, float]:
        """The seconds by kind since the last time; `rest` is what is left of the whole."""
        found = dict(self._seconds)
        found["rest"] = max(whole - sum(found.values()), 0.0)
        self._seconds.clear()
        return found


@contextmanager
def clocked(model: Transformer, wait: Callable[[], None]) -> Iterator[Clock]:
    """Clocks at every module while the context lasts.

    Args:
        wait: until the device has done what it was given.
    """
    clock = Clock(wait)
    hooks: list[Any] = []
    try:
        for name, module in _modules(model):
            hooks.append(module.register_forward_pre_hook(clock.enter))
            hooks.append(module.register_forward_hook(clock.leaves(name)))
        yield clock
    finally:
        for hook in hooks:
            hook.remove()


def _modules(model: Transformer) -> Iterator[tuple[str, nn.Module]]:
    stacks: list[Stack] = [model] if model.encoder is None else [model, model.encoder]
    met: set[int] = set()  # an embedding that both sides share has one clock
    for stack in stacks:
        for name, module in _stack_modules(stack):
            if id(module) not in met:
                met.add(id(module))
                yield name, module
    for module in (model.head_transform, model.head):
        if module is not None:
            yield "output", module


def _stack_modules(stack: Stack) -> Iterator[tuple[str, nn.Module]]:
    found = [
        ("embedding", stack.embedding),
        ("embedding", stack.type_embedding),
        ("positions", stack.position_embedding),
        ("positions", stack.relative_bias),
        ("norms", stack.embedding_norm),
        ("norms", stack.final_norm),
    ]
    for name, module in found:
        if module is not None:
            yield name, module
    for block in blocks(stack):
        yield from _block_modules(block)


def _block_modules(block: Block) -> Iterator[tuple[str, nn.Module]]:
    """Of an attention, its matrices apart from all else that it does."""
    for name, attention in (("", block.attention), ("cross-", block.cross_attention)):
        if attention is not None:
            yield f"{name}scores", attention
            for module in attention.children():
                if isinstance(module, Linear):
                    yield f"{name}attention", module
    feed_forward = block.feed_forward
    if isinstance(feed_forward, MixtureOfExperts):
        yield "experts", feed_forward
        yield "router", feed_forward.router
        if feed_forward.shared is not None:
            yield "feed-forward", feed_forward.shared
    else:
        yield "feed-forward", feed_forward
    for name, module in block.named_children():
        if name.endswith("norm"):
            yield "norms", module
