"""The screen of two models: golden, aligned, and within its width."""

import dataclasses
import os
from pathlib import Path

import pytest
from explain_samples import MIXED
from explain_with_samples import OMITTED, with_sample
from rich.cells import cell_len

from tfcli.explain.result import ModelComparison
from tfcli.view.explain.lines import Pen, crop
from tfcli.view.explain.two_models import screen

GOLDEN = Path(__file__).with_name("golden")
PIECES = ("T", "he", "␣c", "at")


def lines(found: ModelComparison, width: int, *, ascii: bool = False) -> list[str]:
    pen = Pen(width, ascii)
    return [crop(line, width, pen.say("…")).plain for line in screen(pen, found)]


def apart(**more) -> ModelComparison:
    return with_sample(second=PIECES, layers=(4, 30), **more)


def alone() -> ModelComparison:
    """The second model has no token for the answer; the first is an encoder-decoder."""
    found = apart(answer="苹果")
    first = dataclasses.replace(found.first, source=MIXED, labels=("</s>",), position=0)
    omitted = found.omitted | {"lens": OMITTED["lens"]}
    return dataclasses.replace(
        found, first=first, second_lens=(), answer_chosen=True, omitted=omitted
    )


CASES = {
    "plain-80": lambda: lines(with_sample(), 80),
    "plain-200": lambda: lines(with_sample(MIXED), 200),
    "ascii-80": lambda: lines(with_sample(MIXED), 80, ascii=True),
    "apart-80": lambda: lines(apart(), 80),
    "alone-80": lambda: lines(alone(), 80),
}


@pytest.mark.parametrize("case", CASES)
def test_golden_screen(case: str) -> None:
    path = GOLDEN / f"explain-with-{case}.txt"
    found = "\n".join(CASES[case]()) + "\n"
    if os.environ.get("TFCLI_WRITE_GOLDEN") == "1":
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 100, 159, 160, 200])
@pytest.mark.parametrize("ascii", [False, True])
def test_nothing_is_cropped(width: int, ascii: bool) -> None:
    for found in (with_sample(MIXED), apart(), alone()):
        pen = Pen(width, ascii)
        assert max(line.cell_len for line in screen(pen, found)) <= width
        assert not ascii or all(line.isascii() for line in lines(found, width, ascii=True))


def test_columns_stand_under_their_names() -> None:
    shown = lines(with_sample(MIXED, answer="苹果"), 80)
    start = next(i for i, line in enumerate(shown) if line.startswith(" NEXT"))
    ends = {cell_len(shown[start][: shown[start].index("rank 1") + 6])}
    for i, line in enumerate(shown[start + 1 : start + 6], start=1):
        value = f"  {i}  "
        ends.add(cell_len(line[: line.index(value, 40) + 3]))
    assert len(ends) == 1
