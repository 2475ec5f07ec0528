"""The screen of explain: golden at 80 columns, without colour, in ASCII; aligned at any width.

Golden files are written anew by `TFCLI_WRITE_GOLDEN=1 pytest tests/view`.
"""

import dataclasses
import math
import os
import re
from pathlib import Path

import pytest
from explain_drawn import ansi, lines
from explain_kind_samples import (
    ACTIVATION,
    FRENCH,
    NO_HEAD,
    long_pair_sample,
    masked_sample,
    pair_sample,
    vectors_sample,
    windowed_sample,
)
from explain_samples import (
    CANDIDATES,
    ENGLISH,
    MIXED,
    against_sample,
    long_sample,
    sample,
    with_loop,
)
from explain_words_samples import unexpected_sample, words_sample
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tfcli.explain.text.labels import escape
from tfcli.view.explain import screen as view
from tfcli.view.explain.lines import Pen

GOLDEN = Path(__file__).with_name("golden")
FILTERS = {"temperature": 0.7, "top_k": 40, "top_p": 0.9}


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
    "teach-80": lambda: lines(sample(), 80, language="en"),
    "teach-chinese-80": lambda: lines(sample(MIXED), 80, language="zh"),
    "teach-200": lambda: lines(sample(), 200, language="zh"),
    "against-80": lambda: lines(against_sample(), 80),
    "against-200": lambda: lines(against_sample(), 200, brief=False),
    "against-ascii-80": lambda: lines(against_sample(MIXED), 80, ascii=True),
    "pair-80": lambda: lines(pair_sample(), 80),
    "pair-200": lambda: lines(pair_sample(), 200),
    "pair-full-80": lambda: lines(pair_sample(layers=3), 80, brief=False),
    "pair-ascii-80": lambda: lines(pair_sample(MIXED), 80, ascii=True),
    "pair-colour-80": lambda: ansi(pair_sample(layers=3), 80, no_color=False),
    "pair-no-colour-80": lambda: ansi(pair_sample(layers=3), 80, no_color=True),
    "pair-long-80": lambda: lines(long_pair_sample(), 80),
    "pair-credit-200": lambda: lines(pair_sample(measure="credit"), 200),
    "masked-80": lambda: lines(masked_sample(), 80),
    "masked-200": lambda: lines(masked_sample(), 200),
    "masked-ascii-80": lambda: lines(masked_sample(), 80, ascii=True),
    "vectors-80": lambda: lines(vectors_sample(), 80),
    "windowed-80": lambda: lines(windowed_sample(), 80),
    "words-80": lambda: lines(words_sample(), 80),
    "words-200": lambda: lines(words_sample(), 200),
    "words-ascii-80": lambda: lines(words_sample(), 80, ascii=True),
    "words-colour-80": lambda: ansi(words_sample(), 80, no_color=False),
    "word-alone-80": lambda: lines(words_sample(followed=False), 80),
    "words-unexpected-80": lambda: lines(unexpected_sample(), 80),
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


@pytest.mark.parametrize(
    ("explanation", "name", "reason"),
    [
        (masked_sample(), "CREDIT", ACTIVATION),
        *((vectors_sample(), name, NO_HEAD) for name in ("LENS", "CREDIT", "NEXT")),
    ],
)
@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("ascii", [False, True])
def test_a_section_that_does_not_apply_is_one_line_with_the_reason(
    explanation, name, reason, width, ascii
):
    screen = lines(explanation, width, ascii=ascii)
    assert sum(f" {name} " in line and line.rstrip().endswith(reason) for line in screen) == 1


def test_heads_that_have_no_credit_are_one_line_beside_their_matrix():
    found = vectors_sample()
    omitted = found.omitted | {"heads": NO_HEAD}
    screen = lines(dataclasses.replace(found, heads=None, omitted=omitted), 80)
    assert f" HEADS   {NO_HEAD}" in screen
    assert any(line.startswith(" WEIGHTS L5H4  %, ** = 100, rows ask") for line in screen)


@pytest.mark.parametrize("width", [80, 200])
def test_letters_of_a_pair_are_explained_and_matrices_say_who_asks(width):
    screen = "\n".join(lines(pair_sample(), width))
    assert "6 encoder layers (E) · 6 causal decoder layers (L, cross-attention X)" in screen
    assert "HEAD L5H4  asks the decoder" in screen and "HEAD X5H7  asks the encoder" in screen
    for words in ("E5H0  %, ** = 100, encoder rows", "L5H4  %, ** = 100, decoder rows"):
        assert f"WEIGHTS {words} ask" in screen
    assert "WEIGHTS X5H7  %, rows ask the encoder" in screen
    assert screen.index("HEADS E") < screen.index("HEADS L") < screen.index("HEADS X")
    assert screen.count("Jain & Wallace") == 1


def test_rows_of_cross_attention_are_the_decoder_s_and_columns_the_encoder_s():
    asked = dataclasses.replace(pair_sample(), sections=("attention",))
    screen = lines(asked, 80)
    top = next(i for i, line in enumerate(screen) if "rows ask the encoder" in line)
    assert screen[top + 1].split() == [str(i) for i in range(len(ENGLISH))]
    rows = screen[top + 2 : top + 2 + len(FRENCH)]
    assert [row.split()[:2] for row in rows] == [[str(i), label] for i, label in enumerate(FRENCH)]
    assert {len(row) for row in rows} == {len(screen[top + 1])}


