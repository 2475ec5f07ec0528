"""A prepared corpus: the right tokens on the right side, made once, the same by any way."""

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tfcli.data import split
from tfcli.data.batches import token_byte_lengths
from tfcli.data.dataset import cache_folder, prepare
from tfcli.errors import DataError, UsageError

END = 256


def stories(count, first=0):
    return [f"Story {n}: the cat saw {n * n} 只鸟.\n" for n in range(first, first + count)]


def write_jsonl(path, texts):
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    return path


def documents_in(shard):
    """The texts of a shard of bytes, and what follows the last end of text."""
    data = np.asarray(shard.tokens)
    ends = np.flatnonzero(data == END)
    pieces = np.split(data, ends + 1)
    return [bytes(piece[:-1].astype(np.uint8)).decode() for piece in pieces[:-1]], pieces[-1]


def test_documents_are_divided_and_end_with_the_end_token(tmp_path, tokenizer):
    texts = stories(2000)
    corpus = write_jsonl(tmp_path / "a.jsonl", texts)
    data = prepare([corpus], tokenizer, cache_dir=tmp_path / "cache")
    train, rest = documents_in(data.train)
    validation, other = documents_in(data.validation)
    assert len(rest) == len(other) == 0
    assert train == [text for text in texts if not split.is_held_out(text, 0, 0.05)]
    assert validation == [text for text in texts if split.is_held_out(text, 0, 0.05)]
    assert (data.train.documents, data.validation.documents) == (len(train), len(validation))
    assert data.train.bytes == sum(len(text.encode()) for text in train)
    assert data.train.characters == sum(map(len, train))
    assert data.split.startswith(f"{len(validation)} of 2,000 documents held out, ")
    assert data.train.tokens.dtype == np.uint16
    lengths = token_byte_lengths(tokenizer)
    assert lengths[data.validation.tokens].sum() == data.validation.bytes


def test_a_document_added_moves_no_other(tmp_path, tokenizer):
    few = write_jsonl(tmp_path / "a.jsonl", stories(500))
    more = write_jsonl(tmp_path / "b.jsonl", stories(500) + stories(300, 500))
    before = prepare([few], tokenizer, cache_dir=tmp_path, seed=5)
    after = prepare([more], tokenizer, cache_dir=tmp_path, seed=5)
    assert set(documents_in(before.train)[0]) <= set(documents_in(after.train)[0])
    assert set(documents_in(before.validation)[0]) <= set(documents_in(after.validation)[0])
    other = prepare([few], tokenizer, cache_dir=tmp_path, seed=6)
    assert set(documents_in(other.validation)[0]) != set(documents_in(before.validation)[0])


def test_one_document_gives_its_last_tenth(tmp_path, tokenizer):
    text = "".join(f"Line {n} of the play, 只猫.\n" for n in range(20_000))  # several parts
    corpus = tmp_path / "play.txt"
    corpus.write_text(text, encoding="utf-8")
    data = prepare([corpus], tokenizer, cache_dir=tmp_path / "cache")
    documents, head = documents_in(data.train)
    assert documents == []
    validation, rest = documents_in(data.validation)
    assert len(rest) == 0
    assert bytes(head.astype(np.uint8)).decode() + validation[0] == text
    assert validation[0].startswith("Line 18")
    assert (data.train.documents, data.validation.documents) == (1, 1)
    assert data.split.startswith("the last 10.0% of the text held out")
    fifth = prepare([corpus], tokenizer, cache_dir=tmp_path / "cache", validation_fraction=0.2)
    assert fifth.split.startswith("the last 20.0% of the text held out")


