"""What each norm did, against the norms themselves and what the run has kept."""

import pytest
import torch
from explain_shapes import IDS, SHAPES, run, written

from tfcli.explain.explanation import explain
from tfcli.explain.layers.norms import norms
from tfcli.explain.request import Request


@pytest.fixture
def model(make_model, shape):
    return make_model(shape, torch.float64)


def expected_rows(model, trace, position):
    """(place, layer, module) → the norm and the vector it read, by the wiring written out."""
    config = model.config
    parts = (trace.token_embedding, trace.position_embedding, trace.type_embedding)
    start = sum(part[0, position] for part in parts if part is not None)
    found = {("embedding", None, None): (model.embedding_norm, start)}
    for i, (block, layer) in enumerate(zip(model.blocks, trace.layers, strict=True)):
        x, middle = layer.residual_in[0, position], layer.residual_mid[0, position]
        output, delta = layer.attention.output[0, position], layer.attention_delta[0, position]
        own = ("attention", block.attention_norm, block.attention_branch_norm)
        modules = [(*own, block.attention_post_norm, x, output, x + delta)]
        if block.cross_attention is not None:
            crossed = layer.residual_cross[0, position]
            output = layer.cross_attention.output[0, position]
            total = crossed + layer.cross_attention_delta[0, position]
            own = ("cross-attention", block.cross_norm, block.cross_branch_norm)
            modules.append((*own, block.cross_post_norm, crossed, output, total))
        read = x if config.parallel else middle
        output = layer.feed_forward.output[0, position]
        total = middle + layer.feed_forward_delta[0, position]
        own = ("feed-forward", block.feed_forward_norm, block.feed_forward_branch_norm)
        modules.append((*own, block.feed_forward_post_norm, read, output, total))
        for module, pre, branch, post, read, output, total in modules:
            found["pre", i, module] = (pre, read)
            found["branch", i, module] = (branch, output)
            found["post", i, module] = (post, total)
    found["final", None, None] = (model.final_norm, trace.layers[-1].residual_out[0, position])
    return {place: pair for place, pair in found.items() if pair[0] is not None}


@torch.inference_mode()
def test_rows_are_the_norms_inputs_and_outputs(model):
    trace = run(model, IDS)
    for position in (0, 3):
        found = norms(model, trace, position, range(model.config.num_layers))
        expected = expected_rows(model, trace, position)
        assert [(row.place, row.layer, row.module) for row in found.rows] == list(expected)
        for row, (norm, x) in zip(found.rows, expected.values(), strict=True):
            y = norm(x)
            for spread, vector in ((row.before, x), (row.after, y)):
                assert spread.mean == pytest.approx(float(vector.sum()) / len(vector), abs=1e-12)
                square = float((vector * vector).sum()) / len(vector)
                assert spread.rms == pytest.approx(square**0.5, rel=1e-12)
                assert spread.largest == pytest.approx(max(map(abs, vector.tolist())), rel=1e-12)
            spread_of = x if model.config.norm == "rms" else x - x.mean()
            scale = (float(spread_of @ spread_of) / len(x) + norm.eps) ** 0.5
            assert row.scale == pytest.approx(scale, rel=1e-12)
            assert (found.kind == "LayerNorm") == (model.config.norm == "layer")


@torch.inference_mode()
@pytest.mark.parametrize("shape", ["gemma2", "olmo2", "every-norm", "marian"], indirect=True)
def test_what_comes_out_is_what_the_run_went_on_with(model):
    trace = run(model, IDS)
    found = {(r.place, r.layer, r.module): r for r in norms(model, trace, 2, range(3)).rows}
    for i, layer in enumerate(trace.layers):
        kept = {
            ("branch", i, "attention"): layer.attention_delta,
            ("branch", i, "feed-forward"): layer.feed_forward_delta,
            ("post", i, "feed-forward"): layer.residual_out,
        }
        for place, vectors in kept.items():
            if place in found:
                size = float(vectors[0, 2].square().mean().sqrt())
                assert found[place].after.rms == pytest.approx(size, rel=1e-12)


@pytest.mark.parametrize("shape", SHAPES, indirect=True)
def test_the_opened_layers_are_told_of(model):
    found = explain(model, IDS, Request(("norms",), layers=(1,)), **written(model)).norms
    assert {row.layer for row in found.rows} <= {1, None} and found.rows
    assert ("1 + γ" in found.formula) == model.config.norm_plus_one
