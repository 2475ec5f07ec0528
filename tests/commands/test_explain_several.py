"""`tfcli explain` with several models, whole: a tiny run, and every model that it kept."""

import json
import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from explain_page import Parts
from rich.cells import cell_len
from train_runs import text, train

from tfcli.explain.result.documents import read_document
from tfcli.main import run
from tfcli.view.explain.lines import Pen, crop
from tfcli.view.explain.over import screen
from tfcli.view.explain.two_models import screen as screen_of_two


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of 20 steps in ./r."""
    folder = tmp_path_factory.mktemp("over")
    (folder / "corpus.txt").write_text(text(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("TFCLI_HOME", str(folder / "home"))
        assert run(train("r", "--steps", "20")) == 0
    return folder


@pytest.fixture
def explain(trained: Path, tmp_path: Path, capsys, monkeypatch):
    """Run `tfcli explain` in a copy of that folder; returns (code, stdout, stderr)."""
    shutil.copytree(trained / "r", tmp_path / "r")
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TFCLI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    capsys.readouterr()

    def call(*words: str) -> tuple[int, str, str]:
        code = run(["explain", "the cat", *words, "--device", "cpu"])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_a_line_a_step_and_the_last_is_the_runs_own(explain) -> None:
    code, out, err = explain("--over", "r", "--json")
    found = json.loads(out)
    assert (code, found["schema"]) == (0, "tfcli.over/1")
    assert "7 models, step 0 to step 20: qwen3, " in err
    rows = found["checkpoints"]
    assert [row["step"] for row in rows] == [0, 1, 2, 4, 6, 11, 20]
    for row, place in ((rows[-1], "r/last"), (rows[2], "r/snapshots/step-000002")):
        alone = json.loads(explain("--model", place, "--json", "--top-k", "289")[1])
        ranked = {c["id"]: c for c in alone["next"]["candidates"]}
        answer = ranked[found["answer_id"]]
        assert row["top_id"] == alone["next"]["candidates"][0]["id"]
        expected = (answer["probability"], answer["logit"], answer["rank"])
        assert (row["probability"], row["logit"], row["rank"]) == expected
        assert row["bits"] == alone["tokens"]["bits"]
    assert rows[-1]["kl"] == 0 and rows[-1]["rank"] == 1

    shown = explain("--over", "r")[1]
    assert max(map(cell_len, shown.splitlines())) <= 80
    pen = Pen(80)
    drawn = [crop(line, 80, "…").plain for line in screen(pen, read_document(found))]
    assert drawn == shown.splitlines()
    assert explain("--over", "r", "--ascii")[1].isascii()


def test_a_run_goes_into_files(explain, tmp_path) -> None:
    code, out, err = explain("--over", "r", "--svg", "r.svg", "--html", "r.html")
    assert (code, out) == (0, "") and "r.svg, " in err and "r.html, " in err
    picture = unescape((tmp_path / "r.svg").read_text("utf-8"))
    assert '<title>tfcli explain "the cat" --over "r"</title>' in picture
    parts = Parts((tmp_path / "r.html").read_text(encoding="utf-8"))
    parts.require_closed()
    found = json.loads(explain("--over", "r", "--json")[1])
    answer, *_, courses = parts.data()["tables"]
    assert [row[4] for row in answer["rows"]] == [f"{c['rank']:,}" for c in found["checkpoints"]]
    assert len(courses["rows"]) == len(found["moved"])


def test_answer_head_and_measure_are_followed(explain) -> None:
    words = ["--answer", "m", "--layer", "1", "--head", "0", "--measure", "previous"]
    code, out, _ = explain("--over", "r", *words, "--pos", "3", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["answer_label"], found["answer_chosen"], found["position"]) == ("m", True, 3)
    head = found["head"]
    assert (head["layer"], head["head"], found["measure"]) == (1, 0, "previous")
    alone = json.loads(
        explain("--model", "r/last", "--measure", "previous", "--pos", "3", "--json")[1]
    )
    assert head["values"][-1] == alone["heads"]["values"][1][0]
    shown = explain("--over", "r", *words)[1]
    assert "HEAD L1H0" in shown and "“m”, the answer, is" in shown


def test_models_can_be_listed(explain) -> None:
    code, out, _ = explain("--over", "r/snapshots/step-000004", "--over", "r", "--json")
    found = json.loads(out)
    assert (code, found["of_run"]) == (0, False)
    names = [row["name"] for row in found["checkpoints"]]
    assert names == ["r/snapshots/step-000004", "r"]
    assert found["checkpoints"][0]["step"] == 4
    whole = json.loads(explain("--over", "r", "--json")[1])
    steps = {row["step"]: row for row in whole["checkpoints"]}
    assert found["checkpoints"][0]["logit"] == steps[4]["logit"]  # r/best is r/last here


def test_a_run_that_is_not_done_is_shown_as_far_as_it_is(explain) -> None:
    shutil.rmtree("r/last")
    found = json.loads(explain("--over", "r", "--json")[1])
    assert [row["step"] for row in found["checkpoints"]] == [0, 1, 2, 4, 6, 11]
    for step in (1, 2, 4, 6, 11):
        shutil.rmtree(f"r/snapshots/step-{step:06}")
    code, _, err = explain("--over", "r")
    assert (code, "one model so far" in said(err)) == (2, True)


def test_two_stages_side_by_side(explain) -> None:
    words = ["--model", "r/snapshots/step-000004", "--with", "r", "--top-k", "3"]
    code, out, err = explain(*words, "--json")
    found = json.loads(out)
    assert (code, found["schema"]) == (0, "tfcli.models/1")
    assert "r/snapshots/step-000004, and r/best" in err
    names = [found[side]["model"]["name"] for side in ("first", "second")]
    assert names == ["r/snapshots/step-000004", "r"]
    whole = json.loads(explain("--over", "r", "--json")[1])
    (row,) = (row for row in whole["checkpoints"] if row["step"] == 4)
    assert found["distances"]["backward"] == pytest.approx(row["kl"])
    assert found["first"]["bits"] == row["bits"]
    assert all(0 < module["change"] < 3 for module in found["modules"])
    shown = explain(*words)[1]
    assert max(map(cell_len, shown.splitlines())) <= 80
    pen = Pen(80)
    drawn = [crop(line, 80, "…").plain for line in screen_of_two(pen, read_document(found))]
    assert drawn == shown.splitlines()
    assert explain(*words, "--ascii")[1].isascii()


def test_other_tokens_are_matched_by_their_text(explain, explain_folders) -> None:
    other = str(explain_folders["gpt2"])
    code, out, _ = explain("--model", "r", "--with", other, "--json", "--answer", "m")
    found = json.loads(out)
    assert (code, found["matched_by"], found["answer_label"]) == (0, "text", "m")
    assert found["first"]["bits_per_byte"] and found["second"]["bits_per_byte"]
    assert len(found["second_lens"]) == 4
    assert set(found["omitted"]) == {"distances", "heads", "weights"}
    assert explain("--model", "r", "--with", other, "--pos", "1")[0] == 2


def said(panel: str) -> str:
    return " ".join(re.sub("[│╭╮╰╯─|]|\\+-+", " ", panel).split())


def damage(path: str) -> None:
    content = bytearray(Path(path).read_bytes())
    content[-9] ^= 1
    Path(path).write_bytes(content)


@pytest.mark.parametrize(
    ("before", "words", "code", "message"),
    [
        (None, ["--over", "absent"], 3, "no model at absent"),
        (lambda: shutil.rmtree("r/snapshots"), ["--over", "r"], 2, "tfcli train --snapshots 12"),
        (None, ["--over", "r/last"], 2, "r/last holds one model"),
        (None, ["--over", "r", "--over", "absent"], 3, "no model at absent"),
        (
            lambda: damage("r/snapshots/step-000004/model.safetensors"),
            ["--over", "r"],
            4,
            "step-000004/model.safetensors",
        ),
        (lambda: damage("r/last/config.json"), ["--over", "r"], 4, "r/last/config.json"),
        (
            lambda: Path("r/snapshots/step-000002/config.json").unlink(),
            ["--over", "r"],
            4,
            "step-000002 is not a model",
        ),
        (None, ["--over", "r", "--model", "r"], 2, "--model cannot be combined with --over"),
        (None, ["--over", "r", "--steps", "3", "--strict"], 2, "--steps and --strict cannot be"),
        (None, ["--over", "r", "--layer", "7"], 2, "There is no layer 7"),
        (None, ["--over", "r", "--head", "7"], 2, "There is no head 7"),
        (None, ["--over", "r", "--pos", "99"], 2, "There is no position 99"),
        (None, ["--over", "r", "--answer", "zebra"], 2, "--answer takes one token"),
        (None, ["--over", ""], 3, "is not a model"),
        (None, ["--with", "absent", "--model", "r"], 3, "no model at absent"),
        (None, ["--with", "r", "--model", "absent"], 3, "no model at absent"),
        (None, ["--with", "r"], 3, "There is no model yet"),
        (
            lambda: damage("r/last/model.safetensors"),
            ["--model", "r", "--with", "r/last"],
            4,
            "r/last/model.safetensors",
        ),
        (None, ["--with", "r", "--over", "r"], 2, "--over cannot be combined with --with"),
        (None, ["--with", "r", "--model", "r", "--section", "next"], 2, "--section cannot be"),
        (None, ["--with", "r", "--model", "r", "--pos", "99"], 2, "There is no position 99"),
    ],
)
def test_what_cannot_be_shown_is_one_panel(explain, before, words, code: int, message) -> None:
    if before is not None:
        before()
    found, out, err = explain(*words)
    assert (found, out) == (code, ""), err
    assert message in said(err), err
    assert "Traceback" not in err
    assert len(re.findall("╭|^\\+-", err, re.M)) == 1
