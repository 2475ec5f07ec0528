"""The tokenizer in a GGUF file gives the ids of the tokenizer that the file was made from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
from gguf_files import write_gguf
from gguf_vocabularies import (
    CONTROL,
    KEY,
    NORMAL,
    UNKNOWN,
    UNUSED,
    USER_DEFINED,
    byte_level,
    of_sentencepiece,
    trained,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tfcli_tokenizer import load_tokenizer
from tfcli_tokenizer.gguf import GgufTokenizer, end_ids, read_tokenizer
from tfcli_tokenizer.gguf_splits import SPLITS
from tokenizers import Tokenizer, models, pre_tokenizers

from tfcli.errors import CheckpointError, DataError

SOURCE = Path("named.gguf")
SPECIAL = (("<s>", CONTROL), ("<|im_end|>", CONTROL), ("<think>", USER_DEFINED))
LINES = [
    "the cat sat on the mat and the dog sat on the log",
    "a cat is not a dog, and 12 dogs are not 21 cats;  two spaces here",
    "Ça va? La fée naïve était là. Die Bären über dem Fluß.",
    "那只猫坐在垫子上。小狗也坐着。",
] * 12
WORDS = st.sampled_from(
    [
        *("the", "cat", "dogs", "12", "é", "ö", "猫", "狗", "▁", "🙂", "a", "b", ",", ".", "'"),
        *("\n", "\t", "<0x0A>", "<", ">", "/", "½", "<h1>", "\x7f", "\u0301"),
    ]
)
TEXTS = st.lists(WORDS | st.sampled_from([" ", "  ", "   "]) | st.characters(codec="utf-8")).map(
    "".join
)
FEW = st.text(alphabet="aBs1 '/\n\t.+`é", max_size=30)
SAMPLE = "BaBa's 1111 +.+ `+ a/B\n\t a  é.é'\n\n/+11"
# What llama.cpp 2026-10 makes of SAMPLE with the vocabulary of `byte_level`.
PIECES = {
    "gpt-2": "Ba¦Ba¦'s¦ 11¦11¦ ¦+.+¦ `+¦ a¦/¦B¦\n\t¦ a¦ ¦ é¦.¦é¦'¦\n¦\n¦/+¦11",
    "smollm": "Ba¦Ba¦'s¦ ¦1¦1¦1¦1¦ ¦+.+¦ `+¦ a¦/¦B¦\n\t¦ a¦ ¦ é¦.¦é¦'¦\n¦\n¦/+¦1¦1",
    "dbrx": "Ba¦Ba¦'s¦ ¦111¦1¦ ¦+.+¦ `+¦ a¦/B¦\n¦\t¦ a¦ ¦ é¦.é¦'\n\n¦/+¦11",
    "llama-bpe": "Ba¦Ba¦'s¦ ¦111¦1¦ ¦+.+¦ `+¦ a¦/B¦\n¦\t¦ a¦ ¦ é¦.é¦'\n\n¦/+¦11",
    "qwen2": "Ba¦Ba¦'s¦ ¦1¦1¦1¦1¦ ¦+.+¦ `+¦ a¦/B¦\n¦\t¦ a¦ ¦ é¦.é¦'\n\n¦/+¦1¦1",
    "tekken": "Ba¦Ba¦'s¦ ¦1¦1¦1¦1¦ ¦+.+¦ `+¦ a¦/B¦\n¦\t¦ a¦ ¦ é¦.é¦'\n¦\n/¦+¦1¦1",
    "gpt-4o": "Ba¦Ba¦'s¦ ¦111¦1¦ ¦+.+¦ `+¦ a¦/B¦\n¦\t¦ a¦ ¦ é¦.é¦'\n¦\n/¦+¦11",
    "deepseek-coder": "Ba¦Ba¦'¦s¦ ¦1¦1¦1¦1¦ +¦.¦+ ¦`+¦ a¦/¦B¦\n¦\t¦ a¦ ¦ é¦.¦é¦'¦\n¦\n¦/¦+¦1¦1",
    "falcon": "Ba¦Ba¦'¦s¦ ¦111¦1¦ ¦+.+¦ ¦`+¦ a¦/¦B¦\n\t¦ a¦ ¦ é¦.¦é¦'¦\n\n¦/+¦11",
    "default": "Ba¦Ba¦'¦s¦ ¦111¦1¦ ¦+.+¦ `¦+¦ a¦/¦B¦\n\t¦ a¦ ¦ é¦.¦é¦'¦\n\n¦/+¦11",
}


def opened(metadata: dict[str, Any]) -> GgufTokenizer:
    tokenizer = read_tokenizer(metadata, SOURCE)
    assert tokenizer is not None
    return tokenizer


@pytest.fixture(scope="module")
def byte_levels() -> dict[str, GgufTokenizer]:
    """One for each kind of split, with a bos, an end of turn and a user's token."""
    return {split: opened(byte_level(split, *SPECIAL)) for split in PIECES}