def test_the_second_time_nothing_is_tokenised(tmp_path, tokenizer):
    corpus = write_jsonl(tmp_path / "a.jsonl", stories(300))
    reports = []
    first = prepare(
        [corpus], tokenizer, cache_dir=tmp_path / "c", progress=lambda *r: reports.append(r)
    )
    total = first.train.bytes + first.validation.bytes
    assert reports[-1] == (total, total)
    assert not first.cached
    assert tokenizer.encoded == first.train.characters + first.validation.characters
    moved = corpus.rename(tmp_path / "renamed.jsonl")
    second = prepare([moved], tokenizer, cache_dir=tmp_path / "c")
    assert second.cached
    assert tokenizer.encoded == first.train.characters + first.validation.characters
    assert second.key == first.key
    assert (second.train.tokens == first.train.tokens).all()
    assert second.split == first.split


def test_what_is_different_is_tokenised_anew(tmp_path, tokenizer):
    corpus = write_jsonl(tmp_path / "a.jsonl", stories(300))
    keys = [prepare([corpus], tokenizer, cache_dir=tmp_path).key]
    keys += [prepare([corpus], tokenizer, cache_dir=tmp_path, seed=1).key]
    keys += [prepare([corpus], tokenizer, cache_dir=tmp_path, validation_fraction=0.3).key]
    keys += [prepare([corpus, corpus], tokenizer, cache_dir=tmp_path).key]
    same_bytes = tmp_path / "a.txt"
    same_bytes.write_bytes(corpus.read_bytes())
    keys += [prepare([same_bytes], tokenizer, cache_dir=tmp_path).key]
    write_jsonl(corpus, [*stories(299), "Another end."])
    keys += [prepare([corpus], tokenizer, cache_dir=tmp_path).key]
    tokenizer.fingerprint = "ab" * 32
    keys += [prepare([corpus], tokenizer, cache_dir=tmp_path).key]
    assert len(set(keys)) == len(keys)


def test_the_number_of_workers_changes_no_byte(tmp_path, tokenizer):
    lines = [f"{n}: " + "the cat 猫 " * (n % 400) + "\n" for n in range(3000)]
    corpus = write_jsonl(tmp_path / "a.jsonl", [*lines, "x\n" * 100_000])
    files = []
    for workers in (1, 4):
        place = tmp_path / str(workers)
        prepare([corpus], tokenizer, cache_dir=place, workers=workers)
        found = sorted(path for path in place.rglob("*") if path.is_file())
        files.append([(path.relative_to(place), path.read_bytes()) for path in found])
    assert files[0] == files[1]
    assert len(files[0]) == 2


def test_many_at_once_do_not_disturb_each_other(tmp_path, tokenizer):
    corpus = write_jsonl(tmp_path / "a.jsonl", stories(3000))

    def make(_):
        return prepare([corpus], tokenizer, cache_dir=tmp_path / "c", workers=1)

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(make, range(6)))
    assert all((result.train.tokens == results[0].train.tokens).all() for result in results)
    names = {path.name for path in (tmp_path / "c").rglob("*") if path.is_file()}
    assert names == {"train.tokens", "validation.tokens"}


def test_standard_input_is_cached_like_a_file(tmp_path, tokenizer, monkeypatch):
    results = []
    for _ in range(2):
        stream = io.TextIOWrapper(io.BytesIO("".join(stories(50)).encode()))
        monkeypatch.setattr(sys, "stdin", stream)
        results.append(prepare(["-"], tokenizer, cache_dir=tmp_path))
    assert [result.cached for result in results] == [False, True]
    assert not list(tmp_path.rglob("*.partial"))
    plain = tmp_path / "a.txt"
    plain.write_text("".join(stories(50)), encoding="utf-8")
    assert prepare([plain], tokenizer, cache_dir=tmp_path).cached


def test_a_large_vocabulary_takes_four_bytes(tmp_path, tokenizer):
    tokenizer.vocab_size = 70_000
    tokenizer.encode = lambda text: [69_999 - (ord(letter) % 7) for letter in text]
    corpus = write_jsonl(tmp_path / "a.jsonl", stories(300))
    data = prepare([corpus], tokenizer, cache_dir=tmp_path)
    assert data.train.tokens.dtype == np.uint32
    assert data.train.tokens.max() > 65_535


