"""Writing without loss: a file or folder is complete under its name, or not there at all."""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfcli.errors import StorageError


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
    old = path.with_name(f".{path.name}.old")
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


def recover_directory(path: Path) -> None:
    """Put back a folder whose replacement was cut short, or clear what was replaced."""
    old = path.with_name(f".{path.name}.old")
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
