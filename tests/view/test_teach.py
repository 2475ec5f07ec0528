"""The lessons: in both languages, in the terminal's width, with the run's own numbers."""

import dataclasses
import re

import pytest
from explain_kind_samples import masked_sample, pair_sample, vectors_sample
from explain_ledger_samples import ledger_sample
from explain_samples import MIXED, long_sample, sample, with_loop
from explain_words_samples import words_sample
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tfcli.view.explain import screen as view
from tfcli.view.explain.lines import Pen
from tfcli.view.teach import lesson, wrapped
from tfcli.view.teach.chinese import CHINESE
from tfcli.view.teach.english import ENGLISH

LANGUAGES = ("en", "zh")
SAMPLES = {
    "plain": sample(),
    "mixed": sample(MIXED),
    "long": long_sample(),
    "pair": pair_sample(),
    "masked": masked_sample(),
    "vectors": vectors_sample(),
}


def said(explanation, section, language):
    lines = lesson(Pen(80, language=language), explanation, section)
    between = " " if language == "en" else ""
    return between.join(line.plain.strip() for line in lines)


@given(
    st.text(alphabet="ab, .“”，。苹果ΔE 1", max_size=200),
    st.integers(min_value=20, max_value=200),
)
def test_a_lesson_loses_nothing_and_keeps_to_its_width(text, width):
    lines = wrapped(Pen(width), text)
    shown = "".join(line.plain for line in lines).replace(" ", "")
    assert shown == text.replace(" ", "")
    longest = max([*map(cell_len, re.findall(r"[ab,.ΔE1“”，。]+|.", text)), 0])
    assert all(line.cell_len <= max(width, longest + 3) for line in lines)


def test_no_line_begins_with_a_closing_mark():
    for width in range(20, 60):
        lines = wrapped(Pen(width), "查询，键，值：“苹果”，“公司”。" * 4)
        assert not any(line.plain.strip()[0] in "，。：”" for line in lines)


def test_both_languages_teach_the_same_sections():
    assert ENGLISH.keys() == CHINESE.keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("width", [80, 200])
