"""`tfcli explain` with changes in the model, whole: what is asked for is changed and shown."""

import dataclasses
import json

import pytest
import torch
from explain_shapes import build
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tiny import redraw

from tfcli.checkpoint.write import write_checkpoint
from tfcli.main import run
from tfcli.model.transformer import Transformer


def edits(tfcli_explain, *words, **options):
    code, out, _ = tfcli_explain(*words, "--json", **options)
    assert code == 0
    return json.loads(out)


def test_changes_are_shown_first_and_alone(tfcli_explain):
    code, out, _ = tfcli_explain(
        "The cat", "--ablate", "L1H2, ffn:L0", "--scale", "L0H0-1=0.5", "--scale", "L2=2"
    )
    assert code == 0 and " EDITS   zeros instead of L1H2 ffn:L0\n" in out
    assert "0.5 × L0H0 L0H1\n" in out and "2 × attn:L2 ffn:L2\n" in out
    assert "as it is → changed" in out and " NEXT " not in out and " HEADS " not in out
    assert out.index(" MODEL ") < out.index(" EDITS ")


@pytest.mark.parametrize("model", ["qwen3", "gpt2"])
def test_the_table_s_left_half_is_that_of_the_next_token(tfcli_explain, model):
    words = ("The cat sat", "--section", "next,edits", "--ablate", "L1H2")
    found = edits(tfcli_explain, *words, model=model)
    rows = {row["id"]: row for row in found["edits"]["tokens"]}
    for candidate in found["next"]["candidates"]:
        row = rows[candidate["id"]]
        assert row["rank"] == candidate["rank"] and row["label"] == candidate["label"]
        assert row["logit"] == candidate["logit"]
    assert found["edits"]["kl"] > 0


def test_a_flag_s_section_is_shown_beside_those_that_are_named(tfcli_explain):
    out = tfcli_explain("The cat", "--section", "next", "--ablate", "L1H2")[1]
    assert " NEXT " in out and " EDITS " in out
    assert "The other sections are of the run as it is." in out
    out = tfcli_explain("The cat", "--section", "next,edits")[1]
    assert " EDITS   nothing is changed: " in out


def test_the_mean_stands_instead(tfcli_explain):
    zero, mean = (
        edits(tfcli_explain, "The cat sat", "--ablate", "attn:L1", "--ablate-with", filling)
        for filling in ("zero", "mean")
    )
    assert zero["edits"]["kl"] != mean["edits"]["kl"]
    assert [change["how"] for change in mean["edits"]["changes"]] == ["mean"]


def test_another_prompt_is_put_in(tfcli_explain):
    words = ("The cat sat", "--patch", "The dog ran", "--patch-at", "L1H0-3")
    found = edits(tfcli_explain, *words)
    assert found["sections"] == ["model", "edits"]
    assert found["edits"]["other"]["aligned"] is True
    assert len(found["edits"]["changes"]) == 4
    longer = edits(tfcli_explain, words[0], "--patch", "The old dog ran home", *words[3:])
    assert longer["edits"]["other"]["aligned"] is False
    assert longer["edits"]["other"]["position"] == len(longer["edits"]["other"]["ids"]) - 1
    same = edits(tfcli_explain, words[0], "--patch", words[0], "--patch-at", "L0-2")
    assert same["edits"]["kl"] == 0


def test_another_prompt_without_a_place_is_put_in_head_by_head(tfcli_explain):
    found = edits(tfcli_explain, "The cat sat", "--patch", "My dog ran")
    assert found["sections"] == ["model", "heads"]
    assert found["heads"]["measure"] == "patching" or "same answer" in found["omitted"]["heads"]
    both = edits(tfcli_explain, "The cat sat", "--patch", "My dog ran", "--ablate", "L0")
    assert both["sections"] == ["model", "heads", "edits"]
    named = ("--answer", "#5", "--against", "#9", "--patch", "My dog ran")
    out = tfcli_explain("The cat sat", *named)[1]
    assert "% of the way to its answer" in out and "leads as here" in out


def test_heads_are_taken_away_one_by_one(tfcli_explain):
    found = edits(tfcli_explain, "The cat sat", "--measure", "ablation", "--section", "heads")
    grid = found["heads"]["values"]
    alone = edits(tfcli_explain, "The cat sat", "--ablate", "L1H2")
    assert grid[1][2] == pytest.approx(alone["edits"]["kl"], rel=1e-4)
    assert found["heads"]["filling"] == "zero"
    words = ("The cat sat", "--measure", "ablation", "--ablate-with", "mean", "--section", "heads")
    found = edits(tfcli_explain, *words)["heads"]
    alone = edits(tfcli_explain, "The cat sat", "--ablate", "L1H2", "--ablate-with", "mean")
    assert found["filling"] == "mean" and found["values"] != grid
    assert found["values"][1][2] == pytest.approx(alone["edits"]["kl"], rel=1e-3)
    shown = tfcli_explain("The cat", "--measure", "ablation")[1]
    assert "KL in bits without the head, zeros there" in shown
    shown = tfcli_explain(*words)[1]
    assert "without the head, its mean there" in shown and "over the positions" in shown


