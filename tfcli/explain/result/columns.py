"""Results as columns: what a file of thousands of like numbers is made of, and back.

A list of results of one type is written field by field: all weights of all keys of all heads stand
side by side, as bytes. So a file is a third as large as one of rows, and read without looking at
each number. The types are those of `codec`, and so is what becomes of NaN, infinity and text.

| values of | become |
|---|---|
| float, float or None | {"float32": bytes in base64}, "float64" where that would round one |
| a dataclass | an object with a column for each field |
| tuples of any length | {"lengths": […], "values": a column of all their items} |
| tuples of a fixed length | a list with a column for each place |
| dicts | {"lengths": […], "names": […], "values": a column of all their values} |
| a dataclass or tuple, or None | {"there": [true, …], "values": a column of those that are} |
| all else | a list |

A column of no values is [].
"""

import dataclasses
import math
import types
from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol, Union, get_args, get_origin

from tfcli.explain.result.codec import (
    MismatchError,
    decoding,
    encode,
    expected,
    hints_of,
    misplaced,
    reader_of,
    step,
)
from tfcli.explain.result.packed import pack, unpack


def encode_columns(result: Any) -> Any:
    """What JSON can hold of a dataclass's result, as columns of one value."""
    return _write(_column(type(result)), [result])


def decode_columns(kind: Any, value: Any) -> Any:
    """The result that `encode_columns` made this of, or that anyone claims it did.

    Raises:
        DataError: a value has the wrong type, is missing, or is one too many; columns that belong
            together have different lengths; bytes are no numbers. The message says where.
    """
    with decoding():
        found = _read(_column(kind), value)
        if len(found) != 1:
            raise MismatchError(f"expected one value, found {len(found)}")
        return found[0]


class _Column(Protocol):
    """How values of one type stand in a column."""

    def write(self, values: Sequence[Any]) -> Any: ...

    def read(self, value: Any) -> Sequence[Any]: ...


def _write(column: _Column, values: Sequence[Any]) -> Any:
    return column.write(values) if values else []


def _read(column: _Column, value: Any) -> Sequence[Any]:
    return () if type(value) is list and not value else column.read(value)


@cache
def _column(kind: Any) -> _Column:
    """How values of that type stand in a column."""
    part = _optional(kind)
    if float in (kind, part):
        return _Floats(optional=kind is not float)
    if part is not None and (dataclasses.is_dataclass(part) or get_origin(part) in (tuple, dict)):
        return _Some(part)
    return _whole_column(kind)


def _whole_column(kind: Any) -> _Column:
    """The same for a type of which none is None, and that is no float."""
    origin, parts = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _Records(kind)
    if origin is tuple:
        return _Rows(parts[0]) if parts[-1] is Ellipsis else _Places(parts)
    return _Named(parts[1]) if origin is dict else _Plain(kind)


def _optional(kind: Any) -> Any:
    """What a type is beside None; None of one that is never None, or one of several."""
    parts = get_args(kind)
    if get_origin(kind) not in (Union, types.UnionType) or type(None) not in parts:
        return None
    others = [part for part in parts if part is not type(None)]
    return others[0] if len(others) == 1 else None


class _Plain:
    def __init__(self, kind: Any) -> None:
        self._reader = reader_of(tuple[kind, ...])

    def write(self, values: Sequence[Any]) -> Any:
        return encode(tuple(values))

    def read(self, value: Any) -> Sequence[Any]:
        return self._reader(value)


class _Floats:
    def __init__(self, *, optional: bool) -> None:
        self._optional = optional

    def write(self, values: Sequence[Any]) -> Any:
        return pack(values)

    def read(self, value: Any) -> Sequence[Any]:
        found = unpack(value)
        return [None if math.isnan(x) else x for x in found] if self._optional else found


