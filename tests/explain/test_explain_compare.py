"""One word in two prompts: what adds up exactly, what is the same swapped, what is 0 or 1."""

import dataclasses
from itertools import pairwise

import pytest
import torch
from explain_shapes import IDS, SHAPES, WRITTEN, build, run, written
from hypothesis import given, settings
from hypothesis import strategies as st

from tfcli.explain.request import Request
from tfcli.explain.result import ComparedLayer, Comparison
from tfcli.explain.run import Run
from tfcli.explain.several import prompts, pulls
from tfcli.explain.several.models import compare_models
from tfcli.explain.several.prompts import compare_prompts
from tfcli.explain.several.reading import Opened
from tfcli.model.transformer import Transformer

OTHER = [7, 7, 1, 30, 3]  # it ends in the same token as IDS
CAUSAL = ("qwen3", "gpt2", "gemma2", "gpt_oss", "every-norm")


def compare(model: Transformer, first=IDS, second=OTHER, **more) -> Comparison:
    return compare_prompts(model, first, second, **written(model), **more)


def states(model: Transformer, ids: list[int], layer: int) -> torch.Tensor:
    trace = run(model, ids)
    layers = trace.encoder_layers or trace.layers
    return (layers[layer - 1].residual_out if layer else layers[0].residual_in)[0]


def shares(found: Comparison) -> float:
    assert found.pull is not None
    fields = dataclasses.asdict(found.pull)
    del fields["distance"], fields["error"]
    return sum(fields.values())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_prompt_twice_differs_by_nothing(shape: str) -> None:
    found = compare(build(shape), IDS, IDS)
    assert all(layer.cosine == 1 for layer in found.layers)
    assert found.embedding_cosine == 1
    assert (found.warnings, found.pull, found.parting) == (("same",), None, None)
    assert found.first == found.second
    if found.distances is not None:
        assert dataclasses.astuple(found.distances) == (0, 0, 0)


