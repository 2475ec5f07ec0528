"""The models that a training run keeps on its way: RUN/snapshots/step-000100/, each whole."""

import contextlib
import re
import shutil
from pathlib import Path

from tfcli.checkpoint.files import storage_errors

_FOLDER = "snapshots"
_NAME = re.compile(r"step-([0-9]{6,18})")


def snapshot_path(run: Path, step: int) -> Path:
    """Where a run keeps its model of this step; 0 is the model before training."""
    return run / _FOLDER / f"step-{step:06}"


def snapshots_in(run: Path) -> list[tuple[int, Path]]:
    """The steps that a run kept a model of, in order, and where each is; empty for none."""
    found: list[tuple[int, Path]] = []
    with contextlib.suppress(OSError):
        for path in (run / _FOLDER).iterdir():
            match = _NAME.fullmatch(path.name)
            if match and path.is_dir():
                found.append((int(match[1]), path))
    return sorted(found)


def forget_snapshots_after(run: Path, step: int) -> None:
    """Remove those of steps that a resume does again, and what a killed process left half done."""
    with storage_errors(run / _FOLDER):
        for later, path in snapshots_in(run):
            if later > step:
                # Under a name that is no snapshot's first: a removal may be cut short as well.
                path.replace(path.with_name(f".{path.name}.partial"))
        for path in (run / _FOLDER).glob(".step-*"):
            shutil.rmtree(path)
