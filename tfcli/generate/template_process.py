"""The process in which a chat template is rendered: a program of its own, run by its path.

A template is a program by whoever made the checkpoint. Jinja's sandbox bounds what it reaches, but
neither its time nor its memory: `{% for i in range(100000) %}` nests, `x ~ x` doubles, and a list
that holds itself twice is as long as one likes when it is printed, inside one call that nothing in
the same process can interrupt. Here the system's own limits end it, whatever it does.

stdin: a JSON list of folders with the libraries, then a JSON object a line: `source`, `variables`,
`now` (ISO 8601) and `most_characters`. stdout: `{}` when all is ready, then for every line
`{"text": …}` or `{"error": …, "detail": …}`. Nothing of tfcli is imported.
"""

import json
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

SECONDS = 0.5  # of processor time: templates in use need less than a tenth of it
MEMORY = 256 * 2**20  # bytes of address space, beside what Python and Jinja have
_LONGEST_DETAIL = 300


def main() -> None:
    """Answer requests until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.path.extend(json.loads(requests.readline()))
    render = _renderer()
    _limit_memory()
    _heed_clock()
    answers.write(b"{}\n")
    answers.flush()
    for line in requests:
        request = json.loads(line)
        _set_clock(SECONDS)
        answer = _answer(render, request)
        _set_clock(0)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _limit_memory() -> None:
    """More memory than this is refused, and no core is dumped, where the system can do that."""
    try:
        import resource
    except ImportError:
        return
    taken = 0
    with suppress(OSError, ValueError):
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for kind, most in ((resource.RLIMIT_AS, taken + MEMORY), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def _heed_clock() -> None:
    """Let the clock's signal end this process, even if the parent does not listen to it."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})


def _set_clock(seconds: float) -> None:
    """The system ends this process after so much processor time from now; 0 stops the clock."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _answer(render: Callable[[dict[str, Any]], str], request: dict[str, Any]) -> dict[str, str]:
    from jinja2 import TemplateSyntaxError
    from jinja2.exceptions import SecurityError

    kinds = {
        TemplateSyntaxError: "syntax",
        SecurityError: "security",
        _Refused: "refused",
        MemoryError: "memory",
        _TooLongError: "length",
    }
    try:
        return {"text": render(request)}
    except Exception as error:  # a template can raise whatever Python raises
        kind = next((kinds[each] for each in kinds if isinstance(error, each)), "failed")
        detail = str(error)
        if isinstance(error, TemplateSyntaxError):
            detail = f"line {error.lineno}: {error.message}"
        elif kind == "failed":
            detail = f"{type(error).__name__}: {error}"
        return {"error": kind, "detail": detail[:_LONGEST_DETAIL]}


class _TooLongError(Exception):
    """The text grows beyond what can be asked for."""


class _Refused(Exception):  # noqa: N818 - the template's own word about the messages
    """The template called raise_exception."""


class _Clock:
    """What strftime_now calls now: the time of the request."""

    now = datetime.min


def _renderer() -> Callable[[dict[str, Any]], str]:
    """The function that renders a request, with all that templates may use.

    As `transformers` has them: loop controls, the `generation` block, a `tojson` that leaves HTML
    characters alone, raise_exception, strftime_now, and a `dict` and a `namespace` that open
    nothing inside.
    """
    from jinja2.exceptions import SecurityError
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment, is_internal_attribute

    class Environment(ImmutableSandboxedEnvironment):
        """A sandbox in which the mere look at a hidden attribute is an error, used or not."""

        def unsafe_undefined(self, obj: Any, attribute: str) -> Any:
            if attribute.startswith("_") or is_internal_attribute(obj, attribute):
                raise SecurityError(f"the attribute {attribute!r} of {type(obj).__name__!r}")
            return super().unsafe_undefined(obj, attribute)  # a method that would change its list

    environment = Environment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_generation_block(), loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals |= {
        "raise_exception": _raise_exception,
        "strftime_now": _strftime_now,
        "dict": _Dict(),
        "namespace": _namespace(),
    }
    compiled = lru_cache(maxsize=8)(environment.from_string)

    def render(request: dict[str, Any]) -> str:
        _Clock.now = datetime.fromisoformat(request["now"])
        most = left = request["most_characters"]
        pieces = []
        for piece in compiled(request["source"]).generate(request["variables"]):
            left -= len(piece)
            if left < 0:
                raise _TooLongError(f"{most:,}")
            pieces.append(piece)
        return "".join(pieces)

    return render


def _generation_block() -> Any:
    """The tag that marks what an assistant wrote, for training; it changes nothing in the text."""
    from jinja2.ext import Extension
    from jinja2.nodes import CallBlock

    class GenerationBlock(Extension):
        tags = {"generation"}  # noqa: RUF012 - as the base class has it

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return CallBlock(self.call_method("_inside"), [], [], body).set_lineno(line)

        def _inside(self, caller: Callable[[], str]) -> str:
            return caller()

    return GenerationBlock


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: Any = None,
    separators: Any = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _raise_exception(message: object) -> None:
    raise _Refused(message)


def _strftime_now(format: str) -> str:
    return _Clock.now.strftime(format)


class _Dict:
    """`dict` as a template may use it: a function, not a class with all that hangs on one."""

    def __call__(self, *args: Any, **values: Any) -> dict[Any, Any]:
        return dict(*args, **values)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        """A dictionary with these keys."""
        return dict.fromkeys(*args)


def _namespace() -> Any:
    from jinja2.exceptions import SecurityError
    from jinja2.utils import Namespace

    def checked(name: object) -> Any:
        if isinstance(name, str) and name.startswith("_"):
            raise SecurityError(f"the hidden name {name!r} of a namespace")
        return name

    class PlainNamespace(Namespace):
        """One whose names cannot stand in for what Python itself looks up."""

        def __init__(*args: Any, **values: Any) -> None:
            Namespace.__init__(
                args[0], {checked(k): v for k, v in dict(*args[1:], **values).items()}
            )

        def __setitem__(self, name: str, value: Any) -> None:
            Namespace.__setitem__(self, checked(name), value)

    return PlainNamespace


if __name__ == "__main__":
    main()
