"""The screen of two prompts: golden, aligned, within its width, and drawn from its JSON alone."""

import dataclasses
import json
import os
import re
from pathlib import Path

import pytest
from explain_compare_samples import (
    CHINESE,
    compare_sample,
    side,
    unseen_sample,
    vectors_sample,
)
from explain_shapes import IDS, SHAPES, build, written
from rich.cells import cell_len

from tfcli.explain.result import ComparedLayer, Comparison
from tfcli.explain.result.documents import document, read_document
from tfcli.explain.several.prompts import compare_prompts
from tfcli.view import console
from tfcli.view.explain.compare import screen
from tfcli.view.explain.lines import Language, Pen, crop
from tfcli.view.teach import comparison

GOLDEN = Path(__file__).with_name("golden")


def lines(
    found: Comparison, width: int, *, ascii: bool = False, language: Language | None = None
) -> list[str]:
    pen = Pen(width, ascii, language=language)
    return [crop(line, width, pen.say("…")).plain for line in screen(pen, found)]


def chinese() -> Comparison:
    return compare_sample(side(CHINESE, 4, 3), word="苹")


SAMPLES = (compare_sample, unseen_sample, vectors_sample, chinese)
CASES = {
    "plain-80": lambda: lines(compare_sample(), 80),
    "plain-200": lambda: lines(compare_sample(), 200),
    "chinese-80": lambda: lines(chinese(), 80),
    "ascii-80": lambda: lines(chinese(), 80, ascii=True),
    "unseen-80": lambda: lines(unseen_sample(), 80),
    "vectors-80": lambda: lines(vectors_sample(), 80),
    "teach-en-80": lambda: lines(compare_sample(), 80, language="en"),
    "teach-zh-80": lambda: lines(chinese(), 80, language="zh"),
    "teach-vectors-80": lambda: lines(vectors_sample(), 80, language="en"),
    "teach-zh-200": lambda: lines(compare_sample(), 200, language="zh"),
}


@pytest.mark.parametrize("case", CASES)
def test_golden_screen(case: str) -> None:
    path = GOLDEN / f"explain-compare-{case}.txt"
    found = "\n".join(CASES[case]()) + "\n"
    if os.environ.get("TFCLI_WRITE_GOLDEN") == "1":
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 100, 163, 164, 200])
@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("made", SAMPLES)
def test_nothing_is_cropped(made, width: int, ascii: bool) -> None:
    pen = Pen(width, ascii)
    assert max(line.cell_len for line in screen(pen, made())) <= width
    assert not ascii or all(line.isascii() for line in lines(made(), width, ascii=True))


def test_columns_stand_under_their_names() -> None:
    shown = lines(chinese(), 80)
    start = next(i for i, line in enumerate(shown) if line.startswith("         1  token"))
    ends = {cell_len(shown[start][: shown[start].index("directly") + 8])}
    for line in shown[start + 1 : start + 4]:
        ends.add(cell_len(line[: line.index("%") + 1]))
    assert len(ends) == 1


def test_each_warning_is_told() -> None:
    told = {
        "same": "nothing differs",
        "unseen": "on its right",
        "alone-first": "In prompt 1 nothing",
        "alone-second": "In prompt 2 nothing",
        "position": "from position alone",
        "other-tokens": "different tokens",
    }
    for warned, words in told.items():
        shown = " ".join(" ".join(lines(compare_sample(warnings=(warned,)), 80)).split())
        assert [words in shown for words in told.values()].count(True) == 1
        assert words in shown


def test_what_marks_the_block_where_they_part_is_told() -> None:
    bare = tuple(ComparedLayer(i - 1 if i else None, 1 - i / 9, None, None) for i in range(5))
    told = {
        "they part where adjusted falls most": compare_sample(),
        "adjusted falls behind no block": compare_sample(parting=None),
        "no baseline: no pair": compare_sample(parting=None, pairs=0, layers=bare),
    }
    for words, found in told.items():
        shown = " ".join(" ".join(lines(found, 80)).split())
        assert [said for said in told if said in shown] == [words]
        assert ("they part here" in shown) == (found.parting is not None)


