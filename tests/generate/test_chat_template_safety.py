"""Chat templates that mean harm: each refused with one error, soon, and in little memory."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfcli.errors import CheckpointError
from tfcli.generate import template_renderer
from tfcli.generate.chat_template import ChatTemplate
from tfcli.generate.template_renderer import _State

MESSAGES = [{"role": "user", "content": "Hello"}]
REACHING = [
    "{{ ''.__class__ }}",
    "{% if ''.__class__.__mro__ %}{% endif %}",
    "{% set x = ''.__class__ %}harmless",
    "{{ ''['__class__'] }}",
    "{{ '' | attr('__class__') }}",
    "{{ ['']|map(attribute='__class__')|list }}",
    "{{ '{0.__class__.__mro__}'.format('') }}",
    "{{ '{x.__class__}'.format_map({'x': ''}) }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'] }}",
    "{{ raise_exception.__globals__ }}",
    "{{ namespace.__init__ }}",
    "{{ dict.__class__ }}",
    "{{ (messages | tojson).__class__ }}",
    "{% macro f() %}{% endmacro %}{{ f.__call__.__globals__ }}",
    "{{ messages.append(1) }}",
    "{{ messages[0].update(role='x') }}",
    "{{ namespace(__class__=1) }}",
    "{% set n = namespace() %}{% set n.__init__ = 1 %}",
]
_DOUBLE = "{% set n = namespace(x=START) %}{% for i in range(60) %}{% set n.x = STEP %}{% endfor %}"
TAKING = {
    "a range": "{% for i in range(10 ** 9) %}x{% endfor %}",
    "loops in loops": "{% for i in range(99999) %}{% for j in range(99999) %}"
    "{% endfor %}{% endfor %}",
    "loops that write": "{% for i in range(99999) %}{% for j in range(99999) %}spam spam"
    "{% endfor %}{% endfor %}",
    "a product": "{{ 'a' * 10 ** 10 }}",
    "a list": "{{ ['a'] * 10 ** 10 }}",
    "ljust": "{{ 'a'.ljust(10 ** 10) }}",
    "less ljust": "{{ 'a'.ljust(10 ** 8) }}",
    "center": "{{ 'a' | center(10 ** 9) }}",
    "a format": "{{ '%1000000000s' | format('x') }}",
    "another format": "{{ '{:1000000000}'.format('x') }}",
    "a remainder": "{{ '%1000000000d' % 1 }}",
    "an indent": "{{ messages | tojson(indent=10 ** 9) }}",
    "bytes": "{{ (1).to_bytes(10 ** 10, 'big') }}",
    "a number": "{{ 10 ** (10 ** 8) }}",
    "a constant": "{{ (2 ** 100000) ** 100000 > 1 }}",
    "lorem ipsum": "{{ lipsum(n=10 ** 7) }}",
    "a macro": "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    "a recursive loop": "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "a text that doubles": _DOUBLE.replace("START", "'ab'").replace("STEP", "n.x ~ n.x"),
    "a sum that doubles": _DOUBLE.replace("START", "'ab'").replace("STEP", "n.x + n.x"),
    "a list that holds itself twice": _DOUBLE.replace("START", "[1]").replace("STEP", "[n.x, n.x]")
    + "{{ n.x }}",
    "lists that are compared": _DOUBLE.replace("START", "[1]").replace("STEP", "[n.x, n.x]")
    + "{% set m = namespace(x=[1]) %}{% for i in range(60) %}{% set m.x = [m.x, m.x] %}{% endfor %}"
    "{{ n.x == m.x }}",
    "a list of lists": "{% set n = namespace(x=[]) %}{% for i in range(90000) %}"
    "{% set n.x = [n.x] %}{% endfor %}{{ n.x }}",
    "brackets": "{{ " + "(" * 100_000 + ")" * 100_000 + " }}",
    "an expression": "{{ " + "-" * 200_000 + "1 }}",
    "blocks": "{% for x in [1] %}" * 5000 + "{% endfor %}" * 5000,
}


def refused(source: str) -> tuple[str, float]:
    begin = time.perf_counter()
    with pytest.raises(CheckpointError) as caught:
        ChatTemplate(source, {"bos_token": "<s>"}, "models/bad/chat_template.jinja").render(
            MESSAGES
        )
    seconds = time.perf_counter() - begin
    assert caught.value.message.startswith("models/bad/chat_template.jinja: its chat template ")
    assert len(caught.value.message) < 500
    return caught.value.message, seconds


@pytest.mark.parametrize("source", REACHING)
def test_what_reaches_for_the_hidden(source: str) -> None:
    message, _ = refused(source)
    assert "reaches for what is hidden" in message


@pytest.mark.parametrize("what", TAKING)
def test_what_takes_too_much(what: str) -> None:
    """0.6 s where nothing else runs; the limit is one of processor time, so tests allow more."""
    _, seconds = refused(TAKING[what])
    assert seconds < 4


def test_the_next_template_is_rendered() -> None:
    honest = ChatTemplate("{{ bos_token }}{{ messages[0].content }}", {"bos_token": "<s>"}, "good")
    for source in (TAKING["loops in loops"], TAKING["brackets"], REACHING[0]):
        refused(source)
        assert honest.render(MESSAGES) == "<s>Hello"


def test_one_template_leaves_nothing_to_the_next() -> None:
    for source in (
        "{% set range = 1 %}{% set ns = namespace(a=1) %}{% set leak = 1 %}{{ leak }}",
        "{% macro leak() %}{% endmacro %}{{ dict(leak=1) and '' }}1",
    ):
        assert ChatTemplate(source, {"bos_token": "b"}, "one").render(MESSAGES) == "1"
    after = ChatTemplate("{{ leak }}{{ ns }}{{ bos_token }}{{ range(2) | list }}", {}, "two")
    assert after.render(MESSAGES) == "[0, 1]"


def test_long_conversations_are_no_harm() -> None:
    style = Path(__file__).with_name("chat_templates") / "qwen3.jinja"
    template = ChatTemplate(style.read_text(encoding="utf-8"), {}, "good")
    turns = [
        {"role": role, "content": "Once upon a time, 很久很久以前。 " * 20}
        for _ in range(1000)
        for role in ("user", "assistant")
    ]
    text = template.render(turns)
    assert len(text) > 1_000_000
    assert text.count("<|im_start|>") == 2001


IN_LITTLE_MEMORY = """
import resource, sys
from tfcli.errors import CheckpointError
from tfcli.generate.chat_template import ChatTemplate
for source in sys.argv[1:]:
    try:
        ChatTemplate(source, {}, "here").render([{"role": "user", "content": "Hello"}])
    except CheckpointError:
        continue
    sys.exit(f"not refused: {source}")
