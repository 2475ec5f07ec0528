"""The screen of explain: golden at 80 columns, without colour, in ASCII; aligned at any width.

Golden files are written anew by `TFCLI_WRITE_GOLDEN=1 pytest tests/view`.
"""

import dataclasses
import io
import math
import os
import re
from pathlib import Path

import pytest
from explain_samples import CANDIDATES, ENGLISH, MIXED, long_sample, sample, with_loop
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from tfcli.explain.labels import escape
from tfcli.view import explain as view
from tfcli.view.explain_lines import Pen, crop

GOLDEN = Path(__file__).with_name("golden")
FILTERS = {"temperature": 0.7, "top_k": 40, "top_p": 0.9}


def lines(explanation, width, *, ascii=False, brief=True):
    pen = Pen(width, ascii, brief)
    return [crop(line, width, pen.say("…")).plain for line in view.screen(pen, explanation)]


def ansi(explanation, width, no_color):
    """What a terminal of 256 colours gets."""
    out = io.StringIO()
    console = Console(
        file=out,
        force_terminal=True,
        color_system="256",
        no_color=no_color,
        width=width,
        markup=False,
        highlight=False,
        emoji=False,
    )
    view.write(console, Pen(width), explanation)
    return out.getvalue().splitlines()


CASES = {
    "plain-80": lambda: lines(sample(), 80),
    "plain-200": lambda: lines(sample(), 200),
    "ascii-80": lambda: lines(sample(MIXED), 80, ascii=True),
    "mixed-80": lambda: lines(sample(MIXED), 80),
    "colour-80": lambda: ansi(sample(), 80, no_color=False),
    "no-colour-80": lambda: ansi(sample(), 80, no_color=True),
    "full-80": lambda: lines(sample(layers=9), 80, brief=False),
    "credit-grid-80": lambda: lines(sample(measure="credit"), 80),
    "wide-matrix-80": lambda: lines(sample([f"␣w{i}" for i in range(34)]), 80),
    "wide-matrix-200": lambda: lines(sample([f"␣w{i}" for i in range(94)]), 200),
    "long-80": lambda: lines(long_sample(), 80),
    "many-heads-80": lambda: lines(sample(layers=32, heads=32), 80),
    "failed-80": lambda: lines(sample(passed=False), 80),
    "loop-80": lambda: lines(with_loop(sample(), FILTERS), 80),
    "loop-greedy-80": lambda: lines(with_loop(sample(), {"temperature": 1.0}), 80),
}


@pytest.mark.parametrize("case", CASES)
def test_golden_screen(case):
    path = GOLDEN / f"explain-{case}.txt"
    found = "\n".join(CASES[case]()) + "\n"
    if os.environ.get("TFCLI_WRITE_GOLDEN") == "1":
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_the_default_screen_is_short():
    found = sample(("The", "␣cat"), layers=4, candidates=CANDIDATES[:5])
    assert len(lines(found, 80)) <= 47
    assert len(lines(found, 200)) <= 30


def test_a_piece_is_never_markup_and_never_moves_the_cursor():
    screen = "\n".join(ansi(sample(MIXED), 80, no_color=True))
    assert "[bold]" in screen and "␣[red]roof" in screen
    assert "\\x1b[31m" in screen
    # what is left when our own bold and dim are taken away holds no escape
    assert "\x1b" not in re.sub(r"\x1b\[[012]m", "", screen)


def test_a_model_s_name_is_never_markup_and_never_moves_the_cursor():
    model = dataclasses.replace(sample().model, name="a\x1b[31m\n[bold]\tb\u202e")
    screen = "\n".join(ansi(dataclasses.replace(sample(), model=model), 80, no_color=True))
    assert "a\\x1b[31m [bold] b\\u202e" in screen
    assert "\x1b" not in re.sub(r"\x1b\[[012]m", "", screen)


def test_without_colour_all_digits_and_marks_stay():
    coloured = [re.sub(r"\x1b\[[0-9;]*m", "", x) for x in ansi(sample(), 80, no_color=False)]
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", x) for x in ansi(sample(), 80, no_color=True)]
    assert coloured == plain == lines(sample(), 80)
    assert any("**" in line for line in plain)  # the largest of the grid
    assert sum("%*" in line for line in plain) == 1  # the largest of the ledger
    assert not re.search(r"\x1b\[[0-9;]*[34][0-9]", "\n".join(ansi(sample(), 80, no_color=True)))


def test_the_caveat_stands_once_where_attention_is_shown():
    def caveats(*sections):
        asked = dataclasses.replace(sample(), sections=sections)
        return "\n".join(lines(asked, 80)).count("Jain & Wallace")

    assert "\n".join(lines(sample(), 80)).count("Jain & Wallace") == 1
    assert "\n".join(lines(sample(), 200)).count("Jain & Wallace") == 1
    assert caveats("attention") == caveats("qkv") == caveats("qkv", "attention") == 1
    assert caveats("next") == caveats("heads") == 0


