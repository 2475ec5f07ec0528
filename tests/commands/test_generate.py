"""`tfcli generate`, whole: a tiny random model with the shipped tokenizer."""

import dataclasses
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tiny import QWEN3, redraw, tiny_model

from tfcli.api import load_model
from tfcli.checkpoint.write import write_checkpoint
from tfcli.generate import engine
from tfcli.main import run
from tfcli.model.transformer import Transformer

TOKENIZER = load_tokenizer(default_tokenizer_path())
GREEDY = ("--temperature", "0")


def write_model(path: Path, *, context: int = 64, seed: int = 0, nan: bool = False) -> Path:
    config = dataclasses.replace(
        QWEN3, vocab_size=TOKENIZER.vocab_size, max_position_embeddings=context
    )
    model = Transformer(config)
    redraw(model, seed)
    if nan:
        with torch.no_grad():
            model.final_norm.weight[3] = float("nan")
    write_checkpoint(path, model, TOKENIZER, {})
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("generate") / "model")


class Terminal(io.StringIO):
    """A standard input with a person behind it."""

    def isatty(self) -> bool:
        return True


class NeverClosed(io.StringIO):
    """A pipe that another program holds open: who reads it waits for ever."""

    @property
    def buffer(self) -> Any:
        raise AssertionError("standard input was read")


@pytest.fixture
def call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run `tfcli generate` in an empty folder; returns (code, stdout, stderr)."""
    for name in [name for name in os.environ if name.startswith("TFCLI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TFCLI_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def call(*words: str, piped: bytes | None = None, stdin: Any = None) -> tuple[int, str, str]:
        if stdin is None:
            stdin = Terminal() if piped is None else io.TextIOWrapper(io.BytesIO(piped))
        monkeypatch.setattr(sys, "stdin", stdin)
        code = run(["generate", "--device", "cpu", *words])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return code, shown.out, shown.err

    return call


@pytest.fixture
def tfcli(call: Callable[..., Any], folder: Path) -> Callable[..., tuple[int, str, str]]:
    """Run `tfcli generate` on the model."""
    return lambda *words, **options: call(*words, "--model", str(folder), **options)


def words_of(text: str) -> str:
    """A panel's text without its frame and line breaks."""
    return " ".join(text.replace("│", " ").split())


def test_stdout_is_prompt_and_continuation(tfcli, folder: Path) -> None:
    code, out, err = tfcli("The cat", "-n", "8", *GREEDY, "--json")
    answer = json.loads(out)
    model = load_model(folder, device="cpu")
    ids = model.generate(TOKENIZER.encode("The cat"), max_new_tokens=8)
    assert (code, answer["prompt_ids"] + answer["samples"][0]["ids"]) == (0, ids)
    assert str(folder) in err
    completion = answer["samples"][0]["completion"]
    assert completion == TOKENIZER.decode(ids[len(answer["prompt_ids"]) :])
    assert completion.isprintable()  # else stdout has escapes, and the next lines would be wrong
    for look in ("--stream", "--no-stream"):
        assert tfcli("The cat", "-n", "8", *GREEDY, look)[:2] == (0, f"The cat{completion}\n")


def test_json_is_one_object_with_the_fields_that_help_names(tfcli, folder: Path) -> None:
    code, help_text, _ = tfcli("--help")
    assert code == 0
    for num in (1, 3):
        _, out, _ = tfcli("猫", "-n", "5", "--num", str(num), "--seed", "4", "--json")
        found = json.loads(out)
        assert found["schema"] == "tfcli.generate/1"
        assert [found["model"], found["prompt"]] == [str(folder), "猫"]
        assert found["sampling"]["temperature"] == 0.8
        assert len(found["samples"]) == num
        for number, sample in enumerate(found["samples"]):
            assert sample["seed"] == 4 + number
            assert TOKENIZER.decode(sample["ids"]) == sample["completion"]
            assert sample["finish"] in ("eos", "stop", "length", "context")
        for name in (*set(found) - {"schema"}, *found["samples"][0]):
            assert name in words_of(help_text), name


def test_a_seed_repeats_and_is_said(tfcli) -> None:
    first = tfcli("The cat", "-n", "10")
    seed = first[2].split("seed ")[1].split()[0]
    assert tfcli("The cat", "-n", "10", "--seed", seed)[1] == first[1]
    assert tfcli("The cat", "-n", "10", "--seed", str(int(seed) + 1))[1] != first[1]