def test_a_saved_grid_says_what_stood_in_place_of_the_heads(tfcli_explain, tmp_path, capsys):
    file = str(tmp_path / "cat.json.gz")
    words = ("--measure", "ablation", "--section", "heads")
    for filling in ("mean", "zero"):
        direct = edits(tfcli_explain, "The cat sat", *words, "--ablate-with", filling)
        assert (
            tfcli_explain("The cat sat", *words, "--ablate-with", filling, "--save", file)[0] == 0
        )
        assert run(["explain", "--from", file, *words, "--json"]) == 0
        saved = json.loads(capsys.readouterr().out)
        assert saved["heads"] == direct["heads"] and saved["heads"]["filling"] == filling


def test_the_loop_writes_with_the_changed_model(tfcli_explain):
    code, out, _ = tfcli_explain("The cat", "--steps", "2", "--ablate", "L0-1")
    assert code == 0 and "round again · edited" in out and " EDITS " in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--ablate", "L9H0"), "There is no L9H0 in this model."),
        (("--ablate", "X0H0"), "this model has no cross-attention"),
        (("--ablate", "5.3"), "is no place in a model for `--ablate`"),
        (("--ablate", ""), "is no place in a model for `--ablate`"),
        (("--ablate", "[bold]L1"), "“[bold]L1” is no place"),
        (("--scale", "L1H0"), "is no value for `--scale`"),
        (("--scale", "L1H0=1e999"), "is no value for `--scale`"),
        (("--scale", "L1H0=1e30"), "the factor is at most 1,000,000"),
        (("--scale", "L0=-1e6", "--dtype", "float16"), "computes no numbers"),
        (("--ablate", "L1", "--scale", "attn:L1=2"), "attn:L1 is changed in two ways"),
        (("--patch-at", "L1"), "--patch-at needs another prompt"),
        (("--measure", "patching"), "--measure patching needs another prompt"),
        (("--patch", "a dog", "--measure", "entropy"), "nothing to do with --measure entropy"),
        (("--patch", ""), "--patch is empty"),
        (("--patch", "\udc80"), "--patch is not UTF-8"),
        (("--patch", "dog " * 300), "longer context"),
        (("--ablate-with", "noise", "--ablate", "L1"), "noise"),
        (("--ablate-with", "mean"), "in place of what is taken away"),
        (("--ablate-with", "mean", "--measure", "entropy"), "in place of what is taken away"),
    ],
)
def test_what_cannot_be_done_is_one_panel(tfcli_explain, words, message):
    code, out, err = tfcli_explain("The cat", *words)
    assert code == 2 and out == ""
    said = " ".join(err.replace("│", " ").split())
    assert message in said and "Traceback" not in err


def test_a_model_without_a_tokenizer_is_changed_too(tfcli_explain):
    words = ("--ids", "5,17,3", "--ablate", "L1H2")
    assert edits(tfcli_explain, *words, model="bare")["edits"]["kl"] > 0
    code, _, err = tfcli_explain(*words, "--patch", "x", "--patch-at", "L1", model="bare")
    assert code == 2 and "no tokenizer" in err


def test_a_loop_of_an_encoder_is_refused(tmp_path, capsys):
    tokenizer = load_tokenizer(default_tokenizer_path())
    config = dataclasses.replace(build("bert").config, vocab_size=tokenizer.vocab_size)
    write_checkpoint(tmp_path / "bert", Transformer(config), tokenizer, {})
    words = ["explain", "The cat", "--model", str(tmp_path / "bert")]
    assert run([*words, "--steps", "3"]) == 2
    shown = capsys.readouterr()
    assert not shown.out and "there is no loop" in shown.err
    assert run([*words, "--section", "tokens"]) == 0


@pytest.mark.parametrize("shape", ["t5", "marian", "vectors"])
def test_other_architectures(shape, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    tokenizer = load_tokenizer(default_tokenizer_path())
    config = build(shape).config
    size = {"vocab_size": tokenizer.vocab_size}
    if config.encoder is not None:
        size["encoder"] = dataclasses.replace(config.encoder, **size, head=False)
    model = Transformer(dataclasses.replace(config, **size))
    redraw(model)
    write_checkpoint(tmp_path / "m", model.to(torch.float32), tokenizer, {})
    places = "L1H2" if config.encoder is None else "L1H2,X1H2,E1H2"
    words = ["explain", "The cat", "--model", str(tmp_path / "m"), "--ablate", places]
    assert run([*words, "--measure", "ablation", "--section", "heads"]) == 0
    out = capsys.readouterr().out
    if shape == "vectors":
        for name in ("HEADS", "EDITS"):
            assert f" {name}   this model has no output matrix" in out
    else:
        assert "zeros instead of L1H2 X1H2 E1H2" in out
        assert all(f" HEADS {letter}  KL in bits" in out for letter in "ELX")
