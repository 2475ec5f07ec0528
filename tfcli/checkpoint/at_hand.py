"""The models at hand: runs of `tfcli train`, and what was pulled into the cache."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tfcli.checkpoint.facts import read_facts
from tfcli.checkpoint.hub.record import RECORD, Record, read_record, stands
from tfcli.checkpoint.locate import RUNS
from tfcli.errors import NotFoundError, TfcliError
from tfcli.folders import cache_folder
from tfcli.model.size import parameter_count


@dataclass(frozen=True)
class ModelAtHand:
    """One model that can be named.

    Attributes:
        name: what to type: `runs/first`, or the name it was pulled by; the file, where several
            GGUF files have one name.
        kind: whether it is a run or was pulled.
        path: its directory or GGUF file.
        revision: of a pulled model; else "".
        model_type, parameters, bytes: what it is, and how large its files are; "" and 0 where it
            cannot be read.
        fault: why it cannot be; "" where it can.
    """

    name: str
    kind: Literal["run", "pulled"]
    path: Path
    revision: str = ""
    model_type: str = ""
    parameters: int = 0
    bytes: int = 0
    fault: str = ""


def models_at_hand(runs: Path = RUNS) -> list[ModelAtHand]:
    """All of them, the newest run first, then pulled models by name."""
    pulled = list(_pulled())
    names = [model.name for model in pulled]
    apart = [
        replace(model, name=str(model.path)) if names.count(model.name) > 1 else model
        for model in pulled
    ]
    return [*_runs(runs), *apart]


def _runs(runs: Path) -> Iterator[ModelAtHand]:
    found: list[tuple[int, Path]] = []
    for name in ("last", "best"):
        for file in runs.glob(f"*/{name}/config.json"):
            with suppress(OSError):  # a training run is just replacing it
                found.append((file.stat().st_mtime_ns, file.parent.parent))
    for run in dict.fromkeys(path for _, path in sorted(found, reverse=True)):
        yield _described(ModelAtHand(str(run), "run", run))


def _pulled() -> Iterator[ModelAtHand]:
    for file in sorted((cache_folder() / "models").glob(f"*/*/{RECORD}")):
        record = read_record(file.parent)
        if record is None:
            continue
        path = file.parent / record.gguf if record.gguf else file.parent
        name = record.name if record.revision == "main" else f"{record.name}@{record.revision}"
        model = ModelAtHand(name, "pulled", path, record.revision)
        if not all(stands(file.parent, each) for each in record.files):
            yield replace(model, fault="not whole: pull it again")
            continue
        yield _described(model, record)


def _described(model: ModelAtHand, record: Record | None = None) -> ModelAtHand:
    try:
        facts = read_facts(str(model.path))
    except TfcliError as error:
        if isinstance(error, NotFoundError):
            return replace(model, fault="not there any more")
        return replace(model, fault=error.message)
    size = sum(count for _, count in facts.files)
    if record is not None:
        size = sum(file.size for file in record.files)
    return replace(
        model,
        path=facts.path,
        model_type=facts.family.MODEL_TYPE,
        parameters=parameter_count(facts.config).total,
        bytes=size,
    )
