"""What must add up does, on every kind of model, to the precision of the numbers."""

import math

import pytest
import torch
from explain_shapes import SHAPES, positions, run, written

from tfcli.explain.audit import audit
from tfcli.explain.edits.request import EditRequest
from tfcli.explain.explanation import explain
from tfcli.explain.heads.attention import head_deltas, head_ledger, head_outputs
from tfcli.explain.heads.readings import read_heads
from tfcli.explain.heads.sites import sites
from tfcli.explain.lens.logit import lens_logits
from tfcli.explain.logits.credit import logit_credit
from tfcli.explain.logits.flow import directions, residual_sum
from tfcli.explain.precision import TOLERANCES, at, relative_error
from tfcli.explain.request import MEASURES, SCREEN, Request
from tfcli.model.attention import Mixing

EXACT = [torch.float32, torch.float64]
WITH_HEAD = [shape for shape in SHAPES if shape != "vectors"]
WITH_CREDIT = [shape for shape in WITH_HEAD if shape != "bert"]


@pytest.fixture(params=EXACT, ids=str)
def dtype(request):
    return request.param


@pytest.fixture
def model(make_model, shape, dtype):
    return make_model(shape, dtype)


@pytest.fixture
def trace(model, ids):
    return run(model, ids)


@pytest.fixture
def within(dtype):
    return TOLERANCES[dtype]


def stacks(model, trace):
    """The decoder, or the only stack, and the encoder beside it, each with what happened there."""
    return [(model, trace), *([(model.encoder, trace.encoder)] if model.encoder else [])]


def all_sites(model, trace):
    """Every attention module of a model at three queries, whichever stack it stands in."""
    found = []
    for stack, ran in stacks(model, trace):
        kinds = ("self", "cross") if stack is model else ("encoder",)
        found += [s for q in positions(ran) for kind in kinds for s in sites(stack, ran, q, kind)]
    return found


def visible(model, site):
    """The keys that a query may look at, by the configuration alone."""
    keys = range(site.ran.shared_k.shape[2])
    if site.kind != "self" or not model.config.causal:
        return list(keys)
    window = model.config.window if model.config.has_window(site.layer) else len(keys)
    return [j for j in keys if site.query - window < j <= site.query]


def test_tolerances_are_the_promised_ones():
    assert TOLERANCES[torch.float32] == 1e-5
    assert TOLERANCES[torch.float64] == 1e-12


@torch.inference_mode()
def test_every_kind_of_attention_is_there(make_model, shape, ids):
    model = make_model(shape)
    trace = run(model, ids)
    found = {(site.kind, site.layer) for site in all_sites(model, trace)}
    expected = {("self", i) for i in range(3)}
    if model.encoder is not None:
        expected |= {("cross", i) for i in range(3)} | {("encoder", i) for i in range(2)}
    assert found == expected


@torch.inference_mode()
def test_rows_and_sink_sum_to_one_and_nothing_is_looked_at_that_is_masked(model, trace, within):
    for site in all_sites(model, trace):
        row = site.trace.rows(queries=[site.query])[0, :, 0]  # [H, S]
        sink = site.trace.sink_weights([site.query])
        assert (sink is not None) == model.config.attention_sinks
        total = row.sum(-1) + (0 if sink is None else sink[0, :, 0])
        assert float((total - 1).abs().max()) <= within
        assert sink is None or float(sink.min()) > 0
        seen = visible(model, site)
        assert site.keys == seen
        masked = [j for j in range(row.shape[1]) if j not in seen]
        assert float(row[:, masked].sum()) == 0.0
        assert float(row[:, seen].min()) > 0


