"""Which model a command works on: `--model`, else TFCLI_MODEL, else the newest run."""

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from tfcli.checkpoint.files import previous_directory
from tfcli.checkpoint.hub.pull import find_pulled
from tfcli.errors import NotFoundError

RUNS = Path("runs")
_SHOWN = 6


@dataclass(frozen=True)
class ModelPath:
    """A model directory or GGUF file, and why it was chosen, in words for stderr.

    The reason is "" where it was named.
    """

    path: Path
    reason: str


def locate_model(
    source: str | os.PathLike[str] | None = None, runs: Path = RUNS, reason: str = ""
) -> ModelPath:
    """Find the model for `source`: a run, a directory with a config.json, a GGUF file, or the
    name of a model that was pulled.

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
    """The model at `path`: itself, the best (else the last) of a run, or a directory's only GGUF
    file; else the pulled model of that name."""
    because = f" ({reason})" if reason else ""
    try:
        if path.is_file():
            return _gguf_file(path, because)
        for candidate in (path, path / "best", path / "last"):
            for place in (candidate, previous_directory(candidate)):
                if (place / "config.json").is_file():
                    return place
        there = path.exists()
        files = sorted(path.glob("*.gguf")) if there else []
    except OSError as error:
        raise NotFoundError(f"{path}{because} cannot be read: {error.strerror}.") from error
    if len(files) == 1:
        return files[0]
    if files:
        raise NotFoundError(
            f"{path}{because} holds {len(files)} GGUF files: "
            + ", ".join(file.name for file in files[:_SHOWN])
            + ("…" if len(files) > _SHOWN else "."),
            hint=f"Name one: --model {files[0]}",
        )
    pulled = None if there else find_pulled(str(path))
    if pulled is not None:
        return pulled
    if not there:
        raise NotFoundError(
            f"There is no model at {path}{because}." + _near(path),
            hint=_fetch_hint(path)
            or "Type `tfcli train` to train one; `--model` takes a run, a model directory or a "
            "GGUF file.",
        )
    raise NotFoundError(
        f"{path}{because} is not a model: it holds no config.json, and no best/ or last/ with one.",
        hint="Give the directory that holds config.json and model.safetensors.",
    )


def _gguf_file(path: Path, because: str) -> Path:
    from tfcli.checkpoint.gguf.file import is_gguf  # it loads torch

    if is_gguf(path) or path.suffix.lower() == ".gguf":  # a damaged one says what it lacks
        return path
    raise NotFoundError(
        f"{path}{because} is a file, and no model: of files, only GGUF can be opened.",
        hint="Give the directory that holds config.json and model.safetensors.",
    )


def _fetch_hint(path: Path) -> str | None:
    """How to get a model whose name looks like one on a hub."""
    named = len(path.parts) == 2 and not path.is_absolute() and not path.parent.exists()
    named = named and path.parts[0] != RUNS.name
    return f"To get it from the hub: tfcli model pull {path}" if named else None


def _near(path: Path) -> str:
    try:
        names = [p.name for p in path.parent.iterdir()]
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, names, n=1)
    return f" Did you mean {path.parent / near[0]}?" if near else ""
