"""What must add up does, on every shape of model, to the precision of the numbers."""

import math

import pytest
import torch

from tfcli.explain.attention import head_deltas, head_ledger
from tfcli.explain.audit import audit
from tfcli.explain.credit import logit_credit
from tfcli.explain.explanation import explain
from tfcli.explain.lens import lens_logits
from tfcli.explain.precision import TOLERANCES, at, relative_error, upcast
from tfcli.explain.request import MEASURES, SECTIONS, Request

EXACT = [torch.float32, torch.float64]


@pytest.fixture(params=EXACT, ids=str)
def dtype(request):
    return request.param


@pytest.fixture
def model(make_model, shape, dtype):
    return make_model(shape, dtype)


@pytest.fixture
def trace(model, ids):
    with torch.inference_mode():
        return model.trace(torch.tensor([ids]))


@pytest.fixture
def within(dtype):
    return TOLERANCES[dtype]


POSITIONS = [0, 4, 8]


def test_tolerances_are_the_promised_ones():
    assert TOLERANCES[torch.float32] == 1e-5
    assert TOLERANCES[torch.float64] == 1e-12


@torch.inference_mode()
@pytest.mark.parametrize("position", POSITIONS)
def test_heads_and_bias_sum_to_what_attention_added(model, trace, position, within):
    for block, layer in zip(model.blocks, trace.layers, strict=True):
        heads = head_deltas(block.attention, upcast(layer.attention), position)
        total = heads.sum(0)
        if block.attention.o.bias is not None:
            total = total + block.attention.o.bias
        assert relative_error(total, layer.attention.output[0, position]) <= within


@torch.inference_mode()
@pytest.mark.parametrize("position", POSITIONS)
def test_every_ledger_sums_to_its_head_and_all_shares_to_one(model, trace, position, within, ids):
    labels = [str(i) for i in ids]
    for i, layer in enumerate(trace.layers):
        module = model.blocks[i].attention
        ledgers = [
            head_ledger(
                module,
                layer.attention,
                layer=i,
                head=head,
                position=position,
                labels=labels,
                keys_listed=None,
            )
            for head in range(model.config.num_heads)
        ]
        bias = ledgers[0].bias_share or 0.0
        assert math.isclose(sum(x.share for x in ledgers) + bias, 1, abs_tol=10 * within)
        for ledger in ledgers:
            assert [key.position for key in ledger.keys] == list(range(position + 1))
            assert math.isclose(sum(k.weight for k in ledger.keys), 1, rel_tol=within)
            keys = sum(key.share for key in ledger.keys)
            assert math.isclose(keys, ledger.share, rel_tol=10 * within, abs_tol=within)
            whole = ledger.share + ledger.other_heads_share + bias
            assert math.isclose(whole, 1, abs_tol=10 * within)
            assert ledger.head_shares == tuple(x.share for x in ledgers)


@torch.inference_mode()
@pytest.mark.parametrize("target", [0, 33, 60])
@pytest.mark.parametrize("position", POSITIONS)
def test_credits_sum_to_the_logit_of_any_token(model, trace, position, target, within):
    credit = logit_credit(model, trace, position, target, None)
    largest = float(trace.logits[0, position].abs().max())
    assert abs(credit.total - credit.logit) <= within * largest
    parts = credit.embedding + (credit.position or 0) + credit.bias
    parts += credit.attention + credit.feed_forward
    assert math.isclose(parts, credit.total, rel_tol=1e-12, abs_tol=1e-12)
    assert (credit.position is None) == (model.config.position != "learned")


@torch.inference_mode()
@pytest.mark.parametrize("position", POSITIONS)
def test_the_lens_after_the_last_layer_is_the_logits(model, trace, position, within):
    lens = lens_logits(model, trace, position)
    assert lens.shape == (model.config.num_layers + 1, model.config.vocab_size)
    assert relative_error(lens[-1], at(trace.logits, position)) <= within


@torch.inference_mode()
def test_contributions_sum_to_the_last_residual_stream(trace, within):
    total = trace.token_embedding.clone()
    if trace.position_embedding is not None:
        total += trace.position_embedding
    for layer in trace.layers:
        total += layer.attention.output + layer.feed_forward.output
    assert relative_error(total, trace.layers[-1].residual_out) <= within


@torch.inference_mode()
@pytest.mark.parametrize("position", POSITIONS)
def test_the_audit_finds_all_of_it_within_the_tolerance(model, trace, position, within):
    found = audit(model, trace, position, 7)
    assert [check.name for check in found.checks] == [
        "rows",
        "ΔE",
        "residual",
        "logit",
        "lens",
        "SDPA",
    ]
    assert found.passed
    assert found.note is None
    for check in found.checks:
        assert check.tolerance == within
        assert check.error <= within


@torch.inference_mode()
def test_the_written_out_path_is_the_fused_kernel(trace, within):
    for layer in trace.layers:
        attention = layer.attention
        assert relative_error(attention.weights @ attention.v, attention.mixed) <= within
        rows = attention.weights.sum(-1)
        assert float((rows - 1).abs().max()) <= within
        assert float(attention.weights.triu(1).abs().max()) == 0.0


@pytest.mark.parametrize("narrow", [torch.bfloat16, torch.float16])
def test_a_narrow_model_is_measured_in_float32_and_says_so(make_model, shape, narrow, ids):
    found = explain(make_model(shape, narrow), ids, Request())
    assert found.model.measured_in == "float32"
    assert found.audit is not None and found.audit.passed
    assert found.audit.note is not None and str(narrow).removeprefix("torch.") in found.audit.note
    rows = found.audit.checks[0]
    assert rows.tolerance == 1e-5  # weights are computed in float32 from the rounded q and k


def test_a_narrow_model_with_a_mistake_still_fails(make_model, shape, ids, monkeypatch):
    from tfcli.model.attention import Attention

    mix = Attention._mix

    def louder(self, q, k, v, mask):
        return mix(self, q, k, 1.1 * v, mask)

    monkeypatch.setattr(Attention, "_mix", louder)
    found = explain(make_model(shape, torch.bfloat16), ids, Request())
    assert found.audit is not None and not found.audit.passed


@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("measure", MEASURES)
def test_the_shortest_prompts_have_every_section(make_model, shape, length, measure):
    found = explain(make_model(shape), [5, 9][:length], Request(measure=measure))
    assert all(getattr(found, name) is not None for name in SECTIONS)
    assert found.audit is not None and found.audit.passed
    assert found.tokens.tokens[0].surprisal is None


def test_a_new_model_that_adds_nothing_is_explained_too(make_model, ids):
    """W_O and W_down are zero at the start of training: ΔE is zero and has no shares."""
    model = make_model("qwen3")
    with torch.no_grad():
        for block in model.blocks:
            block.attention.o.weight.zero_()
            block.feed_forward.down.weight.zero_()
    found = explain(model, ids, Request())
    assert found.audit is not None and found.audit.passed
    assert found.qkv is not None and found.qkv[0].share is None
    assert found.qkv[0].keys[0].share is None
    assert found.heads is not None and found.heads.scaled[0][0] == 0.0