@pytest.mark.parametrize("split", PIECES)
def test_a_text_is_split_as_llama_cpp_splits_it(byte_levels, split: str) -> None:
    tokenizer = byte_levels[split]
    pieces = [tokenizer.token_bytes(i).decode() for i in tokenizer.encode(SAMPLE)]
    assert pieces == PIECES[split].split("¦")


def test_the_sample_tells_every_kind_from_the_others() -> None:
    assert {SPLITS[name] for name in PIECES} == set(SPLITS.values())
    assert len(set(PIECES.values())) == len({split.expressions for split in SPLITS.values()})


@pytest.fixture(scope="module")
def references() -> dict[str, Tokenizer]:
    """GPT-2's split is in `tokenizers`; SmolLM takes every digit apart first."""
    byte = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = pre_tokenizers.Digits(individual_digits=True)
    made = {}
    for split, steps in (("gpt-2", [byte]), ("smollm", [digits, byte])):
        metadata = byte_level(split)
        ids = {token: i for i, token in enumerate(metadata[f"{KEY}tokens"])}
        merges = [tuple(merge.split(" ")) for merge in metadata[f"{KEY}merges"]]
        made[split] = Tokenizer(models.BPE(ids, merges))
        made[split].pre_tokenizer = pre_tokenizers.Sequence(steps)
    return made


@settings(max_examples=150, deadline=None)
@given(text=FEW)
def test_splits_that_the_library_has_itself(byte_levels, references, text: str) -> None:
    for split, engine in references.items():
        assert byte_levels[split].encode(text) == engine.encode(text).ids


