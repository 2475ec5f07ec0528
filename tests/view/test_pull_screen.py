"""How a pull looks: plain lines in a pipe, lines that are redrawn on a terminal."""

import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tfcli.checkpoint.hub.pull import FileProgress, PullStarted
from tfcli.view import console, pull
from tfcli.view.pull import PullView, size

MB = 1_000_000
STARTED = PullStarted("someone/Tiny", "main", Path("models"), 2, 101 * MB)


class Screen(io.StringIO):
    """A stderr that keeps what is written."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    encoding = "utf-8"

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], Screen]]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    console.configure(console.Settings())

    def show(terminal: bool) -> Screen:
        stream = Screen(terminal)
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    yield show
    console.configure(console.Settings())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(pull.time, "monotonic", lambda: now[0])
    return now


def come(view: PullView, clock: list[float], *, seconds: int, begin: int = 0) -> None:
    """A small file, then 100 MB at one or more a second."""
    view.show(STARTED)
    view.show(FileProgress("config.json", MB, MB))
    for second in range(seconds + 1):
        done = begin + (100 * MB - begin) * second // seconds
        view.show(FileProgress("model.safetensors", done, 100 * MB))
        clock[0] += 1


def test_lines_in_a_pipe(screen: Callable[[bool], Screen], clock: list[float]) -> None:
    stream = screen(False)
    view = PullView()
    come(view, clock, seconds=25)
    view.close()
    assert stream.getvalue().splitlines() == [
        "pulling someone/Tiny (main): 2 files, 101 MB",
        "  config.json  1 MB",
        "  model.safetensors  40.0 of 100 MB  4 MB/s  0:15 left",
        "  model.safetensors  80.0 of 100 MB  4 MB/s  0:05 left",
        "  model.safetensors  100 MB",
    ]


def test_what_an_earlier_pull_left_is_no_speed(
    screen: Callable[[bool], Screen], clock: list[float]
) -> None:
    stream = screen(False)
    come(PullView(), clock, seconds=20, begin=80 * MB)
    assert "  model.safetensors  90.0 of 100 MB  1 MB/s  0:10 left" in stream.getvalue()


def test_lines_that_are_redrawn(screen: Callable[[bool], Screen], clock: list[float]) -> None:
    stream = screen(True)
    view = PullView()
    come(view, clock, seconds=25)
    drawn = stream.getvalue()
    frames = re.sub(r"\x1b\[[0-9;]*m", "", drawn).split("\r\x1b[2A\x1b[J")
    assert len(frames) == 26
    first, second = frames[10].splitlines()
    assert first == "model.safetensors  40.0 of 100 MB"
    assert re.fullmatch(r" 41% ━+─+  41.0 of 101 MB  4 MB/s  0:15 left", second)
    assert len(second) == 59
    view.close()
    assert stream.getvalue().endswith("\r\x1b[2A\x1b[J")
    view.close()
    assert stream.getvalue().count("\x1b[J") == 26


def test_narrow_ascii_and_hostile_names(
    screen: Callable[[bool], Screen], clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = screen(True)
    monkeypatch.setenv("COLUMNS", "30")
    console.configure(console.Settings(ascii=True))
    view = PullView()
    view.show(STARTED)
    view.show(FileProgress("[red]\x1b[31m" + "x" * 80, 50 * MB, 101 * MB))
    lines = re.sub(r"\x1b\[[0-9;]*[mAJ]", "", stream.getvalue()).splitlines()[1:]
    assert lines[0].startswith("[red]\\x1b")
    assert all(len(line) <= 29 for line in lines)
    assert "\x1b[31m" not in stream.getvalue()


def test_quiet(screen: Callable[[bool], Screen], clock: list[float]) -> None:
    for terminal in (False, True):
        stream = screen(terminal)
        console.configure(console.Settings(quiet=True))
        come(PullView(), clock, seconds=30)
        assert stream.getvalue() == ""


def test_nothing_to_fetch(screen: Callable[[bool], Screen]) -> None:
    stream = screen(False)
    PullView().show(PullStarted("someone/Tiny", "main", Path("models"), 0, 0))
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_600, "1 MB"), (5e15, "5e+03 TB")],
)
def test_sizes(value: float, words: str) -> None:
    assert size(value) == words
