"""Completion scripts: in sync with the program, valid, and right at a TAB."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tfcli.cli.app import build
from tfcli.cli.completion import regenerate, scripts
from tfcli.cli.shells import FILE_NAMES

COMPLETIONS = Path(__file__).parents[2] / "completions"


def have(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


def run(*command: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        check=False,
        timeout=30,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path, example) -> Path:
    """A folder with the scripts of the app with `demo`, two runs and a file to complete."""
    for shell, text in scripts(build()).items():
        (tmp_path / FILE_NAMES[shell]).write_text(text, encoding="utf-8")
    (tmp_path / "runs" / "alpha").mkdir(parents=True)
    (tmp_path / "runs" / "beta").mkdir()
    (tmp_path / "my book.txt").touch()
    return tmp_path


def test_the_scripts_in_completions_are_what_the_program_makes(tmp_path):
    regenerate(tmp_path)
    for name in FILE_NAMES.values():
        made, kept = (tmp_path / name).read_bytes(), (COMPLETIONS / name).read_bytes()
        assert made == kept, f"{name} is old: python -m tfcli.cli.completion"


def test_the_documented_command_regenerates(tmp_path):
    run(sys.executable, "-m", "tfcli.cli.completion", str(tmp_path / "new"), cwd=tmp_path)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == sorted(FILE_NAMES.values())


@pytest.mark.parametrize(
    "shell", [pytest.param(shell, marks=have(shell)) for shell in ("bash", "zsh", "fish")]
)
def test_the_shell_can_read_its_script(folder, shell):
    run(shell, "-n", FILE_NAMES[shell], cwd=folder)


CASES = [
    (["dem"], {"demo"}),
    (["config", ""], {"show", "path"}),
    (["--color", "never", "config", "s"], {"show"}),
    (["demo", "--size", ""], {"nano", "micro", "small"}),
    (["demo", "--size", "mi"], {"micro"}),
    (["demo", "--st"], {"--steps"}),
    (["demo", "--model", ""], {"runs/alpha", "runs/beta"}),
    (["demo", "--device", "c"], {"cpu", "cuda"}),
    (["completion", "show", "f"], {"fish"}),
    (["demo", "my"], {"my book.txt"}),
    (["demo", "--lr", ""], set()),
]


@have("bash")
@pytest.mark.parametrize(("words", "wanted"), CASES)
def test_bash_completes(folder, words, wanted):
    script = (
        'source tfcli.bash; complete -p tfcli >/dev/null || exit 1; COMP_WORDS=(tfcli "$@"); '
        "COMP_CWORD=$#; _tfcli; "
        '[[ ${#COMPREPLY[@]} -eq 0 ]] || printf "%s\\n" "${COMPREPLY[@]}"'
    )
    out = run("bash", "--norc", "-c", script, "bash", *words, cwd=folder)
    assert set(out.splitlines()) == wanted


@have("bash")
def test_bash_completes_after_an_equals_sign(folder):
    script = "source tfcli.bash; COMP_WORDS=(tfcli demo --size = na); COMP_CWORD=4; _tfcli; "
    out = run("bash", "--norc", "-c", script + 'echo "${COMPREPLY[@]}"', cwd=folder)
    assert out == "nano\n"


@have("fish")
@pytest.mark.parametrize(("words", "wanted"), CASES)
def test_fish_completes(folder, words, wanted):
    out = run(
        *("fish", "--no-config", "-c", 'source tfcli.fish; complete -C "$argv"'),
        " ".join(["tfcli", *words]),
        cwd=folder,
        HOME=str(folder),
    )
    found = {line.split("\t")[0] for line in out.splitlines()}
    if words[-2:-1] == ["--model"]:  # fish adds the folders themselves
        found = {name for name in found if not name.endswith("/")}
    assert found == wanted


@have("zsh")
def test_zsh_completes(folder):
    """One interactive zsh; each line is completed at a TAB, and what it became is read back."""
    lines = ["tfcli dem", "tfcli demo --size mi", "tfcli demo --st", "tfcli completion show f"]
    script = f"""
zmodload zsh/zpty
zpty -b shell zsh -f -i
answer() {{ local chunk; REPLY=; while zpty -r shell chunk "*$1*"; do
    REPLY+=$chunk; [[ $REPLY == *$1* ]] && break; done }}
zpty -w shell 'PS1=; unset zle_bracketed_paste; autoload -U compinit; compinit -u -D'
zpty -w shell 'cd {folder}; source ./_tfcli; show() {{ print -r -- "<<$BUFFER>>"; BUFFER= }}'
zpty -w shell 'zle -N show; bindkey "^X^X" show; print "rea""dy"'
answer ready
for line in "$@"; do
    zpty -w -n shell "$line"$'\\t\\C-x\\C-x'
    answer ">>"
    print -r -- "${{${{REPLY##*<<}}%%>>*}}"
done
"""
    out = run("zsh", "-f", "-c", script, "zsh", *lines, cwd=folder, TERM="dumb")
    assert [line.rstrip() for line in out.splitlines()] == [
        "tfcli demo",
        "tfcli demo --size micro",
        "tfcli demo --steps=",
        "tfcli completion show fish",
    ]


def test_install_writes_where_the_shell_looks(tfcli, clean, monkeypatch):
    monkeypatch.setenv("HOME", str(clean))
    monkeypatch.setenv("USERPROFILE", str(clean))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SHELL", "/bin/zsh")
    outcome = tfcli("completion", "install")
    path = Path(outcome.out.strip())
    assert path == clean / ".local/share/zsh/site-functions/_tfcli"
    assert path.read_text(encoding="utf-8") == tfcli("completion", "show", "zsh").out
    assert "fpath" in outcome.err
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert tfcli("completion", "install").code == 2


def test_install_into_an_unwritable_place_is_a_panel(tfcli, clean, monkeypatch):
    (clean / "data").write_text("a file", encoding="utf-8")
    monkeypatch.setenv("XDG_DATA_HOME", str(clean / "data"))
    outcome = tfcli("completion", "install", "bash")
    assert outcome.code == 1 and "cannot be written" in outcome.err
