"""Grids that say more than their values: golden at 80 columns and in ASCII.

Golden files are written anew by `TFCLI_WRITE_GOLDEN=1 pytest tests/view`.
"""

import dataclasses
import json
import os
from pathlib import Path

import pytest
from explain_drawn import lines
from explain_kind_samples import pair_sample
from explain_samples import sample
from rich.cells import cell_len

from tfcli.explain.result import HeadScore, RepeatedTokens
from tfcli.explain.result.documents import document, read_document
from tfcli.view import console

GOLDEN = Path(__file__).with_name("golden")


def with_grid(found, measure, unit, scale, **fields):
    """The same explanation with a grid whose largest heads are compared with all."""
    grid = found.heads
    scaled = tuple(tuple(value * (-1) ** i for value in row) for i, row in enumerate(grid.scaled))
    values = scaled if measure == "copying" else grid.scaled
    best = tuple(
        HeadScore(i, 3, 0.93 - i / 5 if i < 3 else -0.7, 4.1 - i if i < 3 else -2.5)
        for i in range(5)
    )
    heads = dataclasses.replace(
        grid,
        measure=measure,
        unit=unit,
        scale=scale,
        values=values,
        scaled=values,
        largest=best,
        **fields,
    )
    return dataclasses.replace(found, sections=("heads",), heads=heads)


REPEATED = RepeatedTokens(50, 1, 0, 12.9, 1.4)


def induction_sample(repeated=REPEATED):
    unit = "weight on what stood behind the same token"
    return with_grid(sample(), "induction", unit, "%", repeated=repeated)


def copying_sample():
    unit = "eigenvalues of U·W_OV·E: sum / sum of sizes"
    return with_grid(sample(), "copying", unit, "%, 100 copies")


CASES = {
    "induction-80": lambda: lines(induction_sample(), 80),
    "copying-80": lambda: lines(copying_sample(), 80, brief=False),
    "copying-ascii-80": lambda: lines(copying_sample(), 80, ascii=True),
}


@pytest.mark.parametrize("case", CASES)
def test_golden_screen(case):
    path = GOLDEN / f"explain-{case}.txt"
    found = "\n".join(CASES[case]()) + "\n"
    if os.environ.get("TFCLI_WRITE_GOLDEN") == "1":
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("explanation", [induction_sample(), copying_sample()])
def test_the_explanation_can_be_made_again_from_its_json(explanation):
    found = json.loads(console.json_text(document(explanation)))
    assert read_document(found) == explanation


def test_without_an_output_matrix_nothing_is_said_of_surprisal():
    screen = "\n".join(lines(induction_sample(RepeatedTokens(8, 0, 3, None, None)), 80))
    assert "8 random tokens, given twice, seed 3; sd:" in screen and "surprisal" not in screen


@pytest.mark.parametrize("width", [41, 80, 200])
@pytest.mark.parametrize("ascii", [False, True])
def test_no_line_is_wider_than_the_screen(width, ascii):
    whole = dataclasses.replace(induction_sample(), sections=sample().sections)
    heads = dataclasses.replace(pair_sample(), heads=induction_sample().heads)
    for found in (induction_sample(), copying_sample(), whole, heads):
        screen = lines(found, width, ascii)
        assert max(map(cell_len, screen)) <= width
        assert not ascii or all(line.isascii() for line in screen)
