"""Encoders, and decoders beside one: where an explanation looks, and what it says of either."""

import math

import pytest
import torch
from explain_kinds import ENCODERS, MASK, PAIRS, Words, full, opened, ran, raw_scores, softmax
from explain_shapes import IDS, WRITTEN, run, written

from tfcli.explain.explanation import explain
from tfcli.explain.request import Request
from tfcli.generate.config import SamplingConfig
from tfcli.model.trace import AttentionTrace


@pytest.fixture
def model(make_model, shape):
    return make_model(shape, torch.float64)


@torch.inference_mode()
@pytest.mark.parametrize("shape", PAIRS, indirect=True)
def test_a_decoder_asks_its_encoder(model):
    found = full(model, position=3, layers="all", heads="all", tokenizer=Words())
    trace = run(model, IDS)
    assert found.ids == tuple(WRITTEN) and [t.id for t in found.source.tokens] == IDS
    assert len(opened(found, "cross")) == 12
    for ledger in opened(found, "cross"):
        attention = ran(model, ledger)
        scale = 1 if model.config.attention_scale else math.sqrt(6)
        scores = [score / scale for score in raw_scores(attention, ledger, 6)]
        assert [key.label for key in ledger.keys] == [f"␣w{i}" for i in IDS]
        assert [key.weight for key in ledger.keys] == pytest.approx(softmax(scores), rel=1e-9)
        delta = trace.layers[ledger.layer].cross_attention_delta[0, 3]
        assert ledger.delta_norm == pytest.approx(float(delta.norm()), rel=1e-9)
        assert found.block[ledger.layer].cross_attention == ledger.delta_norm
    for ledger in opened(found):
        assert [key.label for key in ledger.keys] == [f"␣w{i}" for i in WRITTEN[:4]]
    assert [len(a.matrix.rows) for a in found.attention] == [9] + [5] * 24


@pytest.mark.parametrize("shape", PAIRS, indirect=True)
def test_matrices_have_a_row_for_each_query_and_a_column_for_each_key(model):
    found = full(model, layers=(1,), heads=(2,))
    trace = run(model, IDS)
    by_kind = {attention.kind: attention for attention in found.attention}
    assert list(by_kind) == ["encoder", "self", "cross"]
    inner = by_kind["encoder"]
    weights = {
        "encoder": trace.encoder.layers[inner.layer].attention.weights[0, inner.head],
        "self": trace.layers[1].attention.weights[0, 2],
        "cross": trace.layers[1].cross_attention.weights[0, 2],
    }
    for kind, attention in by_kind.items():
        for i, row in enumerate(attention.matrix.rows):
            end = i + 1 if kind == "self" else 9
            assert list(row) == pytest.approx(weights[kind][i, :end].tolist(), rel=1e-9)


@pytest.mark.parametrize("shape", PAIRS, indirect=True)
def test_where_an_explanation_of_two_stacks_looks(model):
    found = full(model, position=2)
    trace = run(model, IDS)
    norms = [float(layer.cross_attention_delta[0, 2].norm()) for layer in trace.layers]
    layer = norms.index(max(norms))
    assert found.focus.layers == (layer,)
    taken = trace.layers[layer].cross_attention.weights[0, :, 2].sum(0)
    source = int(taken.argmax())
    assert found.focus.source == source
    inner = [float(ran.attention_delta[0, source].norm()) for ran in trace.encoder.layers]
    top = inner.index(max(inner))
    row = found.encoder_heads.values[top]
    assert found.focus.encoder_heads == ((top, row.index(max(row))),)
    row = found.cross_heads.values[layer]
    assert found.focus.cross_heads == ((layer, row.index(max(row))),)
    row = found.heads.values[layer]
    assert found.focus.heads == ((layer, row.index(max(row))),)
    query = next(a for a in found.attention if a.kind == "encoder").query
    assert query == source