def test_a_matrix_of_34_fits_80_columns_and_one_of_94_fits_200():
    def has_matrix(tokens, width):
        screen = lines(sample([f"␣w{i}" for i in range(tokens)]), width)
        return any("rows ask" in line for line in screen)

    assert has_matrix(34, 80) and not has_matrix(35, 80)
    assert has_matrix(94, 200) and not has_matrix(95, 200)


def test_a_failed_audit_says_what_failed():
    screen = "\n".join(lines(sample(passed=False), 80))
    assert "AUDIT FAIL" in screen and "SDPA: 3e-2 is above 1e-5" in screen
    assert "PASS" not in screen


def test_a_credit_that_does_not_add_up_is_no_equation():
    credit = dataclasses.replace(sample().credit, total=7.5, adds_up=False)
    asked = dataclasses.replace(sample(), sections=("credit",), credit=credit)
    broken, sound = ("\n".join(lines(x, 80)) for x in (asked, sample()))
    assert "“␣mat” 8.31 ≠ embedding" in broken and "in sum 7.5" in broken and "✓" not in broken
    assert "“␣mat” 8.31 = embedding" in sound and "✓" in sound
    assert "8.31 != embedding" in "\n".join(lines(asked, 80, ascii=True))


def test_an_audit_without_numbers_says_so():
    audit = sample(passed=False).audit
    check = dataclasses.replace(audit.checks[0], error=math.nan, passed=False)
    sick = dataclasses.replace(audit, checks=(check,), note=None)
    screen = "\n".join(lines(dataclasses.replace(sample(), audit=sick), 80))
    assert "AUDIT FAIL" in screen and "rows: the error is no number" in screen


def test_a_measure_that_does_not_exist_at_a_token_says_so():
    none = ((None, None),)
    grid = dataclasses.replace(sample().heads, values=none, scaled=none, largest=())
    asked = dataclasses.replace(sample(), sections=("heads",), heads=grid)
    assert "There is no such number at this token." in "\n".join(lines(asked, 80))


def test_a_table_of_another_position_says_after_which_token():
    found = sample()
    early = dataclasses.replace(found, next=dataclasses.replace(found.next, position=1))
    assert "after 1 “␣cat”" in "\n".join(lines(early, 80))
    assert "after 4" not in "\n".join(lines(found, 80))


labels = st.one_of(
    st.sampled_from([*MIXED, *ENGLISH, *CANDIDATES, "学习机器翻译的模型和很多别的词", "x" * 40]),
    st.text(min_size=1, max_size=12).map(escape),
)


@settings(max_examples=60, deadline=None)
@given(
    tokens=st.lists(labels, min_size=1, max_size=40),
    layers=st.integers(1, 12),
    heads=st.sampled_from([1, 2, 7, 16, 40, 64]),
    candidates=st.lists(labels, min_size=1, max_size=6),
    width=st.integers(41, 219),
    ascii=st.booleans(),
    brief=st.booleans(),
    measure=st.sampled_from(["delta", "credit"]),
)
def test_no_line_is_wider_than_the_screen(
    tokens, layers, heads, candidates, width, ascii, brief, measure
):
    found = sample(tokens, layers, heads, candidates, measure=measure)
    for explanation in (found, with_loop(found, FILTERS)):
        pen = Pen(width, ascii, brief)
        natural = [line.plain.rstrip() for line in view.screen(pen, explanation)]
        shown = lines(explanation, width, ascii=ascii, brief=brief)
        assert max(cell_len(line) for line in shown) <= width
        if ascii:
            assert all(line.isascii() for line in shown)
        if width >= 80:  # nothing had to be cropped
            assert natural == shown


@settings(max_examples=40, deadline=None)
@given(
    tokens=st.lists(labels, min_size=2, max_size=20), width=st.integers(80, 219), full=st.booleans()
)
def test_columns_stand_under_their_headings(tokens, width, full):
    """Numbers end where their heading ends, whatever the width of the pieces before them."""
    found = dataclasses.replace(sample(tokens), sections=("qkv", "attention"))
    screen = lines(found, width, brief=not full)
    heading = next(line for line in screen if "share of ΔE" in line)
    right = cell_len(heading)
    start = screen.index(heading) + 1
    for line in screen[start : start + len(tokens)]:
        assert cell_len(line) == right
    top = next(i for i, line in enumerate(screen) if "rows ask" in line) + 2
    last = screen[top + len(tokens) - 1]
    step = {cell_len(last) - cell_len(line) for line in screen[top + len(tokens) - 2 : -2]}
    assert step in ({3}, {2})
    ends = [cell_len(line) for line in screen[top : top + len(tokens)]]
    assert ends == [ends[0] + i * next(iter(step)) for i in range(len(tokens))]