def test_every_kind_of_explanation_can_be_taught(name, language, width):
    pen = Pen(width, language=language)
    shown = [line.plain for line in view.screen(pen, SAMPLES[name])]
    silent = [line.plain for line in view.screen(Pen(width), SAMPLES[name])]
    assert len(shown) > len(silent)
    assert all(cell_len(line.rstrip()) <= width for line in shown)
    assert not any("None" in line for line in shown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentences_speak_of_this_run(language):
    found = sample()
    assert found.block is not None and found.next is not None and found.lens is not None
    step = dataclasses.replace(found.block[0], attention=7.77, feed_forward=0.55, cosine=0.12)
    changed = dataclasses.replace(found, block=(step,))
    assert all(part in said(changed, "block", language) for part in ("7.8", "0.55", ".12"))
    assert "7.8" not in said(found, "block", language)
    first = dataclasses.replace(found.next.candidates[0], label="␣pear", probability=0.913)
    table = dataclasses.replace(found.next, candidates=(first, *found.next.candidates[1:]))
    spoken = said(dataclasses.replace(found, next=table), "next", language)
    assert "␣pear" in spoken and ".913" in spoken


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lens_says_from_which_layer_on_the_answer_is_first(language):
    found = sample()
    assert found.lens is not None
    ranks = (900, 1, 7, 1, 1, 1, 1)
    rows = tuple(
        dataclasses.replace(row, answer_rank=rank)
        for row, rank in zip(found.lens.rows, ranks, strict=True)
    )
    settled = dataclasses.replace(found, lens=dataclasses.replace(found.lens, rows=rows))
    words = {"en": "from layer 2 on", "zh": "从第 2 层起"}
    assert words[language] in said(settled, "lens", language)
    late = tuple(dataclasses.replace(row, answer_rank=2) for row in rows[:-1])
    lens = dataclasses.replace(found.lens, rows=(*late, rows[-1]))
    words = {"en": "only behind the last block", "zh": "最后一层之后"}
    assert words[language] in said(dataclasses.replace(found, lens=lens), "lens", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lens_never_calls_an_answer_first_that_is_not(language):
    found = sample()
    assert found.lens is not None

    def told(*ranks):
        rows = tuple(
            dataclasses.replace(row, answer_rank=rank)
            for row, rank in zip(found.lens.rows, ranks, strict=True)
        )
        lens = dataclasses.replace(found.lens, rows=rows)
        return said(dataclasses.replace(found, lens=lens), "lens", language)

    behind = {"en": "is number 3,910 behind the last block", "zh": "最后一层之后"}[language]
    spoken = told(9, 9, 9, 9, 9, 9, 3910)
    assert behind in spoken and "3,910" in spoken and "first" not in spoken
    again = {"en": "first for a while, and again", "zh": "又排第一"}[language]
    assert again in told(9, 1, 9, 9, 9, 9, 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_vector_that_has_turned_is_not_said_to_resemble_itself(language):
    found = sample()
    assert found.block is not None
    like = {"en": "still resembles E", "zh": "仍像 E"}[language]
    for cosine, resembles in ((0.8, True), (0.12, False), (-0.7, False), (None, False)):
        step = dataclasses.replace(found.block[0], cosine=cosine)
        spoken = said(dataclasses.replace(found, block=(step,)), "block", language)
        assert (like in spoken) is resembles


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_part_of_a_logit_is_not_called_most_of_it(language):
    """+0.66 of -2.06 is not most of it; and what cross-attention wrote counts as well."""
    found = sample()
    assert found.credit is not None
    layer = dataclasses.replace(
        found.credit.layers[0], attention=-1.2, feed_forward=-1.5, cross_attention=0.66
    )
    credit = dataclasses.replace(found.credit, logit=-2.06, layers=(layer,))
    spoken = said(dataclasses.replace(found, credit=credit), "credit", language)
    module = {"en": "the cross-attention of layer 0", "zh": "第 0 层的交叉注意力模块"}[language]
    assert all(part in spoken for part in (module, "+0.66", "-2.06"))
    assert "Most of" not in spoken and "主要" not in spoken


@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_and_columns_are_spoken_of_where_there_are_some(language):
    matrix = {"en": "A row is a token", "zh": "每一行"}[language]
    assert matrix in said(sample(), "attention", language)
    spoken = said(long_sample(), "attention", language)
    assert spoken and matrix not in spoken


@pytest.mark.parametrize("language", LANGUAGES)
def test_weights_beside_a_sink_are_not_said_to_be_all(language):
    found = sample()
    assert found.qkv is not None
    sink = {"en": "learned sink", "zh": "汇点"}[language]
    assert sink not in said(found, "qkv", language)
    opened = dataclasses.replace(found.qkv[0], sink=0.4)
    assert sink in said(dataclasses.replace(found, qkv=(opened,)), "qkv", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_parts_guesses_and_words_are_taught(language):
    ledger = ledger_sample()
    assert ledger.ledger is not None
    top = max(ledger.ledger.updates[0].sources, key=lambda term: term.share or 0)
    assert f"“{top.label}”" in said(ledger, "ledger", language)
    words = words_sample()
    assert words.neighbors is not None and words.analogy is not None
    assert f"“{words.neighbors.nearest[0].label}”" in said(words, "neighbors", language)
    assert f"“{words.analogy.nearest[0].label}”" in said(words, "analogy", language)


def test_heads_that_fill_the_width_are_told_as_the_lecture_does():
    found = sample()
    model = dataclasses.replace(found.model, hidden_size=12288, num_heads=16)
    assert found.shapes is not None
    steps = tuple(
        dataclasses.replace(step, size=(16, 5, 768)) if step.name == "V" else step
        for step in found.shapes.steps
    )
    shapes = dataclasses.replace(found.shapes, steps=steps)
    told = dataclasses.replace(found, model=model, shapes=shapes)
    assert "12,288 / 16 = 768" in said(told, "shapes", "en")
    assert "12,288 / 16 = 768" in said(told, "shapes", "zh")


def test_ascii_is_taught_in_english():
    spoken = lesson(Pen(80, ascii=True, language="zh"), sample(), "model")
    assert all(line.plain.isascii() for line in spoken) and "next token" in spoken[0].plain


def test_no_language_no_lesson():
    assert lesson(Pen(80), sample(), "model") == []


def test_the_loop_is_taught():
    found = with_loop(sample(), {"temperature": 1.0})
    assert ".340" in said(found, "loop", "en")
