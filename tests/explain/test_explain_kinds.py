"""What only some kinds of models have, against its formula: sinks, caps, windows, relative
positions, latents, norms on branches and on sums."""

import math

import pytest
import torch
import torch.nn.functional as F
from explain_kinds import ENCODERS, PAIRS, full, opened, ran, raw_scores, softmax
from explain_shapes import IDS, SHAPES, run

from tfcli.explain.edits.request import EditRequest
from tfcli.explain.request import MEASURES, SCREEN
from tfcli.model.config import Experts


@pytest.fixture
def model(make_model, shape):
    return make_model(shape, torch.float64)


@pytest.mark.parametrize("shape", ["gpt_oss"], indirect=True)
def test_a_learned_sink_is_one_more_place_for_weight(model):
    found = full(model, position=8, layers="all", heads="all")
    assert len(opened(found)) == 12
    for ledger in opened(found):
        scores = [s / math.sqrt(6) for s in raw_scores(ran(model, ledger), ledger, 6)]
        sink = model.blocks[ledger.layer].attention.sinks[ledger.head].item()
        seen = range(5, 9) if ledger.layer in (0, 2) else range(9)
        *weights, taken = softmax([*(scores[j] for j in seen), sink])
        assert [key.position for key in ledger.keys] == list(seen)
        assert [key.weight for key in ledger.keys] == pytest.approx(weights, rel=1e-9)
        assert ledger.sink == pytest.approx(taken, rel=1e-9)
        attention = next(
            a for a in found.attention if (a.layer, a.head) == (ledger.layer, ledger.head)
        )
        assert attention.sink == ledger.sink
        listed = sum(key.weight for key in attention.top) + attention.others_weight
        assert listed + attention.sink == pytest.approx(1, rel=1e-9)
    grid = full(model, position=8, measure="entropy").heads
    ledger = opened(found)[0]
    places = [*(key.weight for key in ledger.keys), ledger.sink]
    expected = -sum(weight * math.log2(weight) for weight in places)
    assert grid.values[0][0] == pytest.approx(expected, rel=1e-9)
    assert grid.scaled[0][0] == pytest.approx(expected / math.log2(5), rel=1e-9)


@pytest.mark.parametrize("shape", ["gemma2"], indirect=True)
def test_scores_are_shown_as_the_softmax_takes_them(model):
    """Behind the scale of the model and its cap; in a layer with a window, of what is in it."""
    found = full(model, position=7, layers="all", heads="all")
    assert found.shapes.score == "q·k×0.25 capped"
    for ledger in opened(found):
        assert ledger.score == "q·k×0.25 capped"
        raw = raw_scores(ran(model, ledger), ledger, 6)
        scores = [2 * math.tanh(0.25 * score / 2) for score in raw]
        seen = range(4, 8) if ledger.layer in (0, 2) else range(8)
        assert [key.position for key in ledger.keys] == list(seen)
        assert [key.score for key in ledger.keys] == pytest.approx([scores[j] for j in seen])
        weights = softmax([scores[j] for j in seen])
        assert [key.weight for key in ledger.keys] == pytest.approx(weights, rel=1e-9)


@pytest.mark.parametrize("shape", ["gemma2", "gpt_oss"], indirect=True)
def test_what_stands_before_a_window_is_masked(model):
    found = full(model, layers="all", heads=(1,))
    for attention in found.attention:
        weights = run(model, IDS).layers[attention.layer].attention.weights[0, 1]
        window = 4 if attention.layer in (0, 2) else 9
        for i, row in enumerate(attention.matrix.rows):
            first = max(0, i + 1 - window)
            expected = [None] * first + weights[i, first : i + 1].tolist()
            assert list(row) == pytest.approx(expected)
            assert math.isclose(sum(weight or 0 for weight in row), float(weights[i].sum()))


@pytest.mark.parametrize("measure", MEASURES)
def test_a_grid_is_drawn_on_a_scale_up_to_one(model, measure):
    other = EditRequest(other_ids=tuple(reversed(IDS)))
    found = full(model, measure=measure, sections=("heads",), edits=other)
    for grid in (found.heads, found.cross_heads, found.encoder_heads):
        for value in (v for row in (grid.scaled if grid else ()) for v in row):
            assert value is None or -1 <= value <= 1 + 1e-12


