"""The formats that hold many documents in one file: JSON Lines, tables, parquet.

Each reader yields (text, source), where `source` names the file and the line or row.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tfcli.data.compression import missing_package
from tfcli.data.text import LINE_CHARACTERS, lines_of
from tfcli.errors import DataError

_LINE_END = re.compile(r"\r\n?|\n")

# ---------------------------------------------------------------------------- JSON Lines


def jsonl_records(chunks: Iterable[str], name: str) -> Iterator[tuple[str, str]]:
    """A document for each line: its `text`, or its `messages` as ChatML.

    Raises:
        DataError: a line that is not a JSON object with one of the two; names file and line.
    """
    for number, raw in enumerate(lines_of(chunks, name), start=1):
        if not (line := raw.strip()):
            continue
        place = f"{name}:{number}"
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                f"{place}: not a line of JSON: {error.msg} (column {error.colno:,}).",
                hint='Each line is one object, such as {"text": "The cat sat."}',
            ) from error
        except (ValueError, RecursionError) as error:
            # A number of 5,000 digits; brackets 100,000 deep.
            raise DataError(f"{place}: not a usable line of JSON: {error}.") from error
        yield record_text(record, place), place


def record_text(record: Any, place: str) -> str:
    """The text of a record with a `text` or a `messages` field.

    Raises:
        DataError: it has neither, or holds something that is not text.
    """
    if not isinstance(record, dict):
        raise DataError(f"{place}: it is {_kind(record)}, not an object with a `text` field.")
    if record.get("text") is not None:
        text = record["text"]
        if not isinstance(text, str):
            raise DataError(f"{place}: its `text` is {_kind(text)}, not a string.")
    elif record.get("messages") is not None:
        text = chatml(record["messages"], place)
    else:
        fields = ", ".join(map(repr, itertools.islice(record, 8))) or "none"
        raise DataError(f"{place}: neither `text` nor `messages` (its fields: {fields}).")
    return _checked(text, place)


def chatml(messages: Any, place: str) -> str:
    """A chat as text: `<|im_start|>role`, a line end, the content, `<|im_end|>`, a line end."""
    if not isinstance(messages, list):
        raise DataError(f"{place}: its `messages` are {_kind(messages)}, not a list.")
    turns = []
    for index, message in enumerate(messages, start=1):
        where = f"{place}: message {index}"
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(role, str) or not role.strip():
            raise DataError(f'{where} is not {{"role": ..., "content": ...}} with a role.')
        turns.append(f"<|im_start|>{role}\n{_content(message.get('content'), where)}<|im_end|>\n")
    return "".join(turns)


def _content(content: Any, where: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise DataError(f"{where} has no text: its content is {_kind(content)}.")
    texts = []
    for part in content:
        text = part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None
        if not isinstance(text, str):
            kind = part.get("type") if isinstance(part, dict) else _kind(part)
            raise DataError(f"{where} has a part that is not text ({kind}).")
        texts.append(text)
    return "".join(texts)


def _checked(text: str, place: str) -> str:
    r"""The text itself, unless it holds what UTF-8 text cannot: half a surrogate pair, or NUL."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        code = ord(text[error.start])
        raise DataError(
            f"{place}: \\u{code:04x} at character {error.start:,} is half of a surrogate pair, "
            "not text."
        ) from error
    if (nul := text.find("\0")) >= 0:
        raise DataError(f"{place}: a NUL character (\\u0000) at character {nul:,} of its text.")
    return text


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", type(None): "null"}
    return names.get(type(value), f"of type {type(value).__name__}")


# -------------------------------------------------------------------------------- tables


def table_rows(chunks: Iterable[str], name: str, *, tabs: bool) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table with the number of the line each ends on; empty lines are left out.

    .csv has commas and quotes as RFC 4180 has them, so a quoted field may hold line ends; in .tsv
    a quote is a character like any other.

    Raises:
        DataError: quotes that do not close, or stand where they may not; names file and line.
    """
    lines = lines_of(chunks, name)
    if tabs:
        for number, line in enumerate(lines, start=1):
            if row := line.rstrip("\r\n"):
                yield number, row.split("\t")
        return
    csv.field_size_limit(LINE_CHARACTERS)  # the module's own limit is 131,072 characters
    reader = csv.reader(lines, strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise DataError(
            f"{name}:{reader.line_num}: not a row of CSV: {error}.",
            hint='A field with a comma, a quote or a line end stands in quotes: "He said ""no""."',
        ) from error


def text_column(
    rows: Iterator[tuple[int, list[str]]],
) -> tuple[int | None, Iterator[tuple[int, list[str]]]]:
    """The place of the column that the first row calls `text`, and the rows that follow it.

    Without such a column the first row is a row like any other: (None, all rows).
    """
    first = next(rows, None)
    if first is None:
        return None, rows
    names = [field.strip().lower() for field in first[1]]
    if "text" in names:
        return names.index("text"), rows
    return None, itertools.chain((first,), rows)


def column_records(
    rows: Iterable[tuple[int, list[str]]], column: int, name: str
) -> Iterator[tuple[str, str]]:
    """A document for each row: its field in that column.

    Raises:
        DataError: a row too short to have it.
    """
    for number, row in rows:
        if column >= len(row):
            raise DataError(
                f"{name}:{number}: {len(row)} fields, so none in column {column + 1}, `text`."
            )
        yield row[column], f"{name}:{number}"


def joined_rows(rows: Iterable[tuple[int, list[str]]]) -> Iterator[str]:
    """Each row as a line: its fields joined by tabs, line ends inside a field made spaces."""
    for _, row in rows:
        yield "\t".join(_LINE_END.sub(" ", field) for field in row) + "\n"


# ------------------------------------------------------------------------------- parquet


def parquet_records(path: Path, name: str) -> Iterator[tuple[str, str]]:
    """A document for each row: its `text`, or its `messages` as ChatML; nulls are left out.

    Raises:
        DataError: not a parquet file, damaged, or without those columns.
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise missing_package(".parquet files", "pyarrow") from error
    row = 0
    try:
        # One thread and no read-ahead: the order is the file's, and memory stays at one batch.
        with pq.ParquetFile(path, pre_buffer=False) as table:
            columns = [field for field in ("text", "messages") if field in table.schema_arrow.names]
            if not columns:
                names = ", ".join(map(repr, table.schema_arrow.names[:8])) or "none"
                raise DataError(f"{name}: no column `text` or `messages` (its columns: {names}).")
            for batch in table.iter_batches(256, columns=columns[:1], use_threads=False):
                for record in batch.to_pylist():
                    row += 1
                    if record[columns[0]] is not None:
                        place = f"{name}:{row}"
                        yield record_text(record, place), place
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: a text near row {row + 1:,} is not UTF-8: {error}.") from error
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} is not a readable parquet file: {error}.") from error
