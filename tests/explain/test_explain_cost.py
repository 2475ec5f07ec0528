"""Cost: operations against what is counted while the passes run, bytes against what they hold."""

import time
from types import SimpleNamespace

import pytest
import torch
from explain_shapes import IDS, SHAPES, WRITTEN, build, written
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tfcli.explain.explanation import explain
from tfcli.explain.layers import clocks
from tfcli.explain.layers import cost as module
from tfcli.explain.layers.clocks import Clock, clocked
from tfcli.explain.layers.cost import cost
from tfcli.explain.request import Request
from tfcli.model.size import weights_read

CAUSAL = [shape for shape in SHAPES if shape not in ("bert", "vectors")]


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """Three repetitions are enough to see that it measures."""
    monkeypatch.setattr(module, "_SECONDS", 0.0)


def inputs(model, length=3):  # no longer than a window
    text = torch.tensor([IDS[:length]])
    return (text, None) if model.encoder is None else (torch.tensor([WRITTEN[:length]]), text)


def counted(run):
    counter = FlopCounterMode(display=False)
    # the fused kernel of a CPU is not counted
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
        run()
    return counter.get_total_flops()


def sinks(model):
    """A sink is one more key that each query meets."""
    config = model.config
    each = config.num_layers * 4 * config.num_heads * config.head_dim
    return each if config.attention_sinks else 0


@pytest.mark.parametrize("shape", SHAPES)
def test_operations_are_those_that_are_counted_while_it_runs(shape):
    model = build(shape)
    ids, source = inputs(model)
    found = cost(model, ids, source)
    with torch.no_grad():
        whole = module._TextPass(model, ids, source)
        assert found.text.flops == counted(whole) - 3 * sinks(model)
        assert found.text.flops == sum(part.text_flops for part in found.parts)
        if shape in CAUSAL:
            step = module._step_pass(whole)
            assert found.step.flops == counted(step) - sinks(model)
            assert found.step.flops == sum(part.step_flops for part in found.parts)


def test_operations_of_a_plain_block_by_their_formulas():
    model = build("gpt2")
    parts = {part.name: part for part in cost(model, torch.tensor([IDS])).parts}
    T, L, D, inner, V, H, d = 9, 3, 24, 40, 61, 4, 6
    assert parts["attention"].text_flops == T * L * 4 * 2 * D * D
    assert parts["scores"].text_flops == T * L * 2 * H * (d + d) * T
    assert parts["feed-forward"].text_flops == T * L * 2 * 2 * D * inner
    assert parts["output"].text_flops == parts["output"].step_flops == 2 * D * V
    assert parts["scores"].step_flops == L * 2 * H * (d + d) * (T + 1)
    assert parts["embedding"].step_bytes == parts["positions"].step_bytes == 4 * D
    assert parts["output"].step_bytes == 4 * V * D and parts["output"].parameters == 0
    assert sum(part.parameters for part in parts.values()) == model.num_parameters()


@pytest.mark.parametrize("shape", CAUSAL)
def test_a_step_reads_the_weights_that_change_it(shape):
    """Every weight with a gradient, less the embedding's other rows and the other experts."""
    model = build(shape, torch.float64)
    ids, source = inputs(model)
    text = module._TextPass(model, ids, source)
    with torch.no_grad():
        text()
    module._step_pass(text)().square().sum().backward()
    expected = 0
    for name, parameter in model.named_parameters():
        used = parameter.grad is not None
        if name.startswith("encoder."):
            continue
        if name.endswith("embedding.weight"):
            expected += 24
            tied = name == "embedding.weight" and model.config.tie_embeddings
            expected += parameter.numel() if tied else 0
        elif ".experts." in name:
            chosen, count = model.config.experts.chosen, model.config.experts.count
            expected += parameter.numel() * chosen // count
        elif used or name.endswith("correction"):  # it takes part in the choice of experts only
            expected += parameter.numel()
    assert sum(weights_read(model.config).values()) == expected


