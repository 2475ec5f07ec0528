"""Tokenizers: lossless, deterministic, the same in every library that reads them."""

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer, train_tokenizer, training
from tfcli_tokenizer.json_tokenizer import JsonTokenizer
from tfcli_tokenizer.protobuf import read_pieces
from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer
from tfcli_tokenizer.streaming import Replace, Strip
from tfcli_tokenizer.training import SMALLEST_VOCABULARY

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


def mixed_lines(count: int) -> list[str]:
    """English, Chinese, emoji and code, in lines that are all different."""
    rng = random.Random(7)
    parts = [
        "The cat sat on the mat", "didn't it?", "Numbers 3.14 and 1,024", "naïve café", "  ",
        "猫坐在垫子上", "，看着月亮。", "龘靐齉", "“引号”", "１２３", "😀", "👩‍🚀", "🇫🇷", "e\u0301",
        "def f(x):", "    return x ** 2", "if a <= b: pass  # why", "<|im_start|>user", "\t",
        "<|im_end|>", "<unk>", "<0x41>", "▁", "\ufdd0", "\ufdd1a", "Привет", "한국어", "\u00a0",
        "\u200b", "\r", " ",
    ]  # fmt: skip
    return [f"{i} " + "".join(rng.choices(parts, k=rng.randrange(1, 12))) for i in range(count)]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_thousand_lines_have_the_same_ids_in_transformers(
    models: dict[str, bytes], kind: str, tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    tokenizer = SentencePieceTokenizer(models[kind], kind)
    tokenizer.save(tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    lines = mixed_lines(1000)
    ids = [tokenizer.encode(line) for line in lines]
    assert theirs(lines).input_ids == ids
    assert theirs.batch_decode(ids) == lines
    assert [tokenizer.decode(each) for each in ids] == lines
    whole = "\n".join(lines) * 3  # more than one portion
    assert theirs(whole).input_ids == tokenizer.encode(whole)
    assert (len(theirs), theirs.eos_token_id) == (tokenizer.vocab_size, tokenizer.eos_id)


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
@settings(max_examples=300, deadline=None)
@given(text=st.text("ab 0\n", max_size=60))
def test_repetitions_are_cut_alike(repetitive: dict[str, tuple], kind: str, text: str) -> None:
    """Where many cuts are equally good, every library takes the same."""
    ours, theirs = repetitive[kind]
    assert theirs.encode(text).ids == ours.encode(text)


@pytest.fixture(scope="module")
def repetitive() -> dict[str, tuple]:
    from tfcli_tokenizer.hugging_face import tokenizer_json
    from tokenizers import Tokenizer

    rng = random.Random(3)
    corpus = ["".join(rng.choices("ab 0\n", [5, 4, 2, 1, 1], k=40)) for _ in range(300)]
    pairs = {}
    for kind, size in (("bpe", 420), ("unigram", 330)):
        ours = SentencePieceTokenizer(
            train_tokenizer(corpus, vocab_size=size, kind=kind, exact=False), kind
        )
        pairs[kind] = (ours, Tokenizer.from_str(json.dumps(tokenizer_json(ours))))
    return pairs


def suggested(texts: list[str], kind: str, size: int) -> int:
    """The number that the error names; the size itself where there is no error."""
    try:
        return len(read_pieces(train_tokenizer(texts, vocab_size=size, kind=kind)))
    except DataError as error:
        assert error.hint is not None
        return int(re.findall(r"--vocab-size (\d+)", error.hint)[0])


@pytest.mark.parametrize("kind", ["bpe", "unigram", "word"])
@pytest.mark.parametrize(
    "text",
    [TEXT, "a", "0123\t四 五\t六\n<0x41> \u2585 x ▁\n" * 5],
    ids=["mixed", "letter", "odd"],
)
def test_the_sizes_that_errors_name_are_the_limits(text: str, kind: str) -> None:
    largest = suggested([text], kind, 10**9)
    assert suggested([text], kind, largest) == largest
    assert suggested([text], kind, largest + 1) == largest
    smallest = suggested([text], kind, 1)
    assert suggested([text], kind, smallest) == smallest
    assert suggested([text], kind, smallest - 1) == smallest
    assert SMALLEST_VOCABULARY <= smallest <= largest
    between = min(smallest + 2, largest)
    assert suggested([text], kind, between) == between


def test_errors_say_what_is_wrong(tmp_path: Path) -> None:
    for texts in ([], [""], ["\n\n", "  \n"], ["\0\0"]):
        with pytest.raises(DataError, match="empty"):
            train_tokenizer(texts, vocab_size=400)
    for wrong in ({"kind": "syllable"}, {"vocab_size": 0}, {"character_coverage": 0.5}):
        with pytest.raises(UsageError):
            train_tokenizer([TEXT], **({"vocab_size": 400} | wrong))
    with pytest.raises(NotFoundError):
        load_tokenizer(tmp_path)
    for name in ("tokenizer.model", "tokenizer.json"):
        path = tmp_path / name
        path.write_bytes(b"\x7fnonsense" * 99)
        with pytest.raises(CheckpointError, match=name):
            load_tokenizer(path)


def test_a_rare_character_is_left_to_bytes_unless_it_is_asked_for() -> None:
    texts = ["The cat sat on the mat.\n" * 200 + "猫\n"]
    found = {}
    for coverage in (None, 0.98, 1.0):
        model = train_tokenizer(
            texts, vocab_size=300, kind="bpe", exact=False, character_coverage=coverage
        )
        found[coverage] = any("猫" in piece.text for piece in read_pieces(model))
    assert found == {None: False, 0.98: False, 1.0: True}


def test_what_no_sentence_may_hold_loses_no_sentence() -> None:
    """NUL, half characters and U+2585 part sentences; SentencePiece would drop them whole."""
    model = train_tokenizer(["zebra\0yak\ud800xenon\u2585wolf\n" * 20], vocab_size=280)
    letters = {piece.text for piece in read_pieces(model)}
    assert set("zebrayakxenonwolf") <= letters


def test_a_sample_is_drawn_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "MOST_SENTENCES", 150)
    lines = [f"word{i} is line {i}\n" for i in range(300)]
    said: list[str] = []
    first = train_tokenizer(lines, vocab_size=290, say=said.append)
    assert said == ["The tokenizer learned from a sample of 150 of 300 lines."]
    assert train_tokenizer(lines, vocab_size=290) == first


def test_a_long_line_is_learned_from() -> None:
    text = "some words " * 2000 + "quixotic " * 2000  # the end of one line of 40,000 characters
    pieces = {p.text for p in read_pieces(train_tokenizer([text], vocab_size=320, exact=False))}
    assert "▁quixotic" in pieces


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(st.text("ab ", max_size=5), max_size=8), data=st.data())
def test_filters_do_not_depend_on_the_portions(parts: list[str], data: st.DataObject) -> None:
    whole = "".join(parts)
    before = data.draw(st.text("ab", min_size=1, max_size=3))
    start, stop = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))
    stripped = whole[min(start, len(whole) - len(whole.lstrip(" "))) :]
    stripped = stripped[: len(stripped) - min(stop, len(stripped) - len(stripped.rstrip(" ")))]
    for make, wanted in (
        (lambda: Replace(before, "X"), whole.replace(before, "X")),
        (lambda: Strip(" ", start, stop), stripped),
    ):
        each = make()
        pushed = "".join(each.push(part, final=False) for part in parts)
        assert pushed + each.push("", final=True) == wanted
        assert make().push(whole, final=True) == wanted


