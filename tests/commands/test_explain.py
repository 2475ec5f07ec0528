"""`tfcli explain`, whole: a tiny random model with the shipped tokenizer."""

import json
import math
import os
import re
import subprocess
import sys

import pytest
import torch
from rich.cells import cell_len
from tfcli_tokenizer import load_tokenizer
from tiny import QWEN3, redraw

from tfcli.checkpoint.write import write_checkpoint
from tfcli.explain.request import SCREEN, SECTIONS
from tfcli.explain.result.documents import read_document
from tfcli.model.attention import Mixing
from tfcli.model.transformer import Transformer
from tfcli.view.explain.lines import Pen, crop
from tfcli.view.explain.screen import screen

# No time is measured twice alike.
UNTIMED = ",".join(section for section in SECTIONS if section != "cost")


@pytest.fixture
def folders(explain_folders):
    return explain_folders


@pytest.fixture
def tfcli(tfcli_explain):
    return tfcli_explain


HEADINGS = (
    "MODEL   ",
    "TOKENS  ",
    "SHAPES  ",
    "LAYER ",
    "HEAD L",
    "WEIGHTS L",
    "HEADS  ",
    "LENS  ",
    "CREDIT  ",
    "NEXT  ",
    "PARAMETERS  ",
    "AUDIT PASS",
)


@pytest.mark.parametrize("model", ["qwen3", "gpt2"])
@pytest.mark.parametrize("prompt", ["The cat", "她每天吃一个苹果", "[bold]龘😀\t\x1b[31m"])
def test_the_default_screen_piped(tfcli, model, prompt):
    code, out, err = tfcli(prompt, model=model)
    assert code == 0
    assert "\x1b" not in out
    places = [out.index(f" {heading}") for heading in HEADINGS]
    assert places == sorted(places)
    assert max(cell_len(line) for line in out.splitlines()) <= 80
    assert "largest attention |ΔE| of all layers" in out
    assert re.search(r"HEAD L(\d)H.* moves it most of L\1's heads\n", out)
    assert "Jain & Wallace" in out
    assert model in err  # which model was chosen is said on stderr
    assert ("position +" in out or "position -" in out) == (model == "gpt2")


def test_columns_and_ascii_are_honoured(tfcli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    wide = tfcli("The cat")[1]
    assert 120 < max(map(len, wide.splitlines())) <= 200
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, tfcli("The cat")[1].splitlines())) <= 60
    assert tfcli("她 cat", "--ascii")[1].isascii()


@pytest.mark.parametrize("model", ["qwen3", "gpt2"])
def test_json_has_every_section_and_the_screen_s_numbers(tfcli, model):
    code, out, _ = tfcli("The cat sat", "--json", model=model)
    found = json.loads(out, parse_constant=pytest.fail)
    assert code == 0 and found["schema"] == "tfcli.explain/1"
    assert found["sections"] == list(SCREEN) and set(SCREEN) <= set(found)
    screen = tfcli("The cat sat", model=model)[1]
    best = found["next"]["candidates"][0]
    assert re.search(rf" 1 +{re.escape(best['label'])} +{best['id']} +{best['logit']:.2f}", screen)
    assert f"{found['block'][0]['residual_in']:.1f}" in screen
    assert found["audit"]["passed"] is True
    assert f"{found['tokens']['bits_per_byte']:.2f} bits per byte" in screen
    assert f" {best['label']}” {found['credit']['logit']:.2f} = ".strip() in screen
    assert found["credit"]["total"] == pytest.approx(found["credit"]["logit"], rel=1e-4)


@pytest.mark.parametrize("model", ["qwen3", "gpt2"])
@pytest.mark.parametrize(
    "words",
    [
        ["The cat 苹果 龘"],
        ["The cat sat", "--section", UNTIMED, "--layer", "all", "--head", "0,-1", "--pos", "1"],
        ["The cat", "--steps", "2", "--top-k", "3"],
        [" cat sat" * 20, "--window", "30:", "--measure", "credit"],
    ],
)
def test_every_number_on_the_screen_is_that_of_the_json(tfcli, model, words):
    """Drawn anew from the JSON alone, the screen is the same."""
    found = read_document(json.loads(tfcli(*words, "--json", model=model)[1]))
    pen = Pen(80, brief="--section" not in words)
    drawn = [crop(line, 80, "…").plain for line in screen(pen, found)]
    assert drawn == tfcli(*words, model=model)[1].splitlines()


