"""Damaged tokenizer files: one error that names the file, soon, and no traceback."""

import base64
import json
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tfcli_tokenizer import Tokenizer, load_tokenizer, protobuf
from tfcli_tokenizer.charsmap import check_charsmap
from tfcli_tokenizer.protobuf import Field, Piece
from tokenizer_files import (
    put,
    sentencepiece_model,
    write_marian,
    write_merges,
    write_ranks,
    write_words,
)

from tfcli.errors import CheckpointError, DataError, TfcliError


def llama(folder: Path) -> None:
    (folder / "tokenizer.model").write_bytes(sentencepiece_model(byte_fallback=True))
    put(folder, "tokenizer_config.json", {"tokenizer_class": "LlamaTokenizer"})


def t5(folder: Path) -> None:
    (folder / "spiece.model").write_bytes(sentencepiece_model("unigram"))
    put(folder, "config.json", {"model_type": "t5"})


def chatglm(folder: Path) -> None:
    (folder / "tokenizer.model").write_bytes(sentencepiece_model(byte_fallback=True))
    put(folder, "config.json", {"model_type": "chatglm"})


def ranks(folder: Path) -> None:
    write_ranks(folder, r"\p{L}+|.")


def merges(folder: Path) -> None:
    write_merges(folder, "<|endoftext|>")


FORMATS: dict[str, Callable[[Path], None]] = {
    "llama": llama,
    "t5": t5,
    "chatglm": chatglm,
    "ranks": ranks,
    "merges": merges,
    "words": write_words,
    "marian": write_marian,
}


def error_of(folder: Path) -> CheckpointError:
    """What is said about a folder, within a second."""
    start = time.process_time()
    with pytest.raises(CheckpointError) as caught:
        load_tokenizer(folder)
    assert time.process_time() - start < 1
    return caught.value


def lines(*ranked: tuple[bytes, object]) -> bytes:
    return b"".join(base64.b64encode(piece) + f" {i}\n".encode() for piece, i in ranked)


BYTES = [(bytes([i]), i) for i in range(256)]


@pytest.mark.parametrize(
    "write, name, content",
    [
        (merges, "vocab.json", b'{"a": 0, "b": 0}'),
        (merges, "vocab.json", b'{"a": -1}'),
        (merges, "vocab.json", b'{"a": 1.0}'),
        (merges, "vocab.json", b'{"a": true}'),
        (merges, "vocab.json", b'{"a": 99999999}'),
        (merges, "vocab.json", b'["a"]'),
        (merges, "vocab.json", b"{}"),
        (merges, "vocab.json", b"[" * 100_000),
        (merges, "merges.txt", "#version: 0.2\nĠ nowhere\n".encode()),
        (merges, "merges.txt", b"a b c\n"),
        (merges, "merges.txt", b"\xff\xfe a\n"),
        (write_words, "vocab.txt", bytes(range(256)) * 99),
        (write_words, "vocab.txt", b"\n \n"),
        (write_words, "vocab.txt", b""),
        (ranks, "tokenizer.model", lines(*BYTES, (b"ab", -1))),
        (ranks, "tokenizer.model", lines(*BYTES, (b"ab", 7))),
        (ranks, "tokenizer.model", lines(*BYTES, (b"a", 256))),
        (ranks, "tokenizer.model", lines(*BYTES, (b"ab", 10**9))),
        (ranks, "tokenizer.model", lines(*BYTES, (b"ab", "many"))),
        (ranks, "tokenizer.model", lines(*BYTES[:-1])),
        (ranks, "tokenizer.model", lines(*BYTES) + b"@@@@ 256\n"),
        (ranks, "tokenizer.model", lines(*BYTES, (b"a" * 20_000, 256))),
        (llama, "tokenizer.model", b""),
        (llama, "tokenizer.model", b"\x7fELF" * 99),
        (llama, "tokenizer.model", sentencepiece_model(byte_fallback=True)[:-90]),
        (llama, "tokenizer.model", sentencepiece_model(byte_fallback=True)[:3000]),
        (chatglm, "tokenizer.model", sentencepiece_model(byte_fallback=True)[:3000]),
        (t5, "spiece.model", sentencepiece_model("unigram")[:-9]),
    ],
)
def test_a_file_that_no_tokenizer_could_have_is_named(
    tmp_path: Path, write: Callable[[Path], None], name: str, content: bytes
) -> None:
    write(tmp_path)
    (tmp_path / name).write_bytes(content)
    assert str(tmp_path / name) in error_of(tmp_path).message


@pytest.mark.parametrize(
    "write, name",
    [
        (merges, "vocab.json"),
        (merges, "merges.txt"),
        (merges, "tokenizer_config.json"),
        (merges, "tokenizer.json"),
        (write_words, "vocab.txt"),
        (llama, "tokenizer.model"),
        (t5, "spiece.model"),
        (write_marian, "source.spm"),
    ],
)
def test_a_file_larger_than_any_is_not_read(
    tmp_path: Path, write: Callable[[Path], None], name: str
) -> None:
    write(tmp_path)
    with (tmp_path / name).open("wb") as file:
        file.truncate(2**32)  # it takes no room on the disk
    error = error_of(tmp_path)
    assert str(tmp_path / name) in error.message
    assert "larger" in error.message


