"""Help screens, and what they cost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfcli import __version__
from tfcli.cli.app import COMMANDS, build
from tfcli.cli.help_screen import split_examples
from tfcli.cli.settings_files import walk

HEAVY = {
    "torch",
    "numpy",
    "sentencepiece",
    "tokenizers",
    "transformers",
    "safetensors",
    "pyarrow",
    "rich",
    "pydantic",
    "jinja2",
}
LEAVES = [path for path, _ in walk(build())] + [("config", "show"), ("completion", "install")]
SCREENS = [(), *((name,) for name in COMMANDS), *LEAVES]


@pytest.mark.parametrize("path", sorted(set(SCREENS)), ids=" ".join)
def test_a_help_screen_fits_and_is_complete(tfcli, path):
    outcome = tfcli(*path, "--help")
    assert outcome.code == 0 and outcome.err == ""
    lines = outcome.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in outcome.out
    assert lines[0].startswith(" ".join(["Usage: tfcli", *path]))
    assert "\nExamples\n" in outcome.out
    assert f"  {' '.join(['tfcli', *path])}" in outcome.out.split("\nExamples\n")[1]
    assert tfcli(*path, "-h").out == outcome.out


def test_every_option_and_argument_says_what_it_is():
    for path, command in walk(build()):
        text, examples = split_examples(command.help)
        assert text and examples, path
        for parameter in command.params:
            assert parameter.help, (path, parameter.name)


def test_help_shows_panels_defaults_choices_and_limits(tfcli):
    out = " ".join(tfcli("demo", "--help").out.split())
    assert "Optimiser --lr X Peak learning rate. [at least 0.0; default: 0.001]" in out
    assert "--size nano|micro|small A preset. [default: micro]" in out
    assert "--compile, --no-compile Compile the model. [default: --compile]" in out
    assert "-m, --model RUN" in out
    assert "secret" not in out


@pytest.mark.parametrize("columns", ["50", "60", "200"])
def test_help_follows_the_width(process, columns):
    lines = process("demo", "--help", COLUMNS=columns).out.splitlines()
    assert max(map(len, lines)) <= int(columns)


def test_help_is_bold_where_colour_is_on(process):
    assert "\x1b[1mUsage:\x1b[0m" in process("--color", "always", "demo", "--help").out
    assert "\x1b[1mUsage:\x1b[0m" in process("demo", "--help", FORCE_COLOR="1").out


def test_tfcli_alone_shows_the_first_minute(tfcli):
    outcome = tfcli()
    assert outcome.code == 0
    for command in ("tfcli train", "tfcli generate", "tfcli explain"):
        assert command in outcome.out
    assert len(outcome.out.splitlines()) < 12


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version(tfcli, flag):
    assert tfcli(flag).out == f"tfcli {__version__}\n"


def test_help_works_with_a_broken_settings_file(tfcli, clean):
    (clean / "tfcli.toml").write_text("this is [not TOML", encoding="utf-8")
    assert tfcli("demo", "--help").code == 0
    assert tfcli("config", "path").code == 0
    assert tfcli("demo").code == 2


@pytest.mark.parametrize("path", [(), *sorted({path[:1] for path in LEAVES})], ids=" ".join)
def test_help_imports_nothing_heavy(path):
    # a coarse guard on time as well: torch alone takes ten times what the whole screen may take
    script = (
        "import json, sys\n"
        "from tfcli.main import run\n"
        "run(sys.argv[1:])\n"
        "sys.stderr.write(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *path, "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parent,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert done.stdout.startswith("Usage:")
    assert not HEAVY & set(json.loads(done.stderr))