def test_a_corpus_that_is_too_small_says_what_it_has_and_what_it_needs(tmp_path, tokenizer):
    corpus = tmp_path / "a.txt"
    corpus.write_text("The cat sat on the mat.\n")
    data = prepare([corpus], tokenizer, cache_dir=tmp_path)
    data.require_context(20)
    numbers = "has 22 tokens for training and 3 for validation; a context of 22 needs at least 23"
    with pytest.raises(DataError, match=numbers):
        data.require_context(22)
    corpus.write_text("a")
    with pytest.raises(DataError, match="only one character"):
        prepare([corpus], tokenizer, cache_dir=tmp_path)


def test_arguments_are_checked(tmp_path, tokenizer):
    for wrong in ({"validation_fraction": 0.0}, {"validation_fraction": 0.9}, {"workers": 0}):
        with pytest.raises(UsageError):
            prepare([tmp_path], tokenizer, cache_dir=tmp_path, **wrong)
    tokenizer.eos_id = None
    with pytest.raises(UsageError, match="no end-of-text token"):
        prepare([tmp_path], tokenizer, cache_dir=tmp_path)


def test_the_cache_is_where_the_user_says(tmp_path, monkeypatch):
    monkeypatch.setenv("TFCLI_HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / "cache"
    monkeypatch.delenv("TFCLI_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if sys.platform.startswith("linux"):
        assert cache_folder() == tmp_path / "xdg" / "tfcli"
    assert "tfcli" in str(cache_folder())


def test_the_embedded_world_keeps_its_own_split(tmp_path, tokenizer, monkeypatch):
    from tfcli.data import world

    written = []

    def documents(seed):
        written.append(seed)
        for n in range(50):
            text = f"In world {seed} there are {n} cats.\n"
            yield world.WorldDocument(text, "validation" if n % 7 == 3 else "train")

    monkeypatch.setattr(world, "documents", documents)
    data = prepare(None, tokenizer, seed=2, cache_dir=tmp_path)
    expected = {"train": [], "validation": []}
    for document in documents(2):
        expected[document.split].append(document.text)
    assert documents_in(data.train)[0] == expected["train"]
    assert documents_in(data.validation)[0] == expected["validation"]
    assert data.split.startswith("7 documents held out that the corpus keeps apart")
    assert prepare(None, tokenizer, seed=2, cache_dir=tmp_path).cached
    assert written == [2, 2]  # once here, once to be tokenised: it takes seconds
    assert prepare(None, tokenizer, seed=3, cache_dir=tmp_path).key != data.key


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from tfcli_tokenizer import train_tokenizer

    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.model"
    path.write_bytes(train_tokenizer(stories(400), vocab_size=300))
    return path


@pytest.mark.parametrize("file", ["tokenizer.model", "tokenizer.json"])
def test_a_trained_tokenizer_gives_every_text_back(tmp_path, trained, file):
    from tfcli_tokenizer import load_tokenizer

    load_tokenizer(trained).save(tmp_path)
    texts = [f"{text}\t  é🐱<|im_end|>\r\n" for text in stories(400)]
    corpus = write_jsonl(tmp_path / "a.jsonl", texts)
    data = prepare([corpus], tmp_path / file, cache_dir=tmp_path / "c")
    tokenizer = load_tokenizer(tmp_path / file)
    lengths = token_byte_lengths(tokenizer)
    found = []
    for shard in (data.train, data.validation):
        ids = shard.tokens.tolist()
        assert ids[-1] == tokenizer.eos_id
        assert lengths[ids].sum() == shard.bytes
        text = tokenizer.decode(ids)
        assert len(text) - len("<|endoftext|>") * shard.documents == shard.characters
        found += text.split("<|endoftext|>")[:-1]
    assert sorted(found) == sorted(texts)
    assert data.tokenizer_fingerprint == tokenizer.fingerprint
