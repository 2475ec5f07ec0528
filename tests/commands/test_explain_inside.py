"""`tfcli explain --section …` of what is inside the layers and behind the output matrix."""

import json
import re

import pytest
from rich.cells import cell_len

from tfcli.explain.result.documents import read_document
from tfcli.view.explain.lines import Pen, crop
from tfcli.view.explain.screen import screen

SECTIONS = {
    "residual": " RESIDUAL  x at ",
    "memories": " MEMORIES  layer ",
    "experts": " EXPERTS  this model has no experts",
    "sampling": " SAMPLING  after ",
    "surprisal": " SURPRISAL  ",
    "norms": " NORMS   ",
    "sources": " SOURCES  of ",
    "cost": " COST    ",
}


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("model", ["qwen3", "gpt2"])
@pytest.mark.parametrize("prompt", ["The cat sat", "她每天吃一个苹果", "[bold]龘😀\t\x1b[31m", "a"])
def test_a_section_alone_on_the_screen(tfcli_explain, section, model, prompt):
    code, out, _ = tfcli_explain(prompt, "--section", section, model=model)
    assert code == 0
    assert out.startswith(SECTIONS[section]) and "\x1b" not in out
    assert max(cell_len(line) for line in out.splitlines()) <= 80
    assert tfcli_explain(prompt, "--section", section, "--ascii", model=model)[1].isascii()


@pytest.mark.parametrize("section", sorted(set(SECTIONS) - {"cost"}))  # no time comes twice
def test_the_document_holds_all_that_the_screen_shows(tfcli_explain, section):
    _, out, _ = tfcli_explain("The cat sat", "--section", section, "--json")
    found = json.loads(out, parse_constant=pytest.fail)
    pen = Pen(80, brief=False)
    drawn = [crop(line, 80, "…").plain for line in screen(pen, read_document(found))]
    assert drawn == tfcli_explain("The cat sat", "--section", section)[1].splitlines()


def test_a_small_model_is_not_said_to_have_no_parameters(tfcli_explain):
    code, out, err = tfcli_explain("--ids", "5,17", "--section", "model", model="bare")
    (said,) = re.findall(r"(\S+) parameters", err)
    assert code == 0 and re.fullmatch(r"[1-9]\d*(\.\d)?K", said) and f"{said} parameters" in out
