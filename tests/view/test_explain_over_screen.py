"""The screen of a run over its checkpoints: golden, aligned, and within its width."""

import dataclasses
import os
from pathlib import Path

import pytest
from explain_over_samples import over_sample
from explain_samples import MIXED
from rich.cells import cell_len

from tfcli.explain.result import Formation
from tfcli.view.explain.lines import Pen, crop
from tfcli.view.explain.over import screen

GOLDEN = Path(__file__).with_name("golden")
NAMES = ("runs/a/snapshots/step-000107", "runs/a", "苹果/模型")


def lines(found: Formation, width: int, *, ascii: bool = False) -> list[str]:
    pen = Pen(width, ascii)
    return [crop(line, width, pen.say("…")).plain for line in screen(pen, found)]


def with_names(**more) -> Formation:
    return over_sample(steps=(107, 700, 900), names=NAMES, **more)


def not_first() -> Formation:
    found = dataclasses.replace(over_sample(chosen=True), top_from=None, position=0)
    return dataclasses.replace(found, head=dataclasses.replace(found.moved[1], half_from=None))


CASES = {
    "plain-80": lambda: lines(over_sample(), 80),
    "plain-200": lambda: lines(over_sample(), 200),
    "ascii-80": lambda: lines(over_sample(MIXED, chosen=True), 80, ascii=True),
    "mixed-80": lambda: lines(over_sample(MIXED, answer="苹果"), 80),
    "names-80": lambda: lines(with_names(), 80),
    "not-first-80": lambda: lines(not_first(), 80),
    "no-heads-80": lambda: lines(over_sample(omitted="its shape differs " * 6), 80),
    "pair-80": lambda: lines(over_sample(("</s>",), source=MIXED), 80),
    "many-80": lambda: lines(over_sample(steps=tuple(range(0, 8000, 200))), 80),
}


@pytest.mark.parametrize("case", CASES)
def test_golden_screen(case: str) -> None:
    path = GOLDEN / f"explain-over-{case}.txt"
    found = "\n".join(CASES[case]()) + "\n"
    if os.environ.get("TFCLI_WRITE_GOLDEN") == "1":
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 100, 159, 160, 200])
@pytest.mark.parametrize("ascii", [False, True])
def test_nothing_is_cropped(width: int, ascii: bool) -> None:
    for found in (over_sample(MIXED), with_names(), over_sample(steps=tuple(range(40)))):
        pen = Pen(width, ascii)
        assert max(line.cell_len for line in screen(pen, found)) <= width
    shown = lines(over_sample(MIXED), width, ascii=ascii)
    assert all(line.isascii() for line in shown) or not ascii
    assert sum("1,111" in line for line in shown) >= 2


def test_columns_stand_under_their_names() -> None:
    shown = lines(over_sample(MIXED, answer="苹果"), 80)
    start = next(i for i, line in enumerate(shown) if line.startswith(" ANSWER"))
    ends = {_cells_to(shown[start], "KL")}
    for line, row in zip(shown[start + 1 :], over_sample().checkpoints, strict=False):
        ends.add(_cells_to(line, f"{row.kl:.2f}"))
    assert len(ends) == 1


def _cells_to(line: str, word: str) -> int:
    return cell_len(line[: line.rindex(word) + len(word)])
