"""Bytes -> text -> lines and documents: nothing lost, faults located, chunks without influence."""

import codecs
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.data.text import cut_documents, decode_blocks, lines_of
from tfcli.errors import DataError

MARKER = "<|endoftext|>"
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
# Texts in which line ends, spaces, and whole and broken markers are frequent.
PROSE = st.lists(
    st.sampled_from([MARKER, MARKER + "\n", "<|end", "\n", "\r\n", "\r", " ", "ab", "猫", "𝄞 c"])
).map("".join)


def pieces(draw: st.DataObject, whole):
    """The whole in pieces whose ends hypothesis chooses."""
    ends = draw.draw(st.lists(st.integers(0, len(whole)), max_size=6).map(sorted))
    starts = [0, *ends]
    return [whole[a:b] for a, b in zip(starts, [*ends, len(whole)], strict=True) if b > a]


@given(TEXT, st.booleans(), st.data())
def test_decoding_gives_the_text_back(text, mark, data):
    blocks = pieces(data, (codecs.BOM_UTF8 if mark else b"") + text.encode())
    decoded = "".join(decode_blocks(blocks, "f"))
    assert decoded == (text if mark else text.removeprefix("\ufeff"))


@given(TEXT, TEXT, st.sampled_from([b"\xff", b"\xc3(", b"\xe4\xb8(", b"\xed\xa0\x80"]), st.data())
def test_a_bad_byte_is_found_at_its_offset_and_line(before, after, bad, data):
    head = b"..." + before.encode()
    with pytest.raises(DataError) as caught:
        list(decode_blocks(pieces(data, head + bad + after.encode()), "poem.txt"))
    message = caught.value.message
    assert message.startswith(f"poem.txt is not UTF-8 text: byte 0x{bad[0]:02x} at offset ")
    assert f"offset {len(head):,} (line {head.count(10) + 1:,})" in message


def test_a_character_cut_off_at_the_end_is_an_error():
    with pytest.raises(DataError, match=re.escape("byte 0xe7 at offset 4 (line 2)")):
        list(decode_blocks(["abc\n猫".encode()[:-1]], "f"))


def test_a_nul_byte_means_binary():
    with pytest.raises(DataError, match=re.escape("binary file: NUL byte at offset 5 (line 2)")):
        list(decode_blocks([b"ab\n", b"cd\0ef"], "f"))


@pytest.mark.parametrize(
    ("head", "what"),
    [(b"%PDF-1.7", "PDF"), (b"PK\x03\x04", "zip"), ("a".encode("utf-16"), "UTF-16"),
     (b"\x1f\x8b\x08", "gzip"), (b"PAR1", "parquet")],
)  # fmt: skip
def test_a_known_binary_format_is_named(head, what):
    with pytest.raises(DataError, match=what):
        list(decode_blocks([head + b"rest"], "f"))


@given(PROSE, st.data())
def test_lines_end_at_line_feeds_only(text, data):
    lines = list(lines_of(pieces(data, text), "f"))
    assert "".join(lines) == text
    assert all(line.endswith("\n") for line in lines[:-1])
    assert all("\n" not in line[:-1] for line in lines)


@given(PROSE, st.integers(1, 9), st.data())
def test_parts_lose_nothing_and_are_bounded(text, limit, data):
    parts = list(cut_documents(pieces(data, text), limit=limit))
    assert "".join(part for part, _ in parts) == text
    assert all(0 < len(part) <= limit for part, _ in parts)
    assert [ends for _, ends in parts] == [False] * (len(parts) - 1) + [True] * bool(parts)


@given(PROSE, st.integers(1, 9), st.data())
def test_documents_are_what_a_plain_split_gives(text, limit, data):
    documents, current = [], ""
    for part, ends in cut_documents(pieces(data, text), marker=MARKER, limit=limit):
        assert len(part) <= limit
        current += part
        if ends:
            documents.append(current)
            current = ""
    assert current == ""
    expected = re.split(re.escape(MARKER) + "(?:\r\n|\n)?", text)
    assert documents == (expected if expected[-1] else expected[:-1])


@given(PROSE, st.integers(1, 9), st.data())
def test_parts_do_not_depend_on_the_chunks(text, limit, data):
    whole = list(cut_documents([text] if text else [], marker=MARKER, limit=limit))
    assert list(cut_documents(pieces(data, text), marker=MARKER, limit=limit)) == whole


def test_a_part_ends_at_a_line_end_else_before_a_space():
    parts = [part for part, _ in cut_documents(["ab\ncd ef\nghijklm nop"], limit=8)]
    assert parts == ["ab\n", "cd ef\n", "ghijklm", " nop"]
