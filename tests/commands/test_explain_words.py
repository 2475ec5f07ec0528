"""`tfcli explain --neighbors` and `--analogy`, whole."""

import json

import pytest

from tfcli.explain.request import SCREEN
from tfcli.explain.result.documents import read_document
from tfcli.view.explain.lines import Pen, crop
from tfcli.view.explain.screen import screen


@pytest.mark.parametrize("model", ["qwen3", "gpt2"])
@pytest.mark.parametrize("text", ["king-man+woman=queen", "国王−男人＋女人＝王后"])
def test_a_sum_needs_no_prompt(tfcli_explain, model, text):
    code, out, _ = tfcli_explain("--analogy", text, model=model)
    assert code == 0
    assert out.splitlines()[0].startswith(" MODEL") and " ANALOGY  E(" in out
    assert "its words left out" in out and "all tokens" in out and "expected “" in out
    for section in ("TOKENS", "NEXT", "NEIGHBORS"):
        assert section not in out


def test_a_pipe_is_left_alone_where_no_prompt_is_needed(tfcli_explain):
    code, out, _ = tfcli_explain("--neighbors", "king", piped=b"The cat")
    assert code == 0 and "“␣king”" in out and "TOKENS" not in out
    code, out, _ = tfcli_explain("-", "--neighbors", "king", piped=b"The cat")
    assert code == 0 and "TOKENS" in out and "NEIGHBORS  “␣king”" in out


def test_beside_a_prompt_they_stand_below_the_other_sections(tfcli_explain):
    words = ["The cat", "--analogy", "king-man+woman", "--neighbors", "cat"]
    out = tfcli_explain(*words)[1]
    assert out.index(" PARAMETERS") < out.index(" NEIGHBORS") < out.index(" ANALOGY")
    found = json.loads(tfcli_explain(*words, "--json")[1])
    assert set(found["sections"]) == {*SCREEN, "neighbors", "analogy"}
    few = tfcli_explain("The cat", "--section", "next", "--neighbors", "cat")[1]
    assert few.index(" NEXT") < few.index(" NEIGHBORS") and "MODEL" not in few


def test_the_followed_token_s_neighbours(tfcli_explain):
    out = tfcli_explain("The cat sat", "--section", "neighbors", "--pos", "1", "--top-k", "3")[1]
    assert out.startswith(" NEIGHBORS  1 “␣cat”") and "nearest to E'" in out
    found = json.loads(
        tfcli_explain("The cat sat", "--section", "neighbors", "--pos", "1", "--json")[1]
    )["neighbors"]
    assert found["label"] == "␣cat" and len(found["nearest_to_final"]) == 5


def test_by_ids_in_a_model_without_a_tokenizer(tfcli_explain):
    out = tfcli_explain("--analogy", "#5-#7+#9=#11", "--top-k", "2", model="bare")[1]
    assert "E(#5) - E(#7) + E(#9)" in out and "“#11”" in out


@pytest.mark.parametrize("words", [["--analogy", "king-man+woman=queen"], ["--neighbors", "苹果"]])
def test_every_number_on_the_screen_is_that_of_the_json(tfcli_explain, words):
    found = read_document(json.loads(tfcli_explain(*words, "--json")[1]))
    drawn = [crop(line, 80, "…").plain for line in screen(Pen(80), found)]
    assert drawn == tfcli_explain(*words)[1].splitlines()


FAULTS = [
    (["--analogy", ""], ["word is missing"]),
    (["--analogy", "king"], ["single word", "--neighbors"]),
    (["--analogy", "king--man"], ["word is missing"]),
    (["--analogy", "king-man=woman+queen"], ["one word"]),
    (["--analogy", "king-man+xyzzyx"], ["“xyzzyx”", "tokens for this model", "--analogy"]),
    (["--analogy", "king-man+woman=king"], ["added up"]),
    (["--analogy", "a+" + "b" * 5000], ["5,000 characters"]),
    (["--analogy", "+".join("abcdefghijklmnopqrs")], ["at most 16"]),
    (["--analogy", "a+\udce8"], ["not UTF-8"]),
    (["--neighbors", ""], ["--neighbors"]),
    (["--neighbors", "two words"], ["tokens for this model"]),
    (["--neighbors", "#8000"], ["8000", "7,999"]),
    (["--neighbors", "\udce8"], ["not UTF-8"]),
    (["The cat", "--neighbors", "xyzzyx"], ["tokens for this model"]),
    (["--section", "neighbors"], ["no prompt"]),
]


@pytest.mark.parametrize(("words", "said"), FAULTS, ids=lambda value: str(value)[:40])
def test_a_bad_word_is_one_panel(tfcli_explain, words, said):
    code, out, err = tfcli_explain(*words)
    text = " ".join(err.replace("│", " ").split())
    assert code == 2 and out == ""
    assert all(word in text for word in said), text
    assert "Traceback" not in err and len(err) < 1500
