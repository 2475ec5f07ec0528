"""Feed-forward modules as memories: neurons sum to the module, their effects to its credit."""

import pytest
import torch
from explain_shapes import IDS, SHAPES, positions, run, written

from tfcli.explain.explanation import explain
from tfcli.explain.layers.memories import layer_memories, neurons
from tfcli.explain.logits.credit import logit_credit, output_row
from tfcli.explain.logits.flow import directions
from tfcli.explain.precision import relative_error
from tfcli.explain.request import Request

WITH_CREDIT = [shape for shape in SHAPES if shape not in ("bert", "vectors")]


@pytest.fixture
def model(make_model, shape):
    return make_model(shape, torch.float64)


@pytest.fixture
def trace(model):
    return run(model, IDS)


def memories_of(model, trace, position, layer, target=33, against=None):
    way = directions(model, trace, position, output_row(model, trace, target, against))
    return layer_memories(model, trace, position, layer, way)


@torch.inference_mode()
def test_what_neurons_write_sums_to_what_the_module_gave(model, trace):
    for position in positions(trace):
        for block, layer in zip(model.blocks, trace.layers, strict=True):
            found = neurons(block, layer, position)
            total = (found.fired[:, None] * found.values).sum(0)
            if found.bias is not None:
                total = total + found.bias
            assert relative_error(total, layer.feed_forward.output[0, position]) <= 1e-12


@torch.inference_mode()
@pytest.mark.parametrize("shape", WITH_CREDIT, indirect=True)
@pytest.mark.parametrize("against", [None, 7])
def test_effects_sum_to_the_credit_of_the_module(model, trace, against):
    for position in positions(trace):
        credit = logit_credit(model, trace, position, 33, None, against)
        largest = float(trace.logits[0, position].abs().max())
        for i in range(model.config.num_layers):
            found = memories_of(model, trace, position, i, 33, against)
            total = sum(neuron.effect for neuron in found.listed)
            total += found.others_effect + found.bias_effect
            expected = credit.layers[i].feed_forward
            assert found.effect == pytest.approx(expected, abs=1e-12 * largest)
            assert total == pytest.approx(expected, abs=1e-11 * largest)
            assert len(found.listed) + found.others == found.neurons


@torch.inference_mode()
@pytest.mark.parametrize("shape", WITH_CREDIT, indirect=True)
def test_a_promoted_token_s_logit_is_the_neuron_s_effect_on_it(model, trace):
    position, last = 3, model.config.num_layers - 1
    for i in (0, last):
        found = memories_of(model, trace, position, i)
        neuron = found.listed[1]
        for token in (*neuron.promoted[:2], *neuron.suppressed[:2]):
            again = memories_of(model, trace, position, i, token.id).listed[1]
            assert (again.expert, again.index) == (neuron.expert, neuron.index)
            assert token.logit == pytest.approx(again.effect, rel=1e-9, abs=1e-12)


@torch.inference_mode()
@pytest.mark.parametrize("shape", ["qwen3", "gpt2"], indirect=True)
def test_promoted_tokens_are_those_of_the_plain_formula(model, trace):
    """U·(γ ⊙ m·v/σ), centred by a LayerNorm, with σ of the whole last vector."""
    position, i = 5, 1
    found = memories_of(model, trace, position, i)
    inner = trace.layers[i].feed_forward.inner[0, position]
    values = model.blocks[i].feed_forward.down.weight.T
    sizes = inner.abs() * values.norm(dim=-1)
    end = trace.layers[-1].residual_out[0, position]
    norm = model.final_norm
    centred = model.config.norm == "layer"
    spread = end - end.mean() if centred else end
    sigma = (spread.square().mean() + norm.eps).sqrt()
    for neuron, index in zip(found.listed, sizes.argsort(descending=True).tolist(), strict=False):
        assert (neuron.index, neuron.expert, neuron.shared) == (index, None, False)
        written = inner[index] * values[index]
        assert neuron.norm == pytest.approx(float(written.norm()), rel=1e-12)
        written = written - written.mean() if centred else written
        logits = model.head.weight @ (norm.weight * written / sigma)
        best = logits.argsort(descending=True).tolist()
        assert [token.id for token in neuron.promoted] == best[: len(neuron.promoted)]
        assert [token.id for token in neuron.suppressed] == best[::-1][: len(neuron.suppressed)]
        assert neuron.promoted[0].logit == pytest.approx(float(logits.max()), rel=1e-10)
    assert found.half == next(
        n
        for n in range(len(sizes) + 1)
        if float(sizes.sort().values.flip(0)[:n].sum()) >= float(sizes.sum()) / 2
    )


@torch.inference_mode()
@pytest.mark.parametrize("shape", ["marian"], indirect=True)
def test_neurons_of_a_relu_that_fire_are_counted(model, trace):
    for i, layer in enumerate(trace.layers):
        fired = int((layer.feed_forward.inner[0, 2] > 0).sum())
        assert memories_of(model, trace, 2, i).fired == fired < 40


@torch.inference_mode()
@pytest.mark.parametrize("shape", ["gpt_oss", "deepseek"], indirect=True)
def test_of_experts_those_that_were_chosen_are_opened(model, trace):
    experts = model.config.experts
    for i in experts.layers:
        found = memories_of(model, trace, 4, i)
        chosen = trace.layers[i].feed_forward.router.chosen[0, 4].tolist()
        assert found.experts == tuple(sorted(chosen))
        width = experts.chosen * experts.intermediate_size + experts.shared_intermediate_size
        assert found.neurons == width
        assert {n.expert for n in found.listed if not n.shared} <= set(chosen)
        assert all(n.expert is None for n in found.listed if n.shared)
    plain = [i for i in range(3) if i not in experts.layers]
    assert all(memories_of(model, trace, 4, i).experts == () for i in plain)


@pytest.mark.parametrize(
    ("shape", "reason"), [("bert", "activation"), ("vectors", "output matrix")], indirect=["shape"]
)
def test_where_neurons_have_no_effect_on_a_logit_it_is_said(model, reason):
    found = explain(model, IDS, Request(("memories",)), **written(model))
    assert found.memories is None and reason in found.omitted["memories"]


def test_opened_layers_and_the_named_tokens(make_model):
    model = make_model("qwen3")
    found = explain(model, IDS, Request(("memories",), layers="all", answer=9, against=4))
    assert [layer.layer for layer in found.memories.layers] == [0, 1, 2]
    assert (found.memories.answer_label, found.memories.against_label) == ("#9", "#4")


@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("shape", WITH_CREDIT, indirect=True)
def test_the_shortest_prompts_and_a_module_that_writes_nothing(model, length):
    with torch.no_grad():
        for block in model.blocks:
            for name, parameter in block.feed_forward.named_parameters():
                if "down" in name:
                    parameter.zero_()
    read = {name: tokens[:length] for name, tokens in written(model).items()}
    found = explain(model, IDS[:length], Request(("memories",), layers="all"), **read).memories
    assert all(layer.half == 0 and layer.listed[0].effect == 0 for layer in found.layers)
