"""The header of a GGUF file: its metadata and its list of tensors, read with suspicion.

The layout is that of the GGUF specification (docs/gguf.md in ggml-org/ggml): magic, version and
counts; key/value pairs; a description of each tensor; padding; the tensors' data.

The `gguf` package has a reader, but it believes every count and offset, and makes an array for
each token: it takes 1.7 s for a vocabulary of 49,152 that is read here in 0.1 s. Its constants and
its rules for dequantising are used.
"""

import math
import struct
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from tfcli.errors import CheckpointError

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_MOST_KEYS = 2**16
_MOST_TENSORS = 2**16
_MOST_VALUES = 2**22  # in all arrays together; the largest vocabularies need a quarter of it
_LONGEST_TEXT, _MOST_TEXT = 2**24, 2**27  # bytes
_MOST_DIMENSIONS = 4
_LARGEST_ALIGNMENT = 2**20
_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_TEXT, _ARRAY = 8, 9
_LENGTH = struct.Struct("<Q")
HINT = "Download or copy the file again."


@dataclass(frozen=True)
class TensorInfo:
    """Where one tensor lies, and how it is stored.

    Attributes:
        shape: rows first, as in PyTorch.
        type: ggml's name of the element type, such as "Q4_K".
        block: how many elements of a row are stored together; 1 for plain numbers.
        offset: of its first byte, from the start of the file.
        size: in bytes.
    """

    name: str
    shape: tuple[int, ...]
    type: str
    block: int
    offset: int
    size: int


@dataclass(frozen=True)
class Header:
    """What a GGUF file says of itself: values by key (arrays as tuples), and its tensors."""

    metadata: dict[str, Any]
    tensors: dict[str, TensorInfo]


