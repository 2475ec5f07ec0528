"""Directories with a foreign SentencePiece model only: ids and text as `transformers` has them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import assume, example, given, settings
from tfcli_tokenizer import load_tokenizer
from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer
from tokenizer_files import (
    TEXTS,
    added,
    assert_same,
    assert_same_roles,
    put,
    sentencepiece_model,
    streamed,
)

LLAMA: dict[str, Any] = {
    "tokenizer_class": "LlamaTokenizer",
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "add_bos_token": True,
}
T5 = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}


def llama2(folder: Path) -> None:
    model = sentencepiece_model(byte_fallback=True)
    (folder / "tokenizer.model").write_bytes(model)
    put(folder, "config.json", {"model_type": "llama"})
    put(folder, "tokenizer_config.json", LLAMA)


def llama2_legacy(folder: Path) -> None:
    """The older way to put a space in front, own tokens of the model, and added ones."""
    model = sentencepiece_model(byte_fallback=True, user_defined_symbols="[INST],house")
    (folder / "tokenizer.model").write_bytes(model)
    names = ("<unk>", "<s>", "</s>", "<new>", "<tool>")
    tokens = {str(i): added(name) for i, name in zip((0, 1, 2, 380, 400), names, strict=True)}
    tokens["400"] |= {"special": False, "normalized": True}
    options = {"legacy": True, "add_eos_token": True, "added_tokens_decoder": tokens}
    put(folder, "tokenizer_config.json", LLAMA | options)


def llama2_without_a_space_in_front(folder: Path) -> None:
    llama2(folder)
    put(folder, "tokenizer_config.json", LLAMA | {"add_prefix_space": False})


def mistral(folder: Path) -> None:
    llama2(folder)
    model = sentencepiece_model(byte_fallback=True, normalization_rule_name="identity")
    (folder / "tokenizer.model").write_bytes(model)
    put(folder, "config.json", {"model_type": "mistral"})


def ernie(folder: Path) -> None:
    model = sentencepiece_model(
        byte_fallback=True,
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        user_defined_symbols="<mask>,▁▁,ab",
        control_symbols="<sep>",
    )
    (folder / "tokenizer.model").write_bytes(model)
    put(folder, "config.json", {"model_type": "ernie4_5"})
    options = {"tokenizer_class": "Ernie4_5_Tokenizer", "added_tokens_decoder": {"3": added("<q>")}}
    put(folder, "tokenizer_config.json", options)


def bare(folder: Path) -> None:
    (folder / "tokenizer.model").write_bytes(sentencepiece_model("unigram"))


def gemma(folder: Path) -> None:
    model = sentencepiece_model(
        byte_fallback=True,
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        pad_id=0,
        eos_id=1,
        bos_id=2,
        unk_id=3,
        bos_piece="<bos>",
        eos_piece="<eos>",
        user_defined_symbols="<mask>,\n\n,▁▁,<start_of_turn>",
    )
    (folder / "tokenizer.model").write_bytes(model)
    put(folder, "config.json", {"model_type": "gemma2"})
    options = {"tokenizer_class": "GemmaTokenizer", "add_bos_token": True}
    put(folder, "tokenizer_config.json", options)


def t5(folder: Path) -> None:
    (folder / "spiece.model").write_bytes(sentencepiece_model("unigram", **T5))
    put(folder, "config.json", {"model_type": "t5"})


def t5_with_ten_sentinels(folder: Path) -> None:
    t5(folder)
    sentinels = [f"<extra_id_{i}>" for i in range(10)]
    options = {"extra_ids": 10, "additional_special_tokens": sentinels}
    cleans = {"clean_up_tokenization_spaces": True}
    put(folder, "tokenizer_config.json", {"tokenizer_class": "T5Tokenizer"} | options | cleans)


FORMATS: dict[str, Callable[[Path], None]] = {
    each.__name__: each
    for each in (
        llama2,
        llama2_legacy,
        llama2_without_a_space_in_front,
        mistral,
        ernie,
        bare,
        gemma,
        t5,
        t5_with_ten_sentinels,
    )
}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Any]]:
    pytest.importorskip("google.protobuf", reason="transformers reads these with protobuf only")
    from transformers import AutoTokenizer

    found = {}
    for name, write in FORMATS.items():
        folder = tmp_path_factory.mktemp(name)
        write(folder)
        found[name] = load_tokenizer(folder), AutoTokenizer.from_pretrained(folder)
    return found


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
@example(text="▁The cat sat on the mat, didn't it? naïve café ÀÉ the end of the house")
@example(text="  The cat</s> [INST] house<tool> <extra_id_9>sat .  龘 ▁▁x\n\n<mask> é<unk><q>")
def test_ids_and_text_are_those_of_transformers(pairs, name: str, text: str) -> None:
    assert_same(*pairs[name], text)


@pytest.mark.parametrize("name", FORMATS)
def test_roles_are_those_of_transformers(pairs, name: str) -> None:
    assert_same_roles(*pairs[name])


@pytest.mark.parametrize("name", FORMATS)
def test_saved_alone_it_opens_as_it_was(pairs, name: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    ours, _ = pairs[name]
    ours.save(tmp_path)
    assert (tmp_path / ours.source.name).read_bytes() == ours.source.read_bytes()
    text = "The cat</s> [INST]house  <tool> <extra_id_9>sat 龘 ▁▁x"
    for again in (load_tokenizer(tmp_path), AutoTokenizer.from_pretrained(tmp_path)):
        ids = again.encode(text, add_special_tokens=True)
        assert ids == ours.encode(text, add_special_tokens=True)


@pytest.fixture(scope="module")
def generic(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, Any]]:
    """Models that no class has rules for, beside SentencePiece itself."""
    found = []
    for options in (
        {"add_dummy_prefix": False, "remove_extra_whitespaces": False},
        {"user_defined_symbols": "[INST],house"},
    ):
        model = sentencepiece_model(
            byte_fallback=True, normalization_rule_name="identity", **options
        )
        folder = tmp_path_factory.mktemp("generic")
        (folder / "tokenizer.model").write_bytes(model)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        found.append((load_tokenizer(folder), processor))
    return found


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_without_rules_of_a_class_ids_are_sentencepieces(generic, text: str) -> None:
    # SentencePiece takes the name of a byte piece for letters, and a ▁ for a space of its own.
    assume("<0x" not in text and "▁" not in text)
    for ours, processor in generic:
        if not any(token in text for token in ours.special_tokens):
            assert ours.encode(text) == processor.encode(text)


def test_sentinels_follow_the_pieces_the_last_one_first(tmp_path: Path) -> None:
    t5(tmp_path)
    ours = load_tokenizer(tmp_path)
    ids = [ours.encode(f"<extra_id_{i}>") for i in (0, 1, 99)]
    last = ours.vocab_size - 1
    assert ids == [[last], [last - 1], [last - 99]]


def test_a_file_of_its_own_is_as_sentencepiece_has_it(tmp_path: Path) -> None:
    llama2(tmp_path)
    path = tmp_path / "tokenizer.model"
    alone = load_tokenizer(path)
    assert isinstance(alone, SentencePieceTokenizer)
    text = "The cat</s> sat"  # SentencePiece takes no control piece from a text
    assert (
        alone.encode(text) == alone.processor.encode(text) != load_tokenizer(tmp_path).encode(text)
    )
    assert streamed(alone, alone.encode(text)) == alone.decode(alone.encode(text)) == text
    assert alone.source == path
