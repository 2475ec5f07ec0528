"""What the tests of training share: a corpus, small runs, and processes that can be killed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tfcli.checkpoint.snapshots import snapshots_in

SERVER = Path(__file__).with_name("fork_server.py")
SHAPE = ["--size", "nano", "--layers", "2", "--hidden-size", "16", "--heads", "2"]
SMALL = [*SHAPE, "--context", "16", "--batch-size", "2", "--tokenizer-type", "char"]
FIXED = [*SMALL, "--threads", "1", "--dtype", "float32", "--device", "cpu", "--sample", ""]
RESUME = ["train", "--resume", "--run"]


def train(name: str, *more: str) -> list[str]:
    """The arguments that train a very small model on corpus.txt, in the folder of that name."""
    return ["train", "corpus.txt", "--run", name, *FIXED, *more]


def text(lines: int = 400) -> str:
    """A corpus in two languages."""
    return "".join(f"Line {i}: the cat sat on mat {i % 7}. 猫坐着。\n" for i in range(lines))


def outcome(folder: Path) -> tuple[bytes, bytes, list[dict], dict[int, bytes]]:
    """The weights, every measurement but those of time, and the weights kept on the way."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    timed = {"elapsed", "tokens_per_second"}
    return (
        (folder / "last/model.safetensors").read_bytes(),
        (folder / "best/model.safetensors").read_bytes(),
        [{k: v for k, v in json.loads(line).items() if k not in timed} for line in lines],
        {step: (path / "model.safetensors").read_bytes() for step, path in snapshots_in(folder)},
    )


def assert_same(run_folder: Path, reference: Path, what: object) -> None:
    for part, expected in zip(outcome(run_folder), outcome(reference), strict=True):
        assert part == expected, what


class Processes:
    """tfcli command lines as processes (see fork_server.py)."""

    def __init__(self) -> None:
        self.server = subprocess.Popen(
            [sys.executable, str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def start(self, folder: Path, *arguments: str, **more: Any) -> int:
        """Start a command line in that folder; returns its process's id."""
        environment = {"TFCLI_HOME": str(folder / "home"), **more.pop("environment", {})}
        request = {"stdout": str(folder / "out"), "stderr": str(folder / "err"), **more}
        for name in ("out", "err"):
            (folder / name).unlink(missing_ok=True)
        return self._ask(
            {
                "arguments": list(arguments),
                "folder": str(folder),
                "environment": environment,
                **request,
            }
        )["pid"]

    def wait(self, pid: int) -> int:
        """The exit code of a process; -9 for one that was killed."""
        return self._ask({"wait": pid})["code"]

    def run(self, folder: Path, *arguments: str, **more: Any) -> int:
        """Start a command line and wait for it."""
        return self.wait(self.start(folder, *arguments, **more))

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.server.stdin is not None and self.server.stdout is not None
        self.server.stdin.write(json.dumps(request) + "\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())


@pytest.fixture(scope="session")
def processes() -> Iterator[Processes]:
    made = Processes()
    yield made
    made.server.kill()
    made.server.wait()


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFCLI_HOME", str(tmp_path / "home"))
    for name in ("TFCLI_MODEL", "FORCE_COLOR", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "corpus.txt"
    path.write_text(text(), encoding="utf-8")
    return path
