"""`tfcli explain --by-key`, whole, and the keys that it takes."""

from contextlib import nullcontext

import pytest

from tfcli.cli import explain_steps
from tfcli.cli.keys import goes_on

Screen = pytest.importorskip("pseudo_terminal").Screen  # Windows has none
_HINT = "Space: the next step"


def test_each_step_waits_for_a_key_and_q_ends_it(explain_folders):
    screen = Screen("explain", "The cat", "--by-key", "--model", str(explain_folders["gpt2"]))
    screen.wait_for(_HINT)
    assert "STEP 1" in screen.seen and "STEP 2" not in screen.seen
    screen.press("x")  # no key of it
    screen.press("\x1b[C")  # an arrow
    screen.press("\x1bOq")  # a key of the number pad, which ends like q
    screen.press(" ")
    screen.wait_for(_HINT)
    assert "STEP 2" in screen.seen and "STEP 3" not in screen.seen
    screen.press("\n")
    screen.wait_for(_HINT)
    assert "STEP 3" in screen.seen and "x" not in screen.seen.split("STEP 3")[0]
    screen.press("q")
    assert screen.end() == 0
    assert "STEP" not in screen.seen


def test_the_last_step_waits_for_nothing(explain_folders):
    model = str(explain_folders["gpt2"])
    screen = Screen("explain", "The cat", "--by-key", "--steps", "2", "--model", model)
    screen.wait_for(_HINT)
    screen.press(" ")
    assert screen.end() == 0
    assert "STEP 2" in screen.seen and _HINT not in screen.seen


def test_an_interrupt_ends_it_and_leaves_the_terminal_as_it_was(explain_folders):
    screen = Screen("explain", "The cat", "--by-key", "--model", str(explain_folders["gpt2"]))
    before = screen.shows_typing()
    screen.wait_for(_HINT)
    assert before and not screen.shows_typing()
    screen.press("\x03")
    assert screen.end() == 130
    assert screen.showed_typing_at_the_end


@pytest.mark.parametrize(
    ("keys", "expected"),
    [(" ", True), ("\n", True), ("\r", True), ("q", False), ("\x1b", False), ("", False)],
)
def test_what_a_key_means(keys, expected):
    pressed = iter(["x", "\x1b[A", "é", keys])
    assert goes_on(lambda: next(pressed)) is expected
    assert next(pressed, None) is None


def test_where_no_key_can_be_pressed_it_says_so(tfcli_explain):
    code, out, err = tfcli_explain("The cat", "--by-key")
    assert code == 2 and not out
    assert "needs a terminal" in err and "--steps 5" in err
    code, out, err = tfcli_explain("The cat", "--by-key", "--json")
    assert code == 2 and "--json has them all" in err


def test_the_steps_one_by_one_are_those_that_are_shown_at_once(
    tfcli_explain,
    monkeypatch,
):
    expected = tfcli_explain("The cat", "--steps", "3", "--teach", "--lang", "en")[1]
    monkeypatch.setattr(explain_steps.console, "is_terminal", lambda stream: True)
    monkeypatch.setattr(explain_steps, "goes_on", lambda read_key: True)
    monkeypatch.setattr(explain_steps, "key_by_key", lambda: nullcontext(str))
    words = ("--by-key", "--steps", "3", "--teach", "--lang", "en", "--color", "never")
    assert tfcli_explain("The cat", *words)[1] == expected
    answers = iter([True, False])
    monkeypatch.setattr(explain_steps, "goes_on", lambda read_key: next(answers))
    shown = tfcli_explain("The cat", *words)[1]
    assert "STEP 2" in shown and "STEP 3" not in shown
