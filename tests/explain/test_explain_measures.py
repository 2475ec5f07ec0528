"""Each measure of a plain decoder against its formula, written out anew in float64."""

import math

import pytest
import torch
import torch.nn.functional as F

from tfcli.explain.explanation import explain
from tfcli.explain.request import Request
from tfcli.explain.sections import LARGEST_MATRIX
from tfcli.model.trace import AttentionTrace


@pytest.fixture
def model(make_model, plain_shape):
    return make_model(plain_shape, torch.float64)


@pytest.fixture
def trace(model, ids):
    with torch.inference_mode():
        return model.trace(torch.tensor([ids]))


def full(model, ids, **wishes):
    return explain(model, ids, Request(all_keys=True, **wishes))


def normalise(model, x, scale_of=None):
    """The final norm by its definition; `scale_of` gives σ, and centring is linear."""
    norm, source = model.final_norm, x if scale_of is None else scale_of
    if model.config.norm == "rms":
        return x / torch.sqrt((source**2).mean() + norm.eps) * norm.weight
    centred = source - source.mean()
    scale = torch.sqrt((centred**2).mean() + norm.eps)
    return (x - x.mean()) / scale * norm.weight


@torch.inference_mode()
@pytest.mark.parametrize("position", [0, 3, -1])
def test_lens_and_credit(model, trace, ids, position):
    found = full(model, ids, position=position)
    unembedding = model.head.weight
    stream = [trace.layers[0].residual_in, *(layer.residual_out for layer in trace.layers)]
    bias = model.final_norm.bias if model.final_norm.bias is not None else torch.zeros(24).double()
    final = F.log_softmax(trace.logits[0, position], -1)
    answer = int(final.argmax())
    assert found.lens is not None and found.lens.answer_id == answer
    for row, x in zip(found.lens.rows, stream, strict=True):
        p = F.softmax(unembedding @ (normalise(model, x[0, position]) + bias), -1)
        assert row.top_id == int(p.argmax())
        assert math.isclose(row.top_probability, float(p.max()), rel_tol=1e-9)
        assert math.isclose(row.answer_probability, float(p[answer]), rel_tol=1e-9)
        assert row.answer_rank == 1 + sum(q > p[answer] for q in p)
        kl = float((final.exp() * (final / math.log(2) - p.log2())).sum())
        assert math.isclose(row.kl, kl, abs_tol=1e-12)
        assert math.isclose(row.entropy, float(-(p * p.log2()).sum()), rel_tol=1e-9)

    assert found.credit is not None
    last = stream[-1][0, position]
    for parts, layer in zip(found.credit.layers, trace.layers, strict=True):
        for value, output in (
            (parts.attention, layer.attention.output),
            (parts.feed_forward, layer.feed_forward.output),
        ):
            expected = normalise(model, output[0, position], last) @ unembedding[answer]
            assert math.isclose(value, float(expected), rel_tol=1e-9)
    assert math.isclose(found.credit.bias, float(bias @ unembedding[answer]), rel_tol=1e-9)
    assert math.isclose(found.credit.logit, float(trace.logits[0, position, answer]))


@torch.inference_mode()
def test_ledger_and_grids(model, trace, ids):
    position, config = 6, model.config
    grids = {
        name: full(model, ids, position=position, measure=name).heads
        for name in ("delta", "entropy", "sink", "previous", "credit")
    }
    found = full(model, ids, position=position, layers="all", heads="all")
    assert found.qkv is not None and len(found.qkv) == config.num_layers * config.num_heads
    answer = int(trace.logits[0, position].argmax())
    for ledger in found.qkv:
        layer, head = ledger.layer, ledger.head
        attention = trace.layers[layer].attention
        shared = head // config.kv_groups
        q = attention.q[0, head, position]
        w_o = model.blocks[layer].attention.o.weight[:, head * 6 : head * 6 + 6]
        delta = attention.output[0, position]
        scores = [float(q @ attention.shared_k[0, shared, j]) / math.sqrt(6) for j in range(7)]
        weights = torch.softmax(torch.tensor(scores, dtype=torch.float64), 0)
        moved = torch.zeros_like(delta)
        for key in ledger.keys:
            j = key.position
            term = weights[j] * (w_o @ attention.shared_v[0, shared, j])
            moved += term
            assert math.isclose(key.score, scores[j], rel_tol=1e-9)
            assert math.isclose(key.weight, float(weights[j]), rel_tol=1e-9)
            assert math.isclose(key.norm, float(term.norm()), rel_tol=1e-9)
            share = float(term @ delta) / float(delta @ delta)
            assert math.isclose(key.share, share, rel_tol=1e-9, abs_tol=1e-12)
        assert ledger.largest == int(weights.argmax())
        credit = normalise(model, moved, trace.layers[-1].residual_out[0, position])
        expected = {
            "delta": float(moved.norm()),
            "entropy": float(-(weights * weights.log2()).sum()),
            "sink": float(weights[0]),
            "previous": float(weights[position - 1]),
            "credit": float(credit @ model.head.weight[answer]),
        }
        for name, value in expected.items():
            assert math.isclose(grids[name].values[layer][head], value, rel_tol=1e-9), name
    assert grids["delta"].largest[0].value == max(max(row) for row in grids["delta"].values)
    assert max(max(row) for row in grids["delta"].scaled) == 1.0
    assert max(abs(v) for row in grids["credit"].scaled for v in row) == 1.0