class _Records:
    """Of a dataclass. Its columns are found late: a result may hold results of its own type."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def write(self, values: Sequence[Any]) -> Any:
        return {
            name: _write(_column(part), [getattr(value, name) for value in values])
            for name, part in hints_of(self._kind).items()
        }

    def read(self, value: Any) -> Sequence[Any]:
        hints = hints_of(self._kind)
        _require_object(value, tuple(hints))
        columns = [_inner(f".{name}", _column(part), value[name]) for name, part in hints.items()]
        rows = _side_by_side([f".{name}" for name in hints], columns)
        return [self._kind(*fields) for fields in rows]


class _Rows:
    """Of tuples of any length."""

    def __init__(self, part: Any) -> None:
        self._part = part

    def write(self, values: Sequence[Any]) -> Any:
        items = [item for value in values for item in value]
        return {"lengths": [len(v) for v in values], "values": _write(_column(self._part), items)}

    def read(self, value: Any) -> Sequence[Any]:
        _require_object(value, ("lengths", "values"))
        items = _inner(".values", _column(self._part), value["values"])
        return _cut(items, value["lengths"])


class _Named:
    """Of dicts."""

    def __init__(self, part: Any) -> None:
        self._part = part

    def write(self, values: Sequence[Any]) -> Any:
        return {
            "lengths": [len(value) for value in values],
            "names": [name for value in values for name in value],
            "values": _write(_column(self._part), [v for value in values for v in value.values()]),
        }

    def read(self, value: Any) -> Sequence[Any]:
        _require_object(value, ("lengths", "names", "values"))
        names = _inner(".names", _column(str), value["names"])
        items = _inner(".values", _column(self._part), value["values"])
        pairs = _side_by_side([".names", ".values"], [names, items])
        return [dict(some) for some in _cut(pairs, value["lengths"])]


class _Places:
    """Of tuples with a type for each place."""

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self._parts = parts

    def write(self, values: Sequence[Any]) -> Any:
        return [
            _write(_column(part), [value[i] for value in values])
            for i, part in enumerate(self._parts)
        ]

    def read(self, value: Any) -> Sequence[Any]:
        if type(value) is not list:
            raise expected("a list", value)
        if len(value) != len(self._parts):
            raise MismatchError(f"expected {len(self._parts)} columns, found {len(value)}")
        columns = [_inner(f"[{i}]", _column(part), value[i]) for i, part in enumerate(self._parts)]
        return _side_by_side([f"[{i}]" for i in range(len(columns))], columns)


class _Some:
    """Of results of which some may be None."""

    def __init__(self, part: Any) -> None:
        self._part = part

    def write(self, values: Sequence[Any]) -> Any:
        there = [value for value in values if value is not None]
        return {
            "there": [value is not None for value in values],
            "values": _write(_column(self._part), there),
        }

    def read(self, value: Any) -> Sequence[Any]:
        _require_object(value, ("there", "values"))
        there = _inner(".there", _column(bool), value["there"])
        found = _inner(".values", _column(self._part), value["values"])
        if len(found) != sum(there):
            raise MismatchError(f"{sum(there)} are there, and {len(found)} are given")
        items = iter(found)
        return [next(items) if here else None for here in there]


def _inner(way: str, column: _Column, value: Any) -> Sequence[Any]:
    return step(way, lambda inner: _read(column, inner), value)


def _cut(items: Sequence[Any], lengths: Any) -> Sequence[tuple[Any, ...]]:
    """The items in tuples of these lengths."""
    counts = _inner(".lengths", _column(int), lengths)
    if any(count < 0 for count in counts) or sum(counts) != len(items):
        raise misplaced("lengths", f"they do not add up to the {len(items)} values")
    found: list[tuple[Any, ...]] = []
    start = 0
    for count in counts:
        found.append(tuple(items[start : start + count]))
        start += count
    return found


def _require_object(value: Any, names: tuple[str, ...]) -> None:
    if type(value) is not dict:
        raise expected("an object", value)
    for name in value:
        if name not in names:
            raise misplaced(name, "there is no such field")
    for name in names:
        if name not in value:
            raise misplaced(name, "is missing")


def _side_by_side(
    ways: Sequence[str], columns: Sequence[Sequence[Any]]
) -> Sequence[tuple[Any, ...]]:
    """The rows of columns of one length. A mismatch names the one that has another."""
    for way, column in zip(ways, columns, strict=True):
        if len(column) != len(columns[0]):
            mismatch = MismatchError(f"expected {len(columns[0])} values, found {len(column)}")
            mismatch.path.append(way)
            raise mismatch
    return list(zip(*columns, strict=True))