def test_a_sample_is_the_same_whatever_num_is(tfcli) -> None:
    def samples(num: int, seed: int) -> list[dict[str, Any]]:
        options = ("-n", "12", "--num", str(num), "--seed", str(seed), "--json")
        return json.loads(tfcli("The cat", *options)[1])["samples"]

    four = samples(4, 7)
    assert len({tuple(sample["ids"]) for sample in four}) == 4
    assert samples(2, 7) == four[:2]
    assert samples(1, 9) == four[2:3]


def test_several_samples_are_labelled_and_whole_in_every_look(tfcli) -> None:
    options = ("The cat", "-n", "6", "--num", "3", "--seed", "5")
    samples = json.loads(tfcli(*options, "--json")[1])["samples"]
    expected = "\n".join(
        f"--- {number} of 3, seed {4 + number} ---\nThe cat{sample['completion']}\n"
        for number, sample in enumerate(samples, 1)
    )
    assert tfcli(*options)[1] == expected
    assert tfcli(*options, "--no-stream")[1] == expected


def test_standard_input_is_a_prompt_where_it_is_asked_for(tfcli) -> None:
    options = ("-n", "4", *GREEDY)
    typed = tfcli("The cat", *options)[1]
    assert tfcli("-", *options, piped=b"The cat\n")[1] == typed
    assert tfcli(*options, piped=b"The cat\r\n")[1] == typed
    assert tfcli("-", "sat", *options, piped=b"The cat\n")[1].startswith("The cat\nsat")
    assert tfcli("sat", "-", *options, piped=b"The cat\n")[1].startswith("sat\nThe cat")
    assert tfcli("The cat", *options, stdin=NeverClosed())[:2] == (0, typed)
    assert tfcli("--ids", "1,2", *options, stdin=NeverClosed())[0] == 0


def test_a_stop_string_is_not_shown(tfcli) -> None:
    options = ("The cat", "-n", "12", *GREEDY, "--json")
    text = json.loads(tfcli(*options)[1])["samples"][0]["completion"]
    answer = json.loads(tfcli(*options, "--stop", text[5:8])[1])["samples"][0]
    assert answer["finish"] == "stop"
    assert answer["completion"] == text[: text.find(text[5:8])]


def test_ids_stand_in_for_a_prompt(tfcli) -> None:
    ids = TOKENIZER.encode("The cat")
    typed = ",".join(map(str, ids))
    assert tfcli("--ids", typed, "-n", "5", *GREEDY)[1] == tfcli("The cat", "-n", "5", *GREEDY)[1]


def test_without_a_tokenizer_ids_go_in_and_out(call, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "bare", tiny_model("gpt2"), None, {})
    options = ("--model", "bare", "-n", "4", *GREEDY)
    code, out, _ = call("--ids", "5, 17 3", *options)
    ids = [int(part) for part in out.split(",")]
    assert (code, ids[:3]) == (0, [5, 17, 3])
    assert ids == load_model(tmp_path / "bare", device="cpu").generate([5, 17, 3], 4)
    code, out, err = call("The cat", *options)
    assert (code, out) == (2, "")
    assert "--ids 5,17,3" in words_of(err)
    assert call("--ids", "5", "--stop", "a", *options)[0] == 2


def test_tokens_that_the_tokenizer_does_not_know_are_shown_as_such(call, tmp_path: Path) -> None:
    """Models have rows to spare; and a foreign tokenizer has no marks for a chat."""
    from tokenizers import Tokenizer, models

    write_checkpoint(tmp_path / "model", tiny_model("qwen3"), None, {})
    (tmp_path / "model" / "tfcli.json").unlink()
    engine = Tokenizer(models.WordLevel({f"w{i}": i for i in range(4)}, unk_token="w0"))
    engine.save(str(tmp_path / "model" / "tokenizer.json"))
    code, out, _ = call("--ids", "200,1", "--model", "model", "-n", "9", *GREEDY, "--json")
    answer = json.loads(out)
    assert (code, answer["prompt"]) == (0, "\ufffdw1")
    sample = answer["samples"][0]
    assert max(sample["ids"]) >= 4
    assert sample["completion"] == "".join(f"w{i}" if i < 4 else "\ufffd" for i in sample["ids"])
    code, _, err = call("w1", "--chat", "--model", "model")
    assert code == 2
    assert "cannot chat" in words_of(err)