def test_a_run_holds_a_tokenizer_and_a_model_without_one_does_not(
    models: dict[str, bytes], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    for place in ("last", "best", "tokenizer"):  # each is found before those made earlier
        (run / place).mkdir(parents=True)
        kind = {"last": "char", "best": "word", "tokenizer": "bpe"}[place]
        (run / place / "tokenizer.model").write_bytes(models[kind])
        assert load_tokenizer(run).kind == kind
    (run / "config.json").write_text("{}")
    with pytest.raises(NotFoundError):
        load_tokenizer(run)


def test_a_foreign_model_gives_way_to_its_tokenizer_json(tmp_path: Path) -> None:
    """A foreign tokenizer.model lacks what was added later."""
    import io

    import sentencepiece

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT.splitlines()),
        model_writer=written,
        vocab_size=80,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (tmp_path / "tokenizer.model").write_bytes(written.getvalue())
    foreign = load_tokenizer(tmp_path)
    assert not foreign.lossless
    ids = foreign.encode("The cat sat")
    stream = foreign.stream()
    assert "".join(map(stream.push, ids)) + stream.flush() == foreign.decode(ids) == "The cat sat"
    saved = tmp_path / "saved"
    saved.mkdir()
    foreign.save(saved)
    assert (saved / "tokenizer.model").read_bytes() == written.getvalue()
    load_tokenizer(default_tokenizer_path()).save(saved)
    assert isinstance(load_tokenizer(saved), SentencePieceTokenizer)
    (saved / "tokenizer.model").write_bytes(written.getvalue())
    assert isinstance(load_tokenizer(saved), JsonTokenizer)
    assert isinstance(load_tokenizer(saved / "tokenizer.model"), SentencePieceTokenizer)


def test_half_a_character_is_refused(models: dict[str, bytes]) -> None:
    tokenizer = SentencePieceTokenizer(models["bpe"], "bpe")
    far = "猫 " * 40_000  # in a later portion
    with pytest.raises(DataError, match=r"character 80,000 .*U\+D800"):
        tokenizer.encode(far + "\ud800")
