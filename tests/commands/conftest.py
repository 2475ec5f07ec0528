"""Fixtures of the tests of whole commands."""

import dataclasses
import io
import sys
from pathlib import Path

import pytest
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tiny import GPT2, QWEN3, redraw
from train_runs import corpus, processes  # noqa: F401

from tfcli.checkpoint.write import write_checkpoint
from tfcli.main import run
from tfcli.model.transformer import Transformer


@pytest.fixture(scope="session")
def explain_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model of each shape with a tokenizer, and one without."""
    tokenizer = load_tokenizer(default_tokenizer_path())
    place = tmp_path_factory.mktemp("explain")
    for name, config in (("qwen3", QWEN3), ("gpt2", GPT2)):
        model = Transformer(dataclasses.replace(config, vocab_size=tokenizer.vocab_size))
        redraw(model)
        write_checkpoint(place / name / "best", model, tokenizer, {})
    bare = Transformer(QWEN3)
    redraw(bare)
    write_checkpoint(place / "bare", bare, None, {})
    return {name: place / name for name in ("qwen3", "gpt2", "bare")}


class Terminal(io.StringIO):
    """A standard input with a person behind it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def tfcli_explain(
    explain_folders, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Run `tfcli explain` on one of these models; returns (code, stdout, stderr)."""
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: str, model: str = "qwen3", piped: bytes | None = None) -> tuple[int, str, str]:
        stdin = Terminal() if piped is None else io.TextIOWrapper(io.BytesIO(piped))
        monkeypatch.setattr(sys, "stdin", stdin)
        code = run(["explain", *words, "--model", str(explain_folders[model]), "--device", "cpu"])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call
