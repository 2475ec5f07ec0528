"""Flag, environment, project file, user file, default: which one wins, and who says so."""

import json
import tomllib
from pathlib import Path

import pytest


def result(outcome):
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_each_source_goes_before_the_next(tfcli, clean, monkeypatch):
    assert result(tfcli("demo"))["lr"] == 0.001
    write(clean / "home" / "config.toml", "[demo]\nlr = 1\nsteps = 5\n")
    assert result(tfcli("demo"))["lr"] == 1.0
    write(clean / "tfcli.toml", "[demo]\nlr = 2.0\n")
    assert result(tfcli("demo")) | {"lr": 2.0, "steps": 5} == result(tfcli("demo"))
    write(clean / "run.toml", "lr = 3.0\n")
    assert result(tfcli("demo", "--config", "run.toml"))["lr"] == 3.0
    monkeypatch.setenv("TFCLI_DEMO_LR", "4")
    assert result(tfcli("demo", "--config", "run.toml"))["lr"] == 4.0
    assert result(tfcli("demo", "--config", "run.toml", "--lr", "5"))["lr"] == 5.0
    assert result(tfcli("demo", "--lr", "5", "--config", "run.toml"))["lr"] == 5.0


def test_a_shared_option_is_set_for_every_command_that_has_it(tfcli, clean, monkeypatch):
    write(clean / "tfcli.toml", 'model = "runs/a"\nseed = 3\n')
    assert result(tfcli("demo")) | {"model": "runs/a", "seed": 3} == result(tfcli("demo"))
    write(clean / "tfcli.toml", 'model = "runs/a"\n[demo]\nmodel = "runs/b"\n')
    assert result(tfcli("demo"))["model"] == "runs/b"
    monkeypatch.setenv("TFCLI_MODEL", "runs/c")
    assert result(tfcli("demo"))["model"] == "runs/c"


def test_the_project_goes_before_the_user_even_for_a_shared_option(tfcli, clean):
    write(clean / "home" / "config.toml", '[demo]\nmodel = "user"\n')
    write(clean / "tfcli.toml", 'model = "project"\n')
    assert result(tfcli("demo"))["model"] == "project"


def test_values_of_every_type(tfcli, clean):
    write(
        clean / "tfcli.toml",
        '[demo]\nlr = 1\nsteps = 1e3\nsize = "nano"\nbetas = [0.5, 1]\nlabels = ["a", "b"]\n'
        'compile = false\nfolder = "elsewhere"\nseed = 9\ncorpus = ["x.txt"]\njson = true\n',
    )
    assert result(tfcli("demo")) == {
        "lr": 1.0,
        "steps": 1000,
        "size": "nano",
        "betas": [0.5, 1.0],
        "labels": ["a", "b"],
        "compile": False,
        "folder": "elsewhere",
        "seed": 9,
        "secret": 7,
        "corpus": ["x.txt"],
        "model": None,
        "device": "auto",
        "json": True,
    }


