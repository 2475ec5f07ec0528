"""Files of a model directory: read with suspicion, written without loss.

What is written is complete under its name, or not there at all.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfcli.errors import CheckpointError, StorageError

_LARGEST_JSON = 64 * 2**20


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn the system's refusal to read `path` into a CheckpointError that names it."""
    try:
        yield
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file that may hold anything. CheckpointError names the file."""
    with readable(path):
        size = path.stat().st_size
        if size > _LARGEST_JSON:
            raise CheckpointError(f"{path} has {size:,} bytes, too many for what it should be.")
        data = path.read_bytes()
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged: it cannot be read as JSON ({error}).") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} is damaged: it holds no JSON object.")
    return value


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the system's refusal to write at `path` into a StorageError that says why."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageError(
                f"The disk is full: {path} could not be written.",
                hint="Free some space and repeat the command; what was there before is intact.",
            ) from error
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Choose another folder, or make this one writable.",
        ) from error


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a file under a temporary name, sync it, and move it into place."""
    data = content.encode() if isinstance(content, str) else content
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with storage_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def replace_directory(path: Path) -> Iterator[Path]:
    """Fill a temporary folder in the body; afterwards it stands at `path`, whole.

    What stood there before is kept until the new one is complete. A process killed between the
    two moves leaves the old folder as `.name.old`, which `recover_directory` puts back.
    """
    partial = path.with_name(f".{path.name}.partial")
    old = previous_directory(path)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        recover_directory(path)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            yield partial
            for file in partial.rglob("*"):
                sync(file)
            sync(partial)
            if path.exists():
                path.replace(old)
            partial.replace(path)
            sync(path.parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            recover_directory(path)


def previous_directory(path: Path) -> Path:
    """Where `replace_directory` keeps what stood at `path`, until the new folder is in place.

    A reader that finds nothing at `path` finds the whole old folder here. It must not move it:
    a training run may be between its two moves.
    """
    path = path.absolute()  # "." has no name
    return path.with_name(f".{path.name}.old") if path.name else path


def recover_directory(path: Path) -> None:
    """Put back a folder whose replacement was cut short, or clear what was replaced."""
    old = previous_directory(path)
    if not old.exists():
        return
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
    else:
        old.replace(path)


def sync(path: Path) -> None:
    """Ask the system to put a file's or folder's content on the disk, where it can."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # folders cannot be opened on Windows
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
