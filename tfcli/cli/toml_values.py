"""Values of a TOML file: whether they are what an option or a field takes."""

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from tfcli.errors import UsageError

_WORDS = {bool: "true or false", int: "a whole number", float: "a number"}


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file. UsageError names the file and the place where it breaks."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}.", f"Mend {path}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8 text (byte {error.start}).", f"Save {path} as UTF-8."
        ) from error
    except RecursionError as error:
        raise UsageError(f"{path} is nested too deeply.", f"Mend {path}.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error


def unknown_key(key: str, known: Iterable[str], path: Path) -> UsageError:
    """The error for a key that nothing reads, with the nearest one that something does."""
    near = get_close_matches(key, list(known), n=1)
    hint = f"Did you mean: {near[0]}" if near else f"Remove {key} from {path}."
    return UsageError(f"{path} sets {key!r}, which is not a setting.", hint)


def wrong_value(key: str, value: object, expected: str, path: Path) -> UsageError:
    """The error for a value that its key cannot take."""
    return UsageError(
        f"{path} sets {key} = {shown(value)}, but it must be {expected}.", f"Mend {key} in {path}."
    )


def fit(
    value: Any,
    annotation: Any,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """The value as the annotation wants it.

    A whole float such as `1e4` is taken as an int, an int as a float, text as a Path.

    Raises:
        ValueError: its text says what is expected, to follow "must be".
    """
    kind = inner(annotation)
    origin = get_origin(kind)
    if origin in (list, tuple):
        return _fit_sequence(value, kind, minimum=minimum, maximum=maximum)
    expected = expectation(annotation, minimum=minimum, maximum=maximum)
    number = _as_number(value, kind)
    if not _is(number, kind):
        raise ValueError(expected)
    if kind in (int, float) and not _within(number, minimum, maximum):
        raise ValueError(expected)
    return Path(number) if _is_path(kind) else number


def _as_number(value: Any, kind: Any) -> Any:
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def expectation(
    annotation: Any, *, minimum: float | None = None, maximum: float | None = None
) -> str:
    """What the annotation takes, in words that follow "must be"."""
    kind = inner(annotation)
    choices = choices_of(kind)
    if choices:
        return f"one of {', '.join(choices)}"
    if get_origin(kind) in (list, tuple):
        members = [member for member in get_args(kind) if member is not Ellipsis]
        words = expectation(members[0], minimum=minimum, maximum=maximum)
        if get_origin(kind) is tuple and Ellipsis not in get_args(kind):
            return f"{len(members)} values, each {words}"
        return f"a list, each {words}"
    words = _WORDS.get(kind, "text")
    if minimum is not None and maximum is not None:
        return f"{words} from {minimum} to {maximum}"
    if minimum is not None:
        return f"{words}, at least {minimum}"
    return f"{words}, at most {maximum}" if maximum is not None else words


def inner(annotation: Any) -> Any:
    """The annotation without its `| None`."""
    if get_origin(annotation) in (Union, UnionType):
        members = [member for member in get_args(annotation) if member is not NoneType]
        return members[0] if len(members) == 1 else annotation
    return annotation


def choices_of(annotation: Any) -> tuple[str, ...]:
    """The values of a Literal or an Enum as text; empty for every other annotation."""
    kind = inner(annotation)
    if get_origin(kind) is Literal:
        return tuple(str(choice) for choice in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(member.value) for member in kind)
    return ()


def shown(value: Any) -> str:
    """The value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(shown(item) for item in value)}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {shown(item)}" for key, item in value.items()) + " }"
    if isinstance(value, Enum):
        value = value.value
    import json

    # JSON's escapes are TOML's, and DEL is the one character that TOML alone wants escaped.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _fit_sequence(
    value: Any, kind: Any, *, minimum: float | None, maximum: float | None
) -> list[Any] | tuple[Any, ...]:
    members = get_args(kind)
    expected = expectation(kind, minimum=minimum, maximum=maximum)
    fixed = get_origin(kind) is tuple and Ellipsis not in members
    if not isinstance(value, list | tuple) or (fixed and len(value) != len(members)):
        raise ValueError(expected)
    wanted = members if fixed else [members[0]] * len(value)
    try:
        items = [
            fit(item, member, minimum=minimum, maximum=maximum)
            for item, member in zip(value, wanted, strict=True)
        ]
    except ValueError as error:
        raise ValueError(expected) from error
    return items if get_origin(kind) is list else tuple(items)


def _is(value: Any, kind: Any) -> bool:
    choices = choices_of(kind)
    if choices:
        return not isinstance(value, bool) and str(value) in choices
    if _is_path(kind):
        return isinstance(value, str | Path)
    if kind in (int, float):
        return isinstance(value, kind) and not isinstance(value, bool)
    return isinstance(value, kind if isinstance(kind, type) else str)


def _is_path(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Path)


def _within(value: float, minimum: float | None, maximum: float | None) -> bool:
    return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)
