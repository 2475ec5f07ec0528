"""`tfcli generate`, whole: a tiny random model with the shipped tokenizer."""

import dataclasses
import io
import json
import sys
from pathlib import Path

import pytest
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tiny import QWEN3, redraw

from tfcli.api import LanguageModel, load_model
from tfcli.checkpoint.write import write_checkpoint
from tfcli.generate import engine
from tfcli.main import run
from tfcli.model.transformer import Transformer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tokenizer = load_tokenizer(default_tokenizer_path())
    model = Transformer(dataclasses.replace(QWEN3, vocab_size=tokenizer.vocab_size))
    redraw(model)
    path = tmp_path_factory.mktemp("generate") / "model"
    write_checkpoint(path, model, tokenizer, {})
    return path


class Terminal(io.StringIO):
    """A standard input with a person behind it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def tfcli(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Run a command line on the model; returns (code, stdout, stderr)."""

    def call(*words: str, piped: bytes | None = None) -> tuple[int, str, str]:
        stdin = Terminal() if piped is None else io.TextIOWrapper(io.BytesIO(piped))
        monkeypatch.setattr(sys, "stdin", stdin)
        code = run(["generate", *words, "--model", str(folder), "--device", "cpu"])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_stdout_is_prompt_and_continuation(tfcli, folder: Path) -> None:
    code, out, err = tfcli("The cat", "-n", "8", "--temperature", "0", "--json")
    answer = json.loads(out)
    model: LanguageModel = load_model(folder, device="cpu")
    assert model.tokenizer is not None
    ids = model.generate(model.tokenizer.encode("The cat"), max_new_tokens=8)
    assert (code, answer["prompt_ids"] + answer["ids"]) == (0, ids)
    for look in ("--stream", "--no-stream"):
        shown = tfcli("The cat", "-n", "8", "--temperature", "0", look)
        assert shown[0] == 0
        if answer["completion"].isprintable():
            assert shown[1] == "The cat" + answer["completion"] + "\n"
        else:
            assert shown[1].startswith("The cat")
    assert str(folder) in err


def test_a_seed_repeats_and_is_said(tfcli) -> None:
    first = tfcli("The cat", "-n", "10")
    seed = first[2].split("seed ")[1].split()[0]
    assert tfcli("The cat", "-n", "10", "--seed", seed)[1] == first[1]
    assert tfcli("The cat", "-n", "10", "--seed", str(int(seed) + 1))[1] != first[1]


def test_num_gives_that_many_different_ones(tfcli) -> None:
    _, out, _ = tfcli("The cat", "-n", "6", "--num", "3", "--seed", "1", "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert len({tuple(answer["ids"]) for answer in answers}) == 3


def test_standard_input_is_a_prompt(tfcli) -> None:
    options = ("-n", "4", "--temperature", "0")
    typed = tfcli("The cat", *options)[1]
    assert tfcli("-", *options, piped=b"The cat\n")[1] == typed
    assert tfcli(*options, piped=b"The cat\n")[1] == typed
    assert tfcli("sat", *options, piped=b"The cat\n")[1].startswith("The cat\nsat")


def test_a_stop_string_is_not_shown(tfcli) -> None:
    options = ("The cat", "-n", "12", "--temperature", "0", "--json")
    text = json.loads(tfcli(*options)[1])["completion"]
    answer = json.loads(tfcli(*options, "--stop", text[5:8])[1])
    assert answer["finish"] == "stop"
    assert answer["completion"] == text[: text.find(text[5:8])]


@pytest.mark.parametrize(
    ("words", "piped", "code", "said"),
    [
        ((), None, 2, 'tfcli generate "The cat"'),
        (("",), None, 2, "empty"),
        (("-",), b"", 2, "empty"),
        (("-",), b"\xff\xfe", 5, "UTF-8"),
        (("cat", "--ids", "1,2"), None, 2, "not both"),
        (("--ids", "1,x"), None, 2, "token id"),
        (("--ids", "1,99999999"), None, 2, "vocabulary"),
        (("cat " * 200,), None, 2, "context"),
        (("cat", "--temperature", "-1"), None, 2, "emperature"),
        (("cat", "--top-p", "0"), None, 2, "op-p is 0.0"),
    ],
)
def test_bad_input_is_one_panel(tfcli, words, piped, code: int, said: str) -> None:
    found, out, err = tfcli(*words, piped=piped)
    assert (found, out) == (code, "")
    assert said in " ".join(err.split())
    assert "Traceback" not in err


def test_ctrl_c_ends_the_line_and_exits_with_130(tfcli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object):
        yield engine.Piece(5, " sat")
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "stream_text", interrupted)
    code, out, err = tfcli("The cat")
    assert (code, out) == (130, "The cat sat\n")
    assert "Traceback" not in err