@pytest.fixture(scope="module")
def of_transformers(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """The tokenizer that transformers makes of a GGUF file with such a vocabulary."""
    from transformers import AutoTokenizer

    made: dict[str, Any] = {}

    def read(split: str) -> Any:
        if split not in made:
            path = tmp_path_factory.mktemp("theirs") / "model.gguf"
            metadata = byte_level(split, *SPECIAL, add_bos_token=False)
            write_gguf(path, "llama", metadata, {"token_embd.weight": np.ones((4, 4), np.float32)})
            made[split] = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        return made[split]

    return read


@pytest.mark.parametrize("split", ["gpt-2", "dbrx", "llama-bpe", "qwen2", "tekken", "gpt-4o"])
@settings(max_examples=60, deadline=None)
@given(text=FEW | TEXTS)
@example(text="a<think>b<|im_end|>\n<s>")
def test_ids_are_those_of_transformers(byte_levels, of_transformers, split: str, text: str) -> None:
    theirs = of_transformers(split)
    assert byte_levels[split].encode(text) == theirs(text, add_special_tokens=False).input_ids


def test_a_word_that_is_a_piece_is_not_merged() -> None:
    """Llama 3's `ignore_merges`: the merges alone would not find the piece."""
    for split, ids in (("llama-bpe", 1), ("dbrx", 2)):
        assert len(opened(byte_level(split, ("cd", NORMAL))).encode("cd")) == ids


@pytest.mark.parametrize("split", PIECES)
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_a_byte_level_text_comes_back(byte_levels, split: str, text: str) -> None:
    tokenizer = byte_levels[split]
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    stream = tokenizer.stream()
    assert "".join(map(stream.push, ids)) + stream.flush() == text


PREFIXED, GEMMA = "llama", "gemma"
DEFINED = ["▁▁", "▁▁▁", "\n", "\t", "<h1>"]


@pytest.fixture(scope="module")
def pairs() -> dict[str, tuple[sentencepiece.SentencePieceProcessor, GgufTokenizer]]:
    """A SentencePiece model and what is made of its metadata: as Llama 2's and as Gemma's."""
    llama = trained(LINES, vocab_size=440)
    gemma = trained(LINES, vocab_size=440, add_dummy_prefix=False, user_defined_symbols=DEFINED)
    return {
        PREFIXED: (
            sentencepiece.SentencePieceProcessor(model_proto=llama),
            opened(of_sentencepiece(llama)),
        ),
        GEMMA: (
            sentencepiece.SentencePieceProcessor(model_proto=gemma),
            opened(of_sentencepiece(gemma, DEFINED, add_space_prefix=False)),
        ),
    }


@pytest.mark.parametrize("kind", [PREFIXED, GEMMA])
@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
@example(text="  two  spaces")
@example(text="▁the▁cat")
@example(text="a▁▁ the  \n ▁▁▁▁")
def test_ids_are_those_of_sentencepiece(pairs, kind: str, text: str) -> None:
    model, tokenizer = pairs[kind]
    if kind == PREFIXED:  # SentencePiece reads no control token in a text; here they are read
        text = text.replace("<", "")
    ids = model.encode(text)
    assert tokenizer.encode(text) == ids
    stream = tokenizer.stream()
    assert "".join(map(stream.push, ids)) + stream.flush() == tokenizer.decode(ids)
    assert tokenizer.decode(ids) == text.replace("▁", " ")


def test_the_order_of_merges_is_the_scores() -> None:
    model = trained(LINES, vocab_size=440)
    metadata = of_sentencepiece(model)
    turned = metadata | {f"{KEY}scores": tuple(-each for each in metadata[f"{KEY}scores"])}
    texts = LINES[:4]
    right = sentencepiece.SentencePieceProcessor(model_proto=model).encode(texts)
    assert opened(metadata).encode_batch(texts) == right
    assert opened(turned).encode_batch(texts) != right
    # Some converters write one score for all pieces: their ids are then in the order of merging.
    level = metadata | {f"{KEY}scores": (-1000.0,) * 440}
    assert opened(level).encode_batch(texts) == right


def test_without_bytes_there_are_unknown_characters() -> None:
    """As in SentencePiece, several of them in a row are one."""
    model = trained(LINES, vocab_size=150, byte_fallback=False)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    tokenizer = opened(of_sentencepiece(model))
    for text in ("the 🙂🙂 cat", "🙂the", "狗🙂🙃"):
        assert tokenizer.encode(text) == processor.encode(text)
        assert 0 in tokenizer.encode(text)


@pytest.mark.parametrize("kind", [UNKNOWN, CONTROL, UNUSED])
def test_only_normal_pieces_are_merged(kind: int) -> None:
    metadata = of_sentencepiece(trained(LINES, vocab_size=440))
    tokens, types = metadata[f"{KEY}tokens"], list(metadata[f"{KEY}token_type"])
    the = tokens.index("▁the")
    assert opened(metadata).encode("the") == [the]
    types[the] = kind
    assert the not in opened(metadata | {f"{KEY}token_type": tuple(types)}).encode("the")


def test_special_tokens_are_read_in_a_text(byte_levels, pairs) -> None:
    tokenizer = byte_levels["qwen2"]
    names = [tokenizer.piece(i) for i in tokenizer.encode("<s>a<think> 1<|im_end|>")]
    assert names == ["<s>", "a", "<think>", "Ġ", "1", "<|im_end|>"]
    assert set(tokenizer.special_tokens) == {"<s>", "<|im_end|>"}
    llama = pairs[PREFIXED][1]
    names = [llama.piece(i) for i in llama.encode("<s>the</s>the")]
    assert names == ["<s>", "▁the", "</s>", "▁the"]
    assert set(llama.special_tokens) == {"<unk>", "<s>", "</s>"}


@pytest.mark.parametrize(
    ("split", "keys", "ends"),
    [
        ("qwen2", {}, (False, False)),
        ("llama-bpe", {}, (True, False)),
        ("llama-bpe", {"add_bos_token": False}, (False, False)),
        ("tekken", {"add_eos_token": True}, (True, True)),
        ("default", {"add_bos_token": True}, (True, False)),
        ("default", {"add_bos_token": True, "bos_token_id": 10**6}, (False, False)),
    ],
)
def test_what_goes_around_a_text(split: str, keys: dict, ends: tuple[bool, bool]) -> None:
    size = len(byte_level(split)[f"{KEY}tokens"])
    roles = {"bos_token_id": size, "eos_token_id": size + 1}
    tokenizer = opened(byte_level(split, *SPECIAL, **{**roles, **keys}))
    bos, eos = [size] * ends[0], [size + 1] * ends[1]
    assert tokenizer.encode("a", add_special_tokens=True) == [*bos, *tokenizer.encode("a"), *eos]
    assert tokenizer.encode("", add_special_tokens=True) == [*bos, *eos]
    assert tokenizer.bos_id == (None if keys.get("bos_token_id") else size)
    assert tokenizer.eos_id == size + 1


def test_roles_of_a_sentencepiece_vocabulary() -> None:
    metadata = of_sentencepiece(trained(LINES, vocab_size=400))
    tokenizer = opened(metadata)
    assert (tokenizer.unk_id, tokenizer.bos_id, tokenizer.eos_id) == (0, 1, 2)
    assert (tokenizer.pad_id, tokenizer.mask_id) == (None, None)
    assert tokenizer.encode("", add_special_tokens=True) == [1]
    assert (tokenizer.kind, tokenizer.vocab_size, tokenizer.source) == ("bpe", 400, SOURCE)
    given = opened(metadata | {f"{KEY}eos_token_id": 7, f"{KEY}padding_token_id": 5})
    assert (given.eos_id, given.pad_id) == (7, 5)
    assert given.fingerprint == tokenizer.fingerprint
    fewer = {
        key: value[:-1] if isinstance(value, tuple) else value for key, value in metadata.items()
    }
    assert opened(fewer).fingerprint != tokenizer.fingerprint


def test_an_end_of_turn_is_special_whatever_its_type() -> None:
    metadata = byte_level("qwen2", ("<|im_end|>", NORMAL), ("x<|im_end|>", UNKNOWN))
    tokenizer = opened(metadata)
    size = len(metadata[f"{KEY}tokens"])
    assert tokenizer.encode("a<|im_end|>")[1:] == [size - 2]
    assert end_ids(metadata) == (size - 2,)
    assert end_ids({}) == ()


@pytest.mark.parametrize("kind", ["bytes", PREFIXED, GEMMA])
def test_what_is_saved_opens_as_the_same(byte_levels, pairs, tmp_path: Path, kind: str) -> None:
    from transformers import AutoTokenizer

    tokenizer = byte_levels["smollm"] if kind == "bytes" else pairs[kind][1]
    tokenizer.save(tmp_path)
    ours, theirs = load_tokenizer(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    for text in [*LINES[:4], "  1234  the\n<s>cat</s> <h1>", "a<think>b"]:
        for special in (False, True):
            ids = tokenizer.encode(text, special)
            assert ours.encode(text, special) == ids
            assert theirs(text, add_special_tokens=special).input_ids == ids
        assert ours.decode(ids) == theirs.decode(ids) == tokenizer.decode(ids)
    for role in ("bos_id", "eos_id", "unk_id", "vocab_size", "special_tokens", "fingerprint"):
        assert getattr(ours, role) == getattr(tokenizer, role), role


def test_merges_without_a_piece_are_left_out() -> None:
    metadata = byte_level("qwen2")
    odd = ("a q", "q a", "noSpace", "", " ", "aB aB")
    more = metadata | {f"{KEY}merges": odd + metadata[f"{KEY}merges"]}
    assert opened(more).encode(SAMPLE) == opened(metadata).encode(SAMPLE)


def test_what_a_file_does_not_say() -> None:
    unnamed = byte_level("") | {f"{KEY}pre": ""}
    assert opened(unnamed).encode(SAMPLE) == opened(byte_level("default")).encode(SAMPLE)
    metadata = of_sentencepiece(trained(LINES, vocab_size=440, add_dummy_prefix=False))
    gemma = opened(metadata | {"general.architecture": "gemma3"})
    assert gemma.encode("the") != opened(metadata).encode("the")
    assert gemma.decode(gemma.encode(" the")) == " the"


def test_a_file_without_a_tokenizer() -> None:
    for kind in ("none", "no_vocab"):
        assert read_tokenizer({f"{KEY}model": kind}, SOURCE) is None
    assert read_tokenizer({}, SOURCE) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "rwkv"}, "“rwkv”, which is not supported"),
        ({"model": 5}, "“5”, which is not supported"),
        ({"pre": "unheard-of"}, "“unheard-of”, is not supported"),
        ({"pre": 7}, "“7”, is not supported"),
        ({"tokens": ()}, "no tokens"),
        ({"tokens": "abc"}, "“tokenizer.ggml.tokens” holds other things"),
        ({"tokens": ("a", 5)}, "“tokenizer.ggml.tokens” holds other things"),
        ({"tokens": ("a", "b", "a")}, "“a” is there twice"),
        ({"tokens": ("a", "b")}, "2 tokens and 3,196 types"),
        ({"token_type": ("x",)}, "“tokenizer.ggml.token_type” holds other things"),
        ({"merges": (5,)}, "“tokenizer.ggml.merges” holds other things"),
        ({"add_bos_token": "yes"}, "“tokenizer.ggml.add_bos_token” is not true or false"),
        ({"model": "llama"}, "3,196 tokens and 0 scores"),
        ({"model": "llama", "scores": ("a",)}, "“tokenizer.ggml.scores” holds other things"),
    ],
)
def test_a_tokenizer_that_cannot_be_used(changes: dict, words: str) -> None:
    metadata = byte_level("qwen2") | {KEY + key: value for key, value in changes.items()}
    with pytest.raises(CheckpointError) as error:
        read_tokenizer(metadata, SOURCE)
    assert error.value.message.startswith("named.gguf ")
    assert words in error.value.message


def test_an_empty_token_keeps_its_id() -> None:
    metadata = byte_level("qwen2", ("", UNUSED), ("", UNUSED), ("<s>", CONTROL))
    tokenizer = opened(metadata)
    assert tokenizer.encode("<s>") == [len(metadata[f"{KEY}tokens"]) - 1]


def test_half_a_character_is_refused(byte_levels, pairs) -> None:
    for tokenizer in (byte_levels["qwen2"], pairs[PREFIXED][1]):
        with pytest.raises(DataError, match=r"character 2 .*U\+D800"):
            tokenizer.encode("ab\ud800")