def test_merges_that_are_missing_are_named(tmp_path: Path) -> None:
    merges(tmp_path)
    (tmp_path / "merges.txt").unlink()
    assert "merges.txt" in error_of(tmp_path).message


def test_pieces_too_long_to_take_apart_are_refused(tmp_path: Path) -> None:
    special = [Piece("<unk>", 0, 2), Piece("<s>", 0, 3), Piece("</s>", 0, 3)]
    pieces = [*special, *(Piece("a" * i, -1.0, 1) for i in range(1, 3000))]
    model = protobuf.replace_pieces(sentencepiece_model(), pieces)
    (tmp_path / "tokenizer.model").write_bytes(model)
    assert "longer" in error_of(tmp_path).message


def damaged_rules(rules: bytes) -> list[bytes]:
    """Rules for normalising text that lead outside themselves, or are cut short."""
    (size,) = struct.unpack_from("<I", rules)
    far = struct.pack("<I", (2**20) << 10)
    leaf = struct.pack("<I", 2**31 | len(rules))
    return [
        rules[:3],
        rules[: 4 + size // 2],
        rules[:-1],
        struct.pack("<I", 2**31) + rules[4:],
        struct.pack("<I", size - 4) + rules[4:],
        rules[:4] + far + rules[8:],
        rules[:404] + leaf + rules[408:],
    ]


def test_rules_that_lead_outside_themselves_are_refused() -> None:
    spec = protobuf.read_spec(sentencepiece_model(), protobuf.NORMALIZER_SPEC)
    rules = spec[2]
    assert isinstance(rules, bytes)
    check_charsmap(rules)
    for damaged in damaged_rules(rules):
        with pytest.raises(ValueError):
            check_charsmap(damaged)


def test_such_rules_in_a_file_are_one_error(tmp_path: Path, capfd) -> None:
    """The library would end in a panic, with a trace on stderr."""
    t5(tmp_path)
    path = tmp_path / "spiece.model"
    model = path.read_bytes()
    rules = protobuf.read_spec(model, protobuf.NORMALIZER_SPEC)[2]
    assert isinstance(rules, bytes)
    for damaged in damaged_rules(rules):
        field = Field(2, protobuf.LENGTH, damaged)
        path.write_bytes(protobuf.replace_in_spec(model, protobuf.NORMALIZER_SPEC, [field]))
        assert str(path) in error_of(tmp_path).message
    definition = {
        "version": "1.0",
        "normalizer": {
            "type": "Precompiled",
            "precompiled_charsmap": base64.b64encode(damaged_rules(rules)[-2]).decode(),
        },
        "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0]]},
    }
    put(tmp_path, "tokenizer.json", definition)
    assert "tokenizer.json" in error_of(tmp_path).message
    assert "panicked" not in capfd.readouterr().err


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_damage_is_an_error_of_ours_or_none(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    FORMATS[name](folder)
    file = data.draw(st.sampled_from(sorted(folder.iterdir())))
    content = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    cut = data.draw(st.integers(0, 30))
    content[at : at + cut] = data.draw(st.binary(max_size=8))
    file.write_bytes(content[: data.draw(st.sampled_from([at + 8, None]))])
    try:
        tokenizer = load_tokenizer(folder)
    except TfcliError:
        return
    use(tokenizer)


def use(tokenizer: Tokenizer) -> None:
    try:
        ids = tokenizer.encode("The cat 猫 é\t ﬁ <s>[MASK]</s>", add_special_tokens=True)
    except DataError:
        return
    assert all(0 <= i < tokenizer.vocab_size for i in ids)
    tokenizer.decode(ids)
    tokenizer.decode(ids, skip_special_tokens=True)
    stream = tokenizer.stream()
    for token in ids:
        stream.push(token)
        tokenizer.token_bytes(token)
    stream.flush()


@pytest.mark.parametrize(
    "normalizer",
    [
        {
            "type": "Sequence",
            "normalizers": [{"type": "Replace", "pattern": {"String": "h"}, "content": "h" * 1000}]
            * 6,
        },
        {"type": "Prepend", "prepend": "h" * 30_000_000},
        {"type": "Replace", "pattern": {"Regex": "."}, "content": "ab" * 500},
    ],
)
def test_rules_that_make_a_text_endless_are_refused(tmp_path: Path, normalizer: Any) -> None:
    definition = {
        "version": "1.0",
        "normalizer": normalizer,
        "model": {"type": "BPE", "vocab": {"a": 0, "h": 1}, "merges": []},
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps(definition))
    with pytest.raises(CheckpointError, match="as long"):
        load_tokenizer(tmp_path)
