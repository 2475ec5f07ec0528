"""Properties that every kind of model of the core must have."""

import dataclasses

import pytest
import torch
from explain_shapes import SHAPES, build
from torch import Tensor

from tfcli.model.cache import KVCache, cached_shape, elements_per_token
from tfcli.model.config import ModelConfig, Rope
from tfcli.model.position import RelativeBias, sinusoids
from tfcli.model.transformer import Transformer

CAUSAL = [s for s in SHAPES if SHAPES[s].get("architecture") != "encoder"]
DECODERS = [s for s in CAUSAL if "architecture" not in SHAPES[s]]
ENCODERS = [s for s in SHAPES if s not in CAUSAL]
PAIRS = [s for s in CAUSAL if s not in DECODERS]
NEAR = {"atol": 2e-5, "rtol": 1e-4}


def random_ids(rows: int, length: int, seed: int = 1) -> Tensor:
    return torch.randint(0, 61, (rows, length), generator=torch.Generator().manual_seed(seed))


def vectors(model: Transformer, ids: Tensor, mask: Tensor | None = None) -> Tensor:
    """What the model computes at every position: logits, or vectors where it has no head."""
    if model.encoder is not None:
        return model(ids, mask, decoder_ids=random_ids(len(ids), 7, seed=4))
    return model.hidden(ids, mask) if model.head is None else model(ids, mask)


@pytest.mark.parametrize("cuts", [(7, 8, 13), (1, 2, 3, 4), (19,)])
@pytest.mark.parametrize("shape", CAUSAL)
@torch.inference_mode()
def test_cached_is_the_whole_pass(shape: str, cuts: tuple[int, ...]) -> None:
    model, ids = build(shape), random_ids(2, 20)
    memory = model.encode(random_ids(2, 9)) if model.encoder is not None else None
    cache = KVCache.allocate(model.config, 2, 20, model.device, model.dtype)
    parts = [
        model.hidden(ids[:, a:b], cache=cache, memory=memory)
        for a, b in zip((0, *cuts), (*cuts, 20), strict=True)
    ]
    torch.testing.assert_close(torch.cat(parts, 1), model.hidden(ids, memory=memory), **NEAR)


@pytest.mark.parametrize("shape", CAUSAL)
@torch.inference_mode()
def test_a_cache_repeated_for_more_rows_goes_on_alike(shape: str) -> None:
    model, ids = build(shape), random_ids(1, 9)
    memory = model.encode(random_ids(1, 9)) if model.encoder is not None else None
    cache = KVCache.allocate(model.config, 1, 12, model.device, model.dtype)
    model.hidden(ids[:, :8], cache=cache, memory=memory)
    more = None if memory is None else memory.for_rows(3)
    rows = model.hidden(ids[:, 8:].repeat(3, 1), cache=cache.for_rows(3), memory=more)
    one = model.hidden(ids, memory=memory)[:, 8:]
    torch.testing.assert_close(rows, one.repeat(3, 1, 1), **NEAR)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("shape", SHAPES)
@torch.inference_mode()
def test_padding_changes_nothing(shape: str, side: str) -> None:
    """But the positions of an encoder's tokens, which are where they stand."""
    counted = SHAPES[shape].get("position") in ("learned", "sinusoidal")
    if side == "left" and counted and shape not in DECODERS:
        pytest.skip("an encoder counts padding, as it was trained")
    model, ids = build(shape), random_ids(1, 12)
    pad = torch.full((1, 5), 60)
    padded = torch.cat((pad, ids) if side == "left" else (ids, pad), 1)
    mask = (padded != 60).long()
    real = slice(5, 17) if side == "left" else slice(0, 12)
    found = vectors(model, padded, mask)
    found = found if model.encoder is not None else found[:, real]
    torch.testing.assert_close(found, vectors(model, ids), **NEAR)
    assert torch.isfinite(vectors(model, padded, mask)).all()
    if model.encoder is None or side == "left":
        without = vectors(model, padded)
        without = without if model.encoder is not None else without[:, real]
        changed = (without - vectors(model, ids)).abs().max() > 1e-3
        assert changed or side == "right"  # else the mask would not be seen to matter


@pytest.mark.parametrize("shape", DECODERS)
@torch.inference_mode()
def test_a_decoder_does_not_see_what_comes(shape: str) -> None:
    model, ids = build(shape), random_ids(1, 12)
    other = ids.clone()
    other[0, 8] = (other[0, 8] + 1) % 61
    before, after = model(ids), model(other)
    torch.testing.assert_close(before[:, :8], after[:, :8], **NEAR)
    assert (before[:, 8:] - after[:, 8:]).abs().max() > 1e-3


@pytest.mark.parametrize("shape", ENCODERS)
@torch.inference_mode()
def test_an_encoder_does(shape: str) -> None:
    model, ids = build(shape), random_ids(1, 12)
    other = ids.clone()
    other[0, 8] = (other[0, 8] + 1) % 61
    assert (vectors(model, ids) - vectors(model, other))[:, :8].abs().amax(-1).min() > 1e-4


