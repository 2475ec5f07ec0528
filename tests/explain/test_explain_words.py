"""Calculating with words: nearest rows and sums of rows, against loops in plain Python."""

import math

import pytest
import torch
from explain_shapes import IDS, SHAPES, WRITTEN, build, run, written
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tokenizer_files import sentencepiece_model, write_merges, write_words

from tfcli.errors import UsageError
from tfcli.explain.explanation import explain
from tfcli.explain.request import Request
from tfcli.explain.text.answer import forms, one_token
from tfcli.explain.text.embedding import cosines
from tfcli.explain.text.formula import Formula, parse_formula, parse_word
from tfcli.explain.text.labels import label

# words with signs, by id: 7 - 12 + 30
SUM = Formula(((1, "#7"), (-1, "#12"), (1, "#30")), "#44")


def cosine(a: list[float], b: list[float]) -> float:
    dot = math.fsum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(math.fsum(x * x for x in a) * math.fsum(y * y for y in b))


def in_order(table, vector, left_out=()) -> list[tuple[int, float]]:
    """Every token with its cosine, the nearest first."""
    found = [(i, cosine(row, vector)) for i, row in enumerate(table) if i not in left_out]
    return sorted(found, key=lambda pair: -pair[1])


def assert_ranking(neighbors, expected, rel):
    assert [n.id for n in neighbors] == [i for i, _ in expected[: len(neighbors)]]
    assert [n.rank for n in neighbors] == list(range(1, len(neighbors) + 1))
    for found, (_, close) in zip(neighbors, expected, strict=False):
        assert found.cosine == pytest.approx(close, rel=rel)


def token_of(tokenizer, word):
    return one_token(word, tokenizer, tokenizer.vocab_size, "--analogy", reads=True)


def of(model, **wishes):
    request = Request(("model", "neighbors", "analogy"), top_k=6, **wishes)
    return explain(model, IDS, request, **written(model))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("shape", SHAPES)
def test_neighbours_of_the_followed_token_are_those_of_a_loop(shape, dtype):
    model = build(shape, dtype)
    found = of(model, position=2).neighbors
    read = IDS if model.encoder is None else WRITTEN
    table = model.embedding.weight.double().tolist()
    assert (found.id, found.position, found.word) == (read[2], 2, None)
    rel = 1e-12 if dtype == torch.float64 else 1e-4
    assert_ranking(found.nearest, in_order(table, table[read[2]], {read[2]}), rel)
    final = run(model, IDS).final_norm_out[0, 2].double().tolist()
    order = in_order(table, final)
    assert_ranking(found.nearest_to_final, order, rel)
    assert found.own_rank == 1 + [i for i, _ in order].index(read[2])
    assert found.own_cosine == pytest.approx(cosine(table[read[2]], final), rel=rel, abs=1e-6)
    assert found.norm == pytest.approx(math.hypot(*table[read[2]]), rel=1e-6)
    assert found.rows == len(table)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sum_of_words_is_that_of_a_loop(shape):
    model = build(shape, torch.float64)
    found = of(model, analogy=SUM).analogy
    reader = model if model.encoder is None else model.encoder
    table = reader.embedding.weight.tolist()
    total = [a - b + c for a, b, c in zip(table[7], table[12], table[30], strict=True)]
    without, with_all = in_order(table, total, {7, 12, 30}), in_order(table, total)
    assert_ranking(found.nearest, without, 1e-12)
    assert_ranking(found.nearest_of_all, with_all, 1e-12)
    assert found.expected.rank == 1 + [i for i, _ in without].index(44)
    assert found.expected.rank_of_all == 1 + [i for i, _ in with_all].index(44)
    assert found.expected.cosine == pytest.approx(cosine(table[44], total), rel=1e-12)
    assert found.norm == pytest.approx(math.hypot(*total), rel=1e-12)
    assert [term.sign for term in found.terms] == [1, -1, 1]
    alone = [
        1 + [i for i, _ in in_order(table, table[word], {7, 12, 30})].index(44) for word in (7, 30)
    ]
    assert [t.expected_rank for t in found.terms] == [alone[0], None, alone[1]]


def test_a_planted_analogy_is_found_behind_the_word_that_was_added():
    """queen = king - man + woman + a little: Linzen's point in one table."""
    model = build("qwen3", torch.float64)
    with torch.no_grad():
        table = model.embedding.weight
        table[12] = 0.3 * table[12]
        table[30] = table[12] + 0.5 * table[31]
        table[44] = table[7] - table[12] + table[30] + 0.3 * table[32]
    found = of(model, analogy=SUM).analogy
    assert found.expected.rank == 1 and found.nearest[0].id == 44
    assert {n.id for n in found.nearest_of_all[:2]} == {7, 44}


