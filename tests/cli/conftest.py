"""Running tfcli with the extra command `demo`, in this process and as a process of its own."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

EXAMPLE_APP = Path(__file__).with_name("example_app.py")
LOOKS = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "COLORTERM")


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The example app's module, its command added to tfcli for one test."""
    from tfcli.cli import app

    spec = importlib.util.spec_from_file_location("tfcli_example_app", EXAMPLE_APP)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(app, "COMMANDS", app.COMMANDS)
    module.add_demo()
    yield module
    sys.modules.pop("tfcli.cli.demo", None)


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, an empty home, and no variable that changes the output."""
    for name in [*LOOKS, *(n for n in os.environ if n.startswith("TFCLI_"))]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TFCLI_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tfcli(example: Any, clean: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command line in this process."""
    from tfcli.main import run

    def call(*arguments: str) -> Outcome:
        code = run(list(arguments))
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def process(clean: Path) -> Callable[..., Outcome]:
    """Run a command line as a process, its streams piped."""

    def call(*arguments: str, **environment: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, str(EXAMPLE_APP), *arguments],
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, **environment},
            timeout=60,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return call
