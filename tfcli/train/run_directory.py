"""A run's folder: config.toml, metrics.jsonl, best/, last/, and state/ to resume from."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from tfcli.checkpoint.files import recover_directory, storage_errors, sync, write_atomic
from tfcli.checkpoint.write import save_safetensors
from tfcli.errors import CheckpointError, NotFoundError


@dataclass(frozen=True)
class Progress:
    """Where a run stands: all that a resume needs beside the tensors."""

    step: int = 0
    tokens: int = 0
    elapsed: float = 0.0
    best_loss: float = float("inf")
    best_bits_per_byte: float = float("inf")


class RunDirectory:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.best = path / "best"
        self.last = path / "last"
        self.config_file = path / "config.toml"
        self.metrics_file = path / "metrics.jsonl"
        self.state_file = path / "state" / "state.safetensors"

    def create(self, record: Mapping[str, Any]) -> None:
        """Make the folder and write the run's configuration."""
        with storage_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        write_atomic(self.config_file, _to_toml(record))
        write_atomic(self.metrics_file, "")

    def read_record(self) -> dict[str, Any]:
        """The configuration of an existing run.

        Raises:
            NotFoundError: there is no run. CheckpointError: its record is damaged.
        """
        if not self.config_file.is_file():
            raise NotFoundError(
                f"There is no run at {self.path}.",
                hint="`tfcli train --resume --run DIR` takes a folder that `tfcli train` made.",
            )
        for folder in (self.best, self.last):
            recover_directory(folder)
        try:
            return tomllib.loads(self.config_file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{self.config_file} is damaged: {error}.") from error

    def append_metrics(self, entry: Mapping[str, Any]) -> None:
        """Add one line to metrics.jsonl."""
        with (
            storage_errors(self.metrics_file),
            self.metrics_file.open("a", encoding="utf-8") as file,
        ):
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def forget_metrics_after(self, step: int) -> None:
        """Drop lines of steps that a resume will do again."""
        if not self.metrics_file.is_file():
            return
        kept = []
        for line in self.metrics_file.read_text(encoding="utf-8").splitlines():
            try:
                if int(json.loads(line)["step"]) <= step:
                    kept.append(line)
            except (ValueError, KeyError, TypeError):
                continue  # a line cut short when the process was killed
        write_atomic(self.metrics_file, "".join(line + "\n" for line in kept))

    def save_state(self, tensors: Mapping[str, Tensor], progress: Progress) -> None:
        """Replace the state, in one file, so that its parts always belong together."""
        metadata = {"progress": json.dumps(vars(progress))}
        partial = self.state_file.with_name(".state.partial")
        with storage_errors(self.state_file):
            try:
                self.state_file.parent.mkdir(parents=True, exist_ok=True)
                on_cpu = {name: t.detach().to("cpu").contiguous() for name, t in tensors.items()}
                save_safetensors(on_cpu, partial, metadata)
                sync(partial)
                partial.replace(self.state_file)
                sync(self.state_file.parent)
            finally:
                partial.unlink(missing_ok=True)

    def load_state(self) -> tuple[dict[str, Tensor], Progress]:
        """The state that was saved last.

        Raises:
            NotFoundError: nothing was saved. CheckpointError: the file is damaged.
        """
        if not self.state_file.is_file():
            raise NotFoundError(f"The run at {self.path} saved no state to resume from.")
        try:
            with safe_open(self.state_file, framework="pt") as file:
                tensors: dict[str, Tensor] = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
                progress = Progress(**json.loads(file.metadata()["progress"]))
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{self.state_file} is damaged: {error}.") from error
        return tensors, progress


def checked_copy(target: Tensor, tensors: Mapping[str, Tensor], name: str, file: Path) -> None:
    """Copy a named tensor of a state; CheckpointError where it is missing or misshapen."""
    source = tensors.get(name)
    if source is None or source.shape != target.shape:
        raise CheckpointError(f"{file} is damaged: it lacks “{name}”.")
    with torch.no_grad():
        target.copy_(source)


def _to_toml(record: Mapping[str, Any]) -> str:
    """Tables of plain values; a None is left out, as its default says it."""
    lines: list[str] = []
    for table, values in record.items():
        lines.append(f"[{table}]")
        for key, value in values.items():
            if value is not None and not isinstance(value, dict):
                lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
        lines.append("")
    return "\n".join(lines)
