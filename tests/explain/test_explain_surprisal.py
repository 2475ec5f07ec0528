"""A text's surprisal, against the probabilities that the model gives."""

import math

import pytest
import torch
from explain_shapes import IDS, SHAPES, build, run, written

from tfcli.explain.explanation import explain
from tfcli.explain.request import Request

CAUSAL = [shape for shape in SHAPES if shape not in ("bert", "vectors")]


def explained(model, ids=IDS, **wishes):
    return explain(model, ids, Request(("surprisal",), **wishes), **written(model))


@pytest.mark.parametrize("shape", CAUSAL)
def test_bits_are_those_of_the_tokens_and_of_the_model(shape):
    model = build(shape, torch.float64)
    trace, whole = run(model, IDS), explained(model)
    ids, found, tokens = trace.ids[0].tolist(), whole.surprisal, whole.tokens
    p = trace.logits[0].softmax(-1)
    bits = {i: -math.log2(float(p[i - 1, ids[i]])) for i in range(1, len(ids))}
    assert found.predicted == len(bits)
    assert found.bits == tokens.bits == pytest.approx(sum(bits.values()), rel=1e-12)
    assert found.bits == pytest.approx(sum(t.surprisal or 0 for t in tokens.tokens), rel=1e-12)
    assert found.bits_per_token == tokens.bits_per_token
    best = p.argmax(-1).tolist()
    assert found.expected == sum(best[i - 1] == ids[i] for i in bits)
    order = sorted(bits, key=lambda i: -bits[i])
    assert [row.position for row in found.largest] == order[:10]
    for row in found.largest:
        before = p[row.position - 1]
        assert row.id == ids[row.position]
        assert row.surprisal == pytest.approx(bits[row.position], rel=1e-12)
        assert row.probability == pytest.approx(2**-row.surprisal, rel=1e-10)
        assert row.rank == 1 + sum(float(x) > row.probability * (1 + 1e-9) for x in before)
        assert row.expected_id == best[row.position - 1]
        assert row.expected_probability == pytest.approx(float(before.max()), rel=1e-10)


def test_a_long_text_lists_ten_and_counts_all():
    model = build("qwen3", max_position_embeddings=300)
    ids = [(7 * i * i + 3 * i) % 61 for i in range(200)]
    found = explained(model, ids)
    best = run(model, ids).logits[0].argmax(-1).tolist()
    assert (found.surprisal.predicted, len(found.surprisal.largest)) == (199, 10)
    assert found.surprisal.expected == sum(best[i - 1] == ids[i] for i in range(1, 200))


def test_a_single_token_has_no_surprisal():
    found = explained(build("gpt2"), [5]).surprisal
    assert (found.predicted, found.bits, found.expected, found.largest) == (0, None, 0, ())


@pytest.mark.parametrize(
    ("shape", "reason"), [("bert", "none is a surprise"), ("vectors", "none is a surprise")]
)
def test_an_encoder_is_not_surprised(shape, reason):
    found = explained(build(shape))
    assert found.surprisal is None and reason in found.omitted["surprisal"]
