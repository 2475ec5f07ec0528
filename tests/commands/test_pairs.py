"""`generate` and `explain`, whole, on a model with an encoder beside a decoder."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from explain_shapes import SHAPES, build
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tiny import redraw

from tfcli.api import load_model
from tfcli.checkpoint.generation import GenerationDefaults
from tfcli.checkpoint.write import write_checkpoint
from tfcli.errors import UsageError
from tfcli.main import run
from tfcli.model.transformer import Transformer

TOKENIZER = load_tokenizer(default_tokenizer_path())
GREEDY = ("--temperature", "0", "--max-new-tokens", "6")


@pytest.fixture(scope="module", params=["marian", "t5"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = build(request.param).config
    assert config.encoder is not None
    encoder = dataclasses.replace(config.encoder, vocab_size=TOKENIZER.vocab_size, head=False)
    config = dataclasses.replace(config, vocab_size=TOKENIZER.vocab_size, encoder=encoder)
    model = Transformer(config)
    redraw(model)
    path = tmp_path_factory.mktemp(request.param) / "model"
    start = GenerationDefaults(decoder_start_id=TOKENIZER.eos_id, pad_id=TOKENIZER.eos_id)
    write_checkpoint(path, model, TOKENIZER, {}, generation=start)
    return path


def output(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run(arguments) == 0
    return capsys.readouterr().out


def test_it_writes_a_text_of_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not the prompt again; and the tokens are those of transformers."""
    shown = output(["generate", "The cat sat", "--model", str(folder), *GREEDY], capsys)
    assert not shown.startswith("The cat sat")
    text = output(["generate", "The cat sat", "--model", str(folder), *GREEDY, "--json"], capsys)
    sample = json.loads(text)["samples"][0]
    assert shown.rstrip("\n") == sample["completion"].rstrip("\n")
    theirs: Any = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder)
    ids = torch.tensor([TOKENIZER.encode("The cat sat", add_special_tokens=True)])
    expected = theirs.generate(
        ids,
        max_new_tokens=6,
        do_sample=False,
        num_beams=1,
        forced_eos_token_id=None,
        use_cache=False,  # its cache for T5 has as many layers as the encoder
    )
    assert sample["ids"] == [i for i in expected[0, 1:].tolist() if i != TOKENIZER.eos_id]


def test_several_continuations_share_what_the_encoder_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def made(seed: int, num: int) -> list[list[int]]:
        options = ["--model", str(folder), "--seed", str(seed), "--num", str(num)]
        command = ["generate", "The cat", *options, "--max-new-tokens", "5", "--json"]
        return [sample["ids"] for sample in json.loads(output(command, capsys))["samples"]]

    assert made(5, 3) == [made(seed, 1)[0] for seed in (5, 6, 7)]


def test_the_screen_has_both_sides(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["explain", "The cat sat", "--decoder", "猫坐", "--model", str(folder)]
    screen = output(command, capsys)
    assert max(map(len, screen.splitlines())) <= 80
    assert "\x1b" not in screen
    assert "PASS" in screen
    document = json.loads(output([*command, "--json"], capsys))
    read = [token["id"] for token in document["source"]["tokens"]]
    assert read == TOKENIZER.encode("The cat sat", add_special_tokens=True)
    written = [token["id"] for token in document["tokens"]["tokens"]]
    assert written == [TOKENIZER.eos_id, *TOKENIZER.encode("猫坐")]
    assert {ledger["kind"] for ledger in document["qkv"]} == {"self", "cross"}
    assert {each["kind"] for each in document["attention"]} == {"self", "cross", "encoder"}
    model = load_model(folder)
    logits = model(read, decoder_ids=written)[0, -1]
    assert document["next"]["candidates"][0]["id"] == int(logits.argmax())


def test_the_loop_is_what_generate_writes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--model", str(folder), "--json"]
    loop = json.loads(output(["explain", "The cat", "--steps", "4", *options], capsys))["loop"]
    made = json.loads(output(["generate", "The cat", *GREEDY, *options], capsys))["samples"][0]
    assert [step["chosen_id"] for step in loop["steps"]][: len(made["ids"])] == made["ids"][:4]


def test_what_the_api_needs_is_said(folder: Path) -> None:
    model = load_model(folder)
    ids = TOKENIZER.encode("The cat sat")
    assert model(ids).shape[:2] == (1, 1)  # behind the decoder's first token
    with pytest.raises(UsageError, match="outside the vocabulary"):
        model(ids, decoder_ids=[TOKENIZER.vocab_size])
    with pytest.raises(UsageError, match="rows"):
        model([ids, ids, ids], decoder_ids=[[1], [2]])
    with pytest.raises(UsageError, match="no token types"):
        model(ids, token_type_ids=[0] * len(ids))


def test_what_another_model_cannot_take_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "architecture" not in SHAPES["qwen3"]
    model = Transformer(dataclasses.replace(build("qwen3").config, vocab_size=TOKENIZER.vocab_size))
    redraw(model)
    write_checkpoint(tmp_path / "model", model, TOKENIZER, {})
    command = ["explain", "The cat", "--model", str(tmp_path / "model"), "--decoder", "x"]
    assert run(command) == 2
    assert "--decoder" in capsys.readouterr().err
    with pytest.raises(UsageError, match="decoder_ids"):
        load_model(tmp_path / "model")([1, 2], decoder_ids=[1])
