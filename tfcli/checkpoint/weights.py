"""Files of weights, whatever their format: names, and one tensor at a time.

A file is never believed: what its header says is checked against its size before anything is
read, and a pickle is opened with `weights_only`, which builds tensors and runs nothing.
"""

import json
import mmap
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from tfcli.checkpoint.pickle_scan import check_pickle
from tfcli.checkpoint.weight_files import PICKLE, WEIGHTS, listed_files
from tfcli.errors import CheckpointError

_DTYPES: dict[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}


class WeightFile(Protocol):
    """One file of weights.

    Attributes:
        path: for messages.
    """

    path: Path

    def names(self) -> Sequence[str]:
        """The tensors' names."""
        ...

    def read(self, name: str) -> Tensor:
        """One tensor, on the CPU. CheckpointError, without the file's name, if it cannot be."""
        ...

    def forget(self, name: str) -> None:
        """Nothing of what `read` gave is used any more."""
        ...


class SafetensorsFile:
    """A .safetensors file, mapped: what is used as it is takes no memory but the file's own pages.

    A change of the weights stays with this process.
    """

    def __init__(self, path: Path) -> None:
        """Check the header. CheckpointError, naming the file, for one that is not whole."""
        self.path = path
        try:
            with safe_open(path, framework="pt") as handle:  # the library checks offsets and sizes
                self._names = list(handle.keys())
            with path.open("rb") as file:
                (length,) = struct.unpack("<Q", file.read(8))
                self._header: dict[str, Any] = json.loads(file.read(length))
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except (SafetensorError, OSError, ValueError, struct.error, RecursionError) as error:
            raise CheckpointError(
                f"{path} is damaged: it is not a whole safetensors file ({error})."
            ) from error
        self._start = 8 + length

    def names(self) -> Sequence[str]:
        """The tensors' names."""
        return self._names

    def read(self, name: str) -> Tensor:
        """One tensor, on the CPU."""
        entry = self._header[name]
        dtype = _DTYPES.get(entry["dtype"])
        if dtype is None:
            raise CheckpointError(
                f"its tensor “{name}” is {entry['dtype']}; quantised weights are not supported."
            )
        begin, end = entry["data_offsets"]
        if begin == end:
            return torch.empty(entry["shape"], dtype=dtype)
        place = self._start + begin
        if place % dtype.itemsize:  # some writers do not align; not every processor reads that
            data = bytearray(self._map[place : self._start + end])
            return torch.frombuffer(data, dtype=dtype).view(entry["shape"])
        count = (end - begin) // dtype.itemsize
        flat = torch.frombuffer(self._map, dtype=dtype, count=count, offset=place)
        return flat.view(entry["shape"])

    def forget(self, name: str) -> None:
        """Give back the pages of a tensor that was copied; they count as this process's memory."""
        begin, end = (self._start + offset for offset in self._header[name]["data_offsets"])
        first, last = -(-begin // mmap.PAGESIZE), end // mmap.PAGESIZE  # whole pages inside it
        if first < last and hasattr(self._map, "madvise"):  # Windows has none
            size = (last - first) * mmap.PAGESIZE
            self._map.madvise(mmap.MADV_DONTNEED, first * mmap.PAGESIZE, size)


class PickleFile:
    """A pytorch_model.bin: a pickle of tensors, opened by the unpickler that builds only those."""

    def __init__(self, path: Path) -> None:
        """Open it. CheckpointError, naming the file, for one that holds anything else."""
        self.path = path
        check_pickle(path)
        try:
            # not mapped: pages of tensors that are copied could not be given back one by one
            loaded = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # the unpickler raises what it likes
            raise CheckpointError(
                f"{path} is damaged: it cannot be read as a file of weights."
            ) from error
        if not isinstance(loaded, dict) or not all(_is_weight(*item) for item in loaded.items()):
            raise CheckpointError(f"{path} is no file of weights: it holds other things as well.")
        self._tensors: dict[str, Tensor] = loaded

    def names(self) -> Sequence[str]:
        """The tensors' names."""
        return list(self._tensors)

    def read(self, name: str) -> Tensor:
        """One tensor, on the CPU."""
        return self._tensors[name]

    def forget(self, name: str) -> None:
        """Let go of a tensor that was copied."""
        del self._tensors[name]


def open_weights(directory: Path) -> list[WeightFile]:
    """The files of weights of a model directory: safetensors if there are any, else a pickle.

    Raises:
        CheckpointError: one is missing, damaged, or outside the directory; it is named.
    """
    for name, opened in ((WEIGHTS, SafetensorsFile), (PICKLE, PickleFile)):
        files = listed_files(directory, name)
        if files:
            return [opened(file) for file in files]
    raise CheckpointError(
        f"{directory / WEIGHTS} is missing: the checkpoint has no weights there.",
        hint="tfcli reads model.safetensors, its shards with their index, pytorch_model.bin and "
        "GGUF files.",
    )


def _is_weight(name: object, value: object) -> bool:
    return isinstance(name, str) and isinstance(value, Tensor) and _is_plain(value)


def _is_plain(tensor: Tensor) -> bool:
    return not (tensor.is_sparse or tensor.is_meta or tensor.is_quantized)
