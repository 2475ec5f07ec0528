"""A result with another value at a place: what a hostile file may hold."""

from dataclasses import replace
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