@pytest.mark.parametrize("made", SAMPLES)
def test_it_can_be_made_again_from_its_json(made) -> None:
    again = json.loads(console.json_text(document(made())))
    assert again["schema"] == "tfcli.compare/1"
    assert read_document(again) == made()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_screen_of_any_model_can_be_drawn_from_its_json(shape: str) -> None:
    model = build(shape)
    found = compare_prompts(model, IDS, [7, 7, 1, 30, 3], **written(model))
    again = read_document(json.loads(console.json_text(document(found))))
    assert again == found
    for pen in (Pen(80), Pen(200)):
        assert screen(pen, again) == screen(pen, found)
        assert max(line.cell_len for line in screen(pen, found)) <= pen.width


def test_the_screen_has_the_numbers_of_its_json() -> None:
    """One number changed in the document is one changed on the screen."""
    found = compare_sample()
    shown = "\n".join(lines(found, 200))
    assert found.pull is not None and found.distances is not None
    for changed in (
        dataclasses.replace(found, pull=dataclasses.replace(found.pull, feed_forward=0.77)),
        dataclasses.replace(found, pull=dataclasses.replace(found.pull, bias=0.77)),
        dataclasses.replace(found, pairs=77),
        dataclasses.replace(found, parting=1),
        dataclasses.replace(
            found, distances=dataclasses.replace(found.distances, jensen_shannon=0.777)
        ),
        dataclasses.replace(found, first=dataclasses.replace(found.first, pulled=1)),
        dataclasses.replace(found, second=dataclasses.replace(found.second, told=0)),
    ):
        assert "\n".join(lines(changed, 200)) != shown


NUMBER = re.compile(r"[+-]?\d*\.?\d+%?")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("made", SAMPLES)
def test_every_number_of_a_lesson_is_on_the_screen(made, language) -> None:
    found = made()
    plain = lines(found, 120)
    taught = lines(found, 120, language=language)
    assert [line for line in taught if line in plain] == plain
    words = set(NUMBER.findall(" ".join(plain))) | {"0", "1"}  # the ends of the scales
    said = " ".join(line for line in taught if line not in plain)
    assert len(said) > 100 and set(NUMBER.findall(said)) <= words


def test_both_languages_teach_the_same_parts_of_a_comparison() -> None:
    assert comparison.ENGLISH.keys() == comparison.CHINESE.keys()
    for made in SAMPLES:
        english = [part for part, said in comparison.ENGLISH.items() if said(made())]
        assert english == [part for part, said in comparison.CHINESE.items() if said(made())]


def test_a_lesson_says_what_this_run_shows() -> None:
    said = comparison.ENGLISH
    sample = compare_sample()
    assert "Less the baseline, the largest fall is at L3, from .39 to .05" in said["layers"](sample)
    assert "largest fall" not in said["layers"](unseen_sample())
    assert "“shares” in prompt 1 has +21%" in said["pulled"](sample)
    assert said["pulled"](unseen_sample()) == said["heads"](unseen_sample()) == ""
    with_positions = dataclasses.replace(sample, position_is_added=True)
    assert "positions are added to E first: cosine 1.00" in said["prompts"](with_positions)
    assert "different vectors E" in said["prompts"](vectors_sample())


def test_a_token_that_changes_no_shown_digit_is_not_told_of() -> None:
    sample = compare_sample()
    last = dataclasses.replace(sample.layers[-1], cosine=0.618)
    nearly = dataclasses.replace(sample, layers=(*sample.layers[:-1], last))
    told = [comparison.ENGLISH["pulled"](found) for found in (sample, nearly)]
    assert "without “␣maker” in prompt 1 the cosine would be .62 instead of .40" in told[0]
    assert "Leaving a token out" not in told[1]


@pytest.mark.parametrize(
    ("changes", "begin"),
    [
        ({}, "What comes next is guessed"),
        ({"stack": "encoder"}, "What fits at the word"),
        ({"stack": "encoder", "encoder_layers": 2}, "What the decoder writes next"),
    ],
)
def test_the_first_tokens_of_both_are_named(changes, begin) -> None:
    sample = compare_sample()
    model = dataclasses.replace(sample.model, encoder_layers=changes.pop("encoder_layers", None))
    first = dataclasses.replace(sample.candidates[0], second_rank=1)
    found = dataclasses.replace(sample, model=model, candidates=(first,), **changes)
    said = comparison.ENGLISH["next"](found)
    assert said.startswith(begin) and "“␣rose” first in both, .340 and .050" in said
    other = dataclasses.replace(sample.candidates[4], second_rank=1)
    apart = dataclasses.replace(found, candidates=(sample.candidates[0], other))
    assert "“␣rose” .340 and “<0xE8>” .250" in comparison.ENGLISH["next"](apart)
