"""A run that was killed, stopped or starved of space goes on as if nothing had happened."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from train_runs import RESUME, assert_same, outcome, train

from tfcli.checkpoint.locate import locate_model
from tfcli.checkpoint.manifest import verify_manifest
from tfcli.checkpoint.snapshots import snapshots_in
from tfcli.main import run

BUDGET = ["--steps", "7", "--save-every", "3", "--validate-every", "2"]


def test_a_kill_between_any_two_changes_on_the_disk_loses_nothing(processes, corpus) -> None:
    """Before each change of a file or folder of the run, some time in the whole run."""
    folder = corpus.parent
    options = {"watched": str(folder / "runs"), "count_in": str(folder / "count")}
    assert processes.run(folder, *train("runs/whole", *BUDGET), **options) == 0
    changes = int((folder / "count").read_text())
    assert changes > 100
    # Runs differ by a change or two (the cache is there the second time), so not up to the last.
    points = sorted(random.Random().sample(range(1, changes * 9 // 10), 6))
    resumed = 0
    for at in points:
        place = folder / f"runs/killed-{at}"
        name = f"runs/{place.name}"
        assert processes.run(folder, *train(name, *BUDGET), die_at=at, **options) == -9
        for model in [place / "best", place / "last", *(path for _, path in snapshots_in(place))]:
            if (model / "config.json").exists():
                assert verify_manifest(locate_model(model).path) is not None, (at, points)
        if not (place / "config.toml").exists():
            continue  # it had not begun
        assert processes.run(folder, *RESUME, name) == 0, (at, (folder / "err").read_text())
        assert_same(place, folder / "runs/whole", (at, points))
        assert not [path for path in place.rglob(".*") if "partial" in path.name], (at, points)
        resumed += 1
    assert resumed >= 4


@pytest.mark.parametrize(
    "variant",
    [
        ["--optimizer", "adamw"],
        ["--architecture", "gpt2"],
        ["--architecture", "transformer-2017"],
        ["--accumulate", "3"],
        ["--tokens", "224"],
    ],
    ids="-".join,
)
def test_every_kind_of_run_resumes(processes, corpus, variant: list[str]) -> None:
    folder = corpus.parent
    budget = [w for w in BUDGET if "--tokens" not in variant or w not in ("--steps", "7")]
    options = {"watched": str(folder / "runs"), "count_in": str(folder / "count")}
    assert processes.run(folder, *train("runs/whole", *budget, *variant), **options) == 0
    changes = int((folder / "count").read_text())
    at = random.randint(changes // 3, changes * 9 // 10)
    assert processes.run(folder, *train("runs/cut", *budget, *variant), die_at=at, **options) == -9
    assert processes.run(folder, *RESUME, "runs/cut") == 0
    assert_same(folder / "runs/cut", folder / "runs/whole", at)
    assert len(outcome(folder / "runs/whole")[2]) >= 7


def test_a_process_killed_at_a_random_step_resumes(corpus: Path) -> None:
    """The command itself, killed from outside, and another one that goes on."""
    budget = ["--steps", "120", "--save-every", "17", "--validate-every", "60"]
    assert run(train("whole", *budget)) == 0
    at = random.randint(1, 115)
    command = [sys.executable, "-m", "tfcli", *train("cut", *budget), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "stepped" and event["step"] == at:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -9, at
    assert run([*RESUME, "cut"]) == 0, at
    assert_same(corpus.parent / "cut", corpus.parent / "whole", at)
