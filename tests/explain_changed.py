"""A result with another value at a place: what a hostile file may hold."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any


def changed(result: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """The result with that value in it. A place is a way: ("lens", "rows", 3, "kl")."""
    if not place:
        return value
    step, *rest = place
    if isinstance(step, int):
        inner = changed(result[step], tuple(rest), value)
        return (*result[:step], inner, *result[step + 1 or len(result) :])
    if isinstance(result, dict):
        return result | {step: changed(result[step], tuple(rest), value)}
    return replace(result, **{step: changed(getattr(result, step), tuple(rest), value)})


def places(result: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The places of a result: each field, and the first and last item of each tuple."""
    yield way
    if is_dataclass(result):
        for field in fields(result):
            yield from places(getattr(result, field.name), (*way, field.name))
    elif isinstance(result, dict):
        for name, item in result.items():
            yield from places(item, (*way, name))
    elif isinstance(result, tuple):
        for i in sorted({0, len(result) - 1} if result else ()):
            yield from places(result[i], (*way, i))
