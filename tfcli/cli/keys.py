"""One key at a time from the terminal, without Enter where the system can do that."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

_NEXT = (" ", "\r", "\n")
_STOP = ("q", "Q", "\x04", "\x1a", "\x1b", "")  # q, the end of input, Escape; no input at all
_PENDING_SECONDS = 0.05


def goes_on(read_key: Callable[[], str]) -> bool:
    """Wait for a key: True for Space or Enter, False for q or Escape. Others are passed over."""
    while True:
        key = read_key()
        if key in _NEXT:
            return True
        if key in _STOP:
            return False


@contextmanager
def key_by_key() -> Iterator[Callable[[], str]]:
    """A function that gives the next key of standard input, "" at its end.

    Within it keys are not shown; Ctrl-C interrupts as anywhere. Where the system can give no
    single keys, a line counts as its first character.
    """
    if sys.platform == "win32":
        yield _windows_key
    elif find_spec("termios") is None:
        yield lambda: sys.stdin.readline()[:1]
    else:
        with _unbuffered(sys.stdin.fileno()):
            yield _posix_key


def _posix_key() -> str:
    number = sys.stdin.fileno()
    key = os.read(number, 1)
    if key == b"\x1b" and _pending(number):
        # an arrow is Escape, [ or O, and what ends in a letter or ~; Escape alone is a key
        key += os.read(number, 1)
        while key[-1:].isdigit() or key[-1:] in (b"[", b"O", b";"):
            more = os.read(number, 1) if _pending(number) else b""
            if not more:
                break
            key += more
    return key.decode("utf-8", errors="replace")


def _pending(number: int) -> bool:
    import select

    return bool(select.select([number], [], [], _PENDING_SECONDS)[0])


@contextmanager
def _unbuffered(number: int) -> Iterator[None]:
    """A terminal gives its keys one by one; anything else stays as it is."""
    import termios
    import tty

    try:
        before = termios.tcgetattr(number)
    except termios.error:
        yield
        return
    try:
        tty.setcbreak(number, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def _windows_key() -> str:
    import msvcrt

    key: str = msvcrt.getwch()  # type: ignore[attr-defined]
    if key == "\x03":
        raise KeyboardInterrupt
    if key in ("\x00", "\xe0"):  # an arrow and the like: two at once
        key += msvcrt.getwch()  # type: ignore[attr-defined]
    return key
