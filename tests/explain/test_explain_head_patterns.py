"""Heads by what they look for: each measure against its formula, and a head made to do it."""

import math
import statistics

import pytest
import torch
from explain_shapes import IDS, SHAPES, run, written

from tfcli.explain.explanation import explain
from tfcli.explain.heads import copying as copying_module
from tfcli.explain.heads import grids as grids_module
from tfcli.explain.heads import patterns as head_patterns
from tfcli.explain.heads.copying import copying
from tfcli.explain.heads.patterns import induction
from tfcli.explain.request import MEASURES, Request
from tfcli.model.config import ModelConfig
from tfcli.model.transformer import Transformer

DECODERS = [
    name for name, fields in SHAPES.items() if fields.get("architecture", "decoder") == "decoder"
]


@pytest.fixture
def model(make_model, shape):
    return make_model(shape, torch.float64)


def grid(model, measure, **wishes):
    ids = wishes.pop("ids", IDS)
    return explain(model, ids, Request(("heads",), measure=measure, **wishes), **written(model))


# --- the same token before


@pytest.mark.parametrize(("measure", "behind"), [("duplicate", 0), ("prefix", 1)])
def test_weights_on_the_last_earlier_place_and_behind_it(model, measure, behind):
    found = grid(model, measure, position=None if model.encoder else 8)
    trace = run(model, IDS)
    if model.encoder is None:
        assert IDS[8] == IDS[2] == 3
        for layer, row in zip(trace.layers, found.heads.values, strict=True):
            assert list(row) == pytest.approx(layer.attention.weights[0, :, 8, 2 + behind].tolist())
        return
    layer, query = found.heads.values, 4  # the decoder has written 4, 12, 7, 30, 12
    expected = [x.attention.weights[0, :, query, 1 + behind].tolist() for x in trace.layers]
    assert [list(row) for row in layer] == [pytest.approx(row) for row in expected]
    assert found.cross_heads is None
    query = found.focus.source
    before = [j for j in range(query) if IDS[j] == IDS[query]]
    values = [value for row in found.encoder_heads.values for value in row]
    if before:
        weights = [
            x.attention.weights[0, :, query, before[-1] + behind] for x in trace.encoder.layers
        ]
        assert values == pytest.approx(torch.stack(weights).flatten().tolist())
    else:
        assert set(values) == {None}


def test_a_token_that_did_not_stand_before_has_no_duplicate(make_model):
    for measure in ("duplicate", "prefix"):
        found = grid(make_model("gpt2"), measure, position=4)
        assert {value for row in found.heads.values for value in row} == {None}
        assert found.heads.largest == ()


# --- from how many tokens a head draws


def test_norm_is_the_entropy_of_what_the_keys_give(model):
    found = grid(model, "norm")
    ledger = explain(model, IDS, Request(("ledger",), layers="all"), **written(model)).ledger
    named = {"self": found.heads, "cross": found.cross_heads, "encoder": found.encoder_heads}
    for update in ledger.updates:
        for head in range(model.config.num_heads):
            norms = [source.norms[head] for source in update.sources]
            shares = [norm / sum(norms) for norm in norms]
            entropy = -sum(share * math.log2(share) for share in shares)
            heads = named[update.kind]
            assert heads.values[update.layer][head] == pytest.approx(entropy, rel=1e-9)
            most = math.log2(len(norms))
            assert heads.scaled[update.layer][head] == pytest.approx(entropy / most, rel=1e-9)


# --- induction


