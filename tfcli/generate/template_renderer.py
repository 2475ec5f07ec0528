"""Chat templates rendered in a process of their own, which is ended when it takes too long.

One process serves a whole run: it costs the time of importing Jinja (about 60 ms) once, waits
without work, and goes when this one does.
"""

import atexit
import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tfcli.errors import TfcliError

_PROGRAM = Path(__file__).with_name("template_process.py")
_LIBRARIES = ("jinja2", "markupsafe")
_SECONDS_TO_START = 30.0
# The process counts its own processor time where the system lets it (POSIX): a busy machine then
# fails no honest template, and the wall clock is for the rest.
_SECONDS_TO_ANSWER = 10.0 if os.name == "posix" else 1.0
_BYTES_OF_CHARACTER = 12  # in JSON: two surrogates, \uXXXX each


def render(
    source: str, variables: Mapping[str, Any], now: str, most_characters: int
) -> dict[str, str]:
    """What the template writes: {"text": …}, or {"error": kind, "detail": …}.

    The kinds: "syntax"; "security", it reaches for what is hidden; "refused", it calls
    raise_exception; "memory", "length" and "time", it takes too much; "failed", anything else.

    Args:
        source: the template.
        variables: its context, of JSON's types.
        now: the local time as ISO 8601, for strftime_now.
        most_characters: a longer text is an error.

    Raises:
        TypeError, ValueError: the variables are not of JSON's types.
        TfcliError: the process cannot be started.
    """
    request = {
        "source": source,
        "variables": variables,
        "now": now,
        "most_characters": most_characters,
    }
    line = json.dumps(request).encode() + b"\n"
    with _State.lock:
        process = _State.running()
        answer = b""
        try:
            with _deadline(process, _SECONDS_TO_ANSWER), suppress(BrokenPipeError):
                answer = process.ask(line, 1000 + _BYTES_OF_CHARACTER * most_characters)
        finally:
            if not answer.endswith(b"\n"):  # ended by the system, by us, or by Ctrl-C
                _State.end()
    return json.loads(answer) if answer.endswith(b"\n") else {"error": "time", "detail": ""}


class _Process:
    """The other process, ready for requests."""

    def __init__(self) -> None:
        libraries = [_folder(name) for name in _LIBRARIES]
        try:
            self.popen = subprocess.Popen(
                # Isolated: no folder of the user's, and no `site`, which takes longer than Python.
                [sys.executable, "-I", "-S", "-B", str(_PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise TfcliError(
                f"Python cannot be started to render a chat template: {error}."
            ) from error
        ready = b""
        with _deadline(self, _SECONDS_TO_START), suppress(BrokenPipeError):
            ready = self.ask(json.dumps(libraries).encode() + b"\n", 100)
        if not ready:
            self.end()
            raise TfcliError(
                "The process that renders chat templates does not start.",
                hint="Is Jinja whole? `pip install --force-reinstall jinja2 markupsafe`",
            )

    def ask(self, line: bytes, most: int) -> bytes:
        """Send a line and read the answering one; what is shorter means that the process ended."""
        requests, answers = self.popen.stdin, self.popen.stdout
        assert requests is not None and answers is not None
        requests.write(line)
        requests.flush()
        return answers.readline(most)

    def end(self) -> None:
        """End it now."""
        self.popen.kill()
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()


class _State:
    """The process that serves this one."""

    lock = threading.Lock()
    process: _Process | None = None

    @classmethod
    def running(cls) -> _Process:
        """The process, started where there is none or it has gone."""
        if cls.process is not None and cls.process.popen.poll() is not None:
            cls.end()
        if cls.process is None:
            cls.process = _Process()
        return cls.process

    @classmethod
    def end(cls) -> None:
        """End the process, if there is one."""
        process, cls.process = cls.process, None
        if process is not None:
            process.end()

    @classmethod
    def forget(cls) -> None:
        """In a fork of this process: the other one is the parent's."""
        cls.lock, cls.process = threading.Lock(), None


atexit.register(_State.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_State.forget)


@contextmanager
def _deadline(process: _Process, seconds: float) -> Iterator[None]:
    """Kill the process unless the body is done in time; the body then reads the end of its pipe."""
    timer = threading.Timer(seconds, process.popen.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _folder(library: str) -> str:
    """Where a library is installed, found without importing it."""
    spec = importlib.util.find_spec(library)
    if spec is None or spec.origin is None:
        raise TfcliError(
            f"The package {library} is missing.", hint=f"Type `pip install {library}`."
        )
    return str(Path(spec.origin).parent.parent)
