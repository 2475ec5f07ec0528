"""The figures of `tfcli tokenizer info` and `compare`, against counts made by hand."""

from pathlib import Path

import pytest
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer, train_tokenizer
from tfcli_tokenizer.json_tokenizer import JsonTokenizer
from tfcli_tokenizer.measures import is_part, measure, measure_all, vocabulary
from tfcli_tokenizer.protocol import Tokenizer
from tfcli_tokenizer.samples import EXCERPT, SAMPLES
from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer
from tokenizers import Tokenizer as Engine
from tokenizers import models, pre_tokenizers, trainers


@pytest.fixture(scope="module")
def letters() -> Tokenizer:
    """A tokenizer of the characters of "abc 猫" and nothing else."""
    return SentencePieceTokenizer(
        train_tokenizer(["abc 猫\n" * 9], vocab_size=400, kind="char"), "letters"
    )


def test_counts_are_those_of_the_text(letters: Tokenizer) -> None:
    found = measure(letters, ["abc", " 猫龘龘\n", "é"])
    # 龘 has three bytes and é two, each a token; a line end is one whole character
    assert (found.bytes, found.characters, found.tokens) == (
        3 + 1 + 9 + 1 + 2,
        9,
        3 + 2 + 6 + 1 + 2,
    )
    assert found.byte_tokens == 8
    assert found.missing == (("龘", 2), ("é", 1))
    assert found.bytes_per_token == pytest.approx(16 / 14)
    assert found.byte_share == pytest.approx(8 / 14)
    assert found.coverage == pytest.approx(6 / 9)
    assert found.reads_back


def test_nothing_gives_no_figures(letters: Tokenizer) -> None:
    found = measure(letters, [""])
    assert (found.tokens, found.bytes_per_token, found.byte_share, found.coverage) == (0,) + (
        None,
    ) * 3


def test_several_at_once_are_as_one_by_one(letters: Tokenizer) -> None:
    others = [letters, load_tokenizer(default_tokenizer_path())]
    texts = [*SAMPLES.values(), EXCERPT]
    assert measure_all(others, iter(texts)) == [measure(each, texts) for each in others]


def test_an_unknown_word_is_not_covered_and_does_not_read_back(tmp_path: Path) -> None:
    engine = Engine(models.WordLevel({"cat": 0, "?": 1}, unk_token="?"))
    engine.pre_tokenizer = pre_tokenizers.Whitespace()
    engine.save(str(tmp_path / "tokenizer.json"))
    found = measure(load_tokenizer(tmp_path), ["cat dog"])
    assert not found.reads_back
    assert found.tokens == 2
    assert ("d", 1) in found.missing


def test_pieces_are_counted_by_what_they_hold(letters: Tokenizer) -> None:
    found = vocabulary(letters)
    # the characters: a b c 猫, the space, and what stands for a literal ▁
    assert (found.size, found.special, found.bytes, found.parts) == (266, 4, 256, 0)
    assert len(found.text) == 6
    assert dict(found.scripts) == {"Latin": 3, "Chinese": 1, "space": 1, "signs": 1}
    assert dict(found.lengths) == {1: 6}


def test_byte_level_pieces_can_be_parts_of_characters(tmp_path: Path) -> None:
    engine = Engine(models.BPE())
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=262, initial_alphabet=alphabet, show_progress=False)
    engine.train_from_iterator([" 猫猪", "猫猪 the"] * 9, trainer)
    from tokenizers import decoders

    engine.decoder = decoders.ByteLevel()
    engine.save(str(tmp_path / "tokenizer.json"))
    opened = JsonTokenizer(tmp_path / "tokenizer.json")
    found = vocabulary(opened)
    assert found.size == 262
    assert found.special + found.bytes + found.parts + len(found.text) == found.size
    assert (found.bytes, found.parts > 0) == (128, True)  # 128 of the bytes are ASCII characters
    ids = opened.encode("龘")
    assert [is_part(opened, i) for i in ids] == [True] * len(ids)


def test_the_samples_are_text_that_the_shipped_one_reads_back() -> None:
    shipped = load_tokenizer(default_tokenizer_path())
    for name, text in SAMPLES.items():
        found = measure(shipped, [text])
        assert found.reads_back, name
        assert found.bytes_per_token is not None
        assert (found.coverage or 0) > (0.95 if name != "mixed" else 0.3), name