@torch.inference_mode()
@pytest.mark.parametrize("shape", DECODERS, indirect=True)
def test_induction_is_the_mean_weight_behind_the_same_token(model):
    values, facts = induction(model, None, seed=3)
    windowed = model.config.window > 0
    assert facts.length == (4 if windowed else 32) and facts.start == 0 and facts.seed == 3
    drawn = torch.randperm(61, generator=torch.Generator().manual_seed(3))[: facts.length].tolist()
    ids = drawn * 2
    trace = model.trace(torch.tensor([ids]))
    for layer, row in zip(trace.layers, values, strict=True):
        weights = layer.attention.weights[0]  # [H, 2n, 2n]
        for head, value in enumerate(row.tolist()):
            found = []
            for i in range(facts.length, 2 * facts.length):
                before = max(j for j in range(i) if ids[j] == ids[i])
                found.append(float(weights[head, i, before + 1]))
            assert value == pytest.approx(statistics.fmean(found), rel=1e-9)
    bits = -torch.log_softmax(trace.logits[0], -1) / math.log(2)
    per_token = [float(bits[i, ids[i + 1]]) for i in range(len(ids) - 1)]
    n = facts.length
    assert facts.first_bits == pytest.approx(statistics.fmean(per_token[: n - 1]))
    assert facts.second_bits == pytest.approx(statistics.fmean(per_token[n:]))


@pytest.mark.parametrize("shape", ["bert", "vectors", "marian", "bart", "t5"], indirect=True)
def test_induction_is_of_decoders(model):
    found = grid(model, "induction")
    assert found.heads is None and "decoders by themselves" in found.omitted["heads"]


def induction_model() -> Transformer:
    """Two layers of one head without norms, set by hand (Elhage et al. 2021).

    The stream holds four one-hots: token, position, token before, answer. The first head looks at
    the position before and copies its token; the second looks for its own token among the tokens
    before, and copies the token that stands there.
    """
    V, P, sharp = 24, 48, 60.0
    width = V + P + V + V
    model = Transformer(
        ModelConfig(
            vocab_size=V,
            hidden_size=width,
            num_layers=2,
            num_heads=1,
            num_kv_heads=1,
            head_dim=P,
            intermediate_size=4,
            max_position_embeddings=P,
            position="learned",
            pre_norm=False,
            final_norm=False,
            tie_embeddings=False,
            attention_scale=1.0,
        )
    ).eval()
    token, place = torch.arange(V), torch.arange(P)
    before, answer = V + P + token, V + P + V + token
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.embedding.weight[token, token] = 1
        model.position_embedding.weight[place, V + place] = 1
        first, second = (block.attention for block in model.blocks)
        first.q.weight[place, V + place] = sharp  # where it stands …
        first.k.weight[place[1:], V + place[:-1]] = 1  # … meets the one before
        second.q.weight[token, token] = sharp  # the token itself …
        second.k.weight[token, before] = 1  # … meets what stood before a token
        for attention, target in ((first, before), (second, answer)):
            attention.v.weight[token, token] = 1
            attention.o.weight[target, token] = 1
        model.head.weight[token, answer] = 9.0
    return model


def test_a_head_made_for_induction_has_all_of_its_weight_there():
    model = induction_model()
    found = grid(model, "induction", ids=[5, 9, 3], seed=1).heads
    assert found.repeated.length == 24  # as many tokens as there are
    assert found.values[1][0] > 0.95 and found.values[0][0] < 0.1
    assert (found.largest[0].layer, found.largest[0].head) == (1, 0)
    assert found.largest[0].deviations == pytest.approx(1)
    assert found.repeated.first_bits > 4 and found.repeated.second_bits < 0.5
    with torch.no_grad():  # a head that looks at the same token, not at what stands behind it
        attention = model.blocks[1].attention
        attention.k.weight.zero_()
        attention.k.weight[torch.arange(24), torch.arange(24)] = 1
    assert grid(model, "induction", ids=[5, 9, 3], seed=1).heads.values[1][0] < 0.1


class Roles:
    """A tokenizer whose first ids stand for roles."""

    bos_id, vocab_size, mask_id = 1, 40, None
    special_tokens = {"<s>": 1, "</s>": 2, "<pad>": 0, "<x>": 39}  # noqa: RUF012

    def encode(self, text, add_special_tokens=False):
        return [1, 2] if add_special_tokens else []


