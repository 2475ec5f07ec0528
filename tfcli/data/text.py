"""From bytes to text: strict UTF-8 with the place of every fault, lines, and bounded parts.

Everything here is a generator over chunks, and its result does not depend on where the chunks end.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from tfcli.errors import DataError

END_OF_TEXT = "<|endoftext|>"

# A longer document is handed on in parts of at most this many characters, so that no file is ever
# held whole. Tokenisers are fastest on short texts (SentencePiece BPE: 6.2 MB/s at 16 Ki characters
# a call, 5.4 at 64 Ki, 2.9 at 1 Mi), and a cut at a line end changes one token in 50,000.
PART_CHARACTERS = 1 << 15
LINE_CHARACTERS = 1 << 26

_MAGIC = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\x1f\x8b", "gzip-compressed (its name should end in .gz)"),
    (b"\xfd7zXZ\x00", "xz-compressed (its name should end in .xz)"),
    (b"BZh", "bzip2-compressed (its name should end in .bz2)"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed (its name should end in .zst)"),
    (b"PAR1", "a parquet file (its name should end in .parquet)"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)


def decode_blocks(blocks: Iterable[bytes], name: str) -> Iterator[str]:
    """Decodes UTF-8, with or without a byte order mark, in chunks.

    Raises:
        DataError: a byte that is not UTF-8, or a NUL byte; says its offset in the (decompressed)
            file and its line.
    """
    offset, lines, carry = 0, 1, b""  # of the first byte of `data`: its place in the file, its line
    for block in _with_end(blocks):
        final = block is None
        data = carry + (block or b"")
        start = 0
        if offset == 0:
            _refuse_known_binary(data, name)
            start = 3 if data.startswith(codecs.BOM_UTF8) else 0
        if (nul := data.find(0)) >= 0:
            raise DataError(
                f"{name} is a binary file: NUL byte at offset {offset + nul:,} "
                f"(line {lines + data.count(10, 0, nul):,}).",
                hint="A corpus is text in UTF-8; convert the file to text first.",
            )
        try:
            text, used = codecs.utf_8_decode(memoryview(data)[start:], "strict", final)
        except UnicodeDecodeError as error:
            raise _undecodable(data, start + error.start, offset, lines, name) from error
        used += start
        offset, lines, carry = offset + used, lines + data.count(10, 0, used), data[used:]
        if text:
            yield text


def _with_end(blocks: Iterable[bytes]) -> Iterator[bytes | None]:
    yield from blocks
    yield None


def _refuse_known_binary(head: bytes, name: str) -> None:
    for magic, what in _MAGIC:
        if head.startswith(magic):
            hint = "A corpus is text in UTF-8; unpack or convert the file first."
            if what == "UTF-16 text":
                hint = f"iconv -f UTF-16 -t UTF-8 {name} > utf8.txt"
            raise DataError(f"{name} is not UTF-8 text: it is {what}.", hint=hint)


def _undecodable(data: bytes, place: int, offset: int, lines: int, name: str) -> DataError:
    return DataError(
        f"{name} is not UTF-8 text: byte 0x{data[place]:02x} at offset {offset + place:,} "
        f"(line {lines + data.count(10, 0, place):,}).",
        hint="Convert it from its own encoding, for example: "
        f"iconv -f GB18030 -t UTF-8 {name} > utf8.txt",
    )


def lines_of(chunks: Iterable[str], name: str) -> Iterator[str]:
    r"""Cuts a stream of text at "\n" only, which each line but perhaps the last keeps.

    Raises:
        DataError: a line of more than LINE_CHARACTERS characters.
    """
    tail, number = "", 1
    for chunk in chunks:
        *whole, tail = (tail + chunk).split("\n")
        for line in whole:
            yield line + "\n"
        number += len(whole)
        if len(tail) > LINE_CHARACTERS:
            raise DataError(
                f"{name}, line {number:,}: longer than {LINE_CHARACTERS:,} characters.",
                hint="Save it as .txt if it is plain text; one record must fit in memory.",
            )
    if tail:
        yield tail


def cut_documents(
    chunks: Iterable[str], *, marker: str | None = None, limit: int = PART_CHARACTERS
) -> Iterator[tuple[str, bool]]:
    """Cuts a stream of text into documents, and long documents into parts.

    A document ends at `marker`, which is removed together with a line end right after it. A part
    has at most `limit` characters and ends at a line end where there is one, else at a space.

    Yields:
        (text, ends): a part, and whether its document ends with it. The parts of a document,
        joined, are the document.
    """
    text, start = "", 0
    reach = len(marker) + 2 if marker else 0  # what may yet turn out to be the marker and its line
    for chunk in _with_final(chunks):
        text, start = text[start:] + (chunk or ""), 0
        final = chunk is None
        while start < len(text):
            found = text.find(marker, start, start + limit + reach) if marker else -1
            unread = len(text) - start
            if 0 <= found <= start + limit:
                end = found + len(marker or "")
                if not final and len(text) < end + 2:
                    break  # the line end after the marker may still be on its way
                yield text[start:found], True
                start = end + _line_end(text, end)
            elif unread > limit + (0 if final else reach):
                cut = _cut(text, start, start + limit)
                yield text[start:cut], False
                start = cut
            elif final:
                yield text[start:], True
                start = len(text)
            else:
                break


def _with_final(chunks: Iterable[str]) -> Iterator[str | None]:
    yield from chunks
    yield None


def _line_end(text: str, at: int) -> int:
    """The length of the line end that stands at `at`: 0, 1 or 2."""
    if text.startswith("\r\n", at):
        return 2
    return int(text.startswith("\n", at))


def _cut(text: str, start: int, end: int) -> int:
    if (line := text.rfind("\n", start, end)) >= 0:
        return line + 1
    space = text.rfind(" ", start + 1, end)
    return space if space > start else end
