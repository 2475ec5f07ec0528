"""A shard: the tokens of one side of a corpus in one file, memory-mapped on reading.

The file is a header of 256 bytes and the token ids, little-endian, 16 bits each where the
vocabulary allows it, else 32. Nothing in a header is believed before it is checked: its own CRC,
the file's size against the count of tokens, the SHA-256 of the ids, the largest id.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tfcli.data.partial import PartialFile

if TYPE_CHECKING:
    import numpy as np

# Of the file, and of the way a corpus is read and divided: any change makes old caches useless.
FORMAT_VERSION = 1
HEADER_BYTES = 256

# magic, version, bytes a token, side, cut, vocabulary, tokens, documents, bytes, characters,
# key of the dataset, tokenizer fingerprint, SHA-256 of the ids
_HEADER = struct.Struct("<8s4I5Q32s32s32s")
_MAGIC = b"tfclidat"
_SIDES = ("train", "validation")
_BLOCK_BYTES = 1 << 22


@dataclass(frozen=True)
class ShardInfo:
    """What a header says of its shard.

    Attributes:
        side: "train" or "validation".
        cut: how the corpus was divided, one of the constants in split.py.
        vocab_size: of the tokenizer; every id is below it.
        tokens: how many ids, end-of-text ids included.
        documents: how many documents, the parts of documents that the split cut counted too.
        bytes: UTF-8 bytes of the text (end-of-text ids stand for none).
        characters: Unicode code points of the text.
        key: SHA-256 hex of corpus content, tokenizer and settings: which dataset this belongs to.
        tokenizer_fingerprint: SHA-256 hex of the tokenizer.
    """

    side: str
    cut: int
    vocab_size: int
    tokens: int
    documents: int
    bytes: int
    characters: int
    key: str
    tokenizer_fingerprint: str

    @property
    def item_bytes(self) -> int:
        """Bytes a token id takes in the file."""
        return 2 if self.vocab_size <= 1 << 16 else 4

    def pack(self, digest: bytes) -> bytes:
        """The header, for ids with this SHA-256."""
        side = _SIDES.index(self.side)
        packed = _HEADER.pack(
            *(_MAGIC, FORMAT_VERSION, self.item_bytes, side, self.cut, self.vocab_size),
            *(self.tokens, self.documents, self.bytes, self.characters),
            *(bytes.fromhex(self.key), bytes.fromhex(self.tokenizer_fingerprint), digest),
        )
        packed += struct.pack("<I", zlib.crc32(packed))
        return packed.ljust(HEADER_BYTES, b"\0")


@dataclass(frozen=True)
class TokenShard:
    """One side of a tokenised corpus.

    Attributes:
        tokens: token ids [N], uint16 or uint32, mapped from the file and read-only.
        documents: how many documents; each ends with the end-of-text id, unless the split cut it.
        bytes: UTF-8 bytes of the text, for bits per byte.
        characters: Unicode code points of the text, for loss per character.
    """

    tokens: np.ndarray
    documents: int
    bytes: int
    characters: int


class DamagedShard(Exception):  # noqa: N818 - never reaches a user: the shard is made again
    """A file is not the shard it should be."""


class ShardWriter:
    """Writes a shard; used in a `with` block, it leaves the whole file or none.

    Every failure to write is a StorageError.
    """

    def __init__(self, path: Path, vocab_size: int) -> None:
        import numpy as np

        self.tokens = 0
        self._dtype = np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")
        self._digest = hashlib.sha256()
        self._partial = PartialFile(path)

    def __enter__(self) -> ShardWriter:
        self._partial.__enter__()
        self._partial.write(bytes(HEADER_BYTES))
        return self

    def __exit__(self, *error: object) -> None:
        self._partial.__exit__(*error)

    def append(self, ids: np.ndarray) -> None:
        """Adds token ids [n] of any integer type."""
        data = ids.astype(self._dtype, copy=False).tobytes()
        self._digest.update(data)
        self._partial.write(data)
        self.tokens += len(ids)

    def commit(self, info: ShardInfo) -> None:
        """Completes the file with its header, and moves it to its name."""
        self._partial.commit(info.pack(self._digest.digest()))


def read_info(path: Path) -> tuple[ShardInfo, bytes]:
    """The header of a shard and the SHA-256 it promises.

    Raises:
        DamagedShard: there is no such file, it is something else, or its size is wrong.
    """
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise DamagedShard(f"cannot be read: {error.strerror}") from error
    if len(header) < HEADER_BYTES:
        raise DamagedShard("too short for a header")
    (crc,) = struct.unpack_from("<I", header, _HEADER.size)
    if crc != zlib.crc32(header[: _HEADER.size]):
        raise DamagedShard("the header is altered")
    magic, version, item_bytes, side, cut, *rest = _HEADER.unpack_from(header)
    if magic != _MAGIC or version != FORMAT_VERSION or side >= len(_SIDES):
        raise DamagedShard("made by something else")
    vocab_size, tokens, documents, text_bytes, characters, key, fingerprint, digest = rest
    info = ShardInfo(
        *(_SIDES[side], cut, vocab_size, tokens, documents, text_bytes, characters),
        *(key.hex(), fingerprint.hex()),
    )
    if item_bytes != info.item_bytes or size != HEADER_BYTES + info.tokens * item_bytes:
        raise DamagedShard("its size is not what the header says")
    return info, digest


def read_shard(path: Path, *, side: str, key: str) -> tuple[TokenShard, ShardInfo]:
    """Checks all of a shard, then maps it into memory.

    Raises:
        DamagedShard: it is missing, altered, cut short, or belongs to another dataset.
    """
    import numpy as np

    info, digest = read_info(path)
    if info.side != side or info.key != key or info.tokens == 0:
        raise DamagedShard("it belongs to another dataset")
    dtype = np.dtype(f"<u{info.item_bytes}")
    actual = hashlib.sha256()
    try:
        with path.open("rb") as file:  # read, not mapped: the pages are not to count as ours
            file.seek(HEADER_BYTES)
            while block := file.read(_BLOCK_BYTES):
                actual.update(block)
                if int(np.frombuffer(block, dtype).max()) >= info.vocab_size:
                    raise DamagedShard("a token id is outside the vocabulary")
        if actual.digest() != digest:
            raise DamagedShard("its tokens are altered")
        tokens = np.memmap(path, dtype, mode="r", offset=HEADER_BYTES, shape=(info.tokens,))
    except (OSError, ValueError) as error:
        raise DamagedShard(f"cannot be read: {error}") from error
    return TokenShard(tokens, info.documents, info.bytes, info.characters), info
