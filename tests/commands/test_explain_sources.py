"""`tfcli explain` on where a vector comes from: ledger, and measures of all heads."""

import dataclasses
import json
from pathlib import Path

import pytest
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tiny import GPT2, QWEN3, redraw

from tfcli.checkpoint.write import write_checkpoint
from tfcli.main import run
from tfcli.model.transformer import Transformer


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    tokenizer = load_tokenizer(default_tokenizer_path())
    place = tmp_path_factory.mktemp("sources")
    for name, config in (("qwen3", QWEN3), ("gpt2", GPT2)):
        model = Transformer(dataclasses.replace(config, vocab_size=tokenizer.vocab_size))
        redraw(model)
        write_checkpoint(place / name, model, tokenizer, {})
    return {name: place / name for name in ("qwen3", "gpt2")}


@pytest.fixture
def tfcli(folders, capsys: pytest.CaptureFixture[str]):
    """Run a command line on a model; returns (code, stdout, stderr)."""

    def call(*words: str, model: str = "qwen3") -> tuple[int, str, str]:
        code = run(["explain", *words, "--model", str(folders[model]), "--device", "cpu"])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


@pytest.mark.parametrize("model", ["qwen3", "gpt2"])
def test_the_ledger_of_a_block_is_shown_and_in_the_json(tfcli, model):
    words = ("The cat sat", "--section", "ledger", "--layer", "0,2")
    code, out, _ = tfcli(*words, model=model)
    assert code == 0 and out.count(" LEDGER L") == out.count("block L") == 2
    assert "   0 The" in out and "bias" in out if model == "gpt2" else "bias" not in out
    found = json.loads(tfcli(*words, "--json", model=model)[1])["ledger"]
    assert [update["layer"] for update in found["updates"]] == [0, 2]
    assert all(update["error"] < 1e-5 for update in found["updates"])
    assert all(walk["error"] < 1e-5 for walk in found["walks"])


def test_measures_of_heads_are_shown_with_what_they_are_of(tfcli):
    code, out, _ = tfcli("The", "--section", "heads", "--measure", "induction", "--seed", "3")
    assert code == 0 and "32 random tokens, given twice, seed 3; surprisal" in " ".join(out.split())
    assert out != tfcli("The", "--section", "heads", "--measure", "induction")[1]
    code, out, _ = tfcli("The", "--section", "heads", "--measure", "copying")
    assert code == 0 and "eigenvalues of U·W_OV·E" in out and " sd" in out
    code, out, _ = tfcli("cat the cat the", "--section", "heads", "--measure", "duplicate")
    assert code == 0 and "weight on the same token before" in out
    code, out, _ = tfcli("cat the cat the", "--section", "heads", "--measure", "norm")
    assert code == 0 and "entropy of ‖w·v·W_O‖ in bits" in out
