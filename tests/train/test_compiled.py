"""Compiled blocks: for the training step alone, and as often as a model with an encoder needs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch._dynamo
from tiny import CONFIGS
from torch import nn
from train_runs import outcome, train

from tfcli.main import run
from tfcli.model.block import Block
from tfcli.model.transformer import Transformer
from tfcli.train.compiled import as_written, compile_blocks
from tfcli.train.config import TrainConfig


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """Counts what is compiled and what of it is run, with no compiler but dynamo itself."""
    counts = {"compiled": 0, "run": 0}

    def backend(graph, _example):
        counts["compiled"] += 1

        def forward(*inputs):
            counts["run"] += 1
            return graph(*inputs)

        return forward

    monkeypatch.setattr(Block, "compile", lambda self: nn.Module.compile(self, backend=backend))
    torch._dynamo.reset()
    yield counts
    torch._dynamo.reset()


def test_as_written_runs_nothing_compiled(graphs: dict[str, int]) -> None:
    model = Transformer(CONFIGS["qwen3"])
    compile_blocks(model)
    ids = torch.tensor([[1, 2, 3]])
    with torch.no_grad():
        first = model(ids)
        before = dict(graphs)
        with as_written(True):
            second = model(ids)
            model(torch.tensor([[1, 2]]))
        assert graphs == before
        with as_written(False):
            model(ids)
    assert graphs["run"] > before["run"] >= model.config.num_layers
    torch.testing.assert_close(second, first)


@pytest.mark.parametrize("architecture", ["qwen3", "transformer-2017"])
def test_a_run_is_compiled_for_its_steps_alone(
    graphs: dict[str, int], corpus: Path, architecture: str
) -> None:
    """And with another compiler than none it computes the same."""
    budget = ["--steps", "4", "--architecture", architecture, "--validate-every"]
    assert run(train("plain", *budget, "2")) == 0
    assert graphs["run"] == 0
    assert run(train("few", *budget, "4", "--compile")) == 0
    of_steps = graphs["run"]
    assert of_steps >= 4 * 2
    torch._dynamo.reset()  # which graphs a block falls into depends on what was compiled before
    assert run([*train("often", *budget, "2", "--compile"), "--sample", "the cat"]) == 0
    assert graphs["run"] == 2 * of_steps
    found, expected = outcome(Path("often"))[2], outcome(Path("plain"))[2]
    assert [e["loss"] for e in found] == pytest.approx([e["loss"] for e in expected], rel=1e-4)


def test_beside_an_encoder_many_versions_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Block, "compile", lambda self: None)
    both = TrainConfig(steps=1, architecture="transformer-2017", layers=1, context=16)
    with torch._dynamo.config.patch(recompile_limit=8):
        compile_blocks(Transformer(CONFIGS["qwen3"]))
        assert torch._dynamo.config.recompile_limit == 8
        compile_blocks(Transformer(both.model_config(64)))
        assert torch._dynamo.config.recompile_limit == 32


@pytest.mark.parametrize(
    ("architecture", "optimizer", "warmup"),
    [
        ("qwen3", "muon", 0.02),
        ("qwen3", "adamw", 0.02),
        ("transformer-2017", "muon", 0.02),
        ("transformer-2017", "adamw", 0.3),
    ],
)
def test_the_warm_up_is_the_architectures(architecture, optimizer, warmup) -> None:
    choices = {"architecture": architecture, "optimizer": optimizer, "steps": 1}
    assert TrainConfig(**choices).warmup == warmup
    assert TrainConfig(**choices, warmup=0.1).warmup == 0.1
