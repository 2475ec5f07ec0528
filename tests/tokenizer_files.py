"""Small tokenizers in every format that models come with, and what is asked of each."""

import base64
import io
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import sentencepiece
from hypothesis import strategies as st
from tfcli_tokenizer import Tokenizer
from tfcli_tokenizer.decoding import byte_level_alphabet
from tokenizers import Regex, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as Engine

LINES = (
    "The cat sat on the mat, didn't it?",
    "猫坐在垫子上，看着月亮。",
    "x = 12 + 345  # é 😀",
    "Hello, world! the cats aren't there .",
    "naïve café ÀÉ the end of the house",
    "\ttabs\tand   spaces  ",
    "abc abcd aaaa aaab, a cat and a cat",
) * 9

_PARTS = (
    *("The", " cat", "sat", " ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", "猫", "龘", "😀", "👩‍🚀"),
    *(
        "é",
        "e\u0301",
        "ﬁ",
        "①",
        "Ａ",
        "ÀÉ",
        "\u00a0",
        "\u3000",
        "\u200b",
        "12",
        "345",
        "aaaa",
        "ab",
    ),
    *("don't", " n't", "'s", " .", "!", "▁", "▁▁", "Ġ", "<0x41>", "house", ">>", "<<"),
)
_TOKENS = (
    *("<s>", "</s>", "<unk>", "<pad>", "<mask>", "<bos>", "<eos>", "<|endoftext|>"),
    *("<|im_start|>", "<|im_end|>", "<new>", "<tool>", "[CLS]", "[SEP]", "[MASK]", "[PAD]"),
    *("<extra_id_0>", "<extra_id_9>", "[gMASK]", "<sop>", "sop", "<|user|>", ">>fra<<"),
)
TEXTS = st.lists(
    st.sampled_from(_PARTS)
    | st.sampled_from(_TOKENS)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    max_size=9,
).map("".join)


def assert_same(ours: Tokenizer, theirs: Any, text: str) -> None:
    """The ids of a text, what they read as, and what streams, are as `transformers` has them."""
    for special in (False, True):
        ids = theirs.encode(text, add_special_tokens=special)
        assert ours.encode(text, add_special_tokens=special) == ids
        for skip in (False, True):
            assert ours.decode(ids, skip) == theirs.decode(ids, skip_special_tokens=skip)
        assert streamed(ours, ids) == ours.decode(ids)


def assert_same_roles(ours: Tokenizer, theirs: Any) -> None:
    """The roles and the number of ids are as `transformers` has them."""
    for role in ("bos", "eos", "pad", "unk", "mask"):
        assert getattr(ours, f"{role}_id") == getattr(theirs, f"{role}_token_id"), role
    assert ours.vocab_size == 1 + max(theirs.get_vocab().values())


def streamed(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """What a stream shows in all."""
    stream = tokenizer.stream()
    return "".join(map(stream.push, ids)) + stream.flush()


def put(folder: Path, name: str, value: object) -> None:
    """Write a JSON file."""
    (folder / name).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def added(content: str, **flags: bool) -> dict[str, Any]:
    """An added token as tokenizer_config.json has it; special, where nothing else is said."""
    names = ("lstrip", "rstrip", "single_word", "normalized")
    return {"content": content, **dict.fromkeys(names, False), "special": True} | flags


@cache
def merged(*first: str, words: str | None = None) -> tuple[dict[str, int], list[list[str]]]:
    """A byte-level BPE: pieces with their ids, these tokens first, and merges."""
    engine = Engine(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=words is None)
    cuts = [pre_tokenizers.Split(Regex(words), "isolated")] if words else []
    engine.pre_tokenizer = pre_tokenizers.Sequence([*cuts, byte_level])
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=list(first),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    engine.train_from_iterator(LINES, trainer)
    model = json.loads(engine.to_str())["model"]
    return model["vocab"], model["merges"]


def write_merges(folder: Path, *first: str) -> None:
    """vocab.json and merges.txt."""
    vocabulary, merges = merged(*first)
    put(folder, "vocab.json", vocabulary)
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


@cache
def _words() -> str:
    engine = Engine(models.WordPiece(unk_token="[UNK]"))
    engine.normalizer = normalizers.BertNormalizer()
    engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=120, special_tokens=special, show_progress=False)
    engine.train_from_iterator(LINES, trainer)
    ids = engine.get_vocab()
    return "".join(f"{piece}\n" for piece in sorted(ids, key=ids.__getitem__))


def write_words(folder: Path) -> None:
    """vocab.txt."""
    (folder / "vocab.txt").write_text(_words(), encoding="utf-8")


@cache
def sentencepiece_model(kind: str = "bpe", **options: Any) -> bytes:
    """A SentencePiece model."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=written,
        model_type=kind,
        vocab_size=380 if options.get("byte_fallback") else 130,
        hard_vocab_limit=False,
        minloglevel=2,
        **{"character_coverage": 0.98} | options,
    )
    return written.getvalue()


def pieces_of(model: bytes) -> list[str]:
    """The pieces of a SentencePiece model, by id."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


def write_marian(folder: Path, *codes: str, separate: bool = False) -> None:
    """source.spm, target.spm, vocab.json, and target_vocab.json where they are separate.

    Some pieces of the models are left out of the vocabularies, as Marian's are.
    """
    source, target = sentencepiece_model("unigram"), sentencepiece_model("bpe")
    (folder / "source.spm").write_bytes(source)
    (folder / "target.spm").write_bytes(target)
    special = ("</s>", "<unk>", "<s>")
    known = [
        [piece for piece in pieces_of(model) if piece not in special][:-5]
        for model in (source, target)
    ]
    sides = known if separate else [list(dict.fromkeys(known[0] + known[1]))]
    for name, side in zip(("vocab.json", "target_vocab.json"), sides, strict=False):
        pieces = ["</s>", "<unk>", *codes, *side, "<pad>"]
        put(folder, name, {piece: i for i, piece in enumerate(pieces)})


def write_ranks(folder: Path, words: str) -> dict[bytes, int]:
    """tokenizer.model with tiktoken ranks."""
    letters = byte_level_alphabet()
    ids, _ = merged(words=words)
    ranks = {bytes(letters[letter] for letter in piece): i for piece, i in ids.items()}
    lines = (base64.b64encode(piece) + b" %d\n" % i for piece, i in ranks.items())
    (folder / "tokenizer.model").write_bytes(b"".join(lines))
    return ranks
