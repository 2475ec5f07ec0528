"""Tokenizers: lossless, deterministic, the same in every library that reads them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tfcli_tokenizer import load_tokenizer, train_tokenizer
from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer

from tfcli.errors import CheckpointError, DataError, NotFoundError, UsageError

TEXT = "The cat sat on the mat.\n猫坐在垫子上，看着月亮。\nNumbers 1234 and\ttabs   and 😀.\n" * 40
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
KINDS = {"bpe": 320, "char": 60_000, "unigram": 310, "word": 290}


@pytest.fixture(scope="module")
def models() -> dict[str, bytes]:
    return {
        k: train_tokenizer([TEXT], vocab_size=size, kind=k, exact=False)
        for k, size in KINDS.items()
    }


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=150, deadline=None)
@given(text=ANY_TEXT)
def test_any_text_reads_back(models: dict[str, bytes], kind: str, text: str) -> None:
    tokenizer = SentencePieceTokenizer(models[kind], kind)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    stream = tokenizer.stream()
    assert "".join(stream.push(i) for i in ids) + stream.flush() == text


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=150, deadline=None)
@given(text=ANY_TEXT)
def test_tokenizers_gives_the_same_ids(
    models: dict[str, bytes], kind: str, text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tokenizers import Tokenizer

    folder = tmp_path_factory.getbasetemp() / f"same-{kind}"
    tokenizer = SentencePieceTokenizer(models[kind], kind)
    if not folder.is_dir():
        folder.mkdir()
        tokenizer.save(folder)
    theirs = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = tokenizer.encode(text)
    assert theirs.encode(text).ids == ids
    assert theirs.decode(ids, skip_special_tokens=False) == text


def test_the_same_corpus_gives_the_same_bytes(models: dict[str, bytes]) -> None:
    assert (
        train_tokenizer([TEXT], vocab_size=KINDS["bpe"], kind="bpe", exact=False) == models["bpe"]
    )


def test_every_character_is_one_token_of_a_char_tokenizer(models: dict[str, bytes]) -> None:
    tokenizer = SentencePieceTokenizer(models["char"], "char")
    assert len(tokenizer.encode(TEXT)) == len(TEXT)


def test_errors_say_what_works(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        train_tokenizer(["hello world\n"], vocab_size=5000)
    largest = int(error.value.hint.split("--vocab-size ")[1].split(",")[0])  # pyright: ignore[reportOptionalMemberAccess]
    assert len(train_tokenizer(["hello world\n"], vocab_size=largest))
    with pytest.raises(DataError, match="empty"):
        train_tokenizer([], vocab_size=400)
    with pytest.raises(UsageError):
        train_tokenizer([TEXT], vocab_size=400, kind="syllable")
    with pytest.raises(NotFoundError):
        load_tokenizer(tmp_path)
    for name in ("tokenizer.model", "tokenizer.json"):
        path = tmp_path / name
        path.write_bytes(b"\x7fnonsense" * 99)
        with pytest.raises(CheckpointError, match=name):
            load_tokenizer(path)