@pytest.mark.parametrize("shape", PAIRS)
@torch.inference_mode()
def test_a_decoder_beside_an_encoder_sees_all_of_it(shape: str) -> None:
    model, ids, written = build(shape), random_ids(1, 9), random_ids(1, 6, seed=3)
    base = model(ids, decoder_ids=written)
    for place in (0, 8):
        other = ids.clone()
        other[0, place] = (other[0, place] + 1) % 61
        assert (model(other, decoder_ids=written) - base).abs().amax(-1).min() > 1e-5
    later = written.clone()
    later[0, 4] = (later[0, 4] + 1) % 61
    torch.testing.assert_close(model(ids, decoder_ids=later)[:, :4], base[:, :4], **NEAR)


@pytest.mark.parametrize("shape", SHAPES)
@torch.inference_mode()
def test_a_trace_is_the_forward_pass(shape: str) -> None:
    model, ids = build(shape), random_ids(2, 9)
    written = random_ids(2, 7, seed=4)
    trace = model.trace(ids, decoder_ids=written if model.encoder is not None else None)
    found = trace.final_norm_out if trace.logits is None else trace.logits
    assert torch.equal(found, vectors(model, ids))
    assert len(trace.layers) == model.config.num_layers
    for layer, following in zip(trace.layers, trace.layers[1:], strict=False):
        assert layer.residual_out is following.residual_in
    for layer in (*trace.layers, *trace.encoder_layers):
        attention = layer.attention
        explicit = attention.weights @ attention.v
        torch.testing.assert_close(explicit, attention.mixed, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@torch.inference_mode()
def test_float32_is_float64_but_for_rounding(shape: str) -> None:
    ids = random_ids(1, 12)
    wide, narrow = vectors(build(shape, torch.float64), ids), vectors(build(shape), ids)
    assert narrow.dtype == torch.float32
    assert (wide - narrow).abs().max() < 1e-4 * wide.abs().max()


@torch.inference_mode()
def test_a_window_is_as_wide_as_it_says() -> None:
    """In a model of one layer a token depends on the last `window` tokens, and on each of them."""
    model = build("gemma2", num_layers=1, window_layers=(0,))
    ids, last = random_ids(1, 12), 11
    base = model(ids)[0, last]
    for place in range(12):
        other = ids.clone()
        other[0, place] = (other[0, place] + 1) % 61
        moved = float((model(other)[0, last] - base).abs().max())
        assert (moved > 1e-5) == (place > last - 4), place


@torch.inference_mode()
def test_a_sink_takes_weight_and_gives_nothing() -> None:
    model, ids = build("gpt_oss"), random_ids(1, 9)
    attention = model.trace(ids).layers[1].attention
    taken = attention.sink_weights(range(9))
    assert taken is not None
    torch.testing.assert_close(attention.weights.sum(-1) + taken, torch.ones(1, 4, 9))
    assert 0.01 < float(taken.mean()) < 0.9


@torch.inference_mode()
def test_the_router_sends_each_token_to_so_many_experts() -> None:
    model = build("deepseek")
    experts = model.config.experts
    assert experts is not None
    router = model.trace(random_ids(2, 9)).layers[1].feed_forward.router
    assert router is not None
    assert (router.weights > 0).sum(-1).unique().tolist() == [experts.chosen]
    torch.testing.assert_close(router.weights.sum(-1), torch.full((2, 9), experts.scale))
    groups = (router.chosen // (experts.count // experts.groups)).tolist()
    assert all(len(set(of_token)) <= experts.chosen_groups for row in groups for of_token in row)


@pytest.mark.parametrize("shape", CAUSAL)
def test_the_cache_keeps_what_it_says(shape: str) -> None:
    config = build(shape).config
    cache = KVCache.allocate(config, 1, 1, torch.device("cpu"), torch.float32)
    kept = sum(layer.keys.numel() + layer.values.numel() for layer in cache.layers)
    assert kept == elements_per_token(config)
    if config.latent is not None:
        assert cached_shape(config) == (1, config.latent.rope_dim, config.latent.kv_rank)


def test_far_distances_share_a_bucket_and_near_ones_do_not() -> None:
    config = build("t5").config
    bias = RelativeBias(dataclasses.replace(config, relative_buckets=32, relative_max_distance=128))
    positions = torch.arange(400)
    row = bias._bucket(positions[None, :] - positions[-1:, None])[0].flip(0)  # by distance
    assert row[:16].tolist() == list(range(16))
    assert (row[1:] >= row[:-1]).all()
    assert row[128:].unique().tolist() == [31]


def test_sinusoids_are_those_of_the_paper_in_two_halves() -> None:
    found = sinusoids(torch.tensor([0, 3]), 6, torch.float64)
    angles = torch.tensor([3.0, 3 / 10_000 ** (1 / 3), 3 / 10_000 ** (2 / 3)], dtype=torch.float64)
    torch.testing.assert_close(found[0], torch.tensor([0.0, 0, 0, 1, 1, 1]).double())
    torch.testing.assert_close(found[1], torch.cat((angles.sin(), angles.cos())))


@pytest.mark.parametrize(
    ("rope", "expected"),
    [
        (Rope(), 64),
        (Rope(scaling="linear", factor=2.0), 128),
        (Rope(scaling="dynamic", factor=4.0), 256),
        (Rope(scaling="yarn", factor=4.0, original=32), 128),
        (Rope(scaling="llama3", factor=8.0, original=4), 64),
    ],
)
def test_a_scaled_rotation_reaches_further(rope: Rope, expected: int) -> None:
    config: ModelConfig = dataclasses.replace(build("qwen3").config, rope=rope)
    assert config.context == expected