@pytest.mark.parametrize("shape", CAUSAL)
def test_the_step_is_one_more_token_of_the_same_text(shape):
    model = build(shape, torch.float64)
    ids, source = inputs(model, length=4)
    longer = torch.cat((ids, ids[:, -1:]), dim=1)
    with torch.inference_mode():
        text, whole = (module._TextPass(model, read, source) for read in (ids, longer))
        text()
        step = module._step_pass(text)
        step()
        again, expected = step(), whole()
    assert torch.allclose(again, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", CAUSAL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_cache_holds_so_many_bytes(shape, dtype, monkeypatch):
    model, made = build(shape, dtype), []
    new_cache = module._new_cache
    monkeypatch.setattr(
        module, "_new_cache", lambda *args: made.append(new_cache(*args)) or made[-1]
    )
    ids, source = inputs(model)
    found = cost(model, ids, source)
    held = 0
    for layer in made[-1].layers:
        tensors = [layer.keys[:, :, :3], layer.values[:, :, :3], *(layer.crossed or ())]
        held += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    assert found.cache_bytes == held
    read = sum(part.step_bytes for part in found.parts)
    assert found.step.bytes == read + held


def test_a_slow_pass_is_made_once(monkeypatch):
    monkeypatch.setattr(module, "_SLOW", 0.0)
    model, passes = build("gpt2"), []
    model.final_norm.register_forward_hook(lambda *_: passes.append(1))
    found = cost(model, torch.tensor([IDS]))
    assert found.text.repetitions == found.step.repetitions == 1
    assert found.text.fastest == found.text.milliseconds > 0
    assert len(passes) == 4  # the text and the step, each with clocks and without
    assert all(part.text_ms is not None for part in found.parts if part.name != "positions")


@pytest.mark.parametrize("shape", ["gpt2", "deepseek", "bart", "bert", "vectors"])
def test_times_are_measured_and_rates_follow_from_them(shape):
    model = build(shape)
    began = time.perf_counter()
    whole = explain(model, IDS, Request(("cost",)), **written(model)).cost
    taken = 1000 * (time.perf_counter() - began)
    assert (whole.step is None) == (shape in ("bert", "vectors"))
    assert (whole.cache_bytes is None) == (shape in ("bert", "vectors"))
    assert whole.threads == torch.get_num_threads()
    for timing in (whole.text, whole.step):
        if timing is None:
            continue
        assert timing.repetitions == 3 and 0 < timing.fastest <= timing.milliseconds < taken
        seconds = timing.milliseconds / 1000
        assert timing.flops_per_second == pytest.approx(timing.flops / seconds)
        assert timing.bytes_per_second == pytest.approx(timing.bytes / seconds)
        assert timing.tokens_per_second == pytest.approx(timing.tokens / seconds)
    parts = {part.name: part for part in whole.parts}
    assert {"embedding", "attention", "scores", "norms", "rest"} <= set(parts)
    assert all(part.text_ms is None or part.text_ms >= 0 for part in whole.parts)
    assert parts["attention"].text_ms > 0 and parts["scores"].text_ms > 0
    assert ("experts" in parts) == ("router" in parts) == (shape == "deepseek")
    assert ("cross-scores" in parts) == (shape == "bart")
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_a_full_context_has_no_step():
    model = build("gpt2", max_position_embeddings=9)
    found = cost(model, torch.tensor([IDS]))
    assert found.step is None and all(part.step_ms is None for part in found.parts)
    assert found.cache_bytes == 9 * found.cache_bytes_per_token


def test_a_clock_counts_each_module_without_what_it_calls(monkeypatch):
    now = iter([0.0, 1.0, 3.0, 10.0, 20.0, 24.0])
    monkeypatch.setattr(clocks, "time", SimpleNamespace(perf_counter=lambda: next(now)))
    clock = Clock(lambda: None)
    clock.enter(None, None)  # 0: the outer one begins
    clock.enter(None, None)  # 1: the inner one
    clock.leaves("inner")(None, None, None)  # 3
    clock.leaves("outer")(None, None, None)  # 10
    clock.enter(None, None)  # 20
    clock.leaves("inner")(None, None, None)  # 24
    assert clock.take(30.0) == {"inner": 6.0, "outer": 8.0, "rest": 16.0}
    assert clock.take(1.0) == {"rest": 1.0}


@torch.inference_mode()
@pytest.mark.parametrize("shape", SHAPES)
def test_every_module_with_weights_has_a_clock(shape):
    model = build(shape)
    with clocked(model, lambda: None):
        watched = [m for m in model.modules() if m._forward_hooks]
        below = {id(p) for m in watched for p in m.parameters()}
    assert below == {id(p) for p in model.parameters()}
