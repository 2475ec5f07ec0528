"""The shipped tokenizer: what its recipe makes, and fit for what the package teaches."""

import hashlib
import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType

import pytest
from tfcli_tokenizer import load_tokenizer
from tfcli_tokenizer.loading import default_tokenizer_path
from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer

from tfcli.data.world import SENSES

ROOT = Path(__file__).parents[2]
RECIPE = json.loads((ROOT / "tokenizer/recipes/default.json").read_text(encoding="utf-8"))
# Where the recipe's corpora lie: a folder named by the environment, or one beside the checkout.
CORPORA = Path(os.environ.get("TFCLI_CORPORA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="module")
def shipped() -> SentencePieceTokenizer:
    tokenizer = load_tokenizer(default_tokenizer_path())
    assert isinstance(tokenizer, SentencePieceTokenizer)
    return tokenizer


def recipe_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recipe", ROOT / "tokenizer/recipes/default.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_the_file_that_the_recipe_records(shipped: SentencePieceTokenizer) -> None:
    assert shipped.fingerprint == hashlib.sha256(shipped.model).hexdigest() == RECIPE["sha256"]
    assert shipped.vocab_size == RECIPE["vocab_size"]


@pytest.mark.skipif(
    not all((CORPORA / corpus["file"]).is_file() for corpus in RECIPE["corpora"]),
    reason="the recipe's corpora are not at hand: TFCLI_CORPORA names their folder",
)
def test_the_recipe_remakes_it_byte_for_byte(shipped: SentencePieceTokenizer) -> None:
    assert recipe_module().make(CORPORA) == shipped.model


def test_a_corpus_that_changed_is_refused() -> None:
    with pytest.raises(ValueError, match="is not the recorded text"):
        recipe_module()._compare("a corpus", "0" * 64, "1" * 64)


def test_words_with_two_senses_are_one_token_in_both(shipped: SentencePieceTokenizer) -> None:
    for word in SENSES:
        text = f" {word.word}" if word.language == "en" else word.word
        assert len(shipped.encode(text)) == 1, word.word
    (apple,) = shipped.encode("苹果")
    for sentence in ("苹果公司发布了新款手机", "她每天吃一个苹果", "苹果树上的苹果红了"):
        assert apple in shipped.encode(sentence)


def test_it_gives_every_byte_and_is_lossless(shipped: SentencePieceTokenizer) -> None:
    text = "".join(chr(c) for c in [*range(1, 0x250), *range(0x4E00, 0x4F00), 0x1F600, 0x10FFFF])
    assert shipped.lossless and shipped.decode(shipped.encode(text)) == text