@torch.inference_mode()
def test_heads_and_bias_sum_to_what_attention_gave_and_added(model, trace, within):
    for stack, ran in stacks(model, trace):
        for site in all_sites(model, trace):
            if (site.kind == "encoder") != (stack is model.encoder):
                continue
            bias = site.module.o.bias
            gave = head_outputs(site).sum(0) + (0 if bias is None else bias)
            assert relative_error(gave, site.ran.output[0, site.query]) <= within
            block, layer = stack.blocks[site.layer], ran.layers[site.layer]
            cross = site.kind == "cross"
            norm = block.cross_branch_norm if cross else block.attention_branch_norm
            added = head_deltas(site).sum(0)
            if bias is not None:
                added = added + site.branch.forward(bias)
            if norm is not None and norm.bias is not None:
                added = added + norm.bias
            delta = layer.cross_attention_delta if cross else layer.attention_delta
            assert relative_error(added, delta[0, site.query]) <= within
            assert (norm is None) == (relative_error(gave, delta[0, site.query]) <= within)


@torch.inference_mode()
def test_every_ledger_sums_to_its_head_and_all_shares_to_one(model, trace, within):
    labels = [str(i) for i in range(9)]
    for site in all_sites(model, trace):
        ledgers = [
            head_ledger(site, head=head, labels=labels, keys_listed=None)
            for head in range(model.config.num_heads)
        ]
        bias = ledgers[0].bias_share or 0.0
        assert (ledgers[0].bias_share is None) == (site.module.o.bias is None)
        assert math.isclose(sum(x.share for x in ledgers) + bias, 1, abs_tol=10 * within)
        for ledger in ledgers:
            assert [key.position for key in ledger.keys] == visible(model, site)
            weight = sum(k.weight for k in ledger.keys) + (ledger.sink or 0.0)
            assert math.isclose(weight, 1, rel_tol=within)
            keys = sum(key.share for key in ledger.keys)
            assert math.isclose(keys, ledger.share, rel_tol=10 * within, abs_tol=10 * within)
            whole = ledger.share + ledger.other_heads_share + bias
            assert math.isclose(whole, 1, abs_tol=10 * within)
            assert ledger.head_shares == tuple(x.share for x in ledgers)
            assert math.isclose(ledger.delta_norm, float(site.delta.norm()), rel_tol=within)


@torch.inference_mode()
def test_contributions_sum_to_the_last_residual_stream(model, trace, within):
    for stack, ran in stacks(model, trace):
        for position in positions(ran):
            total = residual_sum(stack, ran, position)
            assert relative_error(total, ran.layers[-1].residual_out[0, position]) <= within


@torch.inference_mode()
@pytest.mark.parametrize("shape", WITH_CREDIT, indirect=True)
@pytest.mark.parametrize("target", [0, 60])
def test_credits_sum_to_the_logit_of_any_token(model, trace, target, within):
    config, cap = model.config, model.config.logit_softcap
    for position in positions(trace):
        credit = logit_credit(model, trace, position, target, None)
        logits = trace.logits[0, position].double()
        if cap is not None:  # back through the cap
            logits = cap * torch.atanh(logits / cap)
        largest = float(logits.abs().max())
        assert credit.adds_up and credit.softcap == cap
        assert abs(credit.total - float(logits[target])) <= 10 * within * largest
        parts = [credit.embedding, credit.position, credit.segment, credit.bias]
        parts += [credit.attention, credit.cross_attention, credit.feed_forward]
        assert math.isclose(sum(p or 0.0 for p in parts), credit.total, rel_tol=1e-9, abs_tol=1e-9)
        assert (credit.position is None) == (config.position not in ("learned", "sinusoidal"))
        assert (credit.cross_attention is None) == (config.encoder is None)
        by_layer = sum(layer.both for layer in credit.layers)
        modules = sum(p or 0.0 for p in parts[4:])
        assert math.isclose(by_layer, modules, rel_tol=1e-9, abs_tol=1e-9)


