"""The residual stream: gradients against autograd of the whole model, and against whole Jacobians
where the way past the modules is taken away."""

import math

import pytest
import torch
from explain_shapes import IDS, SHAPES, positions, run, written
from torch.autograd.functional import jacobian

from tfcli.explain.explanation import explain
from tfcli.explain.layers.anatomy import block_step
from tfcli.explain.layers.residual import gradients, residual_stream
from tfcli.explain.request import Request
from tfcli.model.stack import Memory

WITH_HEAD = [shape for shape in SHAPES if shape != "vectors"]
JACOBIANS = ["gpt2", "gemma2", "olmo2", "gpt_neox", "every-norm", "deepseek", "marian", "t5"]
ANSWER = 33


@pytest.fixture
def model(make_model, shape):
    return make_model(shape, torch.float64)


def streams(model, ids):
    """What every block reads and the last one gives, with the graph of the whole run."""
    kept = []
    hooks = [
        block.register_forward_pre_hook(lambda _, args: _keep(kept, args[0]))
        for block in model.blocks
    ]
    hooks.append(model.blocks[-1].register_forward_hook(lambda _, args, out: _keep(kept, out[0])))
    read = {name: torch.tensor([tokens]) for name, tokens in written(model).items()}
    logits = model(torch.tensor([ids]), **read)
    for hook in hooks:
        hook.remove()
    return kept, logits


def _keep(kept, x):
    kept.append(x)


@pytest.mark.parametrize("shape", WITH_HEAD, indirect=True)
def test_gradients_are_those_of_the_whole_model(model, ids):
    trace = run(model, ids)
    for position in positions(trace):
        kept, logits = streams(model, ids)
        log_p = logits[0, position].log_softmax(-1)[ANSWER]
        expected = torch.autograd.grad(log_p, kept)
        found = gradients(model, trace, position, ANSWER)
        assert len(found) == len(expected) == model.config.num_layers + 1
        for mine, whole in zip(found, expected, strict=True):
            assert mine.everywhere == pytest.approx(float(whole.norm()), rel=1e-10)
            assert mine.here == pytest.approx(float(whole[0, position].norm()), rel=1e-10)


def without_the_way_past(block, config, around, start):
    """A block in which every “x +” adds a constant, x as it was: its derivative is F's alone."""
    read = lambda norm, x: x if norm is None else norm(x)  # noqa: E731

    def attention(x):
        out, _ = block.attention(read(block.attention_norm, x), around.rotary, around.mask)
        return read(block.attention_branch_norm, out)

    def cross(x):
        read_here = read(block.cross_norm, x)
        mask = around.memory_mask
        out, _ = block.cross_attention(read_here, None, mask, memory=around.memory)
        return read(block.cross_branch_norm, out)

    def feed_forward(x):
        out, _ = block.feed_forward(read(block.feed_forward_norm, x))
        return read(block.feed_forward_branch_norm, out)

    with torch.no_grad():
        first = read(block.attention_post_norm, start + attention(start))
        second = first
        if block.cross_attention is not None:
            second = read(block.cross_post_norm, first + cross(first))

    def changed(x):
        if config.parallel:
            return start + attention(x) + feed_forward(x)
        x = read(block.attention_post_norm, start + attention(x))
        if block.cross_attention is not None:
            x = read(block.cross_post_norm, first + cross(x))
        return read(block.feed_forward_post_norm, second + feed_forward(x))

    return changed


@pytest.mark.parametrize("shape", JACOBIANS, indirect=True)
def test_through_the_modules_alone_it_is_the_product_of_their_jacobians(model):
    ids, T = IDS[:4], 4
    if model.encoder is not None:
        T = len(written(model)["decoder_ids"])
    trace = run(model, ids)
    size, last = model.config.hidden_size, T - 1
    memory = None if trace.encoder is None else Memory(trace.encoder.final_norm_out.clone())
    around = model.surroundings(trace.ids.clone(), None, memory)
    kept, logits = streams(model, ids)
    (carried,) = torch.autograd.grad(logits[0, last].log_softmax(-1)[ANSWER], kept[-1])
    carried = carried.flatten()
    found = gradients(model, trace, last, ANSWER)
    for i in reversed(range(model.config.num_layers)):
        start = kept[i].detach()
        changed = without_the_way_past(model.blocks[i], model.config, around(i), start)
        matrix = jacobian(changed, start).view(T * size, T * size)
        carried = matrix.T @ carried
        assert found[i].everywhere_without == pytest.approx(float(carried.norm()), rel=1e-10)
        here = carried.view(T, size)[last]
        assert found[i].here_without == pytest.approx(float(here.norm()), rel=1e-10)
        assert not math.isclose(found[i].everywhere, found[i].everywhere_without, rel_tol=0.01)


@pytest.mark.parametrize("trained", [True, False])
def test_a_model_is_left_as_it_was(make_model, ids, trained):
    model = make_model("qwen3").requires_grad_(trained)
    before = {name: p.clone() for name, p in model.named_parameters()}
    found = explain(model, ids, Request(("residual",)))
    assert found.residual.end.everywhere > 0
    for name, parameter in model.named_parameters():
        assert parameter.grad is None and parameter.requires_grad is trained
        assert torch.equal(parameter, before[name])


def test_norms_and_cosines_are_those_of_the_stream(model, ids):
    trace = run(model, ids)
    for position in positions(trace):
        found = residual_stream(model, trace, position, None)
        end = trace.layers[-1].residual_out[0, position]
        for i, row in enumerate(found.rows):
            step = block_step(trace, i, position)
            for name in ("residual_in", "attention", "cross_attention", "feed_forward", "cosine"):
                assert getattr(row, name) == getattr(step, name)
            after = trace.layers[i].residual_out[0, position]
            expected = float(after @ end / (after.norm() * end.norm()))
            assert row.cosine_to_end == pytest.approx(expected, rel=1e-12)
            assert row.residual_out == pytest.approx(float(after.norm()), rel=1e-12)


@pytest.mark.parametrize("narrow", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", ["qwen3", "gemma2", "bart"], indirect=True)
def test_a_narrow_model_has_nearly_the_gradients_of_its_weights_in_float32(
    make_model, shape, narrow, ids
):
    model = make_model(shape, narrow)
    found = explain(model, ids, Request(("residual",)), **written(model)).residual
    wide = gradients(model.float(), run(model, ids), found.position, found.answer_id)
    for row, expected in zip(found.rows, wide, strict=False):
        assert row.gradients.everywhere == pytest.approx(expected.everywhere, rel=0.1)


@pytest.mark.parametrize("shape", ["vectors"], indirect=True)
def test_without_an_output_matrix_there_is_a_stream_and_no_gradient(model, ids):
    found = explain(model, ids, Request(("residual",)))
    assert not found.omitted and len(found.residual.rows) == 3
    assert found.residual.answer_id is found.residual.end is None
    assert all(row.gradients is None for row in found.residual.rows)
