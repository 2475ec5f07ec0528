"""tokenizer.json files, ours and foreign ones: ids, text and stream as `tokenizers` has them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tfcli_tokenizer.json_tokenizer import JsonTokenizer
from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from tfcli.errors import CheckpointError, DataError, UsageError

CORPUS = [
    "The cat sat on the mat, didn't it?",
    "猫坐在垫子上，看着月亮。",
    "x = 12 + 345  # é 😀",
] * 9
SPECIAL = ["<|endoftext|>", "[UNK]"]
ATOMS = [
    "The",
    " cat",
    "sat",
    "  ",
    " ",
    "\n",
    "\t",
    "猫",
    "龘",
    "😀",
    "é",
    "12",
    "▁",
    "<0x41>",
    "Ġ",
]
TEXTS = st.lists(
    st.sampled_from([*ATOMS, *SPECIAL])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    max_size=9,
).map("".join)


def byte_level(prefix: bool) -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=340, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(CORPUS, trainer)
    return made


def metaspace(scheme: Any) -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    made.decoder = decoders.Metaspace(prepend_scheme=scheme)
    trainer = trainers.UnigramTrainer(
        vocab_size=120, special_tokens=SPECIAL, unk_token="[UNK]", show_progress=False
    )
    made.train_from_iterator(CORPUS, trainer)
    return made


def llama(strip: bool) -> Tokenizer:
    """Spaces as ▁ by a normalizer, bytes for what is not known, as Llama 2 and Gemma have it."""
    letters = sorted(set("".join(CORPUS)) - {" "})
    vocabulary = [*SPECIAL, *(f"<0x{i:02X}>" for i in range(256)), "▁", *letters, "th", "▁c"]
    merges = [("t", "h"), ("▁", "c")]
    made = Tokenizer(
        models.BPE(
            {piece: i for i, piece in enumerate(vocabulary)},
            merges,
            unk_token="[UNK]",
            byte_fallback=True,
        )
    )
    steps: list[Any] = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    if strip:
        made.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        )
        steps.append(decoders.Strip(" ", 1, 0))
    else:
        made.normalizer = normalizers.Replace(" ", "▁")
    made.decoder = decoders.Sequence(steps)
    made.add_special_tokens(SPECIAL)
    return made


def word_piece() -> Tokenizer:
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=120, special_tokens=SPECIAL, show_progress=False)
    made.train_from_iterator(CORPUS, trainer)
    return made


def suffix() -> Tokenizer:
    made = Tokenizer(models.BPE(unk_token="[UNK]", end_of_word_suffix="</w>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.decoder = decoders.BPEDecoder("</w>")
    trainer = trainers.BpeTrainer(
        vocab_size=150, special_tokens=SPECIAL, end_of_word_suffix="</w>", show_progress=False
    )
    made.train_from_iterator(CORPUS, trainer)
    return made


def bare() -> Tokenizer:
    """Without a decoder, pieces are joined by spaces."""
    made = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.train_from_iterator(
        CORPUS, trainers.WordLevelTrainer(special_tokens=SPECIAL, show_progress=False)
    )
    return made


FOREIGN: dict[str, Callable[[], Tokenizer]] = {
    "byte-level": lambda: byte_level(prefix=False),
    "byte-level-prefix": lambda: byte_level(prefix=True),
    "metaspace": lambda: metaspace("always"),
    "metaspace-never": lambda: metaspace("never"),
    "metaspace-first": lambda: metaspace("first"),
    "llama": lambda: llama(strip=True),
    "gemma": lambda: llama(strip=False),
    "word-piece": word_piece,
    "suffix": suffix,
    "bare": bare,
}


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Tokenizer, JsonTokenizer]]:
    folder = tmp_path_factory.mktemp("foreign")
    pairs = {}
    for name, make in FOREIGN.items():
        made = make()
        path = folder / f"{name}.json"
        made.save(str(path))
        pairs[name] = (made, JsonTokenizer(path))
    return pairs


def streamed(tokenizer: Any, ids: list[int]) -> str:
    stream = tokenizer.stream()
    return "".join(stream.push(i) for i in ids) + stream.flush()


@pytest.mark.parametrize("name", sorted(FOREIGN))
@settings(max_examples=80, deadline=None)
@given(text=TEXTS)
def test_a_foreign_one_is_as_the_library_has_it(foreign, name: str, text: str) -> None:
    theirs, ours = foreign[name]
    ids = theirs.encode(text, add_special_tokens=False).ids
    assert ours.encode(text) == ids
    assert ours.encode_batch([text, text]) == [ids, ids]
    written = theirs.decode(ids, skip_special_tokens=False)
    assert ours.decode(ids) == written
    assert streamed(ours, ids) == written
    skipped = theirs.decode(ids, skip_special_tokens=True)
    assert ours.decode(ids, skip_special_tokens=True) == skipped


@pytest.mark.parametrize("name", ["byte-level", "gemma"])
@settings(max_examples=80, deadline=None)
@given(text=TEXTS)
def test_a_foreign_one_with_bytes_reads_back(foreign, name: str, text: str) -> None:
    ours = foreign[name][1]
    if name != "byte-level":
        text = text.replace("▁", "").replace("<0x", "<")
    assert streamed(ours, ours.encode(text)) == text
    ids = ours.encode(text)
    if name == "byte-level":
        assert b"".join(ours.token_bytes(i) for i in ids) == text.encode()


@pytest.mark.parametrize("name", sorted(FOREIGN))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_ids_stream_as_they_decode(foreign, name: str, data: st.DataObject) -> None:
    ours = foreign[name][1]
    ids = data.draw(st.lists(st.integers(0, ours.vocab_size - 1), max_size=12))
    written = ours.decode(ids)
    # A library gives up all bytes of a run where one fits nowhere, also those shown long ago.
    assert streamed(ours, ids) == written or (name in ("llama", "gemma") and "\ufffd" in written)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[SentencePieceTokenizer, JsonTokenizer]:
    """The shipped tokenizer, and its tokenizer.json with nothing beside it."""
    tokenizer = load_tokenizer(default_tokenizer_path())
    assert isinstance(tokenizer, SentencePieceTokenizer)
    folder = tmp_path_factory.mktemp("alone")
    tokenizer.save(folder)
    for name in ("tokenizer.model", "tokenizer_config.json"):
        (folder / name).unlink()
    opened = load_tokenizer(folder)
    assert isinstance(opened, JsonTokenizer)
    return tokenizer, opened


OURS = st.lists(
    st.sampled_from([*ATOMS, "<|im_start|>", "<unk>", "\ufdd0", "\ufdd1", "\ufdd1a", "\ufdd1b"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    max_size=12,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(text=OURS)
def test_ours_alone_is_lossless(alone, text: str) -> None:
    model, definition = alone
    ids = definition.encode(text)
    assert ids == model.encode(text)
    assert definition.decode(ids) == text
    assert streamed(definition, ids) == text
    assert [definition.token_bytes(i) for i in ids] == [model.token_bytes(i) for i in ids]


@settings(max_examples=100, deadline=None)
@given(text=OURS.filter(bool))
def test_only_whole_characters_are_streamed(alone, text: str) -> None:
    for tokenizer in alone:
        stream = tokenizer.stream()
        shown = ""
        for token in tokenizer.encode(text):
            shown += stream.push(token)
            assert text.startswith(shown)
        assert shown + stream.flush() == text


def test_ours_alone_has_the_same_roles_and_pieces(alone) -> None:
    model, definition = alone
    for name in (
        "vocab_size",
        "special_tokens",
        "bos_id",
        "eos_id",
        "pad_id",
        "unk_id",
        "kind",
        "lossless",
    ):
        assert getattr(definition, name) == getattr(model, name), name
    every = range(model.vocab_size)
    assert [definition.token_bytes(i) for i in every] == [model.token_bytes(i) for i in every]


def test_without_its_rules_it_would_not_be_lossless(alone, tmp_path: Path) -> None:
    """What the tests above prove is due to the escapes in the file."""
    definition = json.loads(alone[1].definition)
    definition["decoder"]["decoders"] = definition["decoder"]["decoders"][:3]
    (tmp_path / "tokenizer.json").write_text(json.dumps(definition), encoding="utf-8")
    changed = JsonTokenizer(tmp_path / "tokenizer.json")
    assert changed.decode(changed.encode("a ▁")) != "a ▁"
    assert not changed.lossless


def test_what_is_saved_again_is_the_same(alone, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    definition = alone[1]
    definition.save(tmp_path)
    again = load_tokenizer(tmp_path)
    assert again.fingerprint == definition.fingerprint
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    assert theirs.eos_token == "<|endoftext|>"
    assert theirs("a ▁ 猫").input_ids == definition.encode("a ▁ 猫")


def changed(path: Path, made: Tokenizer, change: Callable[[dict[str, Any]], object]) -> Path:
    definition = json.loads(made.to_str())
    change(definition)
    path.write_text(json.dumps(definition), encoding="utf-8")
    return path


def test_what_a_file_cuts_or_fills_up_is_not_cut(tmp_path: Path) -> None:
    made = byte_level(prefix=False)
    made.enable_truncation(3)
    made.enable_padding(length=50)
    made.save(str(tmp_path / "tokenizer.json"))
    opened = load_tokenizer(tmp_path)
    text = "The cat sat on the mat."
    assert opened.decode(opened.encode(text)) == text


def test_ids_with_gaps(tmp_path: Path) -> None:
    made = bare()
    path = changed(
        tmp_path / "tokenizer.json", made, lambda d: d["model"]["vocab"].update({"sparse": 5000})
    )
    opened = JsonTokenizer(path)
    assert opened.vocab_size == 5001
    assert opened.encode("sparse") == [5000]
    assert (opened.piece(4000), opened.token_bytes(5000)) == ("", b" sparse")
    for outside in (-1, 5001):
        with pytest.raises(UsageError, match="vocabulary"):
            opened.decode([outside])


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["model"]["vocab"].update({"far": 2**31}),
        lambda d: d.update(decoder={"type": "CTC", "pad_token": "p", "word_delimiter_token": "|"}),
        lambda d: d.update(decoder={"type": "Nonsense"}),
        lambda d: d["model"].update(vocab={}) or d.update(added_tokens=[]),
        lambda d: d.pop("model"),
    ],
    ids=["id", "ctc", "decoder", "empty", "model"],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, change) -> None:
    with pytest.raises(CheckpointError, match=r"named\.json"):
        JsonTokenizer(changed(tmp_path / "named.json", bare(), change))


def test_half_a_character_is_refused(foreign, alone) -> None:
    for tokenizer in (foreign["byte-level"][1], *alone):
        with pytest.raises(DataError, match=r"character 2 .*U\+D800"):
            tokenizer.encode("ab\ud800")
        with pytest.raises(DataError, match="half a character"):
            tokenizer.encode_batch(["ab", "\udfff"])


def test_a_text_without_ids_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    Tokenizer(models.Unigram([("a", -1.0)], None, False)).save(str(path))
    with pytest.raises(DataError, match=r"tokenizer\.json cannot encode"):
        JsonTokenizer(path).encode("ab")
