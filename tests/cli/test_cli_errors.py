"""What a wrong command line prints, and what every way to end returns."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE_APP = Path(__file__).with_name("example_app.py")


def squeeze(panel: str) -> str:
    """The words of a panel, its border and its line breaks taken away."""
    return " ".join(line.strip("│| ") for line in panel.splitlines() if line[:1] in "│|")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["demo", "--stpes", "3"], ["no option --stpes", "Did you mean: tfcli demo --steps 3"]),
        (["demo", "--stpes=3"], ["Did you mean: tfcli demo --steps=3"]),
        (["demo", "-steps", "3"], ["no option -steps", "tfcli demo --steps 3"]),
        (["demo", "--fold", "x"], ["tfcli demo --folder x"]),
        (["demo", "--zzz"], ["no option --zzz", "tfcli demo --help"]),
        (["dmo", "a b"], ["no command 'dmo'", "Did you mean: tfcli demo 'a b'"]),
        (["config", "shwo"], ["tfcli config has no command 'shwo'", "tfcli config show"]),
        (["config"], ["tfcli config needs a command: show, path", "tfcli config --help"]),
        (["demo", "--steps", "x"], ["--steps must be a whole number, at least 1, not 'x'"]),
        (["demo", "--steps", "0"], ["at least 1, not '0'"]),
        (["demo", "--lr", "nope"], ["--lr must be a number, at least 0.0"]),
        (["demo", "--size", "tiny"], ["--size must be one of nano, micro, small, not 'tiny'"]),
        (["demo", "--betas", "1"], ["--betas"]),
        (["demo", "--lr"], ["'--lr' requires an argument", "tfcli demo --help"]),
        (["demo", "--steps", "13"], ["13 steps bring bad luck."]),
        (["demo", "--color", "blue"], ["--color must be one of auto, always, never"]),
        (["--color", "blue", "demo"], ["--color must be one of auto, always, never"]),
        (["completion", "show"], ["needs SHELL", "For example: tfcli completion show bash"]),
        (["--nope"], ["tfcli has no option --nope"]),
    ],
)
def test_a_wrong_command_line_is_a_usage_panel(tfcli, arguments, words):
    outcome = tfcli(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    for word in words:
        assert word in squeeze(outcome.err)


def test_a_known_error_has_its_exit_code_and_its_words_unparsed(tfcli):
    outcome = tfcli("demo", "--do", "fail")
    assert outcome.code == 5
    assert "It is [bold]not[/bold] text: \\x1b[31mred\\x1b[0m." in outcome.err
    assert "\x1b" not in outcome.err
    assert "tfcli demo --do print" in outcome.err


@pytest.mark.parametrize("value", ["x" * 90_000, "x y " * 20_000])
def test_what_a_stranger_wrote_does_not_fill_the_screen(tfcli, value):
    outcome = tfcli("demo", "--steps", value)
    assert outcome.code == 2
    assert "characters left out" in squeeze(outcome.err)
    assert "--steps must be a whole number" in squeeze(outcome.err)
    assert outcome.err.count("\n") < 20


def test_an_unforeseen_error_is_one_line_and_a_log(tfcli, clean):
    outcome = tfcli("demo", "--do", "crash")
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "RuntimeError: no one" in outcome.err
    log = Path(outcome.err.split("The details are in ")[1].strip())
    assert log.is_relative_to(clean / "home")
    text = log.read_text(encoding="utf-8")
    assert "Traceback" in text and "tfcli demo --do crash" in text


def test_debug_shows_tracebacks_and_keeps_the_exit_codes(process):
    crash = process("demo", "--do", "crash", TFCLI_DEBUG="1")
    assert crash.code == 1 and "Traceback" in crash.err
    known = process("demo", "--do", "fail", TFCLI_DEBUG="1")
    assert known.code == 5 and "Traceback" in known.err


def test_an_unwritable_log_folder_does_not_hide_the_error(tfcli, clean):
    (clean / "home").write_text("a file where the folder should be", encoding="utf-8")
    outcome = tfcli("demo", "--do", "crash")
    assert outcome.code == 1
    assert "RuntimeError: no one" in outcome.err and "TFCLI_DEBUG=1" in outcome.err


def test_a_reader_that_stops_is_no_error(clean):
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, str(EXAMPLE_APP), "completion", "show", "bash"],
        stdout=write_end,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_reader_of_a_drawing_that_stops_is_no_error(clean):
    read_end, write_end = os.pipe()
    os.close(read_end)
    draw = "from tfcli.view import console; console.draw('a table')"
    command = f"import sys; from tfcli.cli import app; app._run = lambda _: exec({draw!r})"
    done = subprocess.run(
        [sys.executable, "-c", f"{command}; sys.exit(app.invoke([]))"],
        stdout=write_end,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_under_stdout_is_a_panel(clean):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, str(EXAMPLE_APP), "demo"],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_have_their_exit_codes(clean, number, code):
    with subprocess.Popen(
        [sys.executable, str(EXAMPLE_APP), "demo", "--do", "wait"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as running:
        assert running.stdout is not None and running.stdout.readline() == "ready\n"
        running.send_signal(number)
        _, err = running.communicate(timeout=30)
    assert running.returncode == code
    assert "Traceback" not in err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_ctrl_c_is_not_lost_while_pytorch_is_imported(clean, tmp_path):
    """PyTorch's import has places that swallow an exception; so does this one."""
    (tmp_path / "torch.py").write_text(
        "import os, signal\n"
        "try:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "except BaseException:\n"
        "    pass\n"
        "raise ImportError('the command went on')\n"
    )
    command = "from tfcli import main; main.run = lambda _: __import__('torch'); main.main()"
    done = subprocess.run(
        [sys.executable, "-c", command],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\nInterrupted.\n")
