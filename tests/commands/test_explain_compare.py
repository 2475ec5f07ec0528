"""`tfcli explain --compare`, whole: two prompts on a tiny model of each shape."""

import json
import re

import pytest
from rich.cells import cell_len

from tfcli.explain.result.documents import read_document
from tfcli.view.explain.compare import screen
from tfcli.view.explain.lines import Pen, crop

PROMPTS = ("shares of the phone maker apple", "--compare", "she ate an apple")


@pytest.mark.parametrize("model", ["qwen3", "gpt2"])
def test_the_screen_is_that_of_the_json(tfcli_explain, model: str) -> None:
    words = (*PROMPTS, "--word", "apple")
    code, out, _ = tfcli_explain(*words, "--json", model=model)
    found = json.loads(out)
    assert (code, found["schema"], found["word"]) == (0, "tfcli.compare/1", "apple")
    assert found["first"]["labels"][found["first"]["position"]] == "␣apple"
    assert found["position_is_added"] == (model == "gpt2")
    shown = tfcli_explain(*words, model=model)[1]
    drawn = [crop(line, 80, "…").plain for line in screen(Pen(80), read_document(found))]
    assert drawn == shown.splitlines()
    assert max(map(cell_len, shown.splitlines())) <= 80
    assert tfcli_explain(*words, "--ascii", model=model)[1].isascii()


def test_without_a_word_the_ends_are_followed(tfcli_explain) -> None:
    found = json.loads(tfcli_explain(*PROMPTS, "--json", "--top-k", "3")[1])
    named = json.loads(tfcli_explain(*PROMPTS, "--json", "--top-k", "3", "--word", "apple")[1])
    assert "word" not in found
    assert {**named, "word": None} == {**found, "word": None}
    unlike = tfcli_explain("an apple", "--compare", "the cat")[1]
    assert "different tokens" in unlike and "--word names one" in unlike


def test_what_stands_on_the_right_is_warned_of(tfcli_explain) -> None:
    code, out, _ = tfcli_explain("一个苹果", "--compare", "一个苹果手机", "--word", "苹果")
    shown = " ".join(out.split())
    assert code == 0
    assert "Put the context before the word." in shown
    assert "They differ from" in shown and "PULLED" not in shown
    assert "nothing differs" in tfcli_explain("a cat", "--compare", "a cat")[1]


def test_a_prompt_may_come_from_stdin_or_as_ids(tfcli_explain) -> None:
    piped = tfcli_explain("--compare", PROMPTS[2], "--json", piped=PROMPTS[0].encode())[1]
    typed = tfcli_explain(*PROMPTS, "--json")[1]
    assert piped == typed
    ids = ",".join(map(str, json.loads(typed)["first"]["ids"]))
    assert tfcli_explain("--ids", ids, "--compare", PROMPTS[2], "--json")[1] == typed


@pytest.mark.parametrize(
    ("words", "model", "message"),
    [
        ((*PROMPTS, "--word", "pear"), "qwen3", "“pear” is in neither prompt"),
        (("an apple", "--compare", "the cat", "--word", "cat"), "qwen3", "not in the first"),
        (("apple pie", "--compare", "an apple", "--word", "apple"), "qwen3", "a pple"),
        (("an apple", "--word", "apple"), "qwen3", "there is one prompt"),
        (("an apple", "--compare", ""), "qwen3", "--compare is empty"),
        (("an apple", "--compare", "\udc80"), "qwen3", "--compare is not UTF-8"),
        ((*PROMPTS, "--word", ""), "qwen3", "--word takes a word"),
        ((*PROMPTS, "--layer", "0", "--strict"), "qwen3", "--layer and --strict cannot be"),
        ((*PROMPTS, "--with", "x"), "qwen3", "--with cannot be combined with --compare"),
        ((*PROMPTS, "--over", "x"), "qwen3", "--over cannot be combined with --compare"),
        ((*PROMPTS, "--fit-lens", "world"), "qwen3", "--fit-lens"),
        (("an apple", "--compare", "cat " * 100), "qwen3", "context is 64"),
        ((*PROMPTS, "--decoder", "x"), "qwen3", "--decoder is for models"),
        (("--ids", "5,17", "--compare", "an apple"), "bare", "no tokenizer"),
    ],
)
def test_what_cannot_be_compared_is_one_panel(tfcli_explain, words, model, message) -> None:
    code, out, err = tfcli_explain(*words, model=model)
    said = " ".join(re.sub("[│╭╮╰╯─]", " ", err).split())
    assert (code, out) == (2, ""), err
    assert message in said, said
    assert len(re.findall("╭", err)) == 1 and "Traceback" not in err


def test_it_is_taught_in_both_languages(tfcli_explain) -> None:
    words = (*PROMPTS, "--word", "apple")
    plain = tfcli_explain(*words)[1]
    for language, said in (("en", "E' = E + ΔE"), ("zh", "余弦比较方向")):
        code, out, _ = tfcli_explain(*words, "--teach", "--lang", language)
        assert code == 0 and said in out
        assert set(plain.splitlines()) <= set(out.splitlines())
    code, out, err = tfcli_explain("a cat", "--over", "runs/x", "--teach")
    assert (code, out) == (2, "") and "--teach cannot be combined with --over" in err
