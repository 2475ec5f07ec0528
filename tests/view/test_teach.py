"""The lessons: in both languages, in the terminal's width, with the run's own numbers."""

import dataclasses
import re

import pytest
from explain_kind_samples import masked_sample, pair_sample, vectors_sample
from explain_samples import MIXED, long_sample, sample, with_loop
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tfcli.view import explain as view
from tfcli.view.explain_lines import Pen
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
    late = dataclasses.replace(rows[-2], answer_rank=2)
    lens = dataclasses.replace(found.lens, rows=(*rows[:-2], late, rows[-1]))
    words = {"en": "only behind the last block", "zh": "最后一层之后"}
    assert words[language] in said(dataclasses.replace(found, lens=lens), "lens", language)


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
