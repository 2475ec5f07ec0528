"""Counted from the configuration: parameters, work and memory are those of the model that runs."""

from functools import cache

import pytest
import torch
from family_configs import NAMES, config_of
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tfcli.explain.layers.anatomy import parameters
from tfcli.families.presets import PRESETS, preset
from tfcli.model.cache import KVCache
from tfcli.model.config import ModelConfig
from tfcli.model.forward_shapes import forward_shapes
from tfcli.model.size import activations, cache_size, parameter_count, work
from tfcli.model.transformer import Transformer

# As published with the weights, or counted in them; deepseek-v3 without its layer for predicting
# several tokens at once.
PUBLISHED = {
    "transformer-2017-base": 63_119_496,
    "bert-base": 109_514_298,
    "t5-small": 60_506_624,
    "t5-11b": 11_307_321_344,
    "bart-large": 406_341_721,
    "gpt2": 124_439_808,
    "gpt2-xl": 1_557_611_200,
    "gpt3-175b": 174_604_259_328,
    "pythia-6.9b": 6_857_302_016,
    "llama-2-7b": 6_738_415_616,
    "llama-3-8b": 8_030_261_248,
    "llama-3-70b": 70_553_706_496,
    "llama-3.1-405b": 405_853_388_800,
    "mistral-7b": 7_241_732_096,
    "mixtral-8x7b": 46_702_792_704,
    "qwen2.5-0.5b": 494_032_768,
    "qwen2.5-7b": 7_615_616_512,
    "qwen3-0.6b": 596_049_920,
    "qwen3-8b": 8_190_735_360,
    "qwen3-235b-a22b": 235_093_634_560,
    "gemma-2-9b": 9_241_705_984,
    "gemma-2-27b": 27_227_128_320,
    "gpt-oss-20b": 20_914_757_184,
    "gpt-oss-120b": 116_829_156_672,
    "deepseek-v3": 671_026_419_200,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_preset_is_as_large_as_the_model(name: str) -> None:
    found = preset(name)
    assert found is not None
    assert parameter_count(found[1]).total == PUBLISHED[name]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_planned(name: str) -> None:
    found = preset(name.upper())
    assert found is not None
    config = found[1]
    counted = parameter_count(config)
    assert counted.total == sum(module.count for module in counted.modules)
    assert (counted.active < counted.total) == (config.experts is not None)
    assert forward_shapes(config, 1, 16).sections


@cache
def model_of(config: ModelConfig) -> Transformer:
    return Transformer(config).eval()


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_that_the_model_has(name: str) -> None:
    """All, and by module as explain counts them in the model at hand."""
    model = model_of(config_of(name))
    found, expected = parameter_count(model.config), parameters(model)
    assert found.total == expected.total
    counts = {module.name: module.count for module in found.modules}
    together = sum(counts.pop(part, 0) for part in ("router", "experts"))
    counts["feed-forward"] = counts.get("feed-forward", 0) + together
    assert counts == {module.name: module.count for module in expected.modules}
    assert found.feed_forward_of_block == pytest.approx(expected.feed_forward_of_block, rel=1e-9)
    assert found.feed_forward_of_model == pytest.approx(expected.feed_forward_of_model, rel=1e-9)
    in_encoder = 0 if model.encoder is None else sum(p.numel() for p in model.encoder.parameters())
    assert sum(module.encoder for module in found.modules) == in_encoder


def test_a_token_meets_the_experts_that_it_is_sent_to() -> None:
    found = preset("mixtral-8x7b")
    assert found is not None
    (experts,) = [m for m in parameter_count(found[1]).modules if m.name == "experts"]
    assert experts.active * 8 == experts.count * 2
    assert parameter_count(found[1]).active == 12_879_925_248


@pytest.mark.parametrize("name", NAMES)
def test_work_is_what_is_counted_while_it_runs(name: str) -> None:
    """Every multiplication and addition of a matrix product, in a text shorter than a window."""
    config, B, T, S = config_of(name), 2, 5, 4
    model = model_of(config)
    ids = torch.randint(0, 200, (B, T))
    counter = FlopCounterMode(display=False)
    # the fused kernel of a CPU is not counted
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
        if config.encoder is None:
            model.logits(model.hidden(ids)) if config.head else model.hidden(ids)
        else:
            model(torch.randint(0, 200, (B, S)), decoder_ids=ids)
    # a sink is one more key that each query meets
    sinks = config.num_layers * 4 * config.num_heads * config.head_dim * B * T
    expected = work(forward_shapes(config, B, T, S)).text
    assert counter.get_total_flops() == expected + (sinks if config.attention_sinks else 0)


def test_a_window_bounds_the_work() -> None:
    config = config_of("mistral")
    assert config.window
    at_window = work(forward_shapes(config, 1, config.window)).attention
    assert work(forward_shapes(config, 1, 10 * config.window)).attention == at_window
    full = config_of("mistral-full")
    once = work(forward_shapes(full, 1, 50)).attention
    assert work(forward_shapes(full, 1, 100)).attention == 2 * once


@pytest.mark.parametrize("name", ["llama", "deepseek_v3", "deepseek_v2-greedy", "gemma2", "olmo2"])
def test_the_cache_is_as_large_as_what_is_allocated(name: str) -> None:
    config, T = config_of(name), 11
    counted = cache_size(config)
    assert counted is not None
    assert counted.source == 0
    cache = KVCache.allocate(config, 1, T, torch.device("cpu"), torch.float32)
    assert counted.of(T) == sum(c.keys.numel() + c.values.numel() for c in cache.layers)
    steps = forward_shapes(config, 1, T).cache
    assert counted.of(T) == config.num_layers * sum(step.elements for step in steps)


@pytest.mark.parametrize("name", ["t5", "marian-two", "bart"])
def test_the_cache_of_a_pair_keeps_what_the_encoder_gave(name: str) -> None:
    config, T, S = config_of(name), 3, 5
    counted, model = cache_size(config), model_of(config)
    assert counted is not None
    cache = KVCache.allocate(config, 1, T, torch.device("cpu"), torch.float32)
    with torch.inference_mode():
        memory = model.encode(torch.zeros(1, S, dtype=torch.long))
        model.hidden(torch.zeros(1, 1, dtype=torch.long), cache=cache, memory=memory)
    crossed = [layer.crossed for layer in cache.layers if layer.crossed is not None]
    assert counted.of(0, S) == sum(k.numel() + v.numel() for k, v in crossed)
    assert counted.of(T) == sum(c.keys.numel() + c.values.numel() for c in cache.layers)
    steps = forward_shapes(config, 1, T, S).cache
    assert counted.of(T, S) == config.num_layers * sum(step.elements for step in steps)


def test_an_encoder_keeps_nothing() -> None:
    assert cache_size(config_of("bert")) is None
    assert forward_shapes(config_of("bert"), 1, 3).cache == ()


def test_tensors_add_up() -> None:
    shapes = forward_shapes(config_of("gpt2"), 2, 7)
    made = activations(shapes)
    by_hand = sum(
        section.times * step.elements for section in shapes.sections for step in section.steps
    )
    assert made.total == by_hand
    config = shapes.config
    assert made.scores == config.num_layers * 2 * 2 * config.num_heads * 7 * 7
