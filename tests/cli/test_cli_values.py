"""Properties of what is written and read back: TOML values, JSON, escaped text, command lines."""

import json
import tomllib
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.cli.frame import split_leading_globals
from tfcli.cli.toml_values import fit, shown
from tfcli.view.console import json_text, printable

WORDS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.one_of(WORDS, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats())
ANY_TEXT = st.text(st.characters())


@given(st.one_of(SCALARS, st.lists(SCALARS)))
def test_toml_reads_back_what_config_show_writes(value):
    assert repr(tomllib.loads(f"x = {shown(value)}")["x"]) == repr(value)


@given(st.recursive(st.one_of(ANY_TEXT, st.none(), st.booleans(), st.integers()), st.lists))
def test_json_reads_back_and_cannot_move_a_terminal(value):
    text = json_text(value)
    assert json.loads(text) == value
    assert printable(text) == text


@given(ANY_TEXT)
def test_printable_text_is_printable_utf8_and_stays(text):
    once = printable(text)
    assert printable(once) == once
    once.encode("utf-8")
    assert "\x1b" not in once and "\r" not in once and "\u202e" not in once


@given(st.integers(-(2**53), 2**53))
def test_a_whole_float_is_an_int_and_an_int_is_a_float(number):
    assert fit(float(number), int) == number
    assert isinstance(fit(float(number), int), int)
    assert isinstance(fit(number, float), float)


@pytest.mark.parametrize(
    ("value", "annotation", "wanted"),
    [
        (3, int | None, 3),
        ("x", Path, Path("x")),
        ("x", str | None, "x"),
        ("b", Literal["a", "b"], "b"),
        (2, Literal[1, 2], 2),
        ([1, 2.5], tuple[float, float], (1.0, 2.5)),
        (["a"], tuple[str, ...], ("a",)),
        ([], list[str], []),
    ],
)
def test_a_value_that_fits(value, annotation, wanted):
    assert fit(value, annotation) == wanted


@pytest.mark.parametrize(
    ("value", "annotation", "words"),
    [
        (True, int, "a whole number"),
        (1.5, int, "a whole number"),
        (True, float, "a number"),
        (1, bool, "true or false"),
        (1, str, "text"),
        (1, Path, "text"),
        ("c", Literal["a", "b"], "one of a, b"),
        ([1.0], tuple[float, float], "2 values, each a number"),
        ("ab", list[str], "a list, each text"),
        ([1], list[str], "a list, each text"),
    ],
)
def test_a_value_that_does_not_fit(value, annotation, words):
    with pytest.raises(ValueError, match=words):
        fit(value, annotation)


@pytest.mark.parametrize(
    ("line", "leading"),
    [
        (["-q", "--color", "never", "train", "-v"], 3),
        (["--color=never", "-qv", "train"], 2),
        (["train", "-q"], 0),
        (["-x", "-q"], 0),
        (["-qx"], 0),
        (["--color"], 0),
        ([], 0),
    ],
)
def test_the_global_options_before_a_command(line, leading):
    assert split_leading_globals(line) == (line[:leading], line[leading:])
