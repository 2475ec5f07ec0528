"""`tfcli generate --chat` with a model that brings its own chat template."""

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tiny import QWEN3, redraw

from tfcli.checkpoint.write import write_checkpoint
from tfcli.generate import engine
from tfcli.main import run
from tfcli.model.transformer import Transformer

TOKENIZER = load_tokenizer(default_tokenizer_path())
OWN = """\
{%- for message in messages %}
    {{- "<|im_start|>" + message.role + ": " + message.content + eos_token }}
{%- endfor %}
{%- if add_generation_prompt %}{{ "<|im_start|>answer: " }}{% endif -%}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = dataclasses.replace(QWEN3, vocab_size=TOKENIZER.vocab_size)
    model = Transformer(config)
    redraw(model)
    write_checkpoint(tmp_path / "model", model, TOKENIZER, {})
    return tmp_path / "model"


@pytest.fixture
def ask(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run `tfcli generate` with a chat template in the model; returns (code, stdout, stderr)."""
    for name in [name for name in os.environ if name.startswith("TFCLI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TFCLI_HOME", str(folder.parent / "home"))
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.chdir(folder.parent)

    def ask(template: str, *words: str) -> tuple[int, str, str]:
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
        options = ("--device", "cpu", "--model", "model", "--temperature", "0", "-n", "4")
        code = run(["generate", "The capital of {{ France }}?", *options, *words])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return code, shown.out, shown.err

    return ask


def test_its_own_template_is_used(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    end = TOKENIZER.eos_id
    assert end is not None
    said = [*TOKENIZER.encode("Paris."), end, *TOKENIZER.encode("more")]
    monkeypatch.setattr(engine, "decode", lambda *_, **__: (torch.tensor([i]) for i in said))
    code, out, _ = ask(OWN, "--chat", "--json", "-n", "50")
    answer = json.loads(out)
    eos = TOKENIZER.piece(end)
    asked = f"<|im_start|>user: The capital of {{{{ France }}}}?{eos}<|im_start|>answer: "
    assert (code, TOKENIZER.decode(answer["prompt_ids"])) == (0, asked)
    assert answer["prompt_ids"].count(end) == 1
    assert answer["samples"][0]["completion"] == "Paris."
    assert answer["samples"][0]["finish"] == "eos"


def test_the_mark_behind_an_answer_ends_it(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is no end of a text: here <|im_start|> begins the next turn."""
    mark = TOKENIZER.special_tokens["<|im_start|>"]
    said = [*TOKENIZER.encode("Paris."), mark, *TOKENIZER.encode("more")]
    monkeypatch.setattr(engine, "decode", lambda *_, **__: (torch.tensor([i]) for i in said))
    assert ask(OWN.replace(" + eos_token", ""), "--chat", "-n", "50")[:2] == (0, "Paris.\n")


@pytest.mark.parametrize(
    ("template", "code", "words"),
    [
        ("{{ ''.__class__ }}", 4, "reaches for what is hidden"),
        ("{{ 'a' * 10 ** 10 }}", 4, "too much memory"),
        ("{% for %}", 4, "is damaged: line 1"),
        ("{{ raise_exception('No users here') }}", 2, "refuses these messages: No users here"),
    ],
)
def test_a_template_that_cannot_be_used(ask, template: str, code: int, words: str) -> None:
    found, out, err = ask(template, "--chat")
    assert (found, out) == (code, "")
    assert words in err
    assert os.path.join("model", "chat_template.jinja") in err  # noqa: PTH118 - a text
    assert ask(template)[0] == 0, "without --chat it is not looked at"
