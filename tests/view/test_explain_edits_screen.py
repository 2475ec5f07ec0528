"""A changed run on a screen: golden at 80 and 200 columns, without colour, in ASCII.

Golden files are written anew by `TFCLI_WRITE_GOLDEN=1 pytest tests/view`.
"""

import dataclasses
import json
import os
from pathlib import Path

import pytest
from explain_drawn import lines
from explain_edit_samples import (
    ABLATED,
    PATCHED,
    edits_sample,
    effects_sample,
    masked_edits_sample,
    pair_edits_sample,
    patched_sample,
)
from explain_samples import CANDIDATES, ENGLISH, MIXED, with_loop
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tfcli.explain.result.documents import document, read_document
from tfcli.view import console
from tfcli.view.explain import screen as view
from tfcli.view.explain.lines import Pen

GOLDEN = Path(__file__).with_name("golden")


def loop_sample():
    found = with_loop(edits_sample(), {"temperature": 1.0})
    loop = dataclasses.replace(found.loop, edited=True)
    return dataclasses.replace(found, sections=("model", "edits"), loop=loop)


CASES = {
    "edits-80": lambda: lines(edits_sample(), 80),
    "edits-200": lambda: lines(edits_sample(), 200),
    "edits-ascii-80": lambda: lines(edits_sample(MIXED, candidates=MIXED), 80, ascii=True),
    "edits-mixed-80": lambda: lines(edits_sample(MIXED, candidates=MIXED), 80),
    "edits-against-80": lambda: lines(edits_sample(against=True), 80),
    "edits-patched-80": lambda: lines(patched_sample(aligned=True), 80),
    "edits-patched-full-80": lambda: lines(patched_sample(aligned=False), 80, brief=False),
    "edits-masked-80": lambda: lines(masked_edits_sample(), 80),
    "edits-pair-80": lambda: lines(pair_edits_sample(), 80),
    "edits-loop-80": lambda: lines(loop_sample(), 80),
    "edits-teach-80": lambda: lines(edits_sample(), 80, language="en"),
    "edits-teach-chinese-80": lambda: lines(edits_sample(), 80, language="zh"),
    "ablation-grid-80": lambda: lines(effects_sample("ablation"), 80, brief=False),
    "patching-grid-80": lambda: lines(effects_sample("patching"), 80),
    "patching-grid-ascii-80": lambda: lines(effects_sample("patching"), 80, ascii=True),
}


@pytest.mark.parametrize("case", CASES)
def test_golden_screen(case):
    path = GOLDEN / f"explain-{case}.txt"
    found = "\n".join(CASES[case]()) + "\n"
    if os.environ.get("TFCLI_WRITE_GOLDEN") == "1":
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "explanation",
    [
        edits_sample(MIXED, against=True),
        patched_sample(aligned=False),
        pair_edits_sample(),
        loop_sample(),
        effects_sample("patching"),
    ],
)
def test_the_explanation_can_be_made_again_from_its_json(explanation):
    found = json.loads(console.json_text(document(explanation)))
    assert read_document(found) == explanation


def test_places_of_one_change_stand_together_and_a_long_list_is_cut_in_brief():
    found = edits_sample(changes=(*ABLATED, *PATCHED))
    shown = "\n".join(lines(found, 80))
    assert "zeros instead of L5H3 ffn:L2\n" in shown and "0.5 × L0H1 L0H2\n" in shown
    assert "L4H11" in shown and "L4H12" not in shown and "and 4 more" in shown
    assert "L4H15" in "\n".join(lines(found, 80, brief=False))


def test_the_rule_of_positions_is_said():
    same = "\n".join(lines(patched_sample(aligned=True), 80))
    other = "\n".join(lines(patched_sample(aligned=False), 80))
    assert "each position takes the output of the same one" in same
    assert "lengths differ: only 4 takes an output, that of 6 there" in other
    assert "The ␣dog ␣ran ␣to ␣my" in same


def test_other_sections_are_said_to_be_of_the_run_as_it_is():
    said = "The other sections are of the run as it is."
    assert said in "\n".join(lines(patched_sample(aligned=True), 80))
    assert said not in "\n".join(lines(edits_sample(), 80))


labels = st.sampled_from(
    [*MIXED, *ENGLISH, *CANDIDATES, "学习机器翻译的模型和很多别的词", "x" * 40]
)


@settings(max_examples=40, deadline=None)
@given(
    tokens=st.lists(labels, min_size=1, max_size=12),
    candidates=st.lists(labels, min_size=3, max_size=6),
    changes=st.lists(st.sampled_from([*ABLATED, *PATCHED]), min_size=1, max_size=40),
    width=st.integers(41, 219),
    ascii=st.booleans(),
    brief=st.booleans(),
    against=st.booleans(),
)
def test_no_line_is_wider_than_the_screen_and_columns_end_together(
    tokens, candidates, changes, width, ascii, brief, against
):
    found = edits_sample(tokens, changes, candidates, against)
    screen = lines(found, width, ascii, brief)
    assert max(map(cell_len, screen)) <= width
    assert not ascii or all(line.isascii() for line in screen)
    if width >= 80:
        rows = [cell_len(line) for line in screen[-len(candidates) - 1 :]]
        assert len(set(rows)) == 1
        natural = [line.plain.rstrip() for line in view.screen(Pen(width, ascii, brief), found)]
        assert natural == screen