def open_header(path: Path) -> Header:
    """`read_header` of a file. CheckpointError, without the file's name."""
    try:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            return read_header(data)
    except OSError as error:
        raise CheckpointError(f"it cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise damaged("it is empty") from error


def read_header(data: mmap) -> Header:
    """Read and check the header; nothing of the tensors' data is touched.

    Raises:
        CheckpointError: it is damaged, or of a kind that is not supported; the caller knows the
            file.
    """
    cursor = _Cursor(data)
    if data[: len(MAGIC)] != MAGIC:
        raise CheckpointError("it is no GGUF file", HINT)
    cursor.at = len(MAGIC)
    version = cursor.number("I")
    if version not in _VERSIONS:
        swapped = int.from_bytes(version.to_bytes(4, "little"), "big")
        if swapped in _VERSIONS:
            raise CheckpointError("it is a big-endian GGUF file, which is not supported")
        raise CheckpointError(f"its GGUF version is {version}; supported are 2 and 3", HINT)
    num_tensors = cursor.count("tensors", _MOST_TENSORS)
    num_keys = cursor.count("keys", _MOST_KEYS)
    metadata: dict[str, Any] = {}
    for _ in range(num_keys):
        key = cursor.text()
        if key in metadata:
            raise damaged(f"its key “{shown(key)}” is there twice")
        metadata[key] = cursor.value()
    found = [_described(cursor) for _ in range(num_tensors)]
    tensors = _laid_out(found, cursor.at, _alignment(metadata), len(data))
    return Header(metadata, tensors)


def damaged(what: str) -> CheckpointError:
    """The error for a file that contradicts itself."""
    return CheckpointError(f"it is damaged: {what}", HINT)


def shown(text: str) -> str:
    """A name from the file, short enough for a message."""
    return text if len(text) <= 80 else text[:80] + "…"


class _Cursor:
    """A place in the file; each step is checked against the bytes that are left."""

    def __init__(self, data: mmap) -> None:
        self._data = data
        self._values_left, self._text_left = _MOST_VALUES, _MOST_TEXT
        self.at = 0

    def number(self, code: str) -> Any:
        """One number; `code` as in `struct`."""
        return self._numbers(code, 1)[0]

    def count(self, what: str, most: int) -> int:
        """How many of something follow."""
        count = self.number("Q")
        if count > most:
            raise damaged(f"it claims to hold {count:,} {what}")
        return count

    def text(self) -> str:
        """A string, stored behind its length."""
        return self._texts(1)[0]

    def value(self) -> Any:
        """A value behind its type: a number, a string, or a tuple of either."""
        kind = self.number("I")
        if kind != _ARRAY:
            return self._several(kind, 1)[0]
        kind, count = self.number("I"), self.number("Q")
        if kind == _ARRAY:
            raise damaged("it holds an array of arrays")
        self._values_left -= count
        if self._values_left < 0:
            raise damaged(f"it holds an array of {count:,} values, more than any vocabulary needs")
        return self._several(kind, count)

    def _several(self, kind: int, count: int) -> tuple[Any, ...]:
        if kind == _TEXT:
            return tuple(self._texts(count))
        if kind not in _SCALARS:
            raise damaged(f"it holds a value of the unknown type {kind}")
        return self._numbers(_SCALARS[kind], count)

    def _numbers(self, code: str, count: int) -> tuple[Any, ...]:
        layout = f"<{count}{code}"
        end = self.at + struct.calcsize(layout)
        if end > len(self._data):
            raise _cut()
        values = struct.unpack_from(layout, self._data, self.at)
        self.at = end
        return values

    def _texts(self, count: int) -> list[str]:
        data, end, at = self._data, len(self._data), self.at
        texts = []
        for _ in range(count):
            if at + _LENGTH.size > end:
                raise _cut()
            (length,) = _LENGTH.unpack_from(data, at)
            start = at + _LENGTH.size
            at = start + length
            if at > end:
                raise _cut()
            self._text_left -= length
            if length > _LONGEST_TEXT or self._text_left < 0:
                raise damaged(f"it holds a string of {length:,} bytes, or very many strings")
            try:
                texts.append(data[start:at].decode())
            except UnicodeDecodeError as error:
                raise damaged("it holds a string that is no UTF-8") from error
        self.at = at
        return texts


def _cut() -> CheckpointError:
    return damaged("it ends within its header")


@dataclass(frozen=True)
class _Described:
    """A tensor as the header describes it: its offset counts from the start of the data."""

    name: str
    shape: tuple[int, ...]
    type: int
    offset: int


def _described(cursor: _Cursor) -> _Described:
    name = cursor.text()
    dimensions = cursor.number("I")
    if not 1 <= dimensions <= _MOST_DIMENSIONS:
        raise damaged(f"its tensor “{shown(name)}” has {dimensions:,} dimensions")
    shape = tuple(reversed([cursor.number("Q") for _ in range(dimensions)]))
    return _Described(name, shape, cursor.number("I"), cursor.number("Q"))


def _alignment(metadata: dict[str, Any]) -> int:
    value = metadata.get("general.alignment", 32)
    whole = isinstance(value, int) and 8 <= value <= _LARGEST_ALIGNMENT
    if not whole or value & (value - 1):
        raise damaged("its alignment is no power of two")
    return value


def _laid_out(
    found: list[_Described], header_end: int, alignment: int, file_end: int
) -> dict[str, TensorInfo]:
    """The tensors with their places in the file: inside it, apart, aligned, each name once."""
    start = -(-header_end // alignment) * alignment
    tensors: dict[str, TensorInfo] = {}
    for described in found:
        tensor = _placed(described, start)
        what = f"its tensor “{shown(tensor.name)}”"
        if tensor.name in tensors:
            raise damaged(f"{what} is there twice")
        if tensor.offset + tensor.size > file_end:
            raise damaged(f"{what} runs past the end of the file")
        if described.offset % alignment:
            raise damaged(f"{what} does not start at a multiple of {alignment} bytes")
        tensors[tensor.name] = tensor
    before = start
    for tensor in sorted(tensors.values(), key=lambda each: each.offset):
        if tensor.offset < before:
            raise damaged(f"its tensor “{shown(tensor.name)}” overlaps another")
        before = tensor.offset + tensor.size
    return tensors


def _placed(described: _Described, start: int) -> TensorInfo:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    what = f"its tensor “{shown(described.name)}”"
    try:
        kind = GGMLQuantizationType(described.type)
        block, block_size = GGML_QUANT_SIZES[kind]
    except (ValueError, KeyError) as error:
        raise CheckpointError(f"{what} has the unknown type {described.type}") from error
    if not all(described.shape) or described.shape[-1] % block:
        raise damaged(f"{what} has the shape {list(described.shape)}, not possible in {kind.name}")
    size = math.prod(described.shape) // block * block_size
    return TensorInfo(
        described.name, described.shape, kind.name, block, start + described.offset, size
    )
