"""Marian's two SentencePiece models with vocab.json: ids and text as `transformers` has them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tfcli_tokenizer import load_tokenizer
from tfcli_tokenizer.marian import MarianTokenizer
from tokenizer_files import (
    TEXTS,
    added,
    assert_same,
    assert_same_roles,
    put,
    streamed,
    write_marian,
)

from tfcli.errors import CheckpointError, UsageError

pytestmark = pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses")


def one_vocabulary(folder: Path) -> None:
    write_marian(folder, ">>fra<<", ">>deu<<")
    put(folder, "config.json", {"model_type": "marian"})


def with_added_tokens(folder: Path) -> None:
    write_marian(folder)
    tokens = {"0": added("</s>"), "500": added("<new>", special=False, lstrip=True, rstrip=True)}
    options = {"added_tokens_decoder": tokens, "additional_special_tokens": ["<tool>", "<eos>"]}
    cleans = {"clean_up_tokenization_spaces": True, "tokenizer_class": "MarianTokenizer"}
    put(folder, "tokenizer_config.json", options | cleans)


def two_vocabularies(folder: Path) -> None:
    write_marian(folder, separate=True)
    options = {"separate_vocabs": True, "tokenizer_class": "MarianTokenizer"}
    put(folder, "tokenizer_config.json", options)


FORMATS: dict[str, Callable[[Path], None]] = {
    each.__name__: each for each in (one_vocabulary, with_added_tokens, two_vocabularies)
}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[MarianTokenizer, Any]]:
    from transformers import AutoTokenizer

    found = {}
    for name, write in FORMATS.items():
        folder = tmp_path_factory.mktemp(name)
        write(folder)
        ours = load_tokenizer(folder)
        assert isinstance(ours, MarianTokenizer)
        found[name] = ours, AutoTokenizer.from_pretrained(folder)
    return found


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
@example(text="<tool><eos><new> >>fra<<cat")
@example(text=">>fra<< The cat</s> >>deu<<sat <new>  on<tool> 猫 .")
def test_ids_and_text_are_those_of_transformers(pairs, name: str, text: str) -> None:
    ours, theirs = pairs[name]
    assert_same(ours, theirs, text)
    target = theirs(text_target=text).input_ids
    assert ours.encode_target(text, add_special_tokens=True) == target
    assert ours.encode_target(text) == target[:-1]


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_ids_of_the_target_read_and_stream_alike(pairs, name: str, data) -> None:
    ours, theirs = pairs[name]
    ids = data.draw(st.lists(st.sampled_from(sorted(theirs.decoder)), max_size=12))
    assert ours.decode(ids) == theirs.decode(ids)
    assert streamed(ours, ids) == ours.decode(ids)


def test_roles_are_those_of_transformers(pairs) -> None:
    for name in ("one_vocabulary", "with_added_tokens"):
        assert_same_roles(*pairs[name])
    ours, theirs = pairs["two_vocabularies"]
    assert ours.source_vocab_size == 1 + max(theirs.get_src_vocab().values())
    assert ours.target_vocab_size == len(theirs.target_encoder)
    assert ours.vocab_size == max(ours.source_vocab_size, ours.target_vocab_size)


def test_the_two_sides_differ(pairs) -> None:
    """What the tests above would not see if one model served both languages."""
    for ours, _ in pairs.values():
        assert ours.encode("The cats sat, abcd") != ours.encode_target("The cats sat, abcd")


@pytest.mark.parametrize("name", FORMATS)
def test_saved_alone_it_opens_as_it_was(pairs, name: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    ours, _ = pairs[name]
    ours.save(tmp_path)
    text = ">>fra<< The cat</s>sat <new>on"
    for again in (load_tokenizer(tmp_path), AutoTokenizer.from_pretrained(tmp_path)):
        ids = again.encode(text, add_special_tokens=True)
        assert ids == ours.encode(text, add_special_tokens=True)


@pytest.mark.parametrize("name", ["source.spm", "target.spm", "vocab.json", "target_vocab.json"])
def test_a_file_that_is_missing_or_damaged_is_named(tmp_path: Path, name: str) -> None:
    two_vocabularies(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match=name):
        load_tokenizer(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        load_tokenizer(tmp_path)


def test_an_id_outside_is_refused(pairs) -> None:
    ours = pairs["one_vocabulary"][0]
    for outside in (-1, ours.vocab_size):
        with pytest.raises(UsageError, match="vocabulary"):
            ours.decode([outside])


def test_a_vocabulary_without_the_unknown_piece_is_refused(tmp_path: Path) -> None:
    write_marian(tmp_path)
    put(tmp_path, "vocab.json", {"</s>": 0, "a": 1})
    with pytest.raises(CheckpointError, match=r"vocab\.json"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("name", ["one", "two"])
def test_the_reading_side_has_the_sources_pieces(pairs, name: str) -> None:
    """What the encoder reads is spelled by the source's vocabulary, what is written is not."""
    ours, _ = next(pair for key, pair in pairs.items() if key.startswith(name))
    text = "the cat sat on the mat"
    ids = ours.encode(text)
    side = ours.reading_side
    assert b"".join(side.token_bytes(i) for i in ids).decode().strip() == text
    differs = any(side.piece(i) != ours.piece(i) for i in range(20))
    assert differs == (name == "two")