@torch.inference_mode()
def test_the_default_focus_is_what_moves_the_token_most(model, trace, ids):
    found = full(model, ids, position=4)
    norms = [float(layer.attention.output[0, 4].norm()) for layer in trace.layers]
    layer = norms.index(max(norms))
    assert found.focus.layers == (layer,)
    assert found.focus.layer_was_chosen and found.focus.head_was_chosen
    assert found.heads is not None
    row = found.heads.values[layer]
    assert found.focus.heads == ((layer, row.index(max(row))),)
    asked = full(model, ids, position=4, layers=(0,), heads=(2, 3)).focus
    assert asked.heads == ((0, 2), (0, 3))
    assert not asked.layer_was_chosen and not asked.head_was_chosen


@torch.inference_mode()
def test_tokens_and_blocks(model, trace, ids):
    found = full(model, ids, layers="all", position=5)
    log_p = F.log_softmax(trace.logits[0], -1)
    expected = [-float(log_p[i - 1, ids[i]]) / math.log(2) for i in range(1, len(ids))]
    assert [t.id for t in found.tokens.tokens] == ids
    for token, bits in zip(found.tokens.tokens[1:], expected, strict=True):
        assert math.isclose(token.surprisal, bits, rel_tol=1e-9)
        assert math.isclose(token.probability, 2**-bits, rel_tol=1e-9)
    assert math.isclose(found.tokens.bits, sum(expected), rel_tol=1e-9)
    assert math.isclose(found.tokens.bits_per_token, sum(expected) / 8, rel_tol=1e-9)
    assert found.tokens.bits_per_byte is None  # there is no tokenizer to count bytes with
    assert found.block is not None
    for step, layer in zip(found.block, trace.layers, strict=True):
        before, after = layer.residual_in[0, 5], layer.residual_out[0, 5]
        assert math.isclose(step.residual_in, math.sqrt(sum(float(v) ** 2 for v in before)))
        assert math.isclose(step.attention, float(layer.attention.output[0, 5].norm()))
        assert math.isclose(step.residual_mid, float(layer.residual_mid[0, 5].norm()))
        assert math.isclose(step.feed_forward, float(layer.feed_forward.output[0, 5].norm()))
        cosine = float(before @ after / (before.norm() * after.norm()))
        assert math.isclose(step.cosine, cosine, rel_tol=1e-9)


@torch.inference_mode()
def test_the_matrix_and_its_windows(model, trace, ids):
    weights = trace.layers[1].attention.weights[0, 2]
    whole = full(model, ids, layers=(1,), heads=(2,)).attention[0].matrix
    assert whole.first == whole.first_key == 0 and len(whole.rows) == len(ids)
    for i, row in enumerate(whole.rows):
        assert torch.allclose(torch.tensor(row, dtype=torch.float64), weights[i, : i + 1])
        assert whole.before[i] == whole.after[i] == 0.0
    part = full(model, ids, layers=(1,), heads=(2,), window=(3, 7)).attention[0].matrix
    assert part.first == part.first_key == 3 and len(part.rows) == 4
    for i, row in enumerate(part.rows):
        assert torch.allclose(torch.tensor(row, dtype=torch.float64), weights[3 + i, 3 : 4 + i])
        assert math.isclose(sum(row) + part.before[i], 1, rel_tol=1e-9)


def test_parameters_are_counted_from_the_model(model, ids, plain_shape):
    counted = full(model, ids).parameters
    assert counted.total == sum(p.numel() for p in model.parameters())
    assert sum(m.count for m in counted.modules) == counted.total
    assert math.isclose(sum(m.share for m in counted.modules), 1)
    block = model.blocks[0]
    inside = sum(p.numel() for p in block.feed_forward.parameters())
    assert counted.feed_forward_of_block == inside / sum(p.numel() for p in block.parameters())
    names = {m.name for m in counted.modules}
    assert ("positions" in names) == (plain_shape == "gpt2")
    assert ("output" in names) == (plain_shape == "qwen3-untied")


def test_shapes_are_those_of_the_run(model, ids):
    found = {step.name: step.size for step in full(model, ids).shapes.steps}
    heads, shared = model.config.num_heads, model.config.num_kv_heads
    assert found == {
        "E": (9, 24),
        "Q": (heads, 9, 6),
        "K": (shared, 9, 6),
        "V": (shared, 9, 6),
        "scores": (heads, 9, 9),
        "weights": (heads, 9, 9),
        "heads": (heads, 9, 6),
        "ΔE": (9, 24),
        "neurons": (9, 40),
        "logits": (9, 61),
    }


def test_a_long_prompt_holds_few_rows_of_attention(make_model, monkeypatch):
    """Never L·H·T², nor H·T²: at most 32 rows of one layer at a time."""
    length, largest = 600, []
    model = make_model("qwen3", max_position_embeddings=length)
    scores = AttentionTrace.scores

    def watched(self, heads=None, queries=None):
        found = scores(self, heads, queries)
        largest.append(found.numel())
        return found

    monkeypatch.setattr(AttentionTrace, "scores", watched)
    ids = [i * 7 % 61 for i in range(length)]
    found = explain(model, ids, Request())
    assert max(largest) <= model.config.num_heads * 32 * length
    assert found.attention is not None and found.attention[0].matrix is None
    assert length > LARGEST_MATRIX
    top = found.attention[0]
    assert top.others == length - len(top.top)
    assert math.isclose(sum(k.weight for k in top.top) + top.others_weight, 1, abs_tol=1e-5)
    ledger = found.qkv[0]
    assert ledger.others is not None and ledger.others.count + len(ledger.keys) == length
    shares = sum(k.share for k in ledger.keys) + ledger.others.share
    assert math.isclose(shares, ledger.share, abs_tol=1e-5)
    assert found.audit is not None and found.audit.passed
    window = explain(model, ids, Request(window=(-20, None))).attention[0].matrix
    assert window.first == 580 and len(window.rows) == 20
