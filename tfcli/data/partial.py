"""Files that appear all at once: written under a temporary name, synced, then renamed.

A process that is killed leaves its temporary file behind. While it lives it holds a lock on it, so
another process can tell, and remove what was abandoned.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tfcli.errors import StorageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

PARTIAL_SUFFIX = ".partial"
FRESH_SECONDS = 60  # a file is not locked yet in the moment after it was made
ABANDONED_SECONDS = 24 * 3600  # where there are no locks, age has to tell


class PartialFile:
    """A file that is being written, and becomes `target` by `commit`, or nothing.

    Leaving the `with` block removes what was not committed. Every failure to write is a
    StorageError that names the target.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        name = f"{target.name}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL_SUFFIX}"
        self.path = target.with_name(name)
        self._file: BinaryIO | None = None

    def __enter__(self) -> PartialFile:
        with storage_errors(self.target):
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("x+b")
            if fcntl is not None:
                with contextlib.suppress(OSError):  # a file system without locks
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return self

    def __exit__(self, *_: object) -> None:
        # Closing writes what is still buffered, so on a full disk it fails once more.
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    @property
    def file(self) -> BinaryIO:
        """The open file."""
        if self._file is None:
            raise ValueError("a PartialFile is used in a `with` block")
        return self._file

    def write(self, data: bytes) -> None:
        """Appends bytes."""
        with storage_errors(self.target):
            self.file.write(data)

    def flush(self) -> None:
        """Hands everything written to the system, so that others can read it by `path`."""
        with storage_errors(self.target):
            self.file.flush()

    def commit(self, header: bytes = b"") -> None:
        """Writes a header over the first bytes, and moves the file to its name."""
        with storage_errors(self.target):
            self.file.seek(0)
            self.file.write(header)
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            self.path.replace(self.target)


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns a failure of the file system into a StorageError that names the file."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Free some space there, or set TFCLI_HOME to a folder that can be written.",
        ) from error


def remove_abandoned(folder: Path) -> None:
    """Removes the temporary files in and below a folder that killed processes left."""
    with contextlib.suppress(OSError):
        for path in folder.rglob(f"*{PARTIAL_SUFFIX}"):
            with contextlib.suppress(OSError):
                if _is_abandoned(path):
                    path.unlink()


def _is_abandoned(path: Path) -> bool:
    silence = time.time() - path.stat().st_mtime
    if fcntl is None or silence < FRESH_SECONDS:
        return silence > ABANDONED_SECONDS
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