from tfcli.generate.template_renderer import _State
_State.end()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
def test_little_memory_is_taken() -> None:
    sources = [TAKING[n] for n in ("a product", "less ljust", "center", "a text that doubles")]
    shown = subprocess.check_output([sys.executable, "-c", IN_LITTLE_MEMORY, *sources])
    assert int(shown) < 300 * 1024  # KiB


FORKED = """
import os
from tfcli.generate.chat_template import ChatTemplate
template = ChatTemplate("{{ messages[0].content }}", {}, "here")
def render(text):
    return template.render([{"role": "user", "content": text}])
assert render("parent") == "parent"
child = os.fork()
if child == 0:
    os._exit(0 if [render(str(i)) for i in range(20)] == [str(i) for i in range(20)] else 1)
texts = [render(str(i) + "p") for i in range(20)]
assert texts == [str(i) + "p" for i in range(20)]
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_has_a_process_of_its_own() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], check=True)


KILLED = """
import os
from tfcli.generate.chat_template import ChatTemplate
from tfcli.generate.template_renderer import _State
ChatTemplate("x", {}, "here").render([{"role": "user", "content": ""}])
print(_State.process.popen.pid, flush=True)
os._exit(9)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_ends_with_its_parent() -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == 9
    status = Path(f"/proc/{done.stdout.strip()}/stat")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if status.read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except OSError:
            return
        time.sleep(0.02)
    pytest.fail("the process lives on")


DEAF = """
import signal, sys
signal.signal(signal.SIGPROF, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF})
from tfcli.errors import CheckpointError
from tfcli.generate import template_renderer
from tfcli.generate.chat_template import ChatTemplate
template_renderer._SECONDS_TO_ANSWER = 1e9
try:
    ChatTemplate(sys.argv[1], {}, "here").render([{"role": "user", "content": ""}])
except CheckpointError:
    sys.exit(0)
sys.exit(1)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_the_clock_is_heard_whatever_the_parent_ignores() -> None:
    subprocess.run([sys.executable, "-c", DEAF, TAKING["loops in loops"]], check=True, timeout=60)


def test_without_a_clock_of_its_own_the_wall_clock_ends_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    source = template_renderer._PROGRAM.read_text(encoding="utf-8")
    assert source.count("_set_clock(SECONDS)") == 1
    program.write_text(source.replace("_set_clock(SECONDS)", "pass"), encoding="utf-8")
    monkeypatch.setattr(template_renderer, "_PROGRAM", program)
    monkeypatch.setattr(template_renderer, "_SECONDS_TO_ANSWER", 0.2)
    _State.end()
    try:
        message, _ = refused(TAKING["loops in loops"])
    finally:
        _State.end()
    assert "too much time" in message


def test_a_process_that_is_gone_is_replaced() -> None:
    template = ChatTemplate("x", {}, "here")
    assert template.render(MESSAGES) == "x"
    assert _State.process is not None
    _State.process.popen.kill()
    _State.process.popen.wait()
    assert template.render(MESSAGES) == "x"
