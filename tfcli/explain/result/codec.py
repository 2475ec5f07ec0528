"""Results as plain JSON values and back, by the type hints of their dataclasses.

A result holds whole numbers, floats, truth values, text, None, literals, tuples, dicts with text
for keys, and other such dataclasses. A new section of these needs nothing here.

JSON has no NaN and no infinity: both become null, which a field of floats reads as NaN and a field
that may be None as None. All else comes back equal, to the last digit.
"""

import dataclasses
import math
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tfcli.errors import DataError

Result = TypeVar("Result")
Reader = Callable[[Any], Any]

_LARGEST_INTEGER = 2**63  # far above any count; what is larger only costs time
_WORDS = {bool: "true or false", str: "text", int: "a number", float: "a number", list: "a list"}


def encode(value: Any) -> Any:
    """What JSON can hold of a result: objects, lists, numbers, text, true, false and null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}


def decode(kind: type[Result], value: Any) -> Result:
    """The result that `encode` made these JSON values of, or that anyone claims it did.

    Text that no terminal draws (control characters, direction marks) comes back as its escapes.

    Raises:
        DataError: a value has the wrong type, is missing, or is one too many; the message says
            where: “lens.rows[3].kl: expected a number, found text”.
    """
    with decoding():
        return reader_of(kind)(value)


@contextmanager
def decoding() -> Iterator[None]:
    """Turn a MismatchError into a DataError that says where."""
    try:
        yield
    except MismatchError as mismatch:
        where = "".join(reversed(mismatch.path)).removeprefix(".")
        raise DataError(f"{where or 'the document'}: {mismatch}") from None


def parts_of(kind: Any) -> tuple[Any, ...]:
    """The types that a type is made of: of a dataclass its fields', of a union its members."""
    if dataclasses.is_dataclass(kind):
        return tuple(hints_of(kind).values())
    return tuple(part for part in get_args(kind) if part is not Ellipsis)


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    """The types of a dataclass's fields by name, in order."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


class MismatchError(Exception):
    """A value is not what the type says; `path` leads to it, the innermost step first."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.path: list[str] = []


def expected(what: str, value: Any) -> MismatchError:
    """Something else was found where that should stand."""
    found = "null" if value is None else _WORDS.get(type(value), "an object")
    return MismatchError(f"expected {what}, found {found}")


@cache
def reader_of(kind: Any) -> Reader:
    """What reads a value of that type."""
    origin = get_origin(kind)
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(kind)
    if origin is Literal:
        return _literal_reader(get_args(kind))
    if origin in (Union, types.UnionType):
        return _union_reader(get_args(kind))
    if origin is tuple:
        parts = get_args(kind)
        return _row_reader(parts[0]) if parts[-1] is Ellipsis else _tuple_reader(parts)
    if origin is dict and get_args(kind)[0] is str:
        return _dict_reader(get_args(kind)[1])
    raise TypeError(f"{kind} cannot stand in a result")


def _float(value: Any) -> float:
    if value is None:
        return math.nan
    if type(value) is float and math.isfinite(value):
        return value
    return float(_int(value, "a number"))


def _int(value: Any, what: str = "a whole number") -> int:
    if type(value) is not int:
        raise expected(what, value)
    if not -_LARGEST_INTEGER <= value < _LARGEST_INTEGER:
        raise MismatchError(f"expected {what}, found one of {len(str(abs(value)))} digits")
    return value


def _bool(value: Any) -> bool:
    if type(value) is not bool:
        raise expected("true or false", value)
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise expected("text", value)
    return value if value.isprintable() else "".join(map(_drawn, value))


def _drawn(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape", errors="backslashreplace").decode("ascii")


def _none(value: Any) -> None:
    if value is not None:
        raise expected("null", value)


_SIMPLE: dict[Any, Reader] = {
    float: _float,
    int: _int,
    bool: _bool,
    str: _text,
    type(None): _none,
}


def _literal_reader(choices: tuple[Any, ...]) -> Reader:
    def read(value: Any) -> Any:
        for choice in choices:
            if type(value) is type(choice) and value == choice:
                return choice
        raise MismatchError("expected " + " or ".join(f"“{choice}”" for choice in choices))

    return read


def _union_reader(parts: tuple[Any, ...]) -> Reader:
    """Null is None where that is allowed; else the first type that fits."""
    optional = type(None) in parts
    readers = [reader_of(part) for part in parts if part is not type(None)]

    def read(value: Any) -> Any:
        if value is None and optional:
            return None
        for reader in readers[:-1]:
            try:
                return reader(value)
            except MismatchError:
                continue
        return readers[-1](value)

    return read


def _row_reader(part: Any) -> Reader:
    """A list of any length, all of one type."""
    reader = reader_of(part)

    def read(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise expected("a list", value)
        found: list[Any] = []
        try:
            for item in value:
                found.append(reader(item))
        except MismatchError as mismatch:
            mismatch.path.append(f"[{len(found)}]")
            raise
        return tuple(found)

    return read


def _tuple_reader(parts: tuple[Any, ...]) -> Reader:
    """A list with a type for each of its places."""
    readers = [reader_of(part) for part in parts]

    def read(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise expected("a list", value)
        if len(value) != len(readers):
            raise MismatchError(f"expected {len(readers)} values, found {len(value)}")
        return tuple(step(f"[{i}]", reader, value[i]) for i, reader in enumerate(readers))

    return read


def _dict_reader(part: Any) -> Reader:
    reader = reader_of(part)

    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise expected("an object", value)
        return {_text(key): step(f".{_text(key)}", reader, item) for key, item in value.items()}

    return read


def _dataclass_reader(kind: Any) -> Reader:
    fields = {field.name: field for field in dataclasses.fields(kind)}
    readers: dict[str, Reader] = {}

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise expected("an object", value)
        if not readers:
            readers.update({name: reader_of(part) for name, part in hints_of(kind).items()})
        found = {}
        for name, item in value.items():
            if name not in readers:
                raise misplaced(name, "there is no such field")
            found[name] = step(f".{name}", readers[name], item)
        for name, field in fields.items():
            if name not in found and not _has_default(field):
                raise misplaced(name, "is missing")
        return kind(**found)

    return read


def step(way: str, reader: Reader, value: Any) -> Any:
    """Read an inner value; a mismatch in it says that this way leads there."""
    try:
        return reader(value)
    except MismatchError as mismatch:
        mismatch.path.append(way)
        raise


def misplaced(name: str, message: str) -> MismatchError:
    """What is wrong with a field."""
    mismatch = MismatchError(message)
    mismatch.path.append(f".{_text(name)[:80]}")
    return mismatch


def _has_default(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing
