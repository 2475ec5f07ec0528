"""A corpus as the dataset builder sees it: a digest of its content, and a way to read it.

Files are read twice, to survey them and to tokenise them, so standard input and pipes are put into
a temporary file first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tfcli.data.partial import PartialFile
from tfcli.data.readers import Document, read_files, source_blocks
from tfcli.data.sources import SourceFile, find_all
from tfcli.data.split import Side
from tfcli.errors import DataError


@dataclass(frozen=True)
class Corpus:
    """A corpus that can be read more than once.

    Attributes:
        digest: SHA-256 hex of its content: equal digests, equal documents.
        read: gives its documents from the first on.
        read_sides: the same with the side of each, for a corpus that says it itself, else None.
        check_unchanged: raises DataError if a file is no longer what the digest was made of.
    """

    digest: str
    read: Callable[[], Iterator[Document]]
    read_sides: Callable[[], Iterator[tuple[Side, Document]]] | None
    check_unchanged: Callable[[], None]


@contextmanager
def open_corpus(
    sources: Sequence[str | Path] | None, seed: int, folder: Path, workers: int
) -> Iterator[Corpus]:
    """Finds the files of a corpus and hashes them.

    Args:
        sources: files, folders, globs, "-"; None for the embedded world.
        seed: of the embedded world.
        folder: where a stream may be put for as long as the corpus is open.
        workers: how many files are hashed at a time.

    Raises:
        DataError: a source is missing or cannot be read.
        StorageError: a stream cannot be put into `folder`.
    """
    if sources is None:
        yield _world(seed)
        return
    with ExitStack() as stack:
        groups = [
            [_spooled(file, folder, stack) if file.is_stream else file for file in files]
            for files in find_all(sources)
        ]
        files = [file for group in groups for file in group]
        with ThreadPoolExecutor(workers) as pool:
            stamps = list(pool.map(_stamp, files))
            digests = list(pool.map(_digest, files))

        def check_unchanged() -> None:
            for file, stamp in zip(files, stamps, strict=True):
                if _stamp(file) != stamp:
                    raise DataError(
                        f"{file.name} changed while it was being read.", hint="Run it again."
                    )

        parts = [
            (file.format, file.compression, digest)
            for file, digest in zip(files, digests, strict=True)
        ]
        yield Corpus(_hash(parts), lambda: read_files(groups), None, check_unchanged)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _digest(file: SourceFile) -> str:
    with _readable(file) as path, path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _stamp(file: SourceFile) -> tuple[int, int]:
    with _readable(file) as path:
        status = path.stat()
        return status.st_size, status.st_mtime_ns


@contextmanager
def _readable(file: SourceFile) -> Iterator[Path]:
    if file.path is None:
        raise ValueError("a stream has no content to hash before it is put into a file")
    try:
        yield file.path
    except OSError as error:
        raise DataError(f"{file.name} cannot be read: {error.strerror}.") from error


def _spooled(file: SourceFile, folder: Path, stack: ExitStack) -> SourceFile:
    """The same source as a temporary file that goes when the stack closes."""
    spool = stack.enter_context(PartialFile(folder / "stream"))
    for block in source_blocks(replace(file, compression="")):
        spool.write(block)
    spool.flush()
    return replace(file, path=spool.path)


def _world(seed: int) -> Corpus:
    from tfcli.data import world

    # Its text is a function of the seed and of its own source, which is faster to hash.
    folder = Path(world.__file__).parent
    sources = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    parts = [
        (path.relative_to(folder).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sources
    ]

    @cache
    def divided() -> list[tuple[Side, Document]]:
        # Written once for both readings: it takes seconds, and is a few megabytes.
        return [
            (document.split, Document(document.text, "the embedded world"))
            for document in world.documents(seed)
        ]

    def read() -> Iterator[Document]:
        return (document for _, document in divided())

    return Corpus(_hash(["world", seed, parts]), read, lambda: iter(divided()), lambda: None)
