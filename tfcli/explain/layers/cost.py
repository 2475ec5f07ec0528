"""What a run costs: operations and bytes counted, milliseconds measured here and now.

Operations are those of the matrix products, two for a multiplication and an addition, with every
token seeing all of its text (Kaplan et al. 2020, appendix B). A text is read in one pass, as
`generate` reads a prompt: the output matrix is applied to the last token only. One more token
against the cache reads every weight on its way for a single column of products, so bytes per
second bound it (Pope et al. 2022).
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tfcli.explain.layers.clocks import clocked
from tfcli.explain.precision import dtype_name
from tfcli.explain.result import Cost, CostPart, Timing
from tfcli.model.cache import KVCache
from tfcli.model.config import ModelConfig
from tfcli.model.forward_shapes import ForwardShapes, forward_shapes
from tfcli.model.size import (
    cache_size,
    parameter_count,
    weights_read,
    work_by_module,
)
from tfcli.model.stack import Memory
from tfcli.model.transformer import Transformer

_SECONDS = 0.4  # of measuring, for each kind of pass
_LEAST, _MOST = 3, 50  # repetitions
_SLOW = 2.0  # seconds of a pass: one tells enough, and what warms up is little of it
_ORDER = (
    "embedding",
    "positions",
    "attention",
    "scores",
    "cross-attention",
    "cross-scores",
    "feed-forward",
    "router",
    "experts",
    "norms",
    "output",
    "rest",
)

Pass = Callable[[], Tensor]


def cost(model: Transformer, ids: Tensor, source_ids: Tensor | None = None) -> Cost:
    """Count and measure a run on ids [1, T], and one more token behind them.

    Args:
        source_ids: in an encoder-decoder, what the encoder reads [1, S].
    """
    config, T = model.config, ids.shape[1]
    S = 0 if source_ids is None else source_ids.shape[1]
    steps = config.causal and config.context > T
    shapes = forward_shapes(config, 1, T, S)
    counts = {
        "text": _text_flops(shapes),
        "step": _step_flops(config, T, S) if steps else {},
    }
    width = model.embedding.weight.element_size()
    read = {name: width * numbers for name, numbers in weights_read(config).items()}
    cached = cache_size(config)
    cache_bytes = None if cached is None else width * cached.of(T, S)

    whole = _TextPass(model, ids, source_ids)
    weights = width * parameter_count(config).active
    text = _timing(model, whole, T, sum(counts["text"].values()), weights)
    text_ms = _by_module(model, whole)
    step, step_ms = None, dict[str, float]()
    if steps:
        one = _step_pass(whole)
        reads = sum(read.values()) + (cache_bytes or 0)
        step = _timing(model, one, 1, sum(counts["step"].values()), reads)
        step_ms = _by_module(model, one)
    return Cost(
        tokens=T,
        source_tokens=S,
        device=str(model.device),
        dtype=dtype_name(model.dtype),
        threads=torch.get_num_threads() if model.device.type == "cpu" else None,
        parts=_parts(config, counts, read if steps else {}, text_ms, step_ms),
        text=text,
        step=step,
        cache_bytes=cache_bytes,
        cache_bytes_per_token=None if cached is None else width * cached.token,
    )


def _text_flops(shapes: ForwardShapes) -> dict[str, int]:
    """Of the text and the encoder's; the output matrix once in a decoder."""
    T, S = shapes.tokens, shapes.source_tokens
    found = {m.name: T * m.token + S * m.source for m in work_by_module(shapes)}
    if shapes.config.causal and "output" in found:
        found["output"] //= T
    return found


def _step_flops(config: ModelConfig, T: int, S: int) -> dict[str, int]:
    modules = work_by_module(forward_shapes(config, 1, T + 1, S), against_cache=True)
    return {module.name: module.token for module in modules}


