"""ChatGLM2's and 3's SentencePiece models, and GLM-4's tiktoken ranks.

Their authors' code is no part of `transformers`; what it does is said here in a few lines.
"""

import itertools
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tfcli_tokenizer import Tokenizer, load_tokenizer
from tfcli_tokenizer.chatglm import ChatGlmTokenizer
from tokenizer_files import (
    TEXTS,
    added,
    put,
    sentencepiece_model,
    streamed,
    write_ranks,
)

CHATGLM_TOKENS = (
    *("[MASK]", "[gMASK]", "[sMASK]", "sop", "eop"),
    *("<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"),
)
GLM4_TOKENS = (
    *("<|endoftext|>", "[MASK]", "[gMASK]", "[sMASK]", "<sop>", "<eop>"),
    *("<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"),
    *("<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>"),
)
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
FEW = st.text("ab c'\n1猫", max_size=40)


@pytest.fixture(scope="module")
def chatglm(tmp_path_factory: pytest.TempPathFactory) -> ChatGlmTokenizer:
    folder = tmp_path_factory.mktemp("chatglm3")
    (folder / "tokenizer.model").write_bytes(sentencepiece_model(byte_fallback=True))
    put(folder, "config.json", {"model_type": "chatglm"})
    tokenizer = load_tokenizer(folder)
    assert isinstance(tokenizer, ChatGlmTokenizer)
    return tokenizer


@pytest.fixture(scope="module")
def processor() -> Any:
    model = sentencepiece_model(byte_fallback=True)
    return sentencepiece.SentencePieceProcessor(model_proto=model)


def test_special_tokens_follow_the_pieces(chatglm: ChatGlmTokenizer, processor) -> None:
    first = processor.get_piece_size()
    assert chatglm.special_tokens == {name: first + i for i, name in enumerate(CHATGLM_TOKENS)}
    assert chatglm.vocab_size == first + len(CHATGLM_TOKENS)
    assert chatglm.eos_id == processor.eos_id()
    assert chatglm.pad_id == chatglm.unk_id == processor.unk_id()


@settings(max_examples=150, deadline=None)
@given(parts=st.lists(TEXTS | st.sampled_from(CHATGLM_TOKENS), max_size=6))
@example(parts=["[gMASK]", "sop", "<|user|>", "\n sop it", "[gMASK]", "eop", "<|assistant|>"])
def test_a_text_is_cut_at_special_tokens(chatglm, processor, parts: list[str]) -> None:
    """Those that look like words are tokens in one place only."""
    text = "".join(parts)
    ids = chatglm.special_tokens
    expected: list[int] = []
    plain = ""

    def flush() -> list[int]:
        return processor.encode(plain) if plain else []

    at = 0
    while at < len(text):
        token = next((t for t in ids if t[0] in "[<" and text.startswith(t, at)), None)
        if text.startswith("sop", at) and text[:at].endswith("[gMASK]"):
            token = "sop"
        if token is None:
            plain += text[at]
            at += 1
            continue
        expected += [*flush(), ids[token]]
        plain = ""
        at += len(token)
    expected += flush()
    assert chatglm.encode(text) == expected
    assert chatglm.encode(text, add_special_tokens=True) == [ids["[gMASK]"], ids["sop"], *expected]
    assert streamed(chatglm, expected) == chatglm.decode(expected)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_ids_read_as_sentencepiece_reads_their_pieces(chatglm, processor, data) -> None:
    ids = data.draw(st.lists(st.integers(0, chatglm.vocab_size - 1), max_size=12))
    silent = (processor.bos_id(), processor.eos_id(), processor.unk_id())
    pieces = ["" if i in silent else chatglm.piece(i) for i in ids]
    assert chatglm.decode(ids) == processor.decode_pieces(pieces)
    if "\ufffd" not in chatglm.decode(ids):
        assert streamed(chatglm, ids) == chatglm.decode(ids)


def test_tokens_that_the_settings_list_are_found_anywhere(tmp_path: Path) -> None:
    model = sentencepiece_model(byte_fallback=True)
    (tmp_path / "tokenizer.model").write_bytes(model)
    first = sentencepiece.SentencePieceProcessor(model_proto=model).get_piece_size()
    tokens = {str(first + 3): added("sop"), str(first + 6): added("<|user|>")}
    options = {"tokenizer_class": "ChatGLMTokenizer", "added_tokens_decoder": tokens}
    put(tmp_path, "tokenizer_config.json", options)
    tokenizer = load_tokenizer(tmp_path)
    ids = tokenizer.encode("a sop <|user|>")
    assert (first + 3 in ids) and (first + 6 in ids)
    assert tokenizer.decode(ids, skip_special_tokens=True) == tokenizer.decode(
        [i for i in ids if i < first]
    )
    assert first + 1 not in tokenizer.encode("[gMASK]")


