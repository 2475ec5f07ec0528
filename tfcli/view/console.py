"""The two streams: results on stdout, everything else on stderr, and how each may look.

Every decision about colour, width and characters is made here, once, from `--color`, `--ascii`,
`-q`, `-v`, NO_COLOR, FORCE_COLOR, TERM, COLUMNS and whether the stream is a terminal. Rich is
imported when something is drawn, not before, so that `--help` stays quick.
"""

import json
import math
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TextIO

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

ColorMode = Literal["auto", "always", "never"]

PIPED_WIDTH = 80
NARROWEST = 20

# C0 (but tab and newline), DEL, C1, the line separators, the marks that reorder text on a screen,
# and lone surrogates: a terminal must never receive these from a model or a file.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


@dataclass(frozen=True)
class Settings:
    """What the user said about the look and the amount of output."""

    color: ColorMode = "auto"
    quiet: bool = False
    verbose: bool = False
    ascii: bool = False


class _State:
    settings = Settings()


def configure(settings: Settings) -> None:
    """Use these settings for everything that is written from now on in this process."""
    _State.settings = settings


def settings() -> Settings:
    """The settings in force."""
    return _State.settings


def ansi(stream: TextIO) -> bool:
    """Whether escape sequences (bold, cursor movement) may be written to the stream."""
    mode = _State.settings.color
    if mode != "auto":
        return mode == "always"
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return is_terminal(stream) and os.environ.get("TERM") not in ("dumb", "unknown")


def colored(stream: TextIO) -> bool:
    """Whether colours may be written; NO_COLOR takes colours away and leaves bold."""
    if _State.settings.color == "always":
        return True
    return ansi(stream) and not os.environ.get("NO_COLOR")


def colored_file() -> bool:
    """Whether a picture of a screen has colours: it does, unless they are refused."""
    mode = _State.settings.color
    return mode == "always" or (mode == "auto" and not os.environ.get("NO_COLOR"))


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at the stream, so that progress may be redrawn in place."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def unicode(stream: TextIO) -> bool:
    """Whether box-drawing and other characters beyond ASCII may be written."""
    if _State.settings.ascii:
        return False
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "").replace("_", "")
    return encoding.startswith("utf")


def width(stream: TextIO) -> int:
    """The columns to fill: COLUMNS, else the terminal's own, else 80."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return max(NARROWEST, int(columns))
    if is_terminal(stream):
        try:
            found = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError):
            found = 0
        if found > 0:
            return max(NARROWEST, found)
    return PIPED_WIDTH


def out_console() -> "Console":
    """A Rich console on stdout for tables and grids. Not for model text: see `write_text`."""
    return _console(sys.stdout)


def err_console() -> "Console":
    """A Rich console on stderr for panels, progress and hints."""
    return _console(sys.stderr)


def draw(renderable: "RenderableType") -> None:
    """Print a Rich renderable on stdout."""
    out_console().print(renderable)


def write_text(text: str, *, flush: bool = True) -> None:
    """Write model text or other foreign text to stdout as it is, control characters escaped."""
    sys.stdout.write(printable(text))
    if flush:
        sys.stdout.flush()


def write_line(text: str = "") -> None:
    """Write one line of our own words to stdout (paths, scripts, plain tables)."""
    sys.stdout.write(text + "\n")


def write_json(value: Any, *, indent: int | None = 2) -> None:
    """Write one JSON document to stdout. `indent=None` writes it on one line (JSON Lines)."""
    sys.stdout.write(json_text(value, indent=indent) + "\n")
    sys.stdout.flush()


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """JSON that every reader takes: NaN and infinities become null, control characters \\uXXXX."""
    text = json.dumps(
        _finite(value), indent=indent, ensure_ascii=not unicode(sys.stdout), allow_nan=False
    )
    # Outside strings JSON holds no such character but the newlines of `indent`.
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def note(text: str) -> None:
    """A line on stderr that `-q` silences: which model was chosen, the seed, what to type next."""
    if not _State.settings.quiet:
        _write_error_line(text)


def detail(text: str) -> None:
    """A line on stderr that only `-v` shows."""
    if _State.settings.verbose:
        _write_error_line(text)


def warn(text: str) -> None:
    """A line on stderr that is always shown."""
    _write_error_line(f"Warning: {text}")


@contextmanager
def busy(text: str) -> Iterator[None]:
    """Show that something slow is under way, with a spinner where stderr is a terminal."""
    if _State.settings.quiet or not is_terminal(sys.stderr) or not ansi(sys.stderr):
        yield
        return
    from rich.text import Text

    spinner = "dots" if unicode(sys.stderr) else "line"
    with err_console().status(Text(printable(text)), spinner=spinner):
        yield


@contextmanager
def passing(text: str) -> Iterator[None]:
    """A line on stderr while one waits for the user, taken away afterwards."""
    shown = not _State.settings.quiet and is_terminal(sys.stderr)
    if shown:
        sys.stderr.write(text)
        sys.stderr.flush()
    try:
        yield
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K" if ansi(sys.stderr) else "\n")
            sys.stderr.flush()


def printable(text: str) -> str:
    """The text with its control, reordering and surrogate characters written as escapes.

    Newline and tab stay. `"\\x1b[31m"` becomes the visible characters `\\x1b[31m`.
    """
    return _UNPRINTABLE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _write_error_line(text: str) -> None:
    sys.stdout.flush()  # a hint comes after the result that it speaks of
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def _console(stream: TextIO) -> "Console":
    from rich.console import Console

    class Stream(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # `| head` has seen enough; Rich would exit with 1

    return Stream(
        file=stream,
        force_terminal=ansi(stream),
        no_color=not colored(stream),
        # On a terminal Rich follows a resize; elsewhere it would take the width of stdin's.
        width=None if is_terminal(stream) else width(stream),
        markup=False,
        highlight=False,
        emoji=False,
        safe_box=True,
    )


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
