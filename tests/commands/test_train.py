"""`tfcli train`, whole: signals, full disks, damaged runs, the screen, and what to type next."""

import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import termios
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from train_runs import RESUME, Processes, assert_same, text, train

from tfcli.main import run
from tfcli.train.config import TrainConfig

BUDGET = ["--steps", "40", "--save-every", "10", "--validate-every", "8"]


def waited_for(condition: Callable[[], object]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def words(shown: str) -> str:
    """What a panel says, its frame and line ends taken away."""
    return " ".join(re.sub("[│╭╮╰╯─|]|\\+-+", " ", shown).split())


@pytest.fixture(scope="module")
def whole(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of BUDGET that nothing has disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "corpus.txt").write_text(text(), encoding="utf-8")
    assert processes.run(folder, *train("runs/whole", *BUDGET)) == 0
    return folder / "runs/whole"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_a_signal_saves_and_says_how_to_go_on(
    processes: Processes, corpus, whole: Path, number, code
) -> None:
    folder = corpus.parent
    pid = processes.start(folder, *train("runs/cut", *BUDGET, "--json"))
    waited_for(lambda: (folder / "out").exists() and "stepped" in (folder / "out").read_text())
    os.kill(pid, number)
    assert processes.wait(pid) == code
    finished = json.loads((folder / "out").read_text().splitlines()[-1])
    said = (folder / "err").read_text()
    assert finished["event"] == "finished"
    assert finished["interrupted"]
    assert 1 <= finished["step"] < 40
    assert "Stopping after this step" in said
    assert said.endswith("  tfcli train --resume --run runs/cut\n")
    assert processes.run(folder, *RESUME, "runs/cut") == 0
    assert_same(folder / "runs/cut", whole, finished["step"])


def test_a_second_signal_ends_it_at_once(processes: Processes, corpus) -> None:
    folder = corpus.parent
    pid = processes.start(folder, *train("r", "--steps", "1", "--accumulate", "10000000"), "--json")
    waited_for(lambda: (folder / "out").exists() and (folder / "out").read_text())
    time.sleep(0.05)
    os.kill(pid, signal.SIGINT)
    waited_for(lambda: "Stopping" in (folder / "err").read_text())
    os.kill(pid, signal.SIGINT)
    assert processes.wait(pid) == 130
    assert not (folder / "r/last").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_a_signal_while_preparing_leaves_nothing(processes: Processes, corpus, number) -> None:
    folder = corpus.parent
    os.mkfifo(folder / "endless.txt")
    (folder / "tmp").mkdir()
    words = [w if w != "corpus.txt" else "endless.txt" for w in train("runs/r", "--steps", "3")]
    pid = processes.start(folder, *words, environment={"TMPDIR": str(folder / "tmp")})
    with (folder / "endless.txt").open("w") as pipe:  # opens once somebody reads
        pipe.write(text() * 10)
        waited_for(lambda: list((folder / "tmp").rglob("endless.txt")))
        os.kill(pid, number)
    assert processes.wait(pid) == (130 if number == signal.SIGINT else 143)
    assert not (folder / "runs").exists()
    assert not [path for path in (folder / "tmp").rglob("*") if path.is_file()]
    assert "Traceback" not in (folder / "err").read_text()


def test_a_full_disk_keeps_what_was_saved(processes: Processes, corpus, whole: Path) -> None:
    folder = corpus.parent
    limit = (whole / "state/state.safetensors").stat().st_size - 1000
    assert limit > max(path.stat().st_size for path in whole.parents[1].rglob("*.tokens"))
    assert processes.run(folder, *train("runs/none", *BUDGET), file_bytes=limit) == 1
    said = words((folder / "err").read_text())
    assert "The disk is full" in said
    assert "tfcli train --resume --run runs/none" in said
    begun = folder / "runs/none"
    assert not [path for path in begun.rglob("*") if "partial" in path.name or "old" in path.name]
    assert processes.run(folder, *RESUME, "runs/none") == 0  # from the first step
    assert_same(begun, whole, "nothing was saved")

    pid = processes.start(folder, *train("runs/some", *BUDGET, "--json"))
    waited_for(lambda: (folder / "out").exists() and '"saved"' in (folder / "out").read_text())
    os.kill(pid, signal.SIGKILL)
    processes.wait(pid)
    saved = (folder / "runs/some/state/state.safetensors").read_bytes()
    assert processes.run(folder, *RESUME, "runs/some", file_bytes=limit) == 1
    assert (folder / "runs/some/state/state.safetensors").read_bytes() == saved
    assert processes.run(folder, *RESUME, "runs/some") == 0
    assert_same(folder / "runs/some", whole, "some were saved")


def test_a_reader_that_goes_away_ends_the_run_quietly(processes: Processes, corpus) -> None:
    folder = corpus.parent
    os.mkfifo(folder / "pipe")
    arguments = train("r", "--steps", "100000", "--json")
    pid = processes.start(folder, *arguments, stdout=str(folder / "pipe"))
    with (folder / "pipe").open() as pipe:
        events = [json.loads(pipe.readline()) for _ in range(2)]
    assert processes.wait(pid) == 0
    assert [event["event"] for event in events] == ["started", "snapshot"]
    assert all(event["schema"] == "tfcli.train/1" for event in events)
    assert "tfcli train --resume --run r" in (folder / "err").read_text()
    assert (folder / "r/last/model.safetensors").exists()


def test_two_processes_cannot_train_one_run(processes: Processes, corpus) -> None:
    folder = corpus.parent
    pid = processes.start(folder, *train("r", "--steps", "1000000", "--save-every", "5", "--json"))
    waited_for(lambda: (folder / "out").exists() and '"saved"' in (folder / "out").read_text())
    other = {"stdout": str(folder / "out2"), "stderr": str(folder / "err2")}
    assert processes.run(folder, *RESUME, "r", **other) == 2
    assert "Another process is training r" in words((folder / "err2").read_text())
    os.kill(pid, signal.SIGKILL)
    processes.wait(pid)


@pytest.fixture
def tfcli(corpus: Path, capsys: pytest.CaptureFixture[str]):
    """Run a command line in this process; returns (code, stdout, stderr)."""
    capsys.readouterr()

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


@pytest.fixture(scope="module")
def four_steps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, a run of 4 steps on it, and the cache."""
    folder = tmp_path_factory.mktemp("begun")
    (folder / "corpus.txt").write_text(text(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("TFCLI_HOME", str(folder / "home"))
        assert run(train("r", "--steps", "4")) == 0
    return folder


@pytest.fixture
def begun(tfcli, corpus: Path, four_steps: Path) -> Path:
    """A run of 4 steps in ./r."""
    shutil.copytree(four_steps, corpus.parent, dirs_exist_ok=True)
    altered(corpus.parent / "r/config.toml", str(four_steps), str(corpus.parent))
    return corpus.parent / "r"


def altered(path: Path, old: str, new: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "code", "said"),
    [
        (lambda r: flip(r / "state/state.safetensors", -5), 4, "state.safetensors is damaged"),
        (lambda r: flip(r / "state/state.safetensors", 3), 4, "state.safetensors is damaged"),
        (lambda r: (r / "state/state.safetensors").write_bytes(b""), 4, "state.safetensors is dam"),
        (lambda r: (r / "state/state.safetensors").unlink(), 4, "state.safetensors is missing"),
        (lambda r: (r / "config.toml").unlink(), 3, "There is no run at r"),
        (lambda r: (r / "config.toml").write_text("[train"), 4, "config.toml is damaged"),
        (lambda r: (r / "config.toml").write_text("x = 1"), 4, "no table [train]"),
        (
            lambda r: altered(r / "config.toml", "steps = 4", "stepz = 4"),
            4,
            "r/config.toml sets 'stepz', which is not a setting. Did you mean: steps",
        ),
        (
            lambda r: altered(r / "config.toml", "steps = 4", 'steps = "4"'),
            4,
            'r/config.toml sets steps = "4", but it must be a whole number',
        ),
        (
            lambda r: altered(r / "config.toml", "steps = 4", "steps = 5"),
            4,
            "r/config.toml was changed: steps was 4 and is 5",
        ),
        (lambda r: altered(r / "config.toml", "threads = 1", "threads = -1"), 4, "compute.threads"),
        (lambda r: altered(r / "config.toml", 'device = "cpu"', "device = 1"), 4, "compute.device"),
        (lambda r: altered(r / "config.toml", '"cpu"', '"cuda:77"'), 2, "no device “cuda:77”"),
        (lambda r: flip(r / "tokenizer/tokenizer.model", -5), 4, "does not belong to this run"),
        (lambda r: (r / "tokenizer/tokenizer.model").write_bytes(b"x"), 4, "tokenizer.model is da"),
        (lambda r: shutil.rmtree(r / "tokenizer"), 3, "no tokenizer at r/tokenizer"),
        (lambda r: altered(r.parent / "corpus.txt", "cat", "dog"), 5, "is not the one"),
        (lambda r: (r.parent / "corpus.txt").unlink(), 5, "tfcli train PLACE --resume --run r"),
        (lambda r: (r.parent / "corpus.txt").write_bytes(b"\xff" * 99), 5, "UTF-8"),
    ],
)
def test_a_run_that_cannot_go_on_says_why(tfcli, begun: Path, damage, code: int, said) -> None:
    kept = begun.parent / "kept"
    damage(begun)
    shutil.copytree(begun, kept)
    found, out, err = tfcli(*RESUME, "r")
    assert (found, out) == (code, ""), err
    assert said in words(err)
    assert "Traceback" not in err
    assert len(re.findall("╭|^\\+-", err, re.M)) == 1
    for path in kept.rglob("*"):  # nothing was lost on the way
        assert path.is_dir() or path.read_bytes() == (begun / path.relative_to(kept)).read_bytes()


def test_a_corpus_may_move(tfcli, begun: Path, corpus: Path) -> None:
    moved = corpus.rename(corpus.with_name("moved.txt"))
    assert tfcli(*RESUME, "r")[0] == 5
    code, _, err = tfcli("train", str(moved), "--resume", "--run", "r")
    assert code == 0
    assert "already finished after 4 steps" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (train("r"), 2, "r already holds a run. Go on with it by `tfcli train --resume --run r`"),
        (train("full"), 2, "full is neither empty nor a run"),
        (train("corpus.txt"), 2, "corpus.txt is a file"),
        (train("corpus.txt/run"), 1, "corpus.txt/run cannot be written"),
        (["train", "--resume"], 2, "--resume needs the run"),
        ([*RESUME, "absent"], 3, "There is no run at absent"),
        ([*RESUME, "r", "--steps", "9"], 2, "--steps cannot be given with --resume"),
        ([*RESUME, "r", "--lr", "1", "--dry-run"], 2, "--lr, --dry-run cannot be given"),
        (train("n", "--context", "30000"), 5, "--context"),
        (train("n", "--heads", "3"), 2, "--heads"),
        (train("n", "--architecture", "gpt2", "--kv-heads", "1"), 2, "--kv-heads 1"),
        (train("n", "--dtype", "float16"), 2, "float16"),
        (train("n", "--device", "cuda:77"), 2, "cuda:77"),
        (train("n", "--tokenizer-type", "bpe", "--vocab-size", "9000"), 5, "--vocab-size"),
        (train("n", "--tokenizer", "absent"), 3, "no tokenizer at absent"),
        (train("n", "--config", "wrong.toml"), 2, "wrong.toml sets 'stepz'"),
        (train("n", "--config", "type.toml"), 2, 'type.toml sets steps = "many"'),
        (train("n", "--config", "broken.toml"), 2, "broken.toml is not valid TOML"),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else None,
)
def test_what_cannot_begin_is_one_panel_and_no_folder(
    tfcli, begun: Path, arguments: list[str], code: int, said: str
) -> None:
    folder = begun.parent
    (folder / "full").mkdir()
    (folder / "full/config.yaml").write_text("mine")
    (folder / "wrong.toml").write_text("stepz = 3\n")
    (folder / "type.toml").write_text('steps = "many"\n')
    (folder / "broken.toml").write_text("steps =\n")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found, out, err = tfcli(*arguments)
    assert (found, out) == (code, ""), err
    assert said in words(err)
    assert "Traceback" not in err
    assert len(re.findall("╭|^\\+-", err, re.M)) == 1
    assert not (folder / "n").exists()
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before | {p: c for p, c in after.items() if "home" in p.parts}


def test_settings_and_flags_are_one_thing(tfcli, corpus: Path) -> None:
    corpus.with_name("small.toml").write_text('steps = 2\nsize = "nano"\nbatch_size = 3\n')
    arguments = ["--config", "small.toml", "--batch-size", "2", "--context", "16", "--run", "r"]
    assert tfcli("train", "corpus.txt", *arguments, "--threads", "1")[0] == 0
    record = corpus.with_name("r").joinpath("config.toml").read_text()
    assert "steps = 2\n" in record
    assert "batch_size = 2\n" in record


def test_a_loss_that_is_no_number_keeps_what_was_saved(tfcli, corpus: Path) -> None:
    wild = ["--clip", "0", "--muon-lr", "1e30", "--lr", "1e30", "--warmup", "0"]
    code, _, err = tfcli(*train("r", "--steps", "40", "--save-every", "1", *wild))
    assert code == 1
    assert "training has diverged. Begin a new run with a lower --lr and --muon-lr" in words(err)
    saved = re.search(r"The model of step (\d+) is intact in r/last", words(err))
    assert saved, err
    manifest = json.loads((corpus.parent / "r/last/tfcli.json").read_text())
    assert manifest["training"]["step"] == int(saved[1])
    metrics = (corpus.parent / "r/metrics.jsonl").read_text()
    assert "NaN" not in metrics


def test_minutes_are_those_of_training_and_a_resume_has_the_rest(
    tfcli, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfcli.cli import train as cli
    from tfcli.train import loop

    now = 1000.0

    def monotonic() -> float:
        nonlocal now
        now += 0.25
        return now

    class Clock:
        pass

    Clock.monotonic = staticmethod(monotonic)  # type: ignore[attr-defined]
    monkeypatch.setattr(loop, "time", Clock)
    assert tfcli(*train("whole", "--minutes", "0.2"))[0] == 0
    calls = 0

    def asked(self: object) -> bool:
        nonlocal calls
        calls += 1
        return calls == 5

    monkeypatch.setattr(cli._Stop, "asked", asked)
    assert tfcli(*train("cut", "--minutes", "0.2"))[0] in (0, 130)
    now += 3600  # a pause does not count
    code, _, err = tfcli(*RESUME, "cut")
    assert code == 0
    assert "going on from step 5" in err

    def spent(name: str) -> tuple[int, float]:
        lines = (corpus.parent / name / "metrics.jsonl").read_text().splitlines()
        last = [json.loads(line) for line in lines if '"step",' in line][-1]
        return last["step"], last["elapsed"]

    assert 12 <= spent("whole")[1] < 15
    assert 12 <= spent("cut")[1] < 15
    assert abs(spent("whole")[0] - spent("cut")[0]) <= 3


def test_standard_input_makes_its_own_tokenizer(
    tfcli, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import sys

    def piped() -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(corpus.read_bytes())))

    piped()
    words = ["-" if word == "corpus.txt" else word for word in train("r", "--steps", "2")]
    assert tfcli(*words)[0] == 0
    piped()
    assert tfcli("train", "-", "--resume", "--run", "r")[0] == 0
    assert tfcli(*train("file", "--steps", "2"))[0] == 0
    weights = [(corpus.parent / n / "last/model.safetensors").read_bytes() for n in ("r", "file")]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("kind", ["bpe", "unigram", "char", "word"])
def test_every_tokenizer_type_holds_the_characters_of_the_corpus(
    tfcli, corpus: Path, kind: str
) -> None:
    """Three thousand different characters are more than the smallest vocabulary holds."""
    hanzi = "".join(chr(0x4E00 + i) for i in range(3000))
    corpus.write_text("\n".join(hanzi[i : i + 40] for i in range(0, 3000, 20)), encoding="utf-8")
    code, _, err = tfcli(*train("r", "--tokenizer-type", kind, "--steps", "1"))
    assert code == 0, err


def test_lines_of_a_pipe_are_plain_and_fit(tfcli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    code, out, err = tfcli(*train("runs/r", "--steps", "12", "--sample", "a"))
    assert (code, out) == (0, "")
    assert "\x1b" not in err
    assert "\r" not in err
    assert max(cells(line) for line in err.splitlines()) <= 80
    assert re.search(r"step 12  held out: \d\.\d+ nats/token  \d\.\d+ bits/byte", err)
    assert 'tfcli generate "a"\n  tfcli explain "a"\n' in err
    quiet = tfcli(*train("runs/q", "--steps", "2", "-q"))
    assert quiet == (0, "", "")


def test_what_to_type_next_finds_the_model(tfcli, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, err = tfcli(*train("my runs/r", "--steps", "1", "--sample", 'say "$x"'))
    assert "tfcli generate 'say \"$x\"' --model 'my runs/r'" in err
    assert tfcli("generate", "--ids", "5", "--model", "my runs/r", "-n", "1")[0] == 0
    monkeypatch.setenv("TFCLI_MODEL", "other")
    assert "--model runs/r" in tfcli(*train("runs/r", "--steps", "1"))[2]


def cells(line: str) -> int:
    """The columns that a line takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def everything(descriptor: int) -> Iterator[int]:
    """The bytes that a terminal is sent, until nobody holds it open."""
    with contextlib.suppress(OSError):
        while block := os.read(descriptor, 4096):
            yield from block


def screen(written: str, columns: int) -> list[str]:
    """What a terminal of that width shows after this."""
    rows: list[list[str]] = [[]]
    row = column = 0
    for code, parameter, letter, character in re.findall(
        r"(\x1b\[([\d;]*)([A-Za-z]))|(.)", written, re.S
    ):
        wide = cells(character)
        if letter == "A":  # cursor up
            row -= int(parameter)
            assert row >= 0
        elif letter == "J":  # clear from the cursor on
            rows = [*rows[:row], rows[row][:column]]
        elif code:
            assert letter == "m", code
        elif character == "\r":
            column = 0
        elif character == "\n" or column + wide > columns:
            row, column = row + 1, 0
        if character and character not in "\r\n":
            rows += [[] for _ in range(row + 1 - len(rows))]
            rows[row][column : column + wide] = [character, *[""] * (wide - 1)]
            column += wide
        rows += [[] for _ in range(row + 1 - len(rows))]
    return ["".join(row) for row in rows]


@pytest.mark.parametrize("columns", [120, 80, 34])
def test_a_terminal_shows_a_foot_that_is_gone_at_the_end(
    processes: Processes, corpus, columns: int
) -> None:
    folder = corpus.parent
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    arguments = train("runs/r", "--steps", "60", "--sample", "猫坐着")
    written = bytearray()
    reader = threading.Thread(target=lambda: written.extend(everything(master)))
    reader.start()
    code = processes.run(
        *(folder, *arguments),
        stderr=os.ttyname(slave),
        environment={"TERM": "xterm", "NO_COLOR": "1"},
    )
    os.close(slave)
    reader.join()
    os.close(master)
    assert code == 0
    shown = written.decode().replace("\r\n", "\n")
    shown = shown[shown.index("training ") :]  # after the spinner
    assert not re.search(r"\x1b\[[\d;]*3\d", shown)  # no colours
    foot = screen(shown[: shown.index("\x1b[J")], columns)
    assert any(re.search(r"\d% .*\d:\d\d gone", row) for row in foot)
    assert any("tokens/s" in row for row in foot)
    assert any("▁" in row or "█" in row for row in foot)
    assert max(map(cells, foot)) <= columns
    end = screen(shown, columns)
    assert not [row for row in end if "gone" in row or "▁" in row or "█" in row]
    assert "".join(end).count(" nats/char") == 6  # a line may be wrapped
    assert sum("猫坐着" in row for row in end) >= 6
    assert "done after 60 steps" in "".join(end)


@pytest.mark.parametrize("architecture", ["qwen3", "transformer-2017"])
def test_a_dry_run_counts_what_the_run_then_has(tfcli, corpus: Path, architecture) -> None:
    begin = train("r", "--steps", "12", "--json", "--architecture", architecture)
    code, out, _ = tfcli(*begin, "--dry-run")
    plan = json.loads(out)
    assert (code, plan["schema"]) == (0, "tfcli.train.plan/1")
    assert not (corpus.parent / "r").exists()
    events = [json.loads(line) for line in tfcli(*begin)[1].splitlines()]
    named = {event["event"]: event for event in events}
    assert plan["parameters"] == named["started"]["parameters"]
    assert plan["train_tokens"] == named["started"]["train_tokens"]
    assert plan["tokens"] == named["finished"]["tokens"]
    run_folder = corpus.parent / "r"
    written = sum(file.stat().st_size for file in run_folder.rglob("*.safetensors"))
    assert plan["snapshots"] == len(list(run_folder.glob("snapshots/*/config.json"))) > 3
    assert plan["disk"] == pytest.approx(written, rel=0.35)  # headers, of a tiny model
    assert plan["seconds"] == pytest.approx(named["finished"]["seconds"], rel=9)
    code, out, _ = tfcli(*train("r2", "--dry-run", "--architecture", architecture))
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert re.search("^ +.*B for activations$", out, re.M)


@pytest.mark.parametrize("architecture", ["qwen3", "gpt2", "transformer-2017"])
def test_the_flops_are_those_that_are_done(architecture) -> None:
    """In an encoder-decoder, the mean over all that it may have to read."""
    import numpy as np

    from tfcli.model.transformer import Transformer
    from tfcli.train.examples import cuts, examples_for
    from tfcli.train.plan import flops_per_token
    from tfcli.train.trainer import Trainer

    beside_encoder = architecture == "transformer-2017"
    context = 16 if beside_encoder else 32
    config = TrainConfig(
        steps=1, size="nano", layers=2, context=context, batch_size=2, architecture=architecture
    )
    model = Transformer(config.model_config(500))
    tokens = np.concatenate((np.zeros(100, int), np.arange(500))) % 500
    trainer = Trainer(model, examples_for(model.config, tokens, 1), config, None)
    counted = 0.0
    for cut, share in cuts(context) if beside_encoder else [(None, 1.0)]:
        trainer.cut = cut
        with (
            FlopCounterMode(display=False) as counter,
            torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH),
        ):
            trainer.gradients(1)
        counted += share * counter.get_total_flops()
    assert flops_per_token(model) * trainer.tokens_per_step == pytest.approx(counted, rel=0.02)
