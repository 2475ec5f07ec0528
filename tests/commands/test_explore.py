"""`tfcli explore`, whole: in a terminal of its own, and where there is none."""

import os
import select
import subprocess
import sys
import time

import pytest

from tfcli.cli import explore
from tfcli.main import run

pty = pytest.importorskip("pty")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")

_SECONDS = 90


class Screen:
    """A command in a pseudo-terminal of 80 × 24."""

    def __init__(self, *words: str) -> None:
        self.leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, bytes((24, 0, 80, 0, 0, 0, 0, 0)))
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tfcli", *words],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env={**environment, "TERM": "xterm-256color", "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        os.close(follower)
        self.seen = ""

    def wait_for(self, text: str) -> None:
        """Read on until the text has come."""
        end = time.monotonic() + _SECONDS
        while text not in self.seen:
            assert time.monotonic() < end, f"no {text!r} in {self.seen!r}"
            ready, _, _ = select.select([self.leader], [], [], 0.2)
            if ready:
                try:
                    self.seen += os.read(self.leader, 65536).decode(errors="replace")
                except OSError:  # the other side is closed
                    assert text in self.seen, self.seen
                    return

    def press(self, keys: str) -> None:
        self.seen = ""
        os.write(self.leader, keys.encode())

    def end(self) -> int:
        """The exit code; what is still drawn is read, so that nobody waits for it."""
        end = time.monotonic() + _SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < end
            ready, _, _ = select.select([self.leader], [], [], 0.1)
            if ready:
                try:
                    os.read(self.leader, 65536)
                except OSError:
                    break
        code = self.process.wait(_SECONDS)
        os.close(self.leader)
        return code


def test_it_opens_follows_keys_and_quits(explain_folders):
    screen = Screen("explore", "The cat", "--model", str(explain_folders["qwen3"]))
    screen.wait_for("share of")
    screen.press("2")
    screen.wait_for("most likely")
    screen.press("\x1b[D")  # the left arrow
    screen.wait_for("at 0")
    screen.press("q")
    assert screen.end() == 0


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
