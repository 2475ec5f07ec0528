"""The screen of two prompts: golden, aligned, within its width, and drawn from its JSON alone."""

import dataclasses
import json
import os
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

from tfcli.explain.result import Comparison
from tfcli.explain.result.documents import document, read_document
from tfcli.explain.several.prompts import compare_prompts
from tfcli.view import console
from tfcli.view.explain_compare import screen
from tfcli.view.explain_lines import Pen, crop

GOLDEN = Path(__file__).with_name("golden")


def lines(found: Comparison, width: int, *, ascii: bool = False) -> list[str]:
    pen = Pen(width, ascii)
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
