"""The form of a result: its types and fields, by which a file of columns is known as one's own.

In columns every field has its place, so what was written with other fields cannot be read.
"""

import dataclasses
import types
import zlib
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from tfcli.explain.result.codec import hints_of


@cache
def form_of(kind: Any) -> str:
    """Eight digits that change with every name and type of a field, anywhere in a dataclass."""
    found: dict[str, str] = {}
    _collect(kind, found)
    lines = "\n".join(f"{name}: {fields}" for name, fields in sorted(found.items()))
    return f"{zlib.crc32(lines.encode()):08x}"


def _collect(kind: Any, found: dict[str, str]) -> None:
    """The fields of every dataclass in a type."""
    if not dataclasses.is_dataclass(kind):
        for part in get_args(kind):
            _collect(part, found)
    elif (name := _name(kind)) not in found:
        hints = hints_of(kind)
        found[name] = ", ".join(f"{field} {_written(part)}" for field, part in hints.items())
        for part in hints.values():
            _collect(part, found)


def _written(kind: Any) -> str:
    """A type as every Python writes it here: the order of a union's members is its own."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "|".join(map(repr, parts))
    if origin in (Union, types.UnionType):
        return "|".join(map(_written, parts))
    if not parts:
        return "..." if kind is Ellipsis else _name(kind)
    return f"{_name(origin)}[{', '.join(map(_written, parts))}]"


def _name(kind: Any) -> str:
    return kind.__name__