@pytest.mark.parametrize("shape", ["t5"], indirect=True)
def test_a_relative_position_is_part_of_the_score(model):
    found = full(model, layers=(1,), heads=(2,), position=4)
    (ledger,) = opened(found)
    (across,) = opened(found, "cross")
    assert (ledger.score, across.score) == ("q·k+b", "q·k")
    table = model.relative_bias.buckets.weight[:, 2]  # 8 buckets, the first four exact
    raw = raw_scores(ran(model, ledger), ledger, 6)
    for key in ledger.keys:
        bucket = 4 if key.position == 0 else 4 - key.position  # the distance 4 begins a shared one
        assert key.score == pytest.approx(raw[key.position] + table[bucket].item(), rel=1e-9)
    assert [key.score for key in across.keys] == pytest.approx(
        raw_scores(ran(model, across), across, 6), rel=1e-9
    )


@pytest.mark.parametrize("shape", ["deepseek"], indirect=True)
def test_keys_and_values_of_other_widths(model):
    found = full(model, position=5, layers=(2,), heads=(1,))
    (ledger,) = opened(found)
    attention = ran(model, ledger)
    scores = [score / math.sqrt(10) for score in raw_scores(attention, ledger, 10)[:6]]
    assert [key.score for key in ledger.keys] == pytest.approx(scores, rel=1e-9)
    w_o = model.blocks[2].attention.o.weight[:, 5:10].detach()
    for key, weight in zip(ledger.keys, softmax(scores), strict=True):
        moved = weight * (w_o @ attention.v[0, 1, key.position])
        assert key.norm == pytest.approx(float(moved.norm()), rel=1e-9)
    sizes = {step.name: step.size for step in found.shapes.steps}
    assert (sizes["K"], sizes["V"], sizes["heads"]) == ((4, 9, 10), (4, 9, 5), (4, 9, 5))
    assert sizes["router"] == (9, 8) and "neurons" not in sizes


@torch.inference_mode()
@pytest.mark.parametrize("shape", ["gemma2", "olmo2"], indirect=True)
def test_what_a_key_moves_is_measured_behind_the_norm_of_the_branch(model):
    found = full(model, position=6, layers=(1,), heads=(3,))
    (ledger,) = opened(found)
    layer = run(model, IDS).layers[1]
    norm = model.blocks[1].attention_branch_norm
    weight = norm.weight + (1 if model.config.norm_plus_one else 0)
    whole, delta = layer.attention.output[0, 6], layer.attention_delta[0, 6]
    scale = math.sqrt(float((whole**2).mean()) + model.config.norm_eps)
    w_o = model.blocks[1].attention.o.weight[:, 18:24]
    for key in ledger.keys:
        term = weight * (w_o @ layer.attention.v[0, 3, key.position]) * key.weight / scale
        assert key.norm == pytest.approx(float(term.norm()), rel=1e-9)
        assert key.share == pytest.approx(float(term @ delta / (delta @ delta)), rel=1e-9)
    whole_head = weight * (w_o @ layer.attention.mixed[0, 3, 6]) / scale
    assert ledger.norm == pytest.approx(float(whole_head.norm()), rel=1e-9)
    assert found.heads.values[1][3] == ledger.norm
    assert ledger.delta_norm == pytest.approx(float(delta.norm()), rel=1e-9)
    assert found.block[0].attention == pytest.approx(float(delta.norm()), rel=1e-9)


@torch.inference_mode()
@pytest.mark.parametrize("shape", ["bert"], indirect=True)
def test_the_lens_goes_through_the_whole_head(model):
    found = full(model, position=4).lens
    head = model.head_transform
    for row, x in zip(
        found.rows,
        [run(model, IDS).layers[0].residual_in, *(y.residual_out for y in run(model, IDS).layers)],
        strict=True,
    ):
        hidden = F.layer_norm(
            F.gelu(F.linear(x[0, 4], head.dense.weight, head.dense.bias)),
            (24,),
            head.norm.weight,
            head.norm.bias,
            1e-5,
        )
        p = (model.embedding.weight @ hidden + model.head.bias).softmax(-1)
        assert row.top_id == int(p.argmax())
        assert row.top_probability == pytest.approx(float(p.max()), rel=1e-9)


@torch.inference_mode()
@pytest.mark.parametrize("shape", ["marian"], indirect=True)
def test_a_credit_behind_norms_on_the_sums(model):
    """By the chain of matrices that the norms are once their σ is held: the last one alone."""
    found = full(model, position=4).credit
    layer, block = run(model, IDS).layers[-1], model.blocks[-1]
    before = layer.residual_mid[0, 4] + layer.feed_forward_delta[0, 4]
    scale = math.sqrt(float(before.var(unbiased=False)) + 1e-5)
    row = model.head.weight[found.target_id]
    norm = block.feed_forward_post_norm
    part = layer.feed_forward_delta[0, 4]
    expected = float(((part - part.mean()) / scale * norm.weight) @ row)
    assert found.layers[-1].feed_forward == pytest.approx(expected, rel=1e-9)
    assert found.position is not None and found.segment is None


@torch.inference_mode()
@pytest.mark.parametrize("shape", ["gemma2", "t5"], indirect=True)
def test_a_credit_is_of_the_scaled_and_uncapped_logit(model):
    found = full(model, position=4)
    x = run(model, IDS).final_norm_out[0, 4] * model.config.output_scale
    raw = float(x @ model.head.weight[found.credit.target_id])
    assert found.credit.logit == pytest.approx(raw, rel=1e-9)
    cap = model.config.logit_softcap
    shown = raw if cap is None else cap * math.tanh(raw / cap)
    assert found.next.candidates[0].logit == pytest.approx(shown, rel=1e-9)
    assert found.credit.softcap == cap


@pytest.mark.parametrize("shape", ["qwen3", "gemma2", "olmo2", "deepseek", "t5"], indirect=True)
def test_credits_of_heads_sum_to_those_of_their_layers(model):
    """In models whose attention has no bias."""
    found = full(model, position=4, measure="credit")
    for i, layer in enumerate(found.credit.layers):
        assert sum(found.heads.values[i]) == pytest.approx(layer.attention, rel=1e-9)
        if layer.cross_attention is not None:
            across = sum(found.cross_heads.values[i])
            assert across == pytest.approx(layer.cross_attention, rel=1e-9)
    assert found.encoder_heads is None


def test_what_does_not_apply_is_left_out_with_a_reason(model, shape):
    found = full(model)
    expected = {"bert": {"credit"}, "vectors": {"lens", "credit", "next"}}.get(shape, set())
    assert set(found.omitted) == expected
    assert all(getattr(found, name) is None for name in expected)
    assert all(getattr(found, name) is not None for name in set(SCREEN) - expected)
    grid = full(model, measure="credit", sections=("model", "heads"))
    assert set(grid.omitted) == ({"heads"} if expected else set())
    assert (grid.heads is None) == bool(expected)
    few = full(model, sections=("tokens", "audit"))
    assert few.omitted == {}  # nothing that was not asked for is left out


def test_the_model_is_described(model, shape):
    facts = full(model, sections=("model",)).model
    kinds = dict.fromkeys(ENCODERS, "encoder") | dict.fromkeys(PAIRS, "encoder-decoder")
    assert facts.kind == kinds.get(shape, "decoder")
    assert facts.mask == ("no" if shape in ENCODERS else "causal")
    assert facts.encoder_layers == (2 if shape in PAIRS else None)
    places = {"gemma2": ("pre", "branch"), "olmo2": ("branch",)}
    places |= dict.fromkeys([*ENCODERS, "marian", "bart"], ("post",))
    places["every-norm"] = ("pre", "branch", "post")
    assert facts.norm_places == places.get(shape, ("pre",))
    assert facts.parameters == sum(p.numel() for p in model.parameters())


def test_every_parameter_is_counted_once(model, shape):
    counted = full(model, sections=("parameters",)).parameters
    assert sum(m.count for m in counted.modules) == counted.total
    names = {m.name for m in counted.modules}
    assert ("cross-attention" in names) == (shape in PAIRS)
    stacks = [model, model.encoder] if model.encoder else [model]
    blocks = [block for stack in stacks for block in stack.blocks]
    inside = sum(p.numel() for block in blocks for p in block.feed_forward.parameters())
    whole = sum(p.numel() for block in blocks for p in block.parameters())
    assert counted.feed_forward_of_block == inside / whole
    if isinstance(SHAPES[shape].get("experts"), Experts):
        assert counted.feed_forward_of_block > 0.5