def test_saved_alone_chatglm_opens_as_it_was(chatglm, tmp_path: Path) -> None:
    chatglm.save(tmp_path)
    text = "[gMASK]sop<|user|>\n The cat"
    assert load_tokenizer(tmp_path).encode(text) == chatglm.encode(text)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tokenizer, dict[bytes, int]]:
    folder = tmp_path_factory.mktemp("glm4")
    written = write_ranks(folder, WORDS)
    return load_tokenizer(folder), written


def merge(ranks: dict[bytes, int], piece: bytes) -> list[int]:
    """Byte-pair encoding by ranks: always the pair whose join comes first in them."""
    parts = [bytes([byte]) for byte in piece]
    while True:
        joined = [ranks.get(a + b, len(ranks)) for a, b in itertools.pairwise(parts)]
        if not joined or min(joined) == len(ranks):
            return [ranks[part] for part in parts]
        i = joined.index(min(joined))
        parts[i : i + 2] = [parts[i] + parts[i + 1]]


@settings(max_examples=200, deadline=None)
@given(text=FEW | TEXTS)
@example(text="aaaaaaaa'S 12345\n\n  The cat   ")
def test_ranks_merge_as_they_are_ordered(ranks, text: str) -> None:
    from tokenizers import Regex, pre_tokenizers

    tokenizer, order = ranks
    assume(not any(token in text for token in GLM4_TOKENS))
    words = pre_tokenizers.Split(Regex(WORDS), "isolated").pre_tokenize_str(text)
    expected: list[int] = []
    for word, _ in words:
        data = word.encode()
        expected += [order[data]] if data in order else merge(order, data)
    assert tokenizer.encode(text) == expected
    assert tokenizer.decode(expected) == streamed(tokenizer, expected) == text


@settings(max_examples=200, deadline=None)
@given(text=FEW | TEXTS)
def test_ranks_are_as_tiktoken_has_them(ranks, text: str) -> None:
    tiktoken = pytest.importorskip("tiktoken", reason="an optional second opinion")
    tokenizer, order = ranks
    assume(not any(token in text for token in GLM4_TOKENS))
    theirs = tiktoken.Encoding("ranks", pat_str=WORDS, mergeable_ranks=order, special_tokens={})
    assert tokenizer.encode(text) == theirs.encode(text, disallowed_special=())


def test_glm4s_tokens_follow_the_ranks(ranks) -> None:
    tokenizer, order = ranks
    first = len(order)
    assert tokenizer.special_tokens == {name: first + i for i, name in enumerate(GLM4_TOKENS)}
    assert tokenizer.eos_id == tokenizer.pad_id == first
    assert tokenizer.encode("a<|user|>b") == [order[b"a"], first + 7, order[b"b"]]
    assert tokenizer.encode("a", add_special_tokens=True) == [first + 2, first + 4, order[b"a"]]
    ids = tokenizer.encode("a<|user|>b", add_special_tokens=True)
    assert tokenizer.decode(ids, skip_special_tokens=True) == "ab"


def test_tokens_that_a_file_names_replace_glm4s(tmp_path: Path) -> None:
    first = len(write_ranks(tmp_path, WORDS))
    tokens = {str(first + i): added(t) for i, t in ((0, "<end>"), (3, "[gMASK]"), (4, "<sop>"))}
    options = {"tokenizer_class": "ChatGLM4Tokenizer", "eos_token": "<end>"}
    put(tmp_path, "tokenizer_config.json", options | {"added_tokens_decoder": tokens})
    tokenizer = load_tokenizer(tmp_path)
    assert tokenizer.eos_id == first
    assert tokenizer.encode("", add_special_tokens=True) == [first + 3, first + 4]
    assert tokenizer.vocab_size == first + 5
    assert "<|user|>" not in tokenizer.special_tokens


def test_ranks_of_another_model_take_its_own_template(tmp_path: Path) -> None:
    first = len(write_ranks(tmp_path, WORDS))
    tokens = {str(first): added("<begin>"), str(first + 2): added("<end>", special=False)}
    options = {"bos_token": "<begin>", "add_bos_token": True, "added_tokens_decoder": tokens}
    put(tmp_path, "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast"} | options)
    tokenizer = load_tokenizer(tmp_path)
    ids = tokenizer.encode("<end>", add_special_tokens=True)
    assert ids == [first, first + 2]
    assert tokenizer.piece(first + 1) == f"<|reserved_token_{first + 1}|>"


def test_saved_alone_ranks_open_as_they_were(ranks, tmp_path: Path) -> None:
    tokenizer, _ = ranks
    tokenizer.save(tmp_path)
    text = "The cat<|user|> 12345"
    again = load_tokenizer(tmp_path)
    assert again.encode(text, add_special_tokens=True) == tokenizer.encode(
        text, add_special_tokens=True
    )
