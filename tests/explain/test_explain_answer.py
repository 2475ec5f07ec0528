"""A named answer: which token a text is, and what speaks for one token rather than another."""

import math

import pytest
import torch
from explain_shapes import SHAPES, run
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer

from tfcli.errors import UsageError
from tfcli.explain.explanation import explain
from tfcli.explain.logits.credit import logit_credit
from tfcli.explain.precision import TOLERANCES, at
from tfcli.explain.request import Request
from tfcli.explain.text.answer import one_token

WITH_CREDIT = [shape for shape in SHAPES if shape not in ("vectors", "bert")]


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(default_tokenizer_path())


def named(tokenizer, text):
    return one_token(text, tokenizer, tokenizer.vocab_size, "--answer")


def test_a_word_is_the_token_inside_a_text(tokenizer):
    assert tokenizer.token_bytes(named(tokenizer, "cat")) == b" cat"
    assert tokenizer.token_bytes(named(tokenizer, " cat")) == b" cat"
    assert tokenizer.token_bytes(named(tokenizer, "␣cat")) == b" cat"
    assert tokenizer.token_bytes(named(tokenizer, ".")) == b"."
    assert tokenizer.token_bytes(named(tokenizer, "苹果")) == "苹果".encode()


def test_a_token_by_its_id_and_a_special_one_by_its_piece(tokenizer):
    assert named(tokenizer, "#17") == 17
    for piece, token in tokenizer.special_tokens.items():
        assert named(tokenizer, piece) == token
    assert one_token("17", None, 61, "--answer") == one_token("#17", None, 61, "--answer") == 17


@pytest.mark.parametrize("text", ["unbelievable", "a cat", "", "#-1", "\ud800", "x" * 5000])
def test_what_is_no_single_token(tokenizer, text):
    with pytest.raises(UsageError) as caught:
        named(tokenizer, text)
    assert len(caught.value.message) < 250


def test_the_pieces_are_shown(tokenizer):
    with pytest.raises(UsageError, match=r"is 2 tokens for this model: a ␣cat"):
        named(tokenizer, "a cat")


@pytest.mark.parametrize("text", ["61", "cat", "#61", "9" * 18, "9" * 5000, "", "٣"])
def test_ids_alone(text):
    with pytest.raises(UsageError, match=r"--answer"):
        one_token(text, None, 61, "--answer")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("shape", WITH_CREDIT)
def test_the_credit_of_a_difference_is_the_difference_of_the_credits(make_model, shape, dtype, ids):
    model = make_model(shape, dtype)
    trace = run(model, ids)
    with torch.inference_mode():
        both, one, other = (
            logit_credit(model, trace, 2, t, None, against)
            for t, against in ((7, 30), (7, None), (30, None))
        )
    assert both.adds_up and (both.target_id, both.against_id) == (7, 30)
    within = 10 * TOLERANCES[dtype] * max(1.0, abs(one.logit) + abs(other.logit))
    for name in ("logit", "total", "embedding", "attention", "feed_forward", "bias"):
        assert abs(getattr(both, name) - (getattr(one, name) - getattr(other, name))) <= within
    for i, layer in enumerate(both.layers):
        assert abs(layer.both - (one.layers[i].both - other.layers[i].both)) <= within
    cap = model.config.logit_softcap
    logits = at(trace.logits, 2)
    before = logits if cap is None else cap * torch.atanh(logits / cap)
    assert abs(both.logit - float(before[7] - before[30])) <= within


@pytest.mark.parametrize("shape", WITH_CREDIT)
def test_every_section_follows_the_answer(make_model, shape, ids):
    from explain_shapes import written

    model = make_model(shape, torch.float64)
    request = Request(answer=7, against=30, measure="credit")
    found = explain(model, ids, request, **written(model))
    assert found.lens is not None and found.credit is not None and found.heads is not None
    assert (found.lens.answer_id, found.lens.against_id) == (7, 30)
    assert (found.credit.target_id, found.credit.against_id) == (7, 30)
    assert found.heads.unit == "part of the logit of “#7” less that of “#30”"
    assert found.audit is not None and found.audit.passed
    # what the heads of the grid and the output's bias wrote is what the credit gives the layer
    alone = [
        explain(model, ids, Request(answer=t, measure="credit"), **written(model)) for t in (7, 30)
    ]
    for layer, row in enumerate(found.heads.values):
        for head, value in enumerate(row):
            one, other = (x.heads.values[layer][head] for x in alone if x.heads is not None)
            assert value == pytest.approx(one - other, abs=1e-11)
    p = found.lens.rows[-1].answer_probability
    last = found.lens.rows[-1].difference
    assert last is not None
    with torch.inference_mode():
        logits = at(run(model, ids).logits, found.focus.position)
    assert last == pytest.approx(float(logits[7] - logits[30]), abs=1e-10)
    assert math.log(p) == pytest.approx(float(logits.log_softmax(-1)[7]), abs=1e-10)


def test_an_answer_that_cannot_be(make_model, ids):
    model = make_model("gpt2")
    with pytest.raises(UsageError, match="go from 0 to 60"):
        explain(model, ids, Request(answer=61))
    with pytest.raises(UsageError, match="go from 0 to 60"):
        explain(model, ids, Request(against=-1))
    with pytest.raises(UsageError, match="against itself"):
        explain(model, ids, Request(answer=5, against=5))
    likeliest = explain(model, ids, Request()).lens
    assert likeliest is not None
    with pytest.raises(UsageError, match="against itself"):
        explain(model, ids, Request(against=likeliest.answer_id))
    with pytest.raises(UsageError, match="no output matrix"):
        explain(make_model("vectors"), ids, Request(answer=5))
