"""The ledger on a screen: golden at 80 and 200 columns, without colour, in ASCII.

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
from explain_ledger_samples import ledger_sample, pair_ledger_sample
from explain_samples import ENGLISH, MIXED
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tfcli.explain.result.documents import document, read_document
from tfcli.view import console
from tfcli.view.explain.ledger import percent

GOLDEN = Path(__file__).with_name("golden")
lines = partial(explain_drawn.lines, brief=False)


CASES = {
    "ledger-80": lambda: lines(ledger_sample(), 80),
    "ledger-heads-80": lambda: lines(ledger_sample(heads=32, others=120), 80),
    "ledger-heads-200": lambda: lines(ledger_sample(heads=32, others=120), 200),
    "ledger-ascii-80": lambda: lines(ledger_sample(MIXED, biased=False), 80, ascii=True),
    "ledger-mixed-80": lambda: lines(ledger_sample(MIXED), 80),
    "ledger-pair-80": lambda: lines(pair_ledger_sample(), 80),
}


@pytest.mark.parametrize("case", CASES)
def test_golden_screen(case):
    path = GOLDEN / f"explain-{case}.txt"
    found = "\n".join(CASES[case]()) + "\n"
    if os.environ.get("TFCLI_WRITE_GOLDEN") == "1":
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "explanation", [ledger_sample(), ledger_sample(MIXED, others=9), pair_ledger_sample(MIXED)]
)
def test_the_explanation_can_be_made_again_from_its_json(explanation):
    found = json.loads(console.json_text(document(explanation)))
    assert read_document(found) == explanation


def test_a_share_takes_four_columns_and_keeps_its_sign():
    shown = {0.123: "12", -0.031: "-3", 0.0042: ".4", -0.0042: "-.4", 0.0001: "0", -0.0001: "0"}
    shown |= {1.0: "100", -2.5: "-250", 9.99: "999", 43.21: "4e3", -43.21: "-4e3", None: "–"}
    assert {share: percent(share) for share in shown} == shown
    assert percent(0.0094) == ".9" and percent(0.0096) == "1"


def test_a_row_of_cells_and_the_rest_is_its_margin():
    """Of heads that have no column the sum is shown, so that a row adds up."""
    found = ledger_sample(heads=32)
    row = next(line for line in lines(found, 80) if line.startswith("   2 "))
    *cells, whole, _ = [float(number) for number in row.split()[2:]]
    assert whole == round(100 * found.ledger.updates[0].sources[2].share)
    assert sum(cells) == pytest.approx(whole, abs=0.5 * len(cells))
    assert len(cells) < 32 and "rest" in lines(found, 80)[1]
    assert "rest" not in lines(found, 200)[1]


def test_a_ledger_without_shares_is_drawn_all_the_same():
    found = ledger_sample(biased=False)
    (update,) = found.ledger.updates
    none = (None,) * 8
    sources = tuple(
        dataclasses.replace(s, share=None, shares=none, norm=0.0) for s in update.sources
    )
    empty = dataclasses.replace(update, sources=sources, head_shares=none, norm=0.0, error=0.0)
    ledger = dataclasses.replace(found.ledger, updates=(empty,))
    screen = lines(dataclasses.replace(found, ledger=ledger), 80)
    assert re.search(r"all tokens( +–){9} +0.00$", screen[7])


labels = st.sampled_from([*MIXED, *ENGLISH, "学习机器翻译的模型和很多别的词", "x" * 40])


@settings(max_examples=40, deadline=None)
@given(
    tokens=st.lists(labels, min_size=1, max_size=12),
    heads=st.sampled_from([1, 7, 40]),
    others=st.sampled_from([0, 4000]),
    width=st.integers(41, 219),
    ascii=st.booleans(),
)
def test_no_line_is_wider_than_the_screen_and_columns_end_together(
    tokens, heads, others, width, ascii
):
    for found in (ledger_sample(tokens, heads, others), pair_ledger_sample(tokens, heads)):
        screen = lines(found, width, ascii)
        assert max(map(cell_len, screen)) <= width
        assert not ascii or all(line.isascii() for line in screen)
        if width >= 80:
            rows = [cell_len(line) for line in screen[1 : 3 + len(tokens)]]
            assert len(set(rows)) == 1