@torch.inference_mode()
@pytest.mark.parametrize("shape", WITH_CREDIT, indirect=True)
def test_credits_of_heads_and_bias_sum_to_the_credit_of_their_attention(model, trace, within):
    for position in positions(trace):
        credit = logit_credit(model, trace, position, 33, None)
        row = model.head.weight[33] * model.config.output_scale
        way = directions(model, trace, position, row)
        for kind, name in (("self", "attention"), ("cross", "cross-attention")):
            found = sites(model, trace, position, kind)
            readings = read_heads(found, way) if found else None
            for site in found:
                bias = site.module.o.bias
                total = float(readings.credit[site.layer].sum())
                if bias is not None:
                    total += float(bias @ way.modules[site.layer][name])
                norm_bias = site.branch.bias(site.delta)
                if norm_bias is not None:
                    total += float(norm_bias @ way.added[site.layer][name])
                parts = credit.layers[site.layer]
                expected = parts.attention if kind == "self" else parts.cross_attention
                size = float(site.delta.norm() * way.added[site.layer][name].norm())
                assert abs(total - expected) <= within * size


@torch.inference_mode()
@pytest.mark.parametrize("shape", WITH_HEAD, indirect=True)
def test_the_lens_after_the_last_layer_is_the_logits(model, trace, within):
    for position in positions(trace):
        lens = lens_logits(model, trace, position)
        assert lens.shape == (model.config.num_layers + 1, model.config.vocab_size)
        assert relative_error(lens[-1], at(trace.logits, position)) <= within


@torch.inference_mode()
def test_the_audit_finds_all_of_it_within_the_tolerance(model, trace, within):
    names = ["rows", "ΔE", "residual", "logit", "lens", "SDPA"]
    if model.head is None or model.config.head_transform:
        names.remove("logit")
    if model.head is None:
        names.remove("lens")
    for position in positions(trace):
        found = audit(model, trace, position, None if model.head is None else 7)
        assert [check.name for check in found.checks] == names
        assert found.passed
        assert found.note is None
        for check in found.checks:
            assert check.tolerance == within
            assert check.error <= within


@torch.inference_mode()
def test_the_written_out_path_is_the_kernel(model, trace, within):
    for site in all_sites(model, trace):
        ran = site.ran
        assert relative_error(ran.weights @ ran.v, ran.mixed) <= within


@pytest.mark.parametrize("narrow", [torch.bfloat16, torch.float16])
def test_a_narrow_model_is_measured_in_float32_and_says_so(make_model, shape, narrow, ids):
    model = make_model(shape, narrow)
    found = explain(model, ids, Request(), **written(model))
    assert found.model.measured_in == "float32"
    assert found.audit is not None and found.audit.passed
    assert found.audit.note is not None and str(narrow).removeprefix("torch.") in found.audit.note
    rows = found.audit.checks[0]
    assert rows.tolerance == 1e-5  # weights are computed in float32 from the rounded q and k


def test_a_narrow_model_with_a_mistake_still_fails(make_model, shape, ids, monkeypatch):
    mix = Mixing.mix
    monkeypatch.setattr(Mixing, "mix", lambda self, q, k, v, mask: mix(self, q, k, 1.1 * v, mask))
    model = make_model(shape, torch.bfloat16)
    found = explain(model, ids, Request(), **written(model))
    assert found.audit is not None and not found.audit.passed


@pytest.mark.parametrize("length", [1, 2])
def test_the_shortest_prompts_have_every_section(make_model, shape, length):
    model = make_model(shape)
    read = {name: tokens[:length] for name, tokens in written(model).items()}
    found = explain(model, [5, 9][:length], Request(), **read)
    assert [name for name in SCREEN if getattr(found, name) is None] == list(found.omitted)
    assert found.audit is not None and found.audit.passed
    assert found.tokens.tokens[0].surprisal is None
    for measure in MEASURES:
        wish = Request(("heads",), measure=measure, edits=EditRequest(other_ids=(7, 3)[:length]))
        heads = explain(model, [5, 9][:length], wish, **read)
        assert (heads.heads is None) == ("heads" in heads.omitted)


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