def test_a_window_of_a_text_seen_both_ways_shows_what_stands_before_and_behind():
    found = masked_sample()
    matrix = dataclasses.replace(
        found.attention[0].matrix,
        first=2,
        first_key=2,
        rows=((0.25, 0.5), (0.5, 0.25)),
        before=(0.15, 0.2),
        after=(0.1, 0.05),
    )
    attention = dataclasses.replace(found.attention[0], matrix=matrix)
    asked = dataclasses.replace(found, sections=("attention",), attention=(attention,))
    assert lines(asked, 80)[1:4] == [
        "               before  2  3   after",
        "   2 capital       15 25 50      10",
        "   3 of            20 50 25       5",
    ]


def test_what_is_masked_before_a_window_is_blank_and_a_sink_is_named():
    screen = lines(windowed_sample(), 80)
    top = next(i for i, line in enumerate(screen) if "WEIGHTS" in line)
    assert screen[top + 1 : top + 7 : 5] == [
        "              0  1  2  3  4",
        "   4 ␣the          36 19 27",
    ]
    assert any(line.startswith("   learned sink ") and line.endswith(" 8%") for line in screen)
    assert any("rows ask; rest: sink" in line for line in screen)
    assert any("30·tanh(logit/30)" in line for line in screen)


def test_a_hint_of_a_window_is_one_that_can_be_given():
    found = long_pair_sample()
    hints = [re.search(r"--window (\d+):(\d+)", line) for line in lines(found, 80)]
    spans = [(int(hint[1]), int(hint[2])) for hint in hints if hint]
    end = max(found.attention[2].top[0].position + 10, 20)
    assert spans == [(981, 1001), (end - 20, end)]  # none of the decoder's own text
    inner = dataclasses.replace(found.attention[0], query=3)
    asked = dataclasses.replace(found, attention=(inner,), sections=("attention",))
    assert any("--window 0:20" in line for line in lines(asked, 80))


def test_a_table_of_a_mask_says_where_it_stands():
    assert "at 6 “[MASK]”" in "\n".join(lines(masked_sample(), 80))
    last = masked_sample(("[CLS]", "it", "is", "[MASK]"))
    assert "at 3 “[MASK]”" in "\n".join(lines(last, 80))
    assert " FILL " in "\n".join(lines(last, 80)) and " NEXT " not in "\n".join(lines(last, 80))


def test_a_norm_on_the_sum_is_seen():
    asked = dataclasses.replace(pair_sample(), sections=("block",))
    screen = " ".join("\n".join(lines(asked, 80)).split())
    assert "|E| 16.2 + attention |ΔE| 6.3 → norm + cross-attention |ΔE| 8.5 → norm" in screen
    assert screen.endswith("+ feed-forward |ΔE| 4.8 → norm → |E'| 19.9 cos .81")
    steps = asked.block * 2
    table = lines(dataclasses.replace(asked, block=steps), 80)[1:]
    assert "+ cross → middle" in table[0] and len({len(line) for line in table}) == 1
    plain = lines(dataclasses.replace(sample(), sections=("block",), block=steps), 80)
    assert "= middle" in plain[1] and "norm" not in "\n".join(plain)


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


@settings(max_examples=30, deadline=None)
@given(
    read=st.lists(labels, min_size=1, max_size=100),
    tokens=st.lists(labels, min_size=1, max_size=30),
    heads=st.sampled_from([1, 7, 32]),
    width=st.integers(41, 219),
    ascii=st.booleans(),
    brief=st.booleans(),
    measure=st.sampled_from(["delta", "credit"]),
)
def test_no_line_of_an_encoder_is_wider_than_the_screen(
    read, tokens, heads, width, ascii, brief, measure
):
    pair = pair_sample(read, tokens, 2, heads, measure=measure)
    for explanation in (pair, masked_sample(tokens, heads)):
        pen = Pen(width, ascii, brief)
        natural = [line.plain.rstrip() for line in view.screen(pen, explanation)]
        shown = lines(explanation, width, ascii=ascii, brief=brief)
        assert max(cell_len(line) for line in shown) <= width
        if ascii:
            assert all(line.isascii() for line in shown)
        if width >= 80:
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


@pytest.mark.parametrize("settings", [{"temperature": 1.0}, FILTERS])
def test_what_is_drawn_from_below_the_table_stands_under_its_columns(settings):
    found = with_loop(sample(), settings)
    step = dataclasses.replace(
        found.loop.steps[0], chosen_id=77, chosen_label="␣slept", chosen_rank=41
    )
    loop = dataclasses.replace(found.loop, steps=(step,))
    shown = lines(dataclasses.replace(found, loop=loop), 80)
    title = [line for line in shown if " rank " in line and " id " in line][-1]
    row = next(line for line in shown if "41* ␣slept" in line)
    assert row.index("41*") + 2 == title.index("rank") + 4
    assert row.index("␣slept") == title.index("token")
    assert row.index("77") + 2 == title.index(" id ") + 3
    assert len(row.rstrip()) == title.index(" p  ") + 2
