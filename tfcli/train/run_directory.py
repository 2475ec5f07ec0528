"""A run's folder: config.toml, tokenizer/, metrics.jsonl, best/, last/, snapshots/, and state/ to
resume from.

The state is one file, written whole, and goes first: best/ and last/ follow it, and what a killed
process did not get to is made good from it when the run goes on.
"""

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
import shlex
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from tfcli_tokenizer import Tokenizer
from torch import Tensor

from tfcli.checkpoint.files import recover_directory, storage_errors, sync, write_atomic
from tfcli.checkpoint.write import save_safetensors
from tfcli.errors import CheckpointError, NotFoundError, UsageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


@dataclass(frozen=True)
class Record:
    """What config.toml says of a run: its choices, its data, and where it computes.

    Attributes:
        train: the table of the TrainConfig; its values are checked by whoever builds one.
        corpus: files, folders and globs, with absolute paths; empty for the embedded world.
        key: of the TokenDataset.
        tokenizer: its fingerprint.
        device, dtype: as they were asked for, "auto" among them.
        threads: CPU threads.
    """

    train: dict[str, Any]
    corpus: tuple[str, ...]
    key: str
    tokenizer: str
    device: str
    dtype: str
    threads: int


@dataclass(frozen=True)
class Progress:
    """Where a run stands: all that a resume needs beside the tensors.

    Attributes:
        elapsed: seconds of training, pauses left out.
        best_step: the step whose model is in best/; 0 for none.
        validated_step, validated_share: when the held-out text was measured last, in steps and
            as a share of the budget.
        snapshots: how many of the shares of the budget at which a model is kept are passed.
    """

    step: int = 0
    tokens: int = 0
    elapsed: float = 0.0
    best_step: int = 0
    best_loss: float = float("inf")
    best_bits_per_byte: float = float("inf")
    validated_step: int = 0
    validated_share: float = 0.0
    snapshots: int = 0


@dataclass(frozen=True)
class State:
    """What a resume begins with: tensors by name, progress, and the choices they belong to."""

    tensors: dict[str, Tensor]
    progress: Progress
    config: dict[str, Any]


def resume_command(path: Path) -> str:
    """What to type to go on with a run."""
    return f"tfcli train --resume --run {shlex.quote(str(path))}"


