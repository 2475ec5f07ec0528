"""Every command line that the README or a help screen shows is one that tfcli takes."""

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tfcli.cli.app import FIRST_MINUTE, build
from tfcli.cli.help_screen import split_examples
from tfcli.errors import ExitCode, TfcliError
from tfcli.main import run

README = Path(__file__).parents[2] / "README.md"


def commands(node: Any) -> Iterator[Any]:
    yield node
    for child in getattr(node, "commands", {}).values():
        yield from commands(child)


def shown_lines() -> list[str]:
    blocks = re.findall(r"^```\n(.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`(tfcli [^`]+)`", README.read_text(encoding="utf-8"))
    lines += [line.split("   ")[0] for line in FIRST_MINUTE.split("\n  ")[1:]]
    lines += [e.command for node in commands(build()) for e in split_examples(node.help or "")[1]]
    return sorted({line.split("   #")[0].strip() for line in lines})


def tfcli_calls(line: str) -> Iterator[list[str]]:
    """The arguments of each tfcli in a shell line; pipes, lists and <(…) taken apart."""
    for part in re.split(r"\|(?!\|)|&&|<\(|\)(?=$)", line):
        try:
            words = shlex.split(part)
        except ValueError:
            continue
        if words[:1] == ["tfcli"]:
            yield words[1:]


CALLS = [call for line in shown_lines() for call in tfcli_calls(line)]


def test_there_are_examples():
    assert len(CALLS) > 20


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_an_example_is_taken(words):
    root = build()
    for node in commands(root):
        if not hasattr(node, "commands"):
            node.callback = None  # parse, run nothing
    with root.make_context("tfcli", list(words)) as context:
        root.invoke(context)


def test_the_readme_s_settings_are_settings(tmp_path, monkeypatch, capsys):
    text = README.read_text(encoding="utf-8")
    (block,) = re.findall(r"^ *```toml\n(.*?)^ *```", text, re.M | re.S)
    (tmp_path / "tfcli.toml").write_text(textwrap.dedent(block), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in re.findall(r"`(TFCLI_(?:TRAIN|DEVICE)\w*)=([\w.]+)`", text):
        monkeypatch.setenv(name, value)
    assert run(["config", "show", "--sources"]) == 0
    shown = capsys.readouterr()
    assert "TFCLI_TRAIN_LEARNING_RATE" in shown.out
    assert "nothing reads" not in shown.err


def test_a_wrong_example_would_be_seen():
    root = build()
    with pytest.raises(TfcliError), root.make_context("tfcli", ["confg"]) as context:
        root.invoke(context)


def test_the_readme_lists_every_exit_code():
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", README.read_text(encoding="utf-8"), re.M)
    assert [int(code) for code, _ in rows] == [int(code) for code in ExitCode]