@dataclass
class _TextPass:
    """The whole text at once; in a causal model into a new cache, as a prompt is read.

    Attributes:
        memory, cache: of the last pass, where there are any.
    """

    model: Transformer
    ids: Tensor
    source_ids: Tensor | None
    memory: Memory | None = None
    cache: KVCache | None = None

    def __call__(self) -> Tensor:
        model, ids = self.model, self.ids
        self.memory = None if self.source_ids is None else model.encode(self.source_ids)
        if not model.config.causal:
            hidden = model.hidden(ids)
            return hidden if model.head is None else model.logits(hidden)
        self.cache = _new_cache(model, ids)
        hidden = model.hidden(ids, cache=self.cache, memory=self.memory)[:, -1]
        return hidden if model.head is None else model.logits(hidden)


def _step_pass(text: _TextPass) -> Pass:
    """One more token, the same one again and again: the text's cache is set back each time."""
    model, ids, cache = text.model, text.ids, text.cache
    assert cache is not None, "the text was not read"

    def run() -> Tensor:
        for layer in cache.layers:
            layer.length = ids.shape[1]
        hidden = model.hidden(ids[:, -1:], cache=cache, memory=text.memory)[:, -1]
        return hidden if model.head is None else model.logits(hidden)

    return run


def _new_cache(model: Transformer, ids: Tensor) -> KVCache:
    return KVCache.allocate(model.config, 1, ids.shape[1] + 1, model.device, model.dtype)


def _timing(model: Transformer, run: Pass, tokens: int, flops: int, size: int) -> Timing:
    seconds = _repeated(model, run)
    median = statistics.median(seconds)
    return Timing(
        tokens=tokens,
        milliseconds=1000 * median,
        fastest=1000 * min(seconds),
        repetitions=len(seconds),
        flops=flops,
        bytes=size,
        flops_per_second=flops / median,
        bytes_per_second=size / median,
        tokens_per_second=tokens / median,
    )


def _by_module(model: Transformer, run: Pass) -> dict[str, float]:
    """Milliseconds by kind of module: medians of passes with a clock at every module."""
    with clocked(model, lambda: wait(model.device)) as clock:
        taken: list[dict[str, float]] = []

        def timed() -> Tensor:
            began = time.perf_counter()
            found = run()
            wait(model.device)
            taken.append(clock.take(time.perf_counter() - began))
            return found

        counted = len(_repeated(model, timed))
    names = taken[-1]
    kept = taken[-counted:]
    return {name: 1000 * statistics.median(t.get(name, 0.0) for t in kept) for name in names}


def _repeated(model: Transformer, run: Pass) -> list[float]:
    """Seconds of each repetition, a quick first one not counted: it warms up."""
    warm = _once(model, run)
    if warm >= _SLOW:
        return [warm]
    seconds: list[float] = []
    while len(seconds) < _LEAST or (sum(seconds) < _SECONDS and len(seconds) < _MOST):
        seconds.append(_once(model, run))
    return seconds


def _once(model: Transformer, run: Pass) -> float:
    began = time.perf_counter()
    run()
    wait(model.device)
    return time.perf_counter() - began


def wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _parts(
    config: ModelConfig,
    flops: dict[str, dict[str, int]],
    read: dict[str, int],
    text_ms: dict[str, float],
    step_ms: dict[str, float],
) -> tuple[CostPart, ...]:
    parameters = {module.name: module.count for module in parameter_count(config).modules}
    known: Sequence[dict[str, int] | dict[str, float]]
    known = (parameters, flops["text"], flops["step"], read, text_ms, step_ms)
    return tuple(
        CostPart(
            name=name,
            parameters=parameters.get(name, 0),
            text_flops=flops["text"].get(name, 0),
            step_flops=flops["step"].get(name, 0),
            step_bytes=read.get(name, 0),
            text_ms=text_ms.get(name),
            step_ms=step_ms.get(name),
        )
        for name in _ORDER
        if any(found.get(name) for found in known)
    )