def test_sections_layers_heads_and_positions(tfcli):
    code, out, _ = tfcli(
        "The cat sat on", "--section", "qkv,block", "--layer", "all", "--head", "0,2", "--pos", "1"
    )
    assert code == 0
    assert re.findall(r"HEAD (L\dH\d)", out) == ["L0H0", "L0H2", "L1H0", "L1H2", "L2H0", "L2H2"]
    assert out.startswith(" LAYERS  at 1 “␣cat”")
    assert "MODEL" not in out and "NEXT" not in out
    assert "2 ␣sat" not in out  # it stands to the right of the token that asks
    words = ["--pos", "-2", "--layer", "-1", "--head", "0,-1", "--json"]
    found = json.loads(tfcli("The cat sat on", *words)[1])
    assert found["focus"]["position"] == 2
    assert found["focus"]["heads"] == [[2, 0], [2, 3]]


@pytest.mark.parametrize("measure", ["delta", "entropy", "sink", "previous", "credit"])
def test_measures(tfcli, measure):
    out = tfcli("The cat", "--section", "heads", "--measure", measure, "--json")[1]
    grid = json.loads(out)["heads"]
    assert grid["measure"] == measure
    assert len(grid["values"]) == 3 and len(grid["values"][0]) == 4


def test_an_answer_is_named(tfcli):
    words = ("The cat", "--section", "lens,credit", "--answer", "sleeps", "--against", "is")
    code, out, _ = tfcli(*words)
    assert code == 0
    assert "“␣sleeps”" in out and "“␣is”" in out and "✓" in out
    code, out, _ = tfcli("--ids", "5,7", "--section", "lens", "--answer", "17", model="bare")
    assert code == 0 and "“#17”" in out


def test_the_lens_at_every_position(tfcli):
    code, out, _ = tfcli("The cat sat on the mat", "--section", "lens_grid")
    assert code == 0 and "LENS GRID" in out and "L2" in out
    words = ("--section", "lens_grid", "--window", "1:3", "--answer", "cat")
    code, out, _ = tfcli("The cat sat on the mat", *words)
    assert code == 0 and "probability of “␣cat”" in out
    code, out, _ = tfcli("The cat sat", *words[:2], "--json")
    grid = read_document(json.loads(out)).lens_grid
    assert code == 0 and [len(row.cells) for row in grid.rows] == [3, 3, 3, 3]


def test_a_lens_is_fitted_once_and_read_with(tfcli, folders, tmp_path):
    text, lens = tmp_path / "text.txt", folders["qwen3"] / "best" / "tuned-lens.safetensors"
    text.write_text("The cat sat on the mat, and the dog looked at it. " * 200)
    code, _, err = tfcli("The cat", "--lens", "tuned")
    assert code == 3 and "--fit-lens" in err
    code, out, err = tfcli("--fit-lens", str(text), "--lens-steps", "12")
    assert code == 0 and lens.is_file()
    assert "tuned lens" in out and "12 steps" in out and "step 12 of 12" in err
    code, out, _ = tfcli("The cat", "--lens", "tuned", "--section", "lens,audit", "--strict")
    assert code == 0 and "tuned lens, 12 steps on" in out and "PASS" in out
    words = ("--fit-lens", str(text), "--lens-steps", "3", "--json")
    code, out, _ = tfcli(*words, "--lens-file", str(tmp_path / "mine.safetensors"))
    fit = read_document(json.loads(out))
    assert code == 0 and fit.steps == 3 and len(fit.rows) == 3
    assert all(row.tuned_kl < row.logit_kl for row in fit.rows)
    lens.unlink()
    words = ("--lens", "tuned", "--lens-file", str(tmp_path / "mine.safetensors"))
    assert tfcli("The cat", *words)[0] == 0
    code, out, err = tfcli("The cat", *words, model="gpt2")
    assert code == 4 and out == "" and "another model" in err
    (tmp_path / "mine.safetensors").write_bytes(b"\x80\x04K\x01.")
    code, out, err = tfcli("The cat", *words)
    assert code == 4 and out == "" and "damaged" in err and "Traceback" not in err


def test_prompts_from_ids_files_and_stdin(tfcli, folders, tmp_path):
    def ids(*words, **streams):
        return json.loads(tfcli(*words, "--json", "--section", "next", **streams)[1])["ids"]

    expected = load_tokenizer(folders["qwen3"] / "best").encode("The cat")
    file = tmp_path / "prompt.txt"
    file.write_text("The cat\n", encoding="utf-8")
    assert ids("The cat") == expected
    assert ids("--file", str(file)) == expected
    assert ids("-", piped=b"The cat\n") == expected
    assert ids("--ids", ",".join(map(str, expected))) == expected
    assert ids("--ids", "5,17,3", model="bare") == [5, 17, 3]
    screen = tfcli("--ids", "5,17,3", model="bare")[1]
    assert "#17" in screen and "bits per token" in screen


