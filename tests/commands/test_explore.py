"""`tfcli explore`, whole: in a terminal of its own, and where there is none."""

import time

import pytest

from tfcli.cli import explore
from tfcli.main import run

Screen = pytest.importorskip("pseudo_terminal").Screen  # Windows has none


def test_it_opens_follows_keys_and_quits(explain_folders):
    screen = Screen("explore", "The cat", "--model", str(explain_folders["qwen3"]))
    screen.wait_for("share of")
    screen.press("2")
    screen.wait_for("most likely")
    screen.press("\x1b[D")  # the left arrow
    screen.wait_for("at 0")
    screen.press("q")
    assert screen.end() == 0


SLOW = """
import time
from tfcli.explain.explorer import Explorer
Explorer.look = lambda *_: time.sleep(60)
"""


@pytest.mark.parametrize("key", ["q", "\x03"])
def test_it_ends_at_once_while_it_computes(explain_folders, key):
    screen = Screen("explore", "The cat", "--model", str(explain_folders["qwen3"]), before=SLOW)
    screen.wait_for("computing")
    assert not screen.shows_typing()
    began = time.monotonic()
    screen.press(key)
    assert screen.end() == 0
    assert time.monotonic() - began < 20
    assert "\x1b[?1049l" in screen.seen and screen.showed_typing_at_the_end


def test_a_position_that_does_not_exist_is_one_panel(explain_folders):
    screen = Screen("explore", "The cat", "--pos", "9", "--model", str(explain_folders["bare"]))
    screen.wait_for("no tokenizer")
    assert screen.end() == 2


def test_without_a_terminal_it_says_what_to_type(capsys):
    assert run(["explore", "The cat"]) == 2
    shown = capsys.readouterr()
    assert "needs a terminal" in shown.err and "tfcli explain" in shown.err
    assert not shown.out


def test_without_textual_it_says_how_to_get_it(capsys, monkeypatch):
    monkeypatch.setattr(explore.console, "is_terminal", lambda stream: True)
    monkeypatch.setattr(explore, "find_spec", lambda name: None)
    assert run(["explore", "The cat"]) == 2
    assert "pip install 'tfcli[explore]'" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["The cat", "a\nb\tc", "back\\slash \\n", "她 吃"])
def test_the_line_that_is_edited_holds_any_text(explain_folders, text):
    from tfcli.api import load_model

    model = load_model(explain_folders["qwen3"], "cpu")
    assert model.tokenizer is not None
    ids = tuple(model.tokenizer.encode(text, add_special_tokens=True))
    line = explore._line(model, ids)
    assert "\n" not in line and "\t" not in line
    assert tuple(explore._encoded(model, line)) == ids
