"""Which model a command works on: `--model`, else TFCLI_MODEL, else the newest run."""

import os
from dataclasses import dataclass
from pathlib import Path

from tfcli.checkpoint.files import recover_directory
from tfcli.errors import NotFoundError

RUNS = Path("runs")


@dataclass(frozen=True)
class ModelPath:
    """A model directory, and why it was chosen, in words for stderr ("" where it was named)."""

    path: Path
    reason: str


def locate_model(source: str | os.PathLike[str] | None = None, runs: Path = RUNS) -> ModelPath:
    """Find the model directory for `source`: a run, or a directory with a config.json.

    Raises:
        NotFoundError: nothing is there; the message says what to type.
    """
    if source:
        return ModelPath(_model_in(Path(source)), "")
    from_environment = os.environ.get("TFCLI_MODEL")
    if from_environment:
        return ModelPath(_model_in(Path(from_environment)), "from TFCLI_MODEL")
    run = newest_run(runs)
    if run is None:
        raise NotFoundError(
            f"There is no model yet: the folder {runs}/ holds no finished checkpoint.",
            hint="Type `tfcli train` to train one, or name one with `--model DIR`.",
        )
    return ModelPath(_model_in(run), f"the newest run in {runs}/")


def newest_run(runs: Path = RUNS) -> Path | None:
    """The run directory with the most recently written checkpoint, or None."""
    if not runs.is_dir():
        return None
    found = [(path.stat().st_mtime_ns, path) for path in runs.glob("*/last/config.json")]
    found += [(path.stat().st_mtime_ns, path) for path in runs.glob("*/best/config.json")]
    return max(found)[1].parent.parent if found else None


def _model_in(path: Path) -> Path:
    """The model directory at `path`: itself, or the best (else the last) of a run."""
    for candidate in (path, path / "best", path / "last"):
        recover_directory(candidate)
        if (candidate / "config.json").is_file():
            return candidate
    if not path.exists():
        raise NotFoundError(
            f"There is no model at {path}." + _near(path),
            hint="Type `tfcli train` to train one; `--model` takes a run or a model directory.",
        )
    raise NotFoundError(
        f"{path} is not a model: it holds no config.json, and no best/ or last/ with one.",
        hint="Give the directory that holds config.json and model.safetensors.",
    )


def _near(path: Path) -> str:
    import difflib

    names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, names, n=1)
    return f" Did you mean {path.parent / near[0]}?" if near else ""