def test_a_named_word_has_the_neighbours_of_its_row_alone():
    model = build("gpt2", torch.float64)
    found = of(model, neighbors="#30").neighbors
    assert (found.id, found.word, found.position) == (30, "#30", None)
    assert found.nearest_to_final is None and found.own_rank is None
    table = model.embedding.weight.tolist()
    assert_ranking(found.nearest, in_order(table, table[30], {30}), 1e-12)


def test_a_row_without_a_direction_is_nobody_s_neighbour():
    model = build("qwen3-untied")
    with torch.no_grad():
        model.embedding.weight[17] = 0
        model.embedding.weight[18] = math.nan
    for word in ("#5", "#17", "#18"):
        found = explain(model, [5], Request(("neighbors",), neighbors=word, top_k=1000)).neighbors
        assert not {n.id for n in found.nearest} & {17, 18}
        assert all(math.isfinite(n.cosine) for n in found.nearest)
        assert len(found.nearest) == (58 if word == "#5" else 0)


def test_a_narrow_table_is_measured_in_float32_slice_by_slice(monkeypatch):
    monkeypatch.setattr("tfcli.explain.text.embedding._ROWS_AT_ONCE", 7)
    table = torch.randn(31, 8, generator=torch.Generator().manual_seed(1)).bfloat16()
    vector = table[3].float()
    expected = torch.nn.functional.cosine_similarity(table.float(), vector[None])
    torch.testing.assert_close(cosines(table, vector), expected)


@pytest.mark.parametrize(
    "text",
    [
        "king-man+woman=queen",
        " king - man + woman = queen ",
        "king\u2212man＋woman＝queen",
        "king－man+woman=queen",
        "+king-man+woman=queen",
    ],
)
def test_a_sum_is_read(text):
    assert parse_formula(text) == Formula(((1, "king"), (-1, "man"), (1, "woman")), "queen")


def test_other_sums_are_read():
    assert parse_formula("国王−男人+女人") == Formula(((1, "国王"), (-1, "男人"), (1, "女人")))
    assert parse_formula("-a+b").terms == ((-1, "a"), (1, "b"))
    assert parse_word(" king ") == "king"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "missing"),
        ("king", "single word"),
        ("king-", "missing"),
        ("king--man", "missing"),
        ("+", "missing"),
        ("a+b=", "one word"),
        ("a+b=c=d", "one word"),
        ("a+b=c-d", "one word"),
        ("a+" + "b" * 200, "200 characters"),
        ("a+\udce8", "not UTF-8"),
        ("+".join("abcdefghijklmnopqrs"), "at most 16"),
    ],
)
def test_what_is_no_sum_is_refused(text, said):
    with pytest.raises(UsageError, match=said) as caught:
        parse_formula(text)
    assert len(caught.value.message) < 120


def test_a_word_is_the_token_that_it_is_within_a_text():
    tokenizer = load_tokenizer(default_tokenizer_path())
    words = ("king", "Paris", "苹果", "的")
    found = [label(tokenizer, token_of(tokenizer, word)) for word in words]
    assert found == ["␣king", "␣Paris", "苹果", "的"]
    assert tokenizer.encode("the king")[-1] == token_of(tokenizer, "king")
    same = forms("king", tokenizer, token_of(tokenizer, "king"))
    assert {label(tokenizer, token) for token in same} == {"␣king", "king", "␣King"}


def test_a_word_in_the_tokenizers_of_other_models(tmp_path):
    for kind in ("merges", "words", "sentencepiece"):
        (tmp_path / kind).mkdir()
    write_merges(tmp_path / "merges")
    write_words(tmp_path / "words")
    model = sentencepiece_model(add_dummy_prefix=True)
    (tmp_path / "sentencepiece" / "tokenizer.model").write_bytes(model)
    found = {}
    for kind in ("merges", "words", "sentencepiece"):
        tokenizer = load_tokenizer(tmp_path / kind)
        found[kind] = [tokenizer.piece(token_of(tokenizer, word)) for word in ("cat", "the")]
    assert found == {
        "merges": ["Ġcat", "Ġthe"],
        "words": ["cat", "the"],
        "sentencepiece": ["▁cat", "▁the"],
    }


def test_a_word_of_several_tokens_has_no_vector_and_its_pieces_are_shown():
    tokenizer = load_tokenizer(default_tokenizer_path())
    with pytest.raises(UsageError, match="4 tokens for this model: x y zz y"):
        token_of(tokenizer, "xyzzy")
    with pytest.raises(UsageError, match="龘"):
        token_of(tokenizer, "龘")
    with pytest.raises(UsageError, match="no tokenizer"):
        one_token("king", None, 61, "--analogy")


def test_words_that_are_not_there():
    model = build("qwen3")
    with pytest.raises(UsageError, match="the id 61"):
        of(model, neighbors="#61")
    with pytest.raises(UsageError, match="added up"):
        of(model, analogy=Formula(((1, "#7"), (1, "#12")), "#7"))
    found = of(model)
    assert found.analogy is None and "--analogy" in found.omitted["analogy"]
