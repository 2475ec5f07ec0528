"""A command in a terminal of its own, as a person sits before it."""

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time

_SECONDS = 90
# Ctrl-C interrupts those whose own terminal it is.
_START = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
"""
_MAIN = """
from tfcli.main import main
main()
"""


class Screen:
    """A command in a pseudo-terminal of 80 × 24; `before` is Python that runs before it."""

    def __init__(self, *words: str, before: str = "") -> None:
        self.leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, bytes((24, 0, 80, 0, 0, 0, 0, 0)))
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"{_START}{before}{_MAIN}", *words],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env={**environment, "TERM": "xterm-256color", "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        self.follower = follower
        self.seen = ""

    def shows_typing(self) -> bool:
        """Whether what is typed is shown, as a terminal does unless a program wants single keys."""
        return bool(termios.tcgetattr(self.follower)[3] & termios.ECHO)

    def wait_for(self, text: str) -> None:
        """Read on until the text has come."""
        end = time.monotonic() + _SECONDS
        while text not in self.seen:
            assert time.monotonic() < end, f"no {text!r} in {self.seen!r}"
            assert self.process.poll() is None or self._read(0), self.seen
            self._read(0.2)

    def press(self, keys: str) -> None:
        self.seen = ""
        os.write(self.leader, keys.encode())

    def end(self) -> int:
        """The exit code; what is still drawn is read, so that nobody waits for it."""
        end = time.monotonic() + _SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < end, self.seen
            self._read(0.1)
        while self._read(0):
            pass
        self.showed_typing_at_the_end = self.shows_typing()
        os.close(self.leader)
        os.close(self.follower)
        return self.process.wait()

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.leader], [], [], seconds)
        if ready:
            self.seen += os.read(self.leader, 65536).decode(errors="replace")
        return bool(ready)