def test_random_tokens_begin_as_a_text_does_and_stand_for_no_role(make_model):
    start, once = head_patterns._random_tokens(make_model("qwen3"), Roles(), 0)
    assert start == [1]
    assert set(once) <= set(range(3, 39)) and len(set(once)) == len(once) == 31
    assert once != head_patterns._random_tokens(make_model("qwen3"), Roles(), 1)[1]
    assert once == head_patterns._random_tokens(make_model("qwen3"), Roles(), 0)[1]


def test_a_model_that_reads_three_tokens_has_no_room_for_a_repeat(make_model):
    model = make_model("gpt2", max_position_embeddings=3)
    found = grid(model, "induction", ids=[1, 2, 3])
    assert "can read too little" in found.omitted["heads"]


# --- copying


@torch.inference_mode()
def dense(model, layer, head):
    """Eigenvalues of the V × V matrix itself, column by column from single tokens."""
    config, attention = model.config, model.blocks[layer].attention
    E, U = model.embedding.weight, model.head.weight
    if config.latent is None:
        first = head // (config.num_heads // config.num_kv_heads) * 6
        w_v = attention.v.weight[first : first + 6]
        w_o = attention.o.weight[:, head * 6 : head * 6 + 6]
    else:
        up = attention.kv_up.weight[head * 11 + 6 : head * 11 + 11]  # 6 of the key, 5 of the value
        w_v = up @ attention.kv_down.weight[:8]
        w_o = attention.o.weight[:, head * 5 : head * 5 + 5]
    return torch.linalg.eigvals(U @ w_o @ w_v @ E.T)


def test_copying_is_that_of_the_matrix_from_token_to_token(model):
    found = grid(model, "copying")
    if model.head is None or model.config.head_transform:
        assert found.heads is None and "heads" in found.omitted
        return
    assert found.cross_heads is None and found.encoder_heads is None
    for layer, row in enumerate(found.heads.values):
        for head, value in enumerate(row):
            values = dense(model, layer, head)
            expected = float(values.real.sum() / values.abs().sum())
            assert value == pytest.approx(expected, abs=1e-9)


def test_a_head_that_copies_has_one_and_one_that_forbids_minus_one(make_model):
    model = make_model("qwen3", torch.float64, num_kv_heads=4)
    with torch.no_grad():
        attention = model.blocks[0].attention
        attention.o.weight.copy_(attention.v.weight.T)  # tied: E·W·Wᵀ·Eᵀ has no negative eigenvalue
        attention.o.weight[:, 6:12] *= -1
        attention.o.weight[:, 12:18] = 0
    row = copying(model)[0]
    assert float(row[0]) == pytest.approx(1) and float(row[1]) == pytest.approx(-1)
    assert math.isnan(row[2]) and abs(row[3]) <= 1


def test_the_vocabulary_is_taken_a_slice_at_a_time(make_model, monkeypatch):
    model = make_model("qwen3-untied", torch.float64)
    whole = copying(model)
    monkeypatch.setattr(copying_module, "_ROWS_AT_ONCE", 7)
    assert torch.allclose(copying(model), whole, rtol=0, atol=1e-12)


# --- the grid


@pytest.mark.parametrize("measure", ["induction", "copying"])
def test_deviations_are_from_the_mean_of_all_heads(make_model, measure):
    found = grid(make_model("qwen3-untied"), measure).heads
    values = [value for row in found.values for value in row]
    mean, spread = statistics.fmean(values), statistics.pstdev(values)
    for best in found.largest:
        assert best.deviations == pytest.approx((best.value - mean) / spread, rel=1e-6)
    assert grid(make_model("qwen3-untied"), "sink").heads.largest[0].deviations is None


def test_only_what_is_asked_for_is_computed(make_model, monkeypatch):
    def never(*_):
        raise AssertionError("nobody asked")

    further = dict.fromkeys(grids_module._FURTHER, never)
    monkeypatch.setattr(grids_module, "_FURTHER", further)
    for measure in MEASURES:
        if measure in further:
            with pytest.raises(AssertionError, match="nobody asked"):
                grid(make_model("qwen3"), measure)
        else:
            assert grid(make_model("qwen3"), measure).heads is not None
