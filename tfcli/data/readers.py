"""Corpus readers: files, folders, globs and standard input -> documents, streaming.

| suffix | documents |
|---|---|
| .txt | the file, cut at each `<|endoftext|>` |
| .md | the file |
| .jsonl | each line: its `text`, or its `messages` [{role, content}] as ChatML |
| .csv, .tsv | with a column named `text`: each row's; else the file, a line a row, tabs between |
| .parquet | each row: its `text`, or its `messages` as ChatML |

Each may be compressed (.gz, .xz, .bz2, .zst). Text is UTF-8, kept as it is: line ends too. Only
documents without any visible character are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfcli.data import formats
from tfcli.data.compression import BLOCK_BYTES, read_blocks
from tfcli.data.sources import SourceFile, find_all
from tfcli.data.text import END_OF_TEXT, cut_documents, decode_blocks
from tfcli.errors import DataError, UsageError


@dataclass(frozen=True)
class Document:
    """A document, or one part of a long one.

    Attributes:
        text: at most text.PART_CHARACTERS characters.
        source: the file it comes from, with the line or row where the file holds several.
        part: 0 for the first (mostly the only) part, then 1, 2, ...
        ends: whether the document ends with this part.
    """

    text: str
    source: str
    part: int = 0
    ends: bool = True


def read_documents(sources: Sequence[str | Path]) -> Iterator[Document]:
    """Reads a corpus as a stream; memory does not grow with the size of a file.

    Args:
        sources: files, folders, globs, or "-" for standard input (as .txt). Read in the order
            given, sorted by path within a folder or a glob.

    Yields:
        The documents, long ones in consecutive parts.

    Raises:
        DataError: a source that is missing, empty, binary, not UTF-8, damaged, or malformed.
        UsageError: a format whose optional package is not installed.
    """
    return read_files(find_all(sources))


def read_files(groups: Iterable[Sequence[SourceFile]]) -> Iterator[Document]:
    """Like read_documents, of files that are found already: a group for each source."""
    for files in groups:
        empty = True
        for file in files:
            for document in _read_file(file):
                empty = empty and not document.text.strip()
                yield document
        if empty:
            names = f"{files[0].name} holds" if len(files) == 1 else "These files hold"
            others = "" if len(files) == 1 else ": " + ", ".join(file.name for file in files[:5])
            raise DataError(
                f"{names} no text{others}.", hint="Give a corpus with some sentences in it."
            )


def _read_file(file: SourceFile) -> Iterator[Document]:
    if file.format == ".parquet":
        if file.path is None or file.compression:
            raise DataError(f"{file.name}: a parquet file must not be compressed as a whole.")
        yield from _records(formats.parquet_records(file.path, file.name))
        return
    chunks = decode_blocks(source_blocks(file), file.name)
    if file.format == ".jsonl":
        yield from _records(formats.jsonl_records(chunks, file.name))
    elif file.format in (".csv", ".tsv"):
        rows = formats.table_rows(chunks, file.name, tabs=file.format == ".tsv")
        column, rows = formats.text_column(rows)
        if column is None:
            yield from _parts(formats.joined_rows(rows), file.name)
        else:
            yield from _records(formats.column_records(rows, column, file.name))
    else:
        yield from _parts(chunks, file.name, marker=END_OF_TEXT if file.format == ".txt" else None)


def source_blocks(file: SourceFile) -> Iterator[bytes]:
    """The bytes of a file, unpacked, or of standard input, in blocks of bounded size.

    Raises:
        DataError: it cannot be read or unpacked. UsageError: standard input is a terminal.
    """
    if file.path is not None:
        return read_blocks(file.path, file.name, file.compression)
    if sys.stdin.isatty():
        raise UsageError(
            "The corpus is to come from standard input, which is a terminal.",
            hint="cat mybook.txt | tfcli train -",
        )
    read: Callable[[], bytes] = lambda: sys.stdin.buffer.read(BLOCK_BYTES)  # noqa: E731
    return iter(read, b"")


def _records(records: Iterable[tuple[str, str]]) -> Iterator[Document]:
    for text, source in records:
        yield from _parts((text,), source)


def _parts(chunks: Iterable[str], source: str, marker: str | None = None) -> Iterator[Document]:
    part = 0
    for text, ends in cut_documents(chunks, marker=marker):
        if part or not ends or text.strip():
            yield Document(text, source, part, ends)
        part = 0 if ends else part + 1
