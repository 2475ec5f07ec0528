"""The models that a run keeps on its way: when, how many, and that they disturb nothing."""

import json
from pathlib import Path

import pytest
import torch
from train_runs import RESUME, outcome, train

from tfcli.api import load_model
from tfcli.checkpoint.manifest import verify_manifest
from tfcli.checkpoint.snapshots import forget_snapshots_after, snapshot_path, snapshots_in
from tfcli.main import run
from tfcli.model.initialise import initialise
from tfcli.model.transformer import Transformer
from tfcli.train.config import TrainConfig
from tfcli.train.snapshots import count_snapshots, models_kept, passed, shares


@pytest.mark.parametrize("count", [2, 3, 12, 40])
def test_shares_grow_by_a_constant_factor_up_to_the_whole(count: int) -> None:
    none, *later = shares(count)
    assert none == 0.0
    assert len(later) == count - 1
    assert later[0] == pytest.approx(0.001)
    factors = [after / before for before, after in zip(later, [*later[1:], 1.0], strict=True)]
    assert factors == pytest.approx([0.001 ** (-1 / (count - 1))] * (count - 1))
    reached = [passed(count, done / 1000) for done in range(1001)]
    assert reached == sorted(reached)
    assert (reached[0], reached[-1]) == (1, count)


def test_few_are_still_the_first() -> None:
    assert [shares(0), shares(1)] == [(), (0.0,)]
    assert [models_kept(12, steps) for steps in (1, 2, 7, 1111)] == [1, 2, 4, 12]
    assert models_kept(0, 1111) == 0


def test_by_default_small_models_are_kept_and_large_ones_are_not() -> None:
    nano = TrainConfig(steps=1)
    assert count_snapshots(nano, 1_830_000) == 12
    assert count_snapshots(nano, 12_800_000) == 0
    asked = TrainConfig(steps=1, snapshots=3)
    assert [count_snapshots(asked, size) for size in (1, 10**9)] == [3, 3]


def test_a_run_keeps_whole_models_of_its_own_steps(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And it trains as one that keeps none."""
    assert run(train("r", "--steps", "20", "--json")) == 0
    shown = capsys.readouterr()
    events = [json.loads(line) for line in shown.out.splitlines()]
    steps = [event["step"] for event in events if event["event"] == "snapshot"]
    assert steps == [0, 1, 2, 4, 6, 11]
    assert "12 snapshots on the way, " in shown.err
    kept = snapshots_in(Path("r"))
    assert [step for step, _ in kept] == steps
    for step, path in kept:
        manifest = verify_manifest(path)
        assert manifest is not None
        assert manifest["training"]["step"] == step

    begin = load_model(kept[0][1], device="cpu").model
    fresh = Transformer(begin.config)
    initialise(fresh, 0)
    for found, expected in zip(begin.parameters(), fresh.parameters(), strict=True):
        assert torch.equal(found, expected)

    assert run(train("none", "--steps", "20", "--snapshots", "0")) == 0
    assert not Path("none/snapshots").exists()
    assert "on the way" not in capsys.readouterr().err
    assert outcome(Path("none"))[:3] == outcome(Path("r"))[:3]


def test_a_resume_forgets_what_it_does_again(corpus: Path) -> None:
    assert run(train("r", "--steps", "20")) == 0
    before = outcome(Path("r"))
    snapshot_path(Path("r"), 17).mkdir()  # of a state that was lost
    snapshot_path(Path("r"), 21).mkdir()
    Path("r/snapshots/.step-000013.partial").mkdir()
    Path("r/snapshots/mine").mkdir()
    forget_snapshots_after(Path("r"), 17)
    assert [step for step, _ in snapshots_in(Path("r"))] == [0, 1, 2, 4, 6, 11, 17]
    assert run([*RESUME, "r"]) == 0
    snapshot_path(Path("r"), 17).rmdir()
    assert outcome(Path("r")) == before
    assert {path.name for path in Path("r/snapshots").iterdir()} == {
        "mine",
        *(f"step-{step:06}" for step in (0, 1, 2, 4, 6, 11)),
    }
    forget_snapshots_after(Path("absent"), 3)
    assert not Path("absent").exists()


def test_a_budget_of_time_keeps_each_share_once(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the shares that pass while something else than a step takes the time."""
    from tfcli.train import loop

    now = 0.0

    class Clock:
        @staticmethod
        def monotonic() -> float:
            nonlocal now
            now += 0.5
            return now

    monkeypatch.setattr(loop, "time", Clock)
    assert run(train("r", "--minutes", "1", "--snapshots", "5", "--save-every", "1")) == 0
    elapsed = {
        entry["step"]: entry["progress"]
        for entry in map(json.loads, Path("r/metrics.jsonl").read_text().splitlines())
        if entry["event"] == "step"
    }
    kept = [step for step, _ in snapshots_in(Path("r"))]
    due = {0, *(min(s for s in elapsed if elapsed[s] >= share) for share in shares(5)[1:])}
    assert kept == sorted(due)