@pytest.mark.parametrize("shape", SHAPES)
def test_shares_are_of_the_whole_distance(shape: str) -> None:
    model = build(shape, torch.float64)
    found = compare(model)
    last = len(found.layers) - 1
    one, two = (states(model, ids, last)[-1] for ids in (IDS, OTHER))
    assert found.pull is not None
    assert found.pull.distance == pytest.approx(float((one - two).norm()), rel=1e-12)
    assert shares(found) == pytest.approx(1, abs=1e-12)
    assert found.pull.error < 1e-12
    for side, whole in ((found.first, found.pull.first), (found.second, found.pull.second)):
        listed = sum(token.share or 0.0 for token in side.context if not token.own)
        assert listed + (side.others_share or 0.0) == pytest.approx(whole, abs=1e-12)
    own = (found.first.word_share or 0.0) + (found.second.word_share or 0.0)
    assert own == pytest.approx(found.pull.word, abs=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_swapped_sides_say_the_same(shape: str) -> None:
    model = build(shape, torch.float64)
    found, swapped = compare(model), compare(model, OTHER, IDS)
    assert (found.pairs, found.parting) == (swapped.pairs, swapped.parting)
    for one, two in zip(found.layers, swapped.layers, strict=True):
        assert dataclasses.astuple(one) == pytest.approx(dataclasses.astuple(two), abs=1e-12)
    assert found.pull is not None and swapped.pull is not None
    assert found.pull.first == pytest.approx(swapped.pull.second, abs=1e-12)
    assert found.pull.feed_forward == pytest.approx(swapped.pull.feed_forward, abs=1e-12)
    for one, two in ((found.first, swapped.second), (found.second, swapped.first)):
        assert (one.pulled, one.told, one.ids) == (two.pulled, two.told, two.ids)
        assert [t.share for t in one.context] == pytest.approx([t.share for t in two.context])
        assert [(t.layer, t.head) for t in one.terms] == [(t.layer, t.head) for t in two.terms]
    if found.distances is not None and swapped.distances is not None:
        assert found.distances.forward == pytest.approx(swapped.distances.backward, rel=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_cosines_and_their_baseline_are_those_of_their_formulas(shape: str) -> None:
    model = build(shape, torch.float64)
    found = compare(model)
    for layer, row in enumerate(found.layers):
        one, two = (states(model, ids, layer) for ids in (IDS, OTHER))
        others = [
            float(torch.cosine_similarity(one[i], two[j], dim=0))
            for i, a in enumerate(IDS)
            for j, b in enumerate(OTHER)
            if a != b
        ]
        assert len(others) == found.pairs
        expected = float(torch.cosine_similarity(one[-1], two[-1], dim=0))
        assert row.cosine == pytest.approx(expected, abs=1e-12)
        assert row.baseline == pytest.approx(sum(others) / len(others), abs=1e-12)
        assert row.adjusted == pytest.approx(expected - sum(others) / len(others), abs=1e-12)
    adjusted = [row.adjusted for row in found.layers]
    falls = [a - b for a, b in pairwise(adjusted)]
    largest = max(range(len(falls)), key=falls.__getitem__)
    assert found.parting == (largest if falls[largest] > 1e-4 else None)


def test_a_fall_that_all_vectors_share_parts_nothing() -> None:
    """Where a layer spreads all vectors out, the cosine falls and the word is not the cause."""

    def rows(*pairs: tuple[float, float | None]) -> list[ComparedLayer]:
        return [
            ComparedLayer(i - 1 if i else None, c, b, None if b is None else c - b)
            for i, (c, b) in enumerate(pairs)
        ]

    spread = rows((1.0, 0.5), (0.8, 0.6), (0.4, 0.2), (0.5, 0.4))
    assert prompts._parting(spread) == 0  # adjusted .5 .2 .2 .1; the cosine falls most at L1
    assert prompts._parting(rows((1.0, 0.5), (0.6, 0.1))) is None
    assert prompts._parting(rows((1.0, None), (0.6, None))) is None


def test_prompts_of_one_token_have_no_baseline_and_no_block_is_named() -> None:
    found = compare(build("qwen3"), [7, 7], [7, 7, 7])
    assert (found.pairs, found.parting) == (0, None)
    assert all(row.baseline is None and row.adjusted is None for row in found.layers)


def test_a_share_is_its_terms_vector_along_the_difference() -> None:
    """Each by itself, from the weights: A_hj · v_hj W_O^h."""
    model = build("qwen3", torch.float64)
    found = compare(model)
    one, two = (states(model, ids, 3)[-1] for ids in (IDS, OTHER))
    difference = one - two
    for ids, side, sign in ((IDS, found.first, 1), (OTHER, found.second, -1)):
        expected: dict[tuple[int, int, int], float] = {}
        for layer, ran in enumerate(run(model, ids).layers):
            w_o = model.blocks[layer].attention.o.weight.detach()
            for head in range(4):
                part = w_o[:, 6 * head : 6 * head + 6]
                for j in range(len(ids)):
                    weight = ran.attention.weights[0, head, -1, j]
                    term = part @ (weight * ran.attention.v[0, head, j])
                    share = float(term @ difference / difference.square().sum())
                    expected[layer, head, j] = sign * share
        for token in side.context:
            summed = sum(v for (_, _, j), v in expected.items() if j == token.position)
            assert token.share == pytest.approx(summed, abs=1e-12)
        order = [k for k in sorted(expected, key=lambda k: -expected[k]) if k[2] != side.position]
        assert [(t.layer, t.head, t.position) for t in side.terms] == order[:5]
        assert [t.share for t in side.terms] == pytest.approx([expected[k] for k in order[:5]])
        alone = [t for t in side.context if not t.own and not t.in_both]
        assert side.pulled == max(alone, key=lambda t: t.share or 0).position


@pytest.mark.parametrize("shape", SHAPES)
def test_without_a_token_is_a_run_of_the_prompt_without_it(shape: str) -> None:
    model = build(shape, torch.float64)
    found = compare(model)
    other = states(model, OTHER, len(found.layers) - 1)[-1]
    nearest: dict[int, float] = {}
    for token in found.first.context:
        if token.own:
            assert token.cosine_without is None
            continue
        shorter = [t for i, t in enumerate(IDS) if i != token.position]
        state = states(model, shorter, len(found.layers) - 1)[-1]
        expected = float(torch.cosine_similarity(state, other, dim=0))
        assert token.cosine_without == pytest.approx(expected, abs=1e-9)
        nearest[token.position] = expected
        alone = compare(model, shorter, OTHER).distances
        if alone is None:
            assert token.jensen_shannon_without is None
        else:
            assert token.jensen_shannon_without == pytest.approx(alone.jensen_shannon, abs=1e-9)
    best = max(nearest, key=nearest.__getitem__)
    before = found.layers[-1].cosine
    assert before is not None
    assert found.first.told == (best if nearest[best] > before else None)


@pytest.mark.parametrize("shape", [s for s in SHAPES if s != "vectors"])
def test_what_comes_next_is_each_runs_own(shape: str) -> None:
    model = build(shape, torch.float64)
    found = compare(model, top_k=4)
    decoder = None if model.encoder is None else WRITTEN
    with torch.inference_mode():
        p, q = (
            Run.of(model, ids, decoder, Request(position=-1), None).logits.softmax(-1)
            for ids in (IDS, OTHER)
        )
    expected = {*p.argsort(descending=True)[:4].tolist(), *q.argsort(descending=True)[:4].tolist()}
    assert {row.first_id for row in found.candidates} == expected
    for row in found.candidates:
        assert row.first_id == row.second_id
        assert row.first_probability == pytest.approx(float(p[row.first_id]), abs=1e-12)
        assert row.second_probability == pytest.approx(float(q[row.second_id]), abs=1e-12)
    mean = (p + q) / 2
    js = sum(float((a * (a / mean).log2()).sum()) for a in (p, q)) / 2
    assert found.distances is not None
    assert found.distances.jensen_shannon == pytest.approx(js, abs=1e-9)


@pytest.mark.parametrize("shape", CAUSAL)
def test_a_causal_word_cannot_see_what_stands_on_its_right(shape: str) -> None:
    model = build(shape, torch.float64)
    words = Words()
    found = compare(model, [5, 17, 3, 9], [5, 17, 3, 44, 2], word="w3", tokenizer=words)
    assert "unseen" in found.warnings and found.pull is None
    assert (found.first.position, found.second.position) == (2, 2)
    assert all(layer.cosine == pytest.approx(1, abs=1e-12) for layer in found.layers)
    assert found.ends is not None
    assert (found.ends.differs_at, found.ends.first_label) == (3, "␣w9")
    last = [states(model, ids, 3)[-1] for ids in ([5, 17, 3, 9], [5, 17, 3, 44, 2])]
    expected = float(torch.cosine_similarity(last[0], last[1], dim=0))
    assert found.ends.cosine == pytest.approx(expected, abs=1e-12)
    seen = compare(model, [9, 3], [3, 9], word="w3", tokenizer=words)
    assert seen.warnings[-1] == "alone-second" and seen.ends is None


@pytest.mark.parametrize("shape", ["bert", "marian", "t5"])
def test_an_encoders_word_sees_both_sides(shape: str) -> None:
    model = build(shape, torch.float64)
    found = compare(model, [5, 17, 3, 9], [5, 17, 3, 44], word="w3", tokenizer=Words())
    assert (found.stack, found.causal, found.ends) == ("encoder", False, None)
    assert found.pull is not None and "unseen" not in found.warnings
    assert found.layers[-1].cosine is not None and found.layers[-1].cosine < 1
    assert [t.position for t in found.first.context] == [0, 1, 2, 3]
    assert found.first.context[0].in_both and not found.first.context[3].in_both


@pytest.mark.parametrize("shape", SHAPES)
def test_what_differs_in_e_comes_from_position_alone(shape: str) -> None:
    model = build(shape, torch.float64)
    added = model.encoder.config if model.encoder is not None else model.config
    found = compare(model)
    assert found.same_token and found.embedding_cosine == 1
    assert found.position_is_added == (added.position in ("learned", "sinusoidal"))
    assert ("position" in found.warnings) == found.position_is_added
    assert (found.layers[0].cosine == 1) == (not found.position_is_added)
    assert found.pull is not None
    assert (abs(found.pull.embedding) > 1e-9) == found.position_is_added
    unlike = compare(model, IDS, [*OTHER, 6])
    assert not unlike.same_token and unlike.warnings == ("other-tokens",)


def test_long_prompts_are_listed_in_part() -> None:
    model = build("qwen3", max_position_embeddings=256)
    first = [1 + i % 60 for i in range(140)]
    found = compare(model, [*first, 3], OTHER)
    assert "128" in found.omitted["without"]
    assert (len(found.first.context), found.first.others) == (65, 76)
    assert found.first.told is None
    assert shares(found) == pytest.approx(1, abs=1e-4)


@settings(max_examples=20)
@given(
    first=st.lists(st.integers(0, 60), min_size=1, max_size=7),
    second=st.lists(st.integers(0, 60), min_size=1, max_size=7),
)
def test_any_two_prompts(first: list[int], second: list[int]) -> None:
    found = compare(build("qwen3"), [*first, 3], [*second, 3])
    for layer in found.layers:
        assert layer.cosine is not None and -1 <= layer.cosine <= 1
    assert found.distances is not None
    assert 0 <= found.distances.jensen_shannon <= 1
    if first == second:
        assert found.warnings == ("same",)
    else:
        assert shares(found) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("wrong", ["along", "output_bias", "embedding_parts"])
def test_a_wrong_part_is_an_error(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    """The error would tell of a part that is left out or counted wrongly."""
    right = getattr(pulls, wrong)

    def off(*args):
        found = right(*args)
        if isinstance(found, dict):
            return {name: 1.01 * part for name, part in found.items()}
        return None if wrong == "output_bias" else 1.01 * found

    model = build("every-norm", torch.float64)
    monkeypatch.setattr(pulls, wrong, off)
    found = compare(model)
    assert found.pull is not None and found.pull.error > 1e-6


def test_candidates_are_those_of_two_models_side_by_side() -> None:
    model = build("qwen3", torch.float64)
    read = Opened(model, None, "m", "f", IDS)
    beside = compare_models(lambda: read, lambda: read, Request())
    assert compare(model, IDS, IDS).candidates == beside.candidates


class Words:
    """A tokenizer whose word “w3” is the token 3."""

    bos_id = eos_id = mask_id = unk_id = None
    special_tokens: dict[str, int] = {}  # noqa: RUF012
    vocab_size = 61

    def encode(self, text: str) -> list[int]:
        return [int(word[1:]) for word in text.split() if word[1:].isdecimal()]

    def token_bytes(self, token: int) -> bytes:
        return f" w{token}".encode()
