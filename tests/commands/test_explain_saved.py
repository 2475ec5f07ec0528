"""`tfcli explain --save` and `--from`: on one machine with the model, on another without."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from explain_changed import changed

from tfcli.explain.saved.file import read_saved, write_saved
from tfcli.main import run

TEXT = "The cat sat on the mat"


@pytest.fixture
def saved(tfcli_explain, tmp_path) -> Path:
    path = tmp_path / "cat.json.gz"
    code, out, err = tfcli_explain(TEXT, "--save", str(path), "--section", "next")
    assert code == 0 and " NEXT " in out and f"saved to {path}, " in err
    return path


@pytest.fixture
def tfcli_from(saved, capsys, monkeypatch):
    """Run `tfcli explain --from` on the file; returns (code, stdout, stderr)."""
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: str, path: Path = saved) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["explain", "--from", str(path), *words])
        shown = capsys.readouterr()
        return code, shown.out, " ".join(shown.err.replace("│", " ").split())

    return call


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--teach", "--lang", "en"),
        ("--teach", "--lang", "zh", "--section", "qkv,heads", "--layer", "all"),
        ("--layer", "0,2", "--head", "all", "--section", "block,qkv,attention"),
        ("--section", "lens_grid,ledger,memories,norms,sampling", "--top-k", "3"),
        ("--measure", "induction", "--section", "heads"),
        ("--window", "1:4", "--json"),
        ("--section", "experts,neighbors,analogy,edits", "--json"),
        ("--section", "audit", "--strict", "--json"),
    ],
    ids=" ".join,
)
def test_a_part_of_the_file_is_what_the_model_prints(tfcli_explain, tfcli_from, words):
    code, out, err = tfcli_from(*words)
    assert code == 0 and not err
    assert out == tfcli_explain(TEXT, *words)[1]


def test_a_file_is_drawn_without_torch(saved):
    code = (
        "import sys; from tfcli.main import run; "
        "code = run(sys.argv[1:]); print(code, 'torch' in sys.modules, 'numpy' in sys.modules)"
    )
    words = ["explain", "--from", str(saved), "--section", "all", "--layer", "all", "--teach"]
    found = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    assert found.stdout.endswith("0 False False\n") and " LEDGER L2 " in found.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hello",), "A prompt needs the model"),
        (("--steps", "2", "--ablate", "L0H1"), "--steps and --ablate need the model"),
        (("--answer", "cat"), "--answer needs the model"),
        (("--model", "runs/x"), "--model needs the model"),
        (("--lens", "logit"), "--lens needs the model"),
        (("--seed", "1"), "--seed needs the model"),
        (("--save", "other.gz"), "--save needs the model"),
        (("--pos", "1"), "another --pos needs the model"),
        (("--layer", "3"), "There is no layer 3"),
        (("--measure", "patching"), "does not hold --measure patching"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_what_needs_the_model_is_refused(tfcli_from, words, said):
    code, out, err = tfcli_from(*words)
    assert code == 2 and not out and said in err


def test_a_file_holds_what_was_changed(tfcli_explain, tfcli_from, tmp_path):
    path = tmp_path / "b.gz"
    words = ("--answer", " on", "--pos", "2", "--ablate", "L0H1")
    assert tfcli_explain(TEXT, *words, "--save", str(path), "--section", "edits")[0] == 0
    asked = ("--section", "edits,lens,heads", "--measure", "credit")
    code, out, _ = tfcli_from(*asked, "--pos", "2", path=path)
    assert code == 0 and out == tfcli_explain(TEXT, *words, *asked)[1]
    found = json.loads(tfcli_from("--json", path=path)[1])
    assert found["focus"]["position"] == 2 and found["lens"]["answer_label"] == "␣on"


def test_one_file_is_of_one_explanation(tfcli_explain, tmp_path):
    for words in (("--steps", "2"), ("--over", "runs/x"), ("--with", "runs/x")):
        path = tmp_path / "c.gz"
        code, out, err = tfcli_explain(TEXT, "--save", str(path), *words)
        assert code == 2 and not out and f"{words[0]} cannot be combined with --save" in err
        assert not path.exists()


def test_a_document_of_json_is_drawn_as_far_as_it_goes(tfcli_explain, tfcli_from, tmp_path):
    path = tmp_path / "a.json"
    words = ("--section", "block,next", "--layer", "1")
    path.write_text(tfcli_explain(TEXT, *words, "--json")[1], encoding="utf-8")
    assert tfcli_from(path=path)[1] == tfcli_from("--section", "block,next", path=path)[1]
    assert tfcli_from("--section", "block,next", path=path)[1] == tfcli_explain(TEXT, *words)[1]
    code, _, err = tfcli_from("--section", "lens", path=path)
    assert code == 2 and "does not hold the section lens: it holds block, next" in err


@pytest.mark.parametrize("content", [b"", b"{}", gzip.compress(b"[]"), gzip.compress(b"x")[:-5]])
def test_a_damaged_file_gives_one_panel(tfcli_from, tmp_path, content):
    path = tmp_path / "bad.gz"
    path.write_bytes(content)
    code, out, err = tfcli_from(path=path)
    assert code == 5 and not out and "bad.gz" in err and "Traceback" not in err
    assert tfcli_from(path=tmp_path / "none.gz")[0] == 3


def test_a_file_whose_values_contradict_each_other_gives_one_panel(tfcli_from, saved, tmp_path):
    path = tmp_path / "bad.json"
    write_saved(path, changed(read_saved(saved), ("whole", "norms", "position"), 99))
    code, out, err = tfcli_from("--section", "all", "--teach", path=path)
    assert code == 5 and not out
    assert "bad.json is damaged: in its norms, numbers do not fit together" in err


def test_a_fault_of_the_drawing_is_not_the_files(tfcli_from, monkeypatch, tmp_path):
    """Of a file that is whole, nothing is said."""

    def broken(*_: object) -> None:
        raise IndexError("tuple index out of range")

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("tfcli.view.explain.screen.draw_section", broken)
    code, _, err = tfcli_from()
    assert code == 1 and "damaged" not in err
    assert "tfcli: unexpected error: IndexError: tuple index out of range" in err


def test_a_folder_is_no_place_to_save(tfcli_explain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = tfcli_explain(TEXT, "--save", ".")
    assert code == 2 and not out and ". is a folder: --save writes a file" in err
    assert "qwen3," not in err  # it is refused before the model is opened
