"""Which model a command works on: `--model`, else TFCLI_MODEL, else the newest run."""

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from tfcli.checkpoint.files import previous_directory
from tfcli.errors import NotFoundError

RUNS = Path("runs")


@dataclass(frozen=True)
class ModelPath:
    """A model directory, and why it was chosen, in words for stderr ("" where it was named)."""

    path: Path
    reason: str


def locate_model(
    source: str | os.PathLike[str] | None = None, runs: Path = RUNS, reason: str = ""
) -> ModelPath:
    """Find the model directory for `source`: a run, or a directory with a config.json.

    Args:
        source: where to look; None takes TFCLI_MODEL, else the newest run in `runs`.
        reason: where `source` comes from, if it was not typed; the messages repeat it.

    Raises:
        NotFoundError: nothing is there; the message says what to type.
    """
    if source:
        return ModelPath(_model_in(Path(source), reason), reason)
    from_environment = os.environ.get("TFCLI_MODEL")
    if from_environment:
        reason = "from TFCLI_MODEL"
        return ModelPath(_model_in(Path(from_environment), reason), reason)
    run = newest_run(runs)
    if run is None:
        raise NotFoundError(
            f"There is no model yet: the folder {runs}/ holds no finished checkpoint.",
            hint="Type `tfcli train` to train one, or name one with `--model DIR`.",
        )
    reason = f"the newest run in {runs}/"
    return ModelPath(_model_in(run, reason), reason)


def newest_run(runs: Path = RUNS) -> Path | None:
    """The run directory with the most recently written checkpoint, or None."""
    found: list[tuple[int, Path]] = []
    for name in ("last", "best"):
        for path in runs.glob(f"*/{name}/config.json"):
            try:
                found.append((path.stat().st_mtime_ns, path.parent.parent))
            except OSError:  # a training run is just replacing it
                continue
    return max(found)[1] if found else None


def _model_in(path: Path, reason: str) -> Path:
    """The model directory at `path`: itself, or the best (else the last) of a run."""
    because = f" ({reason})" if reason else ""
    try:
        for candidate in (path, path / "best", path / "last"):
            for place in (candidate, previous_directory(candidate)):
                if (place / "config.json").is_file():
                    return place
        there = path.exists()
    except OSError as error:
        raise NotFoundError(f"{path}{because} cannot be read: {error.strerror}.") from error
    if not there:
        raise NotFoundError(
            f"There is no model at {path}{because}." + _near(path),
            hint="Type `tfcli train` to train one; `--model` takes a run or a model directory.",
        )
    raise NotFoundError(
        f"{path}{because} is not a model: it holds no config.json, and no best/ or last/ with one.",
        hint="Give the directory that holds config.json and model.safetensors.",
    )


def _near(path: Path) -> str:
    try:
        names = [p.name for p in path.parent.iterdir()]
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, names, n=1)
    return f" Did you mean {path.parent / near[0]}?" if near else ""
