"""Training: the objective's gradients, the schedule, learning, and what a run gives others."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers import AutoModelForCausalLM, AutoTokenizer

from tfcli.api import load_model
from tfcli.main import run
from tfcli.model.initialise import initialise
from tfcli.model.transformer import Transformer
from tfcli.train import objective
from tfcli.train.config import TrainConfig
from tfcli.train.examples import examples_for
from tfcli.train.schedule import learning_rate_scale
from tfcli.train.trainer import Trainer

SMALL = ["--size", "nano", "--layers", "2", "--context", "32", "--batch-size", "4"]


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


def trainer(**choices) -> Trainer:
    """A very small model on 40 different tokens that come again and again."""
    config = TrainConfig(steps=30, size="nano", layers=1, context=16, **choices)
    model = Transformer(config.model_config(64))
    initialise(model, 0)
    examples = examples_for(model.config, np.arange(400) * 7 % 40, 1)
    return Trainer(model, examples, config, None)


@pytest.mark.parametrize("architecture", ["qwen3", "gpt2"])
@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_a_model_learns_what_comes_again(architecture, optimizer) -> None:
    learner = trainer(architecture=architecture, optimizer=optimizer, batch_size=4)
    losses = [learner.step(number, 0.3)[0] for number in range(30)]
    assert losses[0] > 3.5
    assert losses[-1] < 1


def test_micro_batches_add_up_to_the_batch() -> None:
    whole, parts = trainer(batch_size=6), trainer(batch_size=2, accumulate=3)
    assert whole.tokens_per_step == parts.tokens_per_step
    assert parts.gradients(1) == pytest.approx(whole.gradients(1), rel=1e-5)
    for one, other in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, atol=1e-6, rtol=1e-4)


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


def test_validation_computes_no_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under no_grad the loss is the same, and the gradient's work is not done."""
    from tfcli.train import objective

    hidden, weight = torch.randn(6, 8), torch.nn.Parameter(torch.randn(11, 8))
    targets = torch.arange(6)
    with_gradient = objective.linear_cross_entropy(hidden, weight, targets)
    monkeypatch.setattr(objective, "_probabilities", None)  # the gradient needs them
    with torch.no_grad():
        without = objective.linear_cross_entropy(hidden, weight, targets)
    assert torch.allclose(with_gradient, without)
    with pytest.raises(TypeError):
        objective.linear_cross_entropy(hidden, weight, targets)
