"""The table of a fitted lens, and the lens section that is read through it."""

import dataclasses
import io
import os
import sys
from pathlib import Path
from random import Random

import pytest
from explain_samples import CANDIDATES, ENGLISH, MIXED, sample
from rich.cells import cell_len

from tfcli.explain.result import LensCell, LensFit, LensFitRow, LensGrid, LensGridRow
from tfcli.view import console
from tfcli.view.explain import lens as explain_lens
from tfcli.view.explain.lines import Pen, crop
from tfcli.view.explain.screen import screen

GOLDEN = Path(__file__).with_name("golden")
FIT = LensFit(
    corpus="books/*.txt",
    steps=250,
    tokens=128_000,
    held_out=4096,
    file="runs/demo/best/tuned-lens.safetensors",
    rows=(
        LensFitRow(None, 50.0, 6.68),
        LensFitRow(0, 5.17, 2.75),
        LensFitRow(1, 4.83, 2.13),
        LensFitRow(2, 0.0, 0.0),
        LensFitRow(3, 1.0, 1.25),
    ),
)


def fit_lines(width, ascii=False, fit=FIT):
    pen = Pen(width, ascii)
    drawn = explain_lens.draw_fit(pen, fit)
    return [crop(line, width, pen.say("…")).plain for line in drawn]


def tuned():
    found = sample()
    assert found.lens is not None
    lens = dataclasses.replace(found.lens, fitted_on="books/*.txt", fitted_steps=1250)
    return dataclasses.replace(found, sections=("lens", "credit"), lens=lens)


def grid(labels=ENGLISH, layers=4, answer=None, chosen=True, first=0):
    """A grid that grows surer with every layer."""
    draw = Random(f"{len(labels)} {layers}")
    rows = tuple(
        LensGridRow(
            layer - 1 if layer else None,
            tuple(
                LensCell(
                    top_id=i,
                    top_label=CANDIDATES[(i + layer) % len(CANDIDATES)],
                    top_probability=(layer + 1) / (layers + 1) * draw.randrange(101) / 100,
                    kl=5.0 - layer,
                    entropy=3.0,
                    surprisal=None,
                    answer_probability=None if answer is None else draw.randrange(101) / 100,
                )
                for i in range(len(labels))
            ),
        )
        for layer in range(layers + 1)
    )
    found = LensGrid(first, chosen, tuple(labels), rows, answer and 7, answer, None)
    return dataclasses.replace(sample(), sections=("lens_grid",), lens_grid=found)


def fitted(explanation):
    found = dataclasses.replace(explanation.lens_grid, fitted_on="books/*.txt")
    return dataclasses.replace(explanation, lens_grid=found)


def shown(explanation, width, **look):
    pen = Pen(width, **look)
    return [crop(line, width, pen.say("…")).plain for line in screen(pen, explanation)]


LONG = [f"␣w{i}" for i in range(32)]
CASES = {
    "grid-80": lambda: shown(grid(), 80),
    "grid-mixed-80": lambda: shown(grid(MIXED), 80),
    "grid-ascii-80": lambda: shown(grid(MIXED, answer="苹果"), 80, ascii=True),
    "grid-long-80": lambda: shown(fitted(grid(LONG, first=268)), 80),
    "grid-long-200": lambda: shown(grid(LONG, first=268), 200),
    "grid-window-80": lambda: shown(grid(LONG[:16], chosen=False), 80),
    "grid-answer-80": lambda: shown(grid(LONG, answer="␣mat"), 80),
    "fit-80": lambda: fit_lines(80),
    "fit-200": lambda: fit_lines(200),
    "fit-ascii-80": lambda: fit_lines(80, ascii=True),
    "tuned-80": lambda: [line.plain for line in screen(Pen(80), tuned())],
}


@pytest.mark.parametrize("case", CASES)
def test_golden(case):
    path = GOLDEN / f"explain-lens-{case}.txt"
    found = "\n".join(CASES[case]()) + "\n"
    if os.environ.get("TFCLI_WRITE_GOLDEN") == "1":
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_a_corpus_s_name_moves_no_cursor():
    fit = dataclasses.replace(FIT, corpus="a\x1b[31m\nb" + "书" * 80, file="\x1b]0;x\x07")
    for width in (40, 80):
        found = fit_lines(width, fit=fit)
        assert all(cell_len(line) <= width and "\x1b" not in line for line in found)
    lens = dataclasses.replace(tuned().lens, fitted_on="a\x1b[31m\nb")
    shown = screen(Pen(80), dataclasses.replace(tuned(), lens=lens))
    assert "a\\x1b[31m b" in "\n".join(line.plain for line in shown)


def test_progress_is_a_few_lines_where_it_cannot_be_redrawn(monkeypatch):
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(console._State, "settings", console.Settings())
    with explain_lens.fitting(200) as progress:
        for done in range(1, 201):
            progress(done, 1 / done)
    lines = err.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("step 200 of 200, KL 0.01 bits a layer, 0:00")


@pytest.mark.parametrize("answer", [None, "␣mat"])
def test_a_grid_fits_any_width_and_shows_every_cell_that_it_has_room_for(answer):
    for width in (20, 40, 80, 133, 200):
        found = shown(grid(LONG, answer=answer), width)
        assert all(cell_len(line) <= width for line in found)
        assert all(any(line.strip().startswith(name) for line in found) for name in ("E", "L3"))
    bands = shown(grid(LONG, chosen=False), 80)
    assert sum(line.strip().startswith("L0") for line in bands) == 5
    words = " ".join(bands)
    assert all(f" {i} " in words for i in range(32))
