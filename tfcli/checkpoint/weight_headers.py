"""What files of weights hold, by their headers: names, types and sizes, without reading a weight.

Without torch, but for a pickle, which has no header.
"""

import json
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfcli.checkpoint.files import readable
from tfcli.checkpoint.gguf.header import Header
from tfcli.checkpoint.pickle_scan import check_pickle
from tfcli.checkpoint.weight_files import PICKLE, WEIGHTS, listed_files
from tfcli.errors import CheckpointError

_PICKLED_TYPES = {"float32": "F32", "bfloat16": "BF16", "float16": "F16"}
_LARGEST_HEADER = 100_000_000  # bytes; the format's own limit
_SAMPLE, _SAMPLES = 2**14, 16  # bytes; two tensors that differ do so in nearly every number


@dataclass(frozen=True)
class StoredTensor:
    """Where one tensor lies, and how it is stored.

    Attributes:
        type: the format's name of its element type: "BF16", "Q4_K".
        elements: how many numbers it holds.
        size: in bytes.
        offset: of its first byte in the file.
    """

    file: Path
    type: str
    elements: int
    size: int
    offset: int


def stored_tensors(directory: Path) -> dict[str, StoredTensor]:
    """The tensors of a model directory, by name; empty where there are no weights.

    Raises:
        CheckpointError: a file is missing or damaged; it is named.
    """
    for name, read in ((WEIGHTS, _safetensors), (PICKLE, _pickled)):
        files = listed_files(directory, name)
        if files:
            return {name: tensor for file in files for name, tensor in read(file)}
    return {}


_WIDTHS = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2, "I8": 1, "U8": 1}


def gguf_tensors(file: Path, header: Header) -> dict[str, StoredTensor]:
    """The tensors of a GGUF file, by the names that it gives them."""
    return {
        name: StoredTensor(file, info.type, math.prod(info.shape), info.size, info.offset)
        for name, info in header.tensors.items()
    }


def alike(one: StoredTensor, other: StoredTensor) -> bool:
    """Whether two tensors hold the same, by samples of their bytes from beginning to end."""
    if (one.type, one.size) != (other.type, other.size):
        return False
    return all(a == b for a, b in zip(_samples(one), _samples(other), strict=True))


def _samples(tensor: StoredTensor) -> Iterator[bytes]:
    room = max(tensor.size - _SAMPLE, 0)
    with readable(tensor.file), tensor.file.open("rb") as file:
        for i in range(_SAMPLES):
            file.seek(tensor.offset + room * i // (_SAMPLES - 1))
            yield file.read(min(_SAMPLE, tensor.size))


def _safetensors(path: Path) -> Iterator[tuple[str, StoredTensor]]:
    """The header of a .safetensors file, held against the file's size."""
    with readable(path):
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
            if length > min(size - 8, _LARGEST_HEADER):
                raise _damaged(path)
            header = file.read(length)
    try:
        entries: dict[str, Any] = json.loads(header)
        for name, entry in entries.items():
            if name == "__metadata__":
                continue
            shape, (begin, end) = entry["shape"], entry["data_offsets"]
            whole = all(type(n) is int and n >= 0 for n in (*shape, begin, end))
            if not whole or not begin <= end <= size - 8 - length:
                raise _damaged(path)
            width = _WIDTHS.get(str(entry["dtype"]))
            if width is not None and math.prod(shape) * width != end - begin:
                raise _damaged(path)
            place = 8 + length + begin
            yield (
                name,
                StoredTensor(path, str(entry["dtype"]), math.prod(shape), end - begin, place),
            )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path) from error


def _pickled(path: Path) -> Iterator[tuple[str, StoredTensor]]:
    """Names and sizes of a pickle's tensors: mapped, not read, where its form allows that."""
    import torch

    with readable(path), path.open("rb") as file:
        mapped = file.read(2) == b"PK"
    check_pickle(path)
    try:
        loaded = torch.load(path, map_location="meta", weights_only=True, mmap=mapped)
        for name, tensor in loaded.items():
            kind = str(tensor.dtype).removeprefix("torch.")
            kind = _PICKLED_TYPES.get(kind, kind.upper())
            yield str(name), StoredTensor(path, kind, tensor.numel(), tensor.nbytes, 0)
    except Exception as error:  # the unpickler raises what it likes
        raise CheckpointError(
            f"{path} is damaged: it cannot be read as a file of weights."
        ) from error


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(f"{path} is damaged: it is not a whole safetensors file.")