def test_long_prompts_show_a_part_and_say_so(tfcli):
    words = " cat sat" * 25
    out = tfcli(words)[1]
    assert re.search(r"\d+–49 of 50 tokens", out)
    assert "the strongest keys" in out and re.search(r"\d+ more", out)
    assert "--window 30:50" in out
    part = tfcli(words, "--window", "30:50")[1]
    assert "30–49 of 50 tokens" in part and "rows ask" in part and "before" in part
    assert max(map(cell_len, part.splitlines())) <= 80


def test_the_loop(tfcli):
    code, out, err = tfcli("The cat", "--steps", "3", "--top-k", "2")
    assert code == 0
    assert re.findall(r"STEP (\d)", out) == ["1", "2", "3"]
    assert out.count("* ") == 3 and "the likeliest is taken" in out
    assert "seed" not in err
    drawn = tfcli("The cat", "--steps", "3", "--temperature", "2")
    seed = drawn[2].split("seed ")[1].split()[0]
    again = tfcli("The cat", "--steps", "3", "--temperature", "2", "--seed", seed)[1]
    assert again == drawn[1] and f"seed {seed}" in again
    loop = json.loads(tfcli("The cat", "--steps", "2", "--top-k-filter", "1", "--json")[1])["loop"]
    assert [s["table"]["kept"] for s in loop["steps"]] == [1, 1]
    assert loop["steps"][1]["text"][-1] == loop["steps"][0]["chosen_label"]


def test_filters_are_in_force_in_the_table(tfcli):
    greedy = "temperature 0 takes the first row · p is at temperature 1"
    asked = ("The cat", "--section", "next,sampling", "--temperature", "0")
    out = tfcli(*asked)[1]
    assert greedy in out and "cumulative   temperature 1" not in out and "p before" not in out
    assert "the largest p of T 1 is taken" in out
    assert out.count(greedy) == 1 and tfcli(*asked, "--steps", "1")[1].count(greedy) == 2
    filtered = tfcli(*asked, "--top-k-filter", "3")[1]
    assert f"{greedy} · top-k 3" in filtered and "the largest p of yours is taken" in filtered
    found = json.loads(tfcli(*asked, "--json")[1])
    assert found["next"]["settings"] == {"temperature": 0.0}
    assert found["sampling"]["taken_from"] == "T 1"
    assert greedy not in tfcli("The cat", "--section", "next,sampling")[1]
    out = tfcli("The cat", "--section", "next", "--temperature", "0.5", "--top-k-filter", "3")[1]
    assert "temperature 0.5 · top-k 3 · 3 of 8,000 tokens are left" in out and "p before" in out


def test_strict_fails_where_the_audit_fails(tfcli, monkeypatch):
    assert tfcli("The cat", "--strict")[0] == 0
    mix = Mixing.mix

    def broken(self, q, k, v, mask):
        return mix(self, q, k, 1.01 * v, mask)

    monkeypatch.setattr(Mixing, "mix", broken)
    code, out, _ = tfcli("The cat")
    assert code == 0 and "AUDIT FAIL" in out and "SDPA: 1e-2 is above 1e-5" in out
    for words in (["--strict"], ["--strict", "--section", "next"], ["--strict", "--json"]):
        code, out, err = tfcli("The cat", *words)
        assert code == 1 and "audit failed" in err
        assert "FAIL" in out or json.loads(out)["audit"]["passed"] is False


