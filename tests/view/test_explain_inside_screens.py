"""Screens of what is inside the layers and behind the output matrix: golden, aligned, uncropped.

Golden files are written anew by `TFCLI_WRITE_GOLDEN=1 pytest tests/view`.
"""

import dataclasses
import json
import os
import re
from functools import partial
from pathlib import Path

import explain_drawn
import pytest
from explain_inside_samples import SAMPLES
from rich.cells import cell_len

from tfcli.explain.result.documents import document, read_document
from tfcli.view import console
from tfcli.view.explain import screen as view
from tfcli.view.explain.lines import Pen
from tfcli.view.teach import lesson

GOLDEN = Path(__file__).with_name("golden")
lines = partial(explain_drawn.lines, brief=False)
ansi = partial(explain_drawn.ansi, brief=False)


def screens(name):
    """Every sample at 80 and 200 columns, and in ASCII."""
    explanation = SAMPLES[name]()
    yield from (
        "80 columns",
        *lines(explanation, 80),
        "",
        "200 columns",
        *lines(explanation, 200),
    )
    yield from ("", "80 columns, ASCII", *lines(explanation, 80, ascii=True))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_screen_is_as_it_was(name):
    drawn = "\n".join(screens(name)) + "\n"
    file = GOLDEN / f"explain-inside-{name}.txt"
    if os.environ.get("TFCLI_WRITE_GOLDEN"):
        file.write_text(drawn, encoding="utf-8")
    assert drawn == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("width", [60, 80, 97, 120, 200])
@pytest.mark.parametrize("ascii", [False, True])
def test_no_line_is_wider_than_the_screen_and_none_is_cropped(name, width, ascii):
    explanation = SAMPLES[name]()
    natural = [line.plain.rstrip() for line in view.screen(Pen(width, ascii, False), explanation)]
    shown = lines(explanation, width, ascii)
    assert max(map(cell_len, shown)) <= width
    if width >= 80:
        assert natural == shown
    assert not ascii or all(line.isascii() for line in shown)


@pytest.mark.parametrize("name", SAMPLES)
def test_without_colour_every_digit_stays(name):
    explanation = SAMPLES[name]()
    coloured, plain = (ansi(explanation, 80, no_color) for no_color in (False, True))
    bare = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in plain]
    assert bare == [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in coloured]
    assert not re.search(r"\x1b\[[0-9;]*[34][0-9]", "\n".join(plain))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_screen_is_drawn_from_what_is_in_the_document(name):
    explanation = SAMPLES[name]()
    written = json.loads(console.json_text(document(explanation)))
    section = explanation.sections[0]
    assert (section in written) != (section in explanation.omitted)
    assert read_document(written) == explanation


TAUGHT = [name for name in SAMPLES if not name.endswith(("none", "vectors", "-one"))]


@pytest.mark.parametrize("name", TAUGHT)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_lesson_speaks_of_the_numbers_on_the_screen(name, language):
    explanation = SAMPLES[name]()
    section = explanation.sections[0]
    taught = [line.plain for line in lesson(Pen(80, language=language), explanation, section)]
    assert taught and max(map(cell_len, taught)) <= 80
    if section == "model":
        return
    shown = "\n".join(lines(explanation, 200))
    said = " ".join(taught).replace("dY/dx = 1 + dF/dx", "").replace(" 1。", "").replace(" 1.", "")
    for number in re.findall(r"\d[\d,.]*\d(?:e-?\d+)?|\d", said.replace("layer 0", "")):
        assert number in shown


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["experts-none", "residual-vectors", "surprisal-one"])
def test_what_is_not_there_is_not_taught(name, language):
    explanation = SAMPLES[name]()
    assert lesson(Pen(80, language=language), explanation, explanation.sections[0]) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_gradient_that_does_not_vanish_is_not_said_to(language):
    found = SAMPLES["residual"]()
    first = found.residual.rows[0]
    grown = dataclasses.replace(first.gradients, everywhere_without=7.0)
    rows = (dataclasses.replace(first, gradients=grown), *found.residual.rows[1:])
    other = dataclasses.replace(found, residual=dataclasses.replace(found.residual, rows=rows))

    def said(explanation):
        return "".join(
            x.plain for x in lesson(Pen(200, language=language), explanation, "residual")
        )

    vanishes = "less and less" if language == "en" else "消失"
    assert vanishes in said(found) and vanishes not in said(other) and "7.0" in said(other)


def test_rollouts_are_said_to_pile_up_where_they_do():
    found = SAMPLES["sources"]()
    assert found.sources.largest["rollout"] > 0
    assert "pile up" not in "\n".join(lines(found, 200))
    largest = found.sources.largest | {"rollout": 0}
    piled = dataclasses.replace(found, sources=dataclasses.replace(found.sources, largest=largest))
    assert "pile up on token 0" in "\n".join(lines(piled, 200))
