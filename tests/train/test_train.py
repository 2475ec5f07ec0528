"""Training: the objective's gradients, overfitting, and a resume that is exact."""

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from tfcli.api import load_model
from tfcli.main import run
from tfcli.train import objective
from tfcli.train.schedule import learning_rate_scale

SMALL = ["--size", "nano", "--layers", "2", "--context", "32", "--batch-size", "4"]
FIXED = [*SMALL, "--tokenizer-type", "char", "--threads", "1", "--dtype", "float32"]


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFCLI_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "corpus.txt"
    path.write_text(
        "".join(f"Line {i}: the cat sat on mat {i % 7}. 猫坐着。\n" for i in range(400))
    )
    return path


def test_chunked_loss_has_the_gradients_of_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objective, "CHUNK_ELEMENTS", 100)  # 3 rows a slice
    g = torch.Generator().manual_seed(0)
    hidden = torch.randn(11, 8, generator=g, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(30, 8, generator=g, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, 30, (11,), generator=g)
    plain = F.cross_entropy(hidden @ weight.T, targets)
    chunked = objective.linear_cross_entropy(hidden, weight, targets)
    torch.testing.assert_close(chunked, plain)
    expected = torch.autograd.grad(3 * plain, (hidden, weight))
    found = torch.autograd.grad(3 * chunked, (hidden, weight))
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-10)


def test_the_schedule_rises_holds_and_falls_to_zero() -> None:
    scales = [learning_rate_scale(i / 100, 0.1, 0.5) for i in range(101)]
    assert scales[5] == pytest.approx(0.5)
    assert scales[30] == 1.0
    assert scales[75] == pytest.approx(0.5)
    assert scales[100] == 0.0


def test_a_resumed_run_has_the_same_weights(corpus: Path) -> None:
    budget = ["--steps", "12", "--save-every", "5", "--validate-every", "6"]
    assert run(["train", str(corpus), "--run", "whole", *FIXED, *budget]) == 0
    assert run(["train", str(corpus), "--run", "cut", *FIXED, *budget]) == 0
    state = Path("cut/state/state.safetensors")
    from tfcli.train import loop

    original = loop._save
    saves = []

    class Killed(Exception):  # noqa: N818
        pass

    def save_then_die(job, trainer, progress):
        original(job, trainer, progress)
        saves.append(progress.step)
        raise Killed

    state.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "_save", save_then_die)
        with pytest.raises(Killed):
            from tfcli.cli.app import invoke  # the command itself would report a crash

            if invoke(["train", str(corpus), "--run", "dies", *FIXED, *budget]):
                raise Killed
    assert saves == [5]
    assert run(["train", "--resume", "--run", "dies"]) == 0
    whole = load_file("whole/last/model.safetensors")
    resumed = load_file("dies/last/model.safetensors")
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    lines = Path("dies/metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines if "norm" in line]
    assert steps == list(range(1, 13))


def test_transformers_loads_a_run_with_the_same_ids_and_logits(corpus: Path) -> None:
    assert run(["train", str(corpus), "--run", "r", *SMALL, "--steps", "6"]) == 0
    ours = load_model("r", device="cpu")
    assert ours.tokenizer is not None
    tokenizer = AutoTokenizer.from_pretrained("r/best")
    theirs = AutoModelForCausalLM.from_pretrained("r/best")
    for line in [*corpus.read_text().splitlines()[:50], "<unk> </s> 😀 a\tb  c", "<|im_end|>x"]:
        assert tokenizer.encode(line) == ours.tokenizer.encode(line)
    ids = torch.tensor([ours.tokenizer.encode("Line 3: the cat")])
    with torch.inference_mode():
        assert (theirs(ids).logits - ours(ids)).abs().max() < 1e-4


def test_bad_input_is_one_panel_and_an_exit_code(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty.txt").write_text("")
    Path("binary.txt").write_bytes(b"abc\x00\xff" * 100)
    Path("latin.txt").write_bytes("caf\xe9 au lait ".encode("latin-1") * 100)
    wrong = {
        5: (["train", "absent.txt"], ["train", "empty.txt"], ["train", "binary.txt"]),
        2: (["train", "--size", "huge"], ["train", "--steps", "1", "--minutes", "1"]),
        3: (
            ["train", "--resume", "--run", "absent"],
            ["generate", "--ids", "1", "--model", "absent"],
        ),
        1: (["train", str(corpus), *SMALL, "--steps", "1", "--run", "empty.txt/run"],),
    }
    for code, commands in wrong.items():
        for arguments in commands:
            assert run(arguments) == code, arguments
            shown = capsys.readouterr().err
            assert "Traceback" not in shown
            assert "╰" in shown or "+-" in shown
    assert run(["train", "latin.txt"]) == 5
    assert "latin.txt" in (error := capsys.readouterr().err)
    assert "offset 3" in " ".join(error.replace("│", " ").split())


def test_a_loss_that_is_no_number_stops_and_keeps_the_checkpoint(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--run", "r", *SMALL, "--steps", "40", "--save-every", "1", "--clip", "0"]
    assert run(["train", str(corpus), *options, "--muon-lr", "1e30", "--lr", "1e30"]) == 1
    assert "diverged" in capsys.readouterr().err
