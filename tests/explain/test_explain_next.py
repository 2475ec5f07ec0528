"""The next-token table is the distribution that is drawn from; the loop is `generate`."""

import dataclasses
import math

import pytest
import torch

from tfcli.errors import UsageError
from tfcli.explain.explanation import explain
from tfcli.explain.logits.next_token import joined, loop_by_step, next_tokens
from tfcli.explain.request import Request
from tfcli.generate.config import SamplingConfig
from tfcli.generate.engine import generate_ids

LOOPING = ["qwen3-untied", "gpt2", "gemma2", "gpt_oss", "deepseek", "marian", "t5"]
GREEDY = SamplingConfig(temperature=0)
SAMPLINGS = [
    GREEDY,
    SamplingConfig(1.0),
    SamplingConfig(0.7, top_k=5),
    SamplingConfig(1.3, top_p=0.6, repetition_penalty=1.4),
    SamplingConfig(1.0, min_p=0.3),
]


def table(logits, sampling, seen=(0,), top_k=100):
    return next_tokens(torch.tensor(logits), seen, top_k, sampling, None)


def test_the_table_is_the_softmax_of_the_logits_where_nothing_is_in_force():
    logits = [1.0, 3.0, -2.0, 2.0]
    found = table(logits, GREEDY)
    total = sum(math.exp(x) for x in logits)
    assert [c.id for c in found.candidates] == [1, 3, 0, 2]
    assert [c.rank for c in found.candidates] == [1, 2, 3, 4]
    cumulative = 0.0
    for candidate in found.candidates:
        p = math.exp(logits[candidate.id]) / total
        cumulative += p
        assert candidate.probability == pytest.approx(p, rel=1e-6)
        assert candidate.plain_probability == pytest.approx(p, rel=1e-6)
        assert candidate.cumulative == pytest.approx(cumulative, rel=1e-6)
        assert candidate.logit == logits[candidate.id]
    entropy = -sum(c.probability * math.log2(c.probability) for c in found.candidates)
    assert found.entropy == pytest.approx(entropy, rel=1e-6)
    assert found.kept == 4
    assert found.settings == {"temperature": 0.0}  # which takes the first row
    plain = table(logits, SamplingConfig(1.0))
    assert dataclasses.replace(found, settings={"temperature": 1.0}) == plain


def test_temperature_and_filters_are_in_force_and_named():
    found = table([1.0, 3.0, -2.0, 2.0], SamplingConfig(0.5, top_k=2), top_k=3)
    total = math.exp(6) + math.exp(4)
    p = [c.probability for c in found.candidates]
    assert p == pytest.approx([math.exp(6) / total, math.exp(4) / total, 0.0], rel=1e-6)
    assert [c.id for c in found.candidates] == [1, 3, 0]  # what was filtered away comes last
    assert found.candidates[0].plain_probability < p[0]
    assert found.kept == 2
    assert found.settings == {"temperature": 0.5, "top_k": 2}


def test_a_penalty_counts_what_stands_there():
    before = table([2.0, 1.9], SamplingConfig(1.0), seen=[0, 0])
    after = table([2.0, 1.9], SamplingConfig(1.0, repetition_penalty=1.5), seen=[0, 0])
    assert before.candidates[0].id == 0 and after.candidates[0].id == 1


def test_a_penalty_that_makes_logits_infinite_is_refused():
    with pytest.raises(UsageError, match="repetition penalty 1e-300"):
        table([2.0, 1.9], SamplingConfig(1.0, repetition_penalty=1e-300), seen=[0])


def run_loop(model, ids, **wishes):
    return joined(list(loop_by_step(model, ids, **wishes)))


def looped(model, ids, **wishes):
    """The loop of a decoder that reads the prompt, or of one that begins beside an encoder."""
    given = {"top_k": 4, "sampling": GREEDY, "seed": 0, "tokenizer": None} | wishes
    if model.encoder is None:
        return run_loop(model, ids, **given)
    with torch.inference_mode():
        source = model.encode(torch.tensor([ids])).vectors
    return run_loop(model, [0], source=source, **given)


@pytest.mark.parametrize("shape", LOOPING, indirect=True)
@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_the_loop_takes_the_tokens_of_generate(make_model, shape, ids, sampling):
    model = make_model(shape)
    loop = looped(model, ids, steps=6, sampling=sampling, seed=5)
    expected = generate_ids(model, torch.tensor([ids]), max_new_tokens=6, sampling=sampling, seed=5)
    assert [step.chosen_id for step in loop.steps] == expected[0, -6:].tolist()
    assert loop.ended is None
    assert loop.seed == (None if sampling.greedy else 5)
    read = len(ids) if model.encoder is None else 1
    for number, step in enumerate(loop.steps, start=1):
        assert step.step == number and step.position == read + number - 2
        assert len(step.table.candidates) == 4
        assert step.chosen_probability > 0
        if step.chosen_rank <= 4:
            taken = step.table.candidates[step.chosen_rank - 1]
            assert taken.id == step.chosen_id
            assert taken.probability == step.chosen_probability
        if sampling.greedy:
            assert step.chosen_rank == 1
    assert loop.steps[1].text[-1] == f"#{loop.steps[0].chosen_id}"


@pytest.mark.parametrize("shape", LOOPING, indirect=True)
def test_each_table_is_that_of_the_whole_text_read_anew(make_model, shape, ids):
    model = make_model(shape)
    loop = looped(model, ids, steps=3, top_k=61)
    text = list(ids) if model.encoder is None else [0]
    for step in loop.steps:
        read = torch.tensor([text])
        given = (read,) if model.encoder is None else (torch.tensor([ids]), None, None, read)
        with torch.inference_mode():
            p = model(*given)[0, -1].softmax(-1)
        for candidate in step.table.candidates:
            assert candidate.probability == pytest.approx(float(p[candidate.id]), abs=1e-5)
        text.append(step.chosen_id)


def test_the_loop_ends_where_the_context_is_full(make_model, plain_shape):
    model = make_model(plain_shape, max_position_embeddings=12)
    loop = run_loop(model, range(10), steps=9, top_k=2, sampling=GREEDY, seed=0, tokenizer=None)
    assert len(loop.steps) == 2 and loop.ended == "the context is full"
    full = run_loop(model, range(12), steps=1, top_k=2, sampling=GREEDY, seed=0, tokenizer=None)
    assert full.steps == () and full.ended == "the context is full"


@pytest.mark.parametrize("shape", ["qwen3", "t5"], indirect=True)
def test_the_loop_ends_with_the_end_of_text(make_model, shape, ids):
    model = make_model(shape)
    second = looped(model, ids, steps=5).steps[1].chosen_id
    loop = looped(model, ids, steps=5, eos_ids=[second])
    assert loop.steps[-1].chosen_id == second
    assert loop.ended == "the model ended the text"


def test_the_loop_of_an_explanation_goes_on_with_what_is_written(make_model, ids):
    model = make_model("marian")
    found = explain(model, ids, Request(sections=("model",), steps=2), decoder_ids=[0, 7]).loop
    with torch.inference_mode():
        logits = model(torch.tensor([ids]), None, None, torch.tensor([[0, 7]]))[0, -1]
    assert found.steps[0].chosen_id == int(logits.argmax())
    assert [step.position for step in found.steps] == [1, 2]


@pytest.mark.parametrize("shape", ["bert", "vectors"], indirect=True)
def test_an_encoder_has_no_loop(make_model, shape, ids):
    assert explain(make_model(shape), ids, Request(steps=3)).loop is None