def test_chat_asks_in_the_chat_form_and_shows_the_answer_only(
    tfcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = TOKENIZER.special_tokens["<|im_end|>"]
    said = [*TOKENIZER.encode("Paris."), end, *TOKENIZER.encode("more")]
    monkeypatch.setattr(engine, "decode", lambda *_, **__: (torch.tensor([i]) for i in said))
    assert tfcli("The capital of France?", "--chat")[:2] == (0, "Paris.\n")
    answer = json.loads(tfcli("The capital of France?", "--chat", "--json")[1])
    asked = "<|im_start|>user\nThe capital of France?<|im_end|>\n<|im_start|>assistant\n"
    assert TOKENIZER.decode(answer["prompt_ids"]) == asked
    assert end in answer["prompt_ids"]
    assert answer["prompt"] == "The capital of France?"
    assert answer["samples"][0]["completion"] == "Paris."
    assert answer["samples"][0]["finish"] == "eos"


def test_the_end_of_the_context_is_said(tfcli) -> None:
    ids = ",".join(["7"] * 60)
    code, out, err = tfcli("--ids", ids, "-n", "1000000000", *GREEDY, "--json")
    sample = json.loads(out)["samples"][0]
    assert (code, len(sample["ids"]), sample["finish"]) == (0, 4, "context")
    assert "the context of 64 tokens is full" in err


@pytest.mark.parametrize(
    ("words", "piped", "code", "said"),
    [
        ((), None, 2, 'tfcli generate "The cat"'),
        (("",), None, 2, "empty"),
        (("-",), b"", 2, "empty"),
        ((), b"\n", 2, "empty"),
        (("-",), b"\xff\xfe", 5, "UTF-8"),
        (("caf\udce9",), None, 2, "not UTF-8: character 4"),
        (("The", "cat"), None, 2, 'quotes: tfcli generate "The cat"'),
        (("-", "-"), b"cat", 2, "only once"),
        (("cat", "--ids", "1,2"), None, 2, "not both"),
        (("--chat", "--ids", "1,2"), None, 2, "not both"),
        (("--ids", ""), None, 2, "--ids is empty"),
        (("--ids", "1,x"), None, 2, "“x” in --ids is no token id"),
        (("--ids", "9" * 5000), None, 2, "no token id"),
        (("--ids", "1,-3"), None, 2, "Token id -3 is outside the vocabulary"),
        (("--ids", "1,99999999"), None, 2, "Token id 99999999 is outside the vocabulary"),
        (("cat " * 200,), None, 2, f"{len(TOKENIZER.encode('cat ' * 200))} tokens; this model's"),
        (("cat " * 200,), None, 2, "context is 64 tokens"),
        (
            ("--ids", ",".join("7" * 64)),
            None,
            2,
            "it has 64 tokens, and this model's context is 64",
        ),
        (("cat", "--stop", ""), None, 2, "--stop is empty"),
        (("cat", "--seed", str(2**63)), None, 2, "The seed is 9223372036854775808"),
        (("cat", "--temperature", "-1"), None, 2, "emperature"),
        (("cat", "--temperature", "nan"), None, 2, "emperature"),
        (("cat", "--temperature", "hot"), None, 2, "'hot'"),
        (("cat", "--top-p", "0"), None, 2, "op-p is 0.0"),
        (("cat", "--device", "abacus"), None, 2, "Available: auto,"),
        (("cat", "--dtype", "int7"), None, 2, "int7"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_one_panel(tfcli, words, piped, code: int, said: str) -> None:
    found, out, err = tfcli(*words, piped=piped)
    assert (found, out) == (code, "")
    assert said in words_of(err)


def test_a_closed_standard_input_is_no_prompt(tfcli, monkeypatch: pytest.MonkeyPatch) -> None:
    from tfcli.cli.prompt import read_prompt
    from tfcli.errors import UsageError

    monkeypatch.setattr(sys, "stdin", None)
    for words in ([], ["-"]):
        with pytest.raises(UsageError):
            read_prompt(words, None, "generate")


def test_standard_input_that_never_ends_is_refused(tfcli) -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            buffer[:] = b"a" * len(buffer)
            return len(buffer)

    code, out, err = tfcli("-", stdin=io.TextIOWrapper(io.BufferedReader(Endless())))
    assert (code, out) == (5, "")
    assert "larger than 16 MB" in words_of(err)


def test_logits_that_are_no_numbers_are_an_error(call, tmp_path: Path) -> None:
    write_model(tmp_path / "model", nan=True)
    for options in (GREEDY, ("--seed", "1"), ("--top-p", "0.5", "--json")):
        code, out, err = call("The cat", "--model", "model", *options)
        assert code == 1
        assert out in ("The cat\n", "")
        assert "logits are not numbers" in words_of(err)


def test_which_model_and_why_is_said(call, tmp_path: Path, monkeypatch) -> None:
    options = ("The cat", "-n", "2", *GREEDY)
    code, out, err = call(*options)
    assert (code, out) == (3, "")
    assert "`tfcli train`" in words_of(err)

    old = write_model(tmp_path / "runs" / "old" / "last", seed=1)
    write_model(tmp_path / "runs" / "new" / "last", seed=2)
    os.utime(old / "config.json", (1, 1))
    (tmp_path / "runs" / "unfinished").mkdir()
    code, newest, err = call(*options)
    assert code == 0
    assert "runs/new/last (the newest run in runs/)" in err

    (tmp_path / "tfcli.toml").write_text('model = "runs/new"\n')
    assert "runs/new/last (from the settings file)" in call(*options)[2]

    monkeypatch.setenv("TFCLI_MODEL", "runs/old")
    code, other, err = call(*options)
    assert code == 0
    assert "runs/old/last (from TFCLI_MODEL)" in err
    assert other != newest

    code, named, err = call(*options, "--model", "runs/new")
    assert (code, named) == (0, newest)
    assert "runs/new/last: qwen3" in err

    monkeypatch.setenv("TFCLI_MODEL", "runs/odl")
    code, _, err = call(*options)
    assert code == 3
    assert "runs/odl (from TFCLI_MODEL). Did you mean runs/old?" in words_of(err)


def test_a_run_that_is_just_being_replaced_is_read_and_left_alone(
    call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "runs" / "a" / "last")
    shutil.move(tmp_path / "runs/a/last", tmp_path / "runs/a/.last.old")
    assert call("The cat", "-n", "2", "--model", "runs/a")[0] == 0
    assert (tmp_path / "runs/a/.last.old/config.json").is_file()
    monkeypatch.chdir(tmp_path / "runs/a/.last.old")
    assert call("The cat", "-n", "2", "--model", ".")[0] == 0


def test_ctrl_c_ends_the_line_and_exits_with_130(tfcli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object):
        yield engine.Piece(5, " sat")
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "stream_samples", interrupted)
    assert tfcli("The cat")[:2] == (130, "The cat sat\n")


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A command line that goes on for minutes."""
    path = write_model(tmp_path_factory.mktemp("endless") / "model", context=10**6)
    words = ["generate", "The cat", "--model", str(path), "-n", "1000000", "--device", "cpu"]
    return [sys.executable, "-m", "tfcli", *words]


def test_a_reader_that_has_seen_enough_ends_it(endless: list[str]) -> None:
    with subprocess.Popen(endless, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(7) == b"The cat"
        process.stdout.close()
        err = process.stderr.read().decode()
        assert process.wait(timeout=60) == 0
    assert "Traceback" not in err
    assert "Error" not in err


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_sigint_keeps_what_was_printed(endless: list[str]) -> None:
    with subprocess.Popen(endless, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        begun = process.stdout.read(40)
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert begun.startswith(b"The cat")
    assert (begun + rest).endswith(b"\n")
    assert b"Traceback" not in err


def test_a_damaged_newest_run_says_why_it_was_taken_and_what_else_there_is(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    from tfcli.main import run

    for name in ("best", "last"):
        write_model(tmp_path / "runs/a" / name)
    weights = tmp_path / "runs/a/best/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFCLI_MODEL", raising=False)
    assert run(["generate", "The cat"]) == 4
    shown = words_of(capsys.readouterr().err)
    assert "the newest run in runs/" in shown and "--model runs/a/last" in shown


def test_a_closed_stdout_is_no_crash() -> None:
    import subprocess
    import sys

    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m tfcli --version >&-"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert not done.stderr