@pytest.mark.parametrize("shape", PAIRS, indirect=True)
def test_a_window_is_of_the_prompt_which_the_encoder_reads(model):
    found = full(model, window=(2, 5))
    assert found.source.window == (2, 5) and found.tokens.window is None
    sizes = {}
    for attention in found.attention:
        matrix = attention.matrix
        sizes[attention.kind] = (matrix.first, len(matrix.rows), matrix.first_key, matrix.columns)
        for i, row in enumerate(matrix.rows):
            assert math.isclose(sum(row) + matrix.before[i] + matrix.after[i], 1)
    assert sizes == {"encoder": (2, 3, 2, 3), "self": (0, 5, 0, 5), "cross": (0, 5, 2, 3)}


@pytest.mark.parametrize("shape", ["marian"], indirect=True)
def test_of_a_long_decoder_the_last_rows_before_the_position_are_kept(make_model, shape):
    model = make_model(shape, max_position_embeddings=200)
    found = explain(model, IDS, Request(position=110), decoder_ids=[i % 61 for i in range(120)])
    for attention in found.attention[1:]:
        assert attention.matrix.first == 91 and len(attention.matrix.rows) == 20
    assert found.attention[1].matrix.first_key == 91
    assert found.attention[2].matrix.columns == 9


@pytest.mark.parametrize("shape", ENCODERS, indirect=True)
def test_an_encoder_is_followed_at_its_first_mask(model):
    ids = [5, 17, MASK, 9, MASK, 2]
    found = full(model, ids, tokenizer=Words(), layers=(1,), heads=(0,))
    assert found.focus.position == 2
    assert [key.position for key in opened(found)[0].keys] == list(range(6))
    assert full(model, ids, tokenizer=Words(), position=-1).focus.position == 5
    assert full(model, ids).focus.position == 5  # without a tokenizer nobody knows the mask
    assert all(t.surprisal is None and t.probability is None for t in found.tokens.tokens)
    assert found.tokens.bits is None
    assert found.source is None and found.cross_heads is None


@torch.inference_mode()
@pytest.mark.parametrize("shape", ["bert"], indirect=True)
def test_the_table_of_a_mask_is_what_the_model_gives_there(model):
    ids = [5, 17, MASK, 9, 2]
    found = full(model, ids, tokenizer=Words(), top_k=61).next
    p = model(torch.tensor([ids]))[0, 2].softmax(-1)
    assert found.position == 2 and len(found.candidates) == 61
    for candidate in found.candidates:
        assert candidate.probability == pytest.approx(float(p[candidate.id]), rel=1e-9)


@pytest.mark.parametrize("shape", ["bert"], indirect=True)
def test_a_penalty_in_an_encoder_counts_all_that_stands_there(model):
    sampling = SamplingConfig(1.0, repetition_penalty=1.5)
    ids = [5, MASK, 9, 2]
    plain = full(model, ids, tokenizer=Words(), top_k=61).next.candidates
    found = full(model, ids, tokenizer=Words(), top_k=61, sampling=sampling).next.candidates
    ratios = {c.id: c.probability / c.plain_probability for c in found}
    assert [c.id for c in plain] != [c.id for c in found]
    lower = {token for token, ratio in ratios.items() if ratio < 0.999 * max(ratios.values())}
    assert lower == set(ids)


def test_shapes_of_a_pair(make_model):
    found = full(make_model("t5"), sections=("shapes",)).shapes
    sizes = {step.name: step.size for step in found.steps}
    assert sizes["E"] == (5, 24) and sizes["encoder"] == (9, 24)
    assert sizes["weights"] == (4, 5, 5) and sizes["cross-weights"] == (4, 5, 9)
    assert sizes["logits"] == (5, 61)


@pytest.mark.parametrize("shape", ["vectors", "t5"], indirect=True)
def test_of_a_long_text_for_an_encoder_few_rows_are_held(make_model, shape, monkeypatch):
    length, largest = 600, []
    model = make_model(shape, max_position_embeddings=length)
    scores = AttentionTrace.scores

    def watched(self, heads=None, queries=None):
        found = scores(self, heads, queries)
        largest.append(found.numel())
        return found

    monkeypatch.setattr(AttentionTrace, "scores", watched)
    found = explain(model, [i * 7 % 61 for i in range(length)], Request(), **written(model))
    assert max(largest) <= model.config.num_heads * 32 * length
    assert found.attention[0].matrix is None
    assert found.attention[0].others == length - 10
    assert found.audit.passed