def test_flags_of_every_type(tfcli):
    got = result(
        tfcli(
            *("demo", "x", "y", "--lr", "1e-2", "--betas", "0.1", "0.2", "--label", "a"),
            *("--label", "b", "--no-compile", "--folder", "f", "-s", "4"),
        )
    )
    want = {"lr": 0.01, "betas": [0.1, 0.2], "labels": ["a", "b"], "compile": False}
    assert got | want | {"corpus": ["x", "y"], "folder": "f", "seed": 4} == got


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[demo]\nlearning_rte = 1\n", ["demo.learning_rte"]),
        ("[demo]\nstep = 1\n", ["'demo.step'", "Did you mean: demo.steps"]),
        ("[demmo]\nlr = 1\n", ["'demmo'", "Did you mean: demo"]),
        ("modle = 'x'\n", ["'modle'", "Did you mean: model"]),
        ("demo = 3\n", ["demo = 3", "a table: [demo]"]),
        ("[demo]\nlr = 'x'\n", ['demo.lr = "x"', "a number, at least 0.0"]),
        ("[demo]\nlr = -1\n", ["demo.lr = -1", "at least 0.0"]),
        ("[demo]\nsteps = true\n", ["demo.steps = true", "a whole number"]),
        ("[demo]\nsteps = 1.5\n", ["a whole number, at least 1"]),
        ("[demo]\nsize = 'tiny'\n", ["one of nano, micro, small"]),
        ("[demo]\nbetas = [1.0]\n", ["2 values, each a number"]),
        ("[demo]\nlabels = 'a'\n", ["a list, each text"]),
        ("[demo]\ncompile = 1\n", ["true or false"]),
        ("seed = 'x'\n", ['seed = "x"', "a whole number"]),
        ("[demo\n", ["not valid TOML", "line 1"]),
        ("x = 'a\nb'", ["not valid TOML", "line 1"]),
    ],
)
def test_a_wrong_setting_names_the_file_and_the_key(tfcli, clean, text, words):
    write(clean / "tfcli.toml", text)
    outcome = tfcli("demo")
    assert outcome.code == 2 and outcome.out == ""
    said = " ".join(outcome.err.replace("│", " ").split())
    for word in ["tfcli.toml", *words]:
        assert word in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"lrr = 1", ["'lrr'", "Did you mean: lr"]),
        (b"secret = 1", ["'secret'"]),
        (b"lr = 'x'", ["a number"]),
        (b"\xff\xfe\x00", ["not UTF-8", "byte 0"]),
        (b"a = " + b"[" * 5000, ["run.toml"]),
    ],
)
def test_a_wrong_config_file_names_the_file_and_the_key(tfcli, clean, content, words):
    (clean / "run.toml").write_bytes(content)
    outcome = tfcli("demo", "--config", "run.toml")
    assert outcome.code == 2
    for word in ["run.toml", *words]:
        assert word in outcome.err


def test_a_missing_config_file(tfcli):
    outcome = tfcli("demo", "--config", "nowhere.toml")
    assert outcome.code == 2 and "nowhere.toml" in outcome.err


def test_a_wrong_environment_names_the_variable(tfcli, monkeypatch):
    monkeypatch.setenv("TFCLI_DEMO_STEPS", "many")
    outcome = tfcli("demo")
    assert outcome.code == 2
    assert "TFCLI_DEMO_STEPS" in outcome.err and "unset TFCLI_DEMO_STEPS" in outcome.err
    assert tfcli("config", "show").code == 2


def test_config_show_is_toml_that_sets_what_it_shows(tfcli, clean):
    write(clean / "tfcli.toml", '[demo]\nlabels = ["a\\"b", "c\\\\"]\nlr = 0.5\n')
    shown = tfcli("config", "show").out
    assert tomllib.loads(shown)["demo"]["labels"] == ['a"b', "c\\"]
    write(clean / "tfcli.toml", shown)
    assert tfcli("config", "show").out == shown


def test_config_show_says_where_each_value_comes_from(tfcli, clean, monkeypatch):
    write(clean / "home" / "config.toml", "[demo]\nlr = 1\n")
    write(clean / "tfcli.toml", "seed = 3\n")
    monkeypatch.setenv("TFCLI_DEMO_STEPS", "4")
    lines = {
        line.split(" = ")[0]: line for line in tfcli("config", "show", "--sources").out.splitlines()
    }
    assert lines["lr"].endswith(f"# {clean / 'home' / 'config.toml'}")
    assert lines["steps"].startswith("steps = 4 ")
    assert lines["steps"].endswith("# environment TFCLI_DEMO_STEPS")
    assert lines["size"].endswith("# default")
    found = json.loads(tfcli("config", "show", "demo", "--json").out)["settings"]
    (seed,) = [item for item in found if item["name"] == "seed"]
    assert seed == {"command": "demo", "name": "seed", "value": 3, "source": "tfcli.toml"}


def test_config_show_warns_of_a_variable_that_nothing_reads(tfcli, monkeypatch):
    monkeypatch.setenv("TFCLI_DEMO_STEP", "4")
    assert "Did you mean TFCLI_DEMO_STEPS?" in tfcli("config", "show").err


def test_config_path(tfcli, clean):
    write(clean / "home" / "config.toml", "")
    files = json.loads(tfcli("config", "path", "--json").out)["files"]
    assert files == [
        {"scope": "project", "path": str(clean / "tfcli.toml"), "exists": False},
        {"scope": "user", "path": str(clean / "home" / "config.toml"), "exists": True},
    ]