class RunDirectory:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.best = path / "best"
        self.last = path / "last"
        self.tokenizer = path / "tokenizer"
        self.config_file = path / "config.toml"
        self.metrics_file = path / "metrics.jsonl"
        self.state_file = path / "state" / "state.safetensors"

    def check_new(self) -> None:
        """Make sure that a run can begin here, before anything slow is done.

        Raises:
            UsageError: something is there already. StorageError: nothing can be written there.
        """
        with storage_errors(self.path):
            if self.config_file.exists() or self.state_file.exists():
                raise UsageError(
                    f"{self.path} already holds a run.",
                    hint=f"Go on with it by `{resume_command(self.path)}`, or name another folder.",
                )
            if self.path.exists() and not self.path.is_dir():
                raise UsageError(f"{self.path} is a file.", hint="Name a new folder with --run.")
            if self.path.is_dir() and any(self.path.iterdir()):
                raise UsageError(
                    f"{self.path} is neither empty nor a run.",
                    hint="Name a new folder with --run: what lies in this one stays untouched.",
                )
            above = next(p for p in (self.path, *self.path.absolute().parents) if p.exists())
            if not above.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            if not os.access(above, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def create(self, record: Record, tokenizer: Tokenizer) -> None:
        """Make the folder with the run's choices and tokenizer, or leave nothing behind.

        Raises:
            UsageError: another run has begun here meanwhile. StorageError: a full disk, and so on.
        """
        self.check_new()
        with storage_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                self.tokenizer.mkdir()  # only one process can
            except FileExistsError:
                raise UsageError(f"Another run is beginning in {self.path}.") from None
            try:
                tokenizer.save(self.tokenizer)
                for file in self.tokenizer.iterdir():
                    sync(file)
                write_atomic(self.metrics_file, "")
                write_atomic(self.config_file, _to_toml(record))  # last: it makes this a run
            except BaseException:
                self._discard()
                raise

    def _discard(self) -> None:
        shutil.rmtree(self.tokenizer, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.metrics_file.unlink(missing_ok=True)
            self.config_file.unlink(missing_ok=True)
            self.path.rmdir()

    def read_record(self) -> Record:
        """What an existing run was begun with.

        Raises:
            NotFoundError: there is no run. CheckpointError: its record is damaged.
        """
        if not self.config_file.is_file():
            raise NotFoundError(
                f"There is no run at {self.path}.",
                hint="`tfcli train --resume --run DIR` takes a folder that `tfcli train` made.",
            )
        try:
            text = self.config_file.read_text(encoding="utf-8", errors="surrogateescape")
            return _from_tables(tomllib.loads(text))
        except (OSError, ValueError, RecursionError) as error:
            raise CheckpointError(f"{self.config_file} is damaged: {error}.") from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process from training this run, until the block or the process ends.

        Raises:
            UsageError: another process trains it.
        """
        with contextlib.ExitStack() as stack:
            if fcntl is not None:
                with contextlib.suppress(OSError):  # a file system without locks
                    file = stack.enter_context(self.config_file.open("rb"))
                    try:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        raise UsageError(
                            f"Another process is training {self.path} now.",
                            hint="Wait for it, or stop it with Ctrl-C first.",
                        ) from None
            yield

    def append_metrics(self, entry: Mapping[str, Any]) -> None:
        """Add one line to metrics.jsonl."""
        with (
            storage_errors(self.metrics_file),
            self.metrics_file.open("a", encoding="utf-8") as file,
        ):
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def forget_metrics_after(self, step: int) -> None:
        """Drop the lines of steps that a resume does again, and a line that was cut short."""
        kept = []
        with storage_errors(self.metrics_file):
            content = self.metrics_file.read_bytes() if self.metrics_file.is_file() else b""
        for line in content.split(b"\n"):
            try:
                if int(json.loads(line)["step"]) <= step:
                    kept.append(line + b"\n")
            except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
                continue
        write_atomic(self.metrics_file, b"".join(kept))

    def save_state(
        self, tensors: Mapping[str, Tensor], progress: Progress, config: Mapping[str, Any]
    ) -> None:
        """Replace the state, in one file, so that its parts always belong together."""
        on_cpu = {name: t.detach().to("cpu").contiguous() for name, t in tensors.items()}
        metadata = {"progress": json.dumps(vars(progress)), "config": json.dumps(dict(config))}
        metadata["sha256"] = _digest(on_cpu, metadata)
        partial = self.state_file.with_name(".state.partial")
        with storage_errors(self.state_file):
            try:
                self.state_file.parent.mkdir(parents=True, exist_ok=True)
                save_safetensors(on_cpu, partial, metadata)
                sync(partial)
                partial.replace(self.state_file)
                sync(self.state_file.parent)
            finally:
                with contextlib.suppress(OSError):  # the first failure is the one to be told
                    partial.unlink(missing_ok=True)

    def load_state(self) -> State | None:
        """The state that was saved last; None where the run ended before it saved anything.

        Raises:
            CheckpointError: the file is damaged, or was removed.
        """
        for folder in (self.best, self.last):
            with storage_errors(folder):
                recover_directory(folder)
        if not self.state_file.is_file():
            if self.last.exists():
                raise CheckpointError(
                    f"{self.state_file} is missing, so {self.path} cannot be resumed.",
                    hint=f"Its models in {self.best} and {self.last} can still be used.",
                )
            return None
        try:
            with safe_open(self.state_file, framework="pt") as file:
                metadata = dict(file.metadata() or {})
                tensors: dict[str, Tensor] = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
            if metadata.pop("sha256", "") != _digest(tensors, metadata):
                raise ValueError("its content is not what was saved")
            progress = _progress(json.loads(metadata["progress"]))
            return State(tensors, progress, dict(json.loads(metadata["config"])))
        except (SafetensorError, OSError, LookupError, ValueError, TypeError) as error:
            raise CheckpointError(
                f"{self.state_file} is damaged: {error}.",
                hint="Copy the whole run again; the models in best/ and last/ may still be whole.",
            ) from error


def checked_copy(target: Tensor, tensors: Mapping[str, Tensor], name: str, file: Path) -> None:
    """Copy a named tensor of a state; CheckpointError where it is missing or misshapen."""
    source = tensors.get(name)
    if source is None or source.shape != target.shape:
        raise CheckpointError(f"{file} is damaged: it lacks “{name}”.")
    with torch.no_grad():
        target.copy_(source)


def _digest(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """SHA-256 of all that a state holds, in an order that does not depend on the file's."""
    digest = hashlib.sha256(json.dumps(sorted(metadata.items())).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _progress(values: dict[str, Any]) -> Progress:
    progress = Progress(**values)
    for field in dataclasses.fields(Progress):
        if type(getattr(progress, field.name)) is not type(field.default):
            raise ValueError(f"its {field.name} is no {type(field.default).__name__}")
    return progress


def _from_tables(tables: dict[str, Any]) -> Record:
    """Raises ValueError for what no run of ours writes."""
    train, data, compute = (_table(tables, name) for name in ("train", "data", "compute"))
    corpus = data.get("corpus")
    if not isinstance(corpus, list) or not all(isinstance(c, str) for c in corpus):
        raise ValueError("data.corpus is no list of texts")
    threads = compute.get("threads")
    if type(threads) is not int or not 0 < threads < 1 << 16:
        raise ValueError("compute.threads is no number of threads")
    return Record(
        train=train,
        corpus=tuple(corpus),
        key=_text(data, "data", "key"),
        tokenizer=_text(data, "data", "tokenizer"),
        device=_text(compute, "compute", "device"),
        dtype=_text(compute, "compute", "dtype"),
        threads=threads,
    )


def _table(tables: dict[str, Any], name: str) -> dict[str, Any]:
    table = tables.get(name)
    if not isinstance(table, dict):
        raise ValueError(f"it has no table [{name}]")
    return table


def _text(table: dict[str, Any], place: str, name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{place}.{name} is missing or no text")
    return value


def _to_toml(record: Record) -> bytes:
    """Three tables of plain values; a None is left out, as its default says it."""
    tables = {
        "train": record.train,
        "data": {"corpus": record.corpus, "key": record.key, "tokenizer": record.tokenizer},
        "compute": {
            "device": record.device,
            "dtype": record.dtype,
            "threads": record.threads,
        },
    }
    lines: list[str] = []
    for name, values in tables.items():
        lines.append(f"[{name}]")
        lines += [f"{k} = {_toml_value(v)}" for k, v in values.items() if v is not None]
        lines.append("")
    # A file's name may hold bytes that are no UTF-8, which Python keeps as lone surrogates.
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml_value(item) for item in value)}]"
    # JSON's escapes are TOML's, and DEL is the one character that TOML alone wants escaped.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
