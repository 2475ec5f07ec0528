"""Streams, colour, width and characters."""

import json
import sys

import pytest

from tfcli.view import console


def test_results_go_to_stdout_and_hints_to_stderr(process):
    outcome = process("demo", "--do", "text")
    assert outcome.out == "[bold]苹果\\x1b[31m\n"
    assert outcome.err == "a hint\n"


@pytest.mark.parametrize("arguments", [("-q", "demo"), ("demo", "-q"), ("--quiet", "demo")])
def test_quiet_works_before_and_after_the_command(tfcli, arguments):
    assert tfcli(*arguments, "--do", "text").err == ""


def test_the_environment_can_make_it_quiet(tfcli, monkeypatch):
    monkeypatch.setenv("TFCLI_QUIET", "1")
    assert tfcli("demo", "--do", "text").err == ""


def test_a_piped_panel_has_no_escapes_and_fits_80_columns(process):
    err = process("demo", "--stpes").err
    assert "\x1b" not in err
    assert {len(line) for line in err.splitlines()} == {80}


def test_columns_sets_the_width(process):
    err = process("demo", "--stpes", COLUMNS="50").err
    assert {len(line) for line in err.splitlines()} == {50}


@pytest.mark.parametrize(
    ("environment", "flags", "escapes", "colors"),
    [
        ({}, [], False, False),
        ({"FORCE_COLOR": "1"}, [], True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], True, False),
        ({"FORCE_COLOR": "1"}, ["--color", "never"], False, False),
        ({"NO_COLOR": "1"}, ["--color=always"], True, True),
        ({"TFCLI_COLOR": "always"}, [], True, True),
    ],
)
def test_colour_follows_the_flag_then_the_environment(process, environment, flags, escapes, colors):
    err = process("demo", *flags, "--do", "fail", TERM="xterm-256color", **environment).err
    assert ("\x1b[" in err) is escapes
    assert ("\x1b[31m" in err or "\x1b[1;31m" in err) is colors


def test_a_usage_panel_obeys_color_wherever_it_stands(process):
    assert "\x1b" not in process("demo", "--nope", "--color", "never", FORCE_COLOR="1").err


def test_ascii_where_the_stream_is_not_utf8(process):
    outcome = process("demo", "--do", "fail", PYTHONIOENCODING="ascii")
    assert outcome.err.isascii() and outcome.err.startswith("+-")
    text = process("demo", "--do", "text", PYTHONIOENCODING="ascii")
    assert text.out == "[bold]\\u82f9\\u679c\\x1b[31m\n"


def test_the_ascii_flag(process):
    assert process("--ascii", "demo", "--do", "fail").err.isascii()


def test_json_is_valid_whatever_it_holds(monkeypatch):
    value = {"a": [float("nan"), float("inf"), 1.5], "b": "\x7f\x9b\u2028\ud800\x1b 苹", 3: None}
    text = console.json_text(value)
    assert json.loads(text) == {
        "a": [None, None, 1.5],
        "b": "\x7f\x9b\u2028\ud800\x1b 苹",
        "3": None,
    }
    assert console.printable(text) == text


def test_printable_leaves_text_alone_and_escapes_the_rest():
    plain = "tab\t, newline\n, [bold], 苹果, é, 🍎 → ½"
    assert console.printable(plain) == plain
    assert console.printable("a\rb\x00\x1b]0;x\x07\x85\u202e") == (
        "a\\x0db\\x00\\x1b]0;x\\x07\\x85\\u202e"
    )


def test_width_is_the_columns_variable_else_80(monkeypatch):
    monkeypatch.setenv("COLUMNS", "123")
    assert console.width(sys.stdout) == 123
    monkeypatch.setenv("COLUMNS", "wide")
    assert console.width(sys.stdout) == 80