FAULTS = [
    (["The cat", "--layer", "3"], 2, ["no layer 3", "3 layers", "0 to 2"]),
    (["The cat", "--layer", "-4"], 2, ["no layer -4", "-1 to -3"]),
    (["The cat", "--layer", "x"], 2, ["“x”", "--layer"]),
    (["The cat", "--head", "9"], 2, ["no head 9", "4 heads"]),
    (["The cat", "--pos", "2"], 2, ["no position 2", "2 tokens"]),
    (["The cat", "--section", "atention"], 2, ["attention", "credit"]),
    (["The cat", "--window", "9:12"], 2, ["9:12", "2 tokens"]),
    (["The cat", "--measure", "inductive"], 2, ["delta", "credit"]),
    (["The cat", "--temperature", "-1"], 2, ["--temperature"]),
    (["The cat", "--top-p", "0"], 2, ["op-p is 0"]),
    (["The cat", "--ids", "5"], 2, ["not both"]),
    (["The cat", "--answer", "the cat"], 2, ["2 tokens", "␣cat"]),
    (["The cat", "--answer", "#8000"], 2, ["8000", "7,999"]),
    (["The cat", "--answer", "is", "--against", "is"], 2, ["“␣is”", "itself"]),
    (["The cat", "--fit-lens", "world"], 2, ["explains no prompt"]),
    (["The cat", "--lens-file", "x"], 2, ["--lens tuned"]),
    (["The cat", "--lens-steps", "9"], 2, ["none is fitted here"]),
    (["The cat", "--lens", "tuned", "--lens-steps", "9"], 2, ["none is fitted here"]),
    (["--fit-lens", "world", "--layer", "1"], 2, ["--layer cannot be combined with --fit-lens"]),
    (["The cat", "--section", "next", "--measure", "sink"], 2, ["section heads", "next,heads"]),
    (["The cat", "--steps", "2", "--measure", "sink"], 2, ["section heads"]),
    (["The cat", "--section", "next", "--lens", "tuned"], 2, ["section lens or lens_grid"]),
    (["The cat", "--section", "lens", "--temperature", "2"], 2, ["section next or sampling"]),
    (["The cat", "--ablate", "L0", "--top-p", "0.5"], 2, ["section next or sampling"]),
    (["--fit-lens", "no-such-corpus"], 5, ["no-such-corpus"]),
    (["--fit-lens", "world", "--lens-steps", "0"], 2, ["--lens-steps"]),
    (["The", "cat"], 2, ["several words", "tfcli explain"]),
    (["The cat", "--seed", str(2**63)], 2, ["seed", str(2**63 - 1)]),
    (["--ids", "9" * 30], 2, ["--ids"]),
    (["--ids", ""], 2, ["--ids is empty"]),
    (["The cat", "--temperature", "inf"], 2, ["temperature is inf"]),
    (["The cat", "--top-k", "0"], 2, ["--top-k"]),
    (["The cat", "--steps", "-1"], 2, ["--steps"]),
    (["The cat", "--file", "x.txt"], 2, ["not both"]),
    (["--file", "no-such.txt"], 5, ["no-such.txt"]),
    (["--ids", "5,a"], 2, ["“a”"]),
    (["--ids", "99999"], 2, ["99999", "7,999"]),
    (["cat " * 100], 2, ["context is 64"]),
    ([""], 2, ["empty"]),
    ([], 2, ["tfcli explain"]),
]


@pytest.mark.parametrize(("words", "expected", "said"), FAULTS, ids=lambda value: str(value)[:40])
def test_a_bad_value_is_one_panel(tfcli, words, expected, said):
    code, out, err = tfcli(*words)
    text = " ".join(err.replace("│", " ").split())
    assert code == expected and out == ""
    assert all(word in text for word in said), text
    assert "Traceback" not in err


def test_a_file_that_is_no_text(tfcli, tmp_path):
    binary = tmp_path / "binary"
    binary.write_bytes(b"The \xff cat")
    code, _, err = tfcli("--file", str(binary))
    assert code == 5 and "byte 4" in err
    binary.write_bytes(b"")
    assert tfcli("--file", str(binary))[0] == 5
    assert tfcli("--file", str(tmp_path))[0] == 5
    assert tfcli("The cat", model="bare")[0] == 2  # a model without a tokenizer


def test_as_a_process_in_a_locale_without_utf_8(folders, tmp_path):
    """ASCII without being asked, and JSON that json.tool reads."""
    command = [sys.executable, "-m", "tfcli", "explain", "她 cat", "--model", str(folders["qwen3"])]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for words in ([], ["--json"]):
        done = subprocess.run(
            [*command, *words],
            capture_output=True,
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.isascii() and b"\\u5979" in done.stdout
        if words:
            assert json.loads(done.stdout)["tokens"]["tokens"][0]["label"] == "她"


def test_a_prompt_as_long_as_the_context_and_one_longer(tfcli):
    whole = ",".join(str(300 + i) for i in range(64))
    code, out, _ = tfcli("--ids", whole)
    assert code == 0 and "of 64 tokens" in out and "AUDIT PASS" in out
    code, out, _ = tfcli("--ids", whole, "--steps", "2")
    assert code == 0 and "the context is full" in out and "STEP" not in out
    code, out, err = tfcli("--ids", f"{whole},5")
    assert code == 2 and out == "" and "65 tokens" in err


def test_a_model_without_numbers_is_one_panel_that_says_where(tfcli, folders, tmp_path):
    model = Transformer(QWEN3)
    redraw(model)
    with torch.no_grad():
        model.blocks[1].attention.o.weight[3, 3] = math.nan
    write_checkpoint(tmp_path / "sick", model, None, {})
    folders["sick"] = tmp_path / "sick"
    for words in ([], ["--json"], ["--steps", "2"], ["--section", "next"]):
        code, out, err = tfcli("--ids", "5,17,3", *words, model="sick")
        assert code == 1 and out == ""
        assert "layer 1's attention" in " ".join(err.replace("│", " ").split())


def test_more_rows_than_the_vocabulary_has(tfcli):
    found = json.loads(tfcli("--ids", "5", "--top-k", "1000", "--json", model="bare")[1])["next"]
    assert len(found["candidates"]) == QWEN3.vocab_size
    assert found["candidates"][-1]["cumulative"] == pytest.approx(1, abs=1e-5)
