"""Quantised weights of Hugging Face files, read back as numbers: MXFP4 (gpt-oss), FP8 (DeepSeek).

MXFP4 (OCP Microscaling Formats, v1.0): 32 numbers of 4 bits share an exponent; a tensor X is kept
as X_blocks, two numbers a byte and the low half first, and X_scales, exponents from -127. All of
them are bfloat16 numbers exactly. Block FP8 (DeepSeek-V3, 2024): a matrix of 8-bit numbers, and in
…_scale_inv a factor for each block of 128 × 128.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tfcli.checkpoint.weights import WeightFile
from tfcli.errors import CheckpointError

_METHODS = ("mxfp4", "fp8")
_BLOCKS, _SCALES, _FACTORS = "_blocks", "_scales", "_scale_inv"
_FP4 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
_ROWS_AT_ONCE = 2**20  # groups of 32 numbers


class DequantisedFile:
    """A file of weights whose quantised tensors are given as numbers, under their own names."""

    def __init__(self, file: WeightFile, places: Mapping[str, WeightFile], block: int) -> None:
        """Args:
        places: which file holds a tensor; scales may lie in another one than what they scale.
        block: rows and columns that share an FP8 factor.
        """
        self.path: Path = file.path
        self._file, self._places, self._block = file, places, block

    def names(self) -> Sequence[str]:
        """The tensors' names; scales are part of what they scale."""
        names = [name for name in self._file.names() if not name.endswith((_SCALES, _FACTORS))]
        return [name.removesuffix(_BLOCKS) for name in names]

    def read(self, name: str) -> Tensor:
        """One tensor, on the CPU: bfloat16 from MXFP4, float32 from FP8, else as it is stored."""
        if name + _BLOCKS in self._places:
            blocks, scales = self._part(name + _BLOCKS), self._part(name + _SCALES)
            # the file has a matrix output-first, gpt-oss's names mean it input-first
            return _from_mxfp4(name, blocks, scales).transpose(-1, -2)
        tensor = self._part(name)
        if name + _FACTORS not in self._places:
            return tensor
        return _from_fp8(name, tensor, self._part(name + _FACTORS), self._block)

    def forget(self, name: str) -> None:
        """Let go of all that a tensor was made from."""
        for part in (name, name + _BLOCKS, name + _SCALES, name + _FACTORS):
            if part in self._places:
                self._places[part].forget(part)

    def _part(self, name: str) -> Tensor:
        if name not in self._places:
            raise CheckpointError(f"its tensor “{name}” is missing beside what it scales.")
        return self._places[name].read(name)


def dequantised(files: Sequence[WeightFile], hf: Mapping[str, Any]) -> Sequence[WeightFile]:
    """The files, with quantised tensors read back where config.json says that there are any.

    Raises:
        CheckpointError: they are quantised in a way that cannot be read; it does not name the file.
    """
    settings = hf.get("quantization_config")
    if settings is None:
        return files
    settings = settings if isinstance(settings, dict) else {}
    method, block = settings.get("quant_method"), settings.get("weight_block_size", [128, 128])
    if method not in _METHODS:
        raise CheckpointError(
            f"its weights are quantised by “{str(method)[:40]}”, which cannot be read; of "
            f"quantised weights tfcli reads {' and '.join(_METHODS)}, and GGUF files"
        )
    if not isinstance(block, list) or len(block) != 2 or block[0] != block[1]:
        raise CheckpointError(f"weight_block_size is {str(block)[:40]}; blocks must be squares")
    if not isinstance(block[0], int) or block[0] < 1:
        raise CheckpointError(f"weight_block_size is {str(block)[:40]}; it must be positive")
    places = {name: file for file in files for name in file.names()}
    return [DequantisedFile(file, places, block[0]) for file in files]


def _from_mxfp4(name: str, blocks: Tensor, scales: Tensor) -> Tensor:
    """[…, G, 16] bytes and [..., G] exponents → […, 32·G] bfloat16."""
    if blocks.dtype != torch.uint8 or scales.dtype != torch.uint8:
        raise CheckpointError(f"its tensor “{name}” is no MXFP4: bytes were expected.")
    if blocks.dim() < 2 or blocks.shape[-1] != 16 or blocks.shape[:-1] != scales.shape:
        raise CheckpointError(
            f"its tensor “{name}” has blocks {list(blocks.shape)} and scales {list(scales.shape)}."
        )
    values = torch.tensor((*_FP4, *(-x for x in _FP4)), dtype=torch.bfloat16)
    rows, exponents = blocks.reshape(-1, 16), scales.reshape(-1, 1).int() - 127
    found = torch.empty(len(rows), 32, dtype=torch.bfloat16)
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        part = slice(first, first + _ROWS_AT_ONCE)
        low, high = values[(rows[part] & 15).int()], values[(rows[part] >> 4).int()]
        pairs = torch.stack((low, high), dim=-1).flatten(1)
        found[part] = torch.ldexp(pairs, exponents[part])
    return found.view(*blocks.shape[:-2], -1)


def _from_fp8(name: str, tensor: Tensor, factors: Tensor, block: int) -> Tensor:
    """[R, C] 8-bit numbers and [⌈R / block⌉, ⌈C / block⌉] factors → [R, C] float32."""
    grid = [-(-size // block) for size in tensor.shape]
    if tensor.dim() != 2 or list(factors.shape) != grid:
        raise CheckpointError(
            f"its tensor “{name}” is {list(tensor.shape)} and has factors {list(factors.shape)}; "
            f"for blocks of {block} there should be {grid}."
        )
    rows, columns = tensor.shape
    each = factors.float().repeat_interleave(block, 0)[:rows]
    return tensor.float() * each.repeat_interleave(block, 1)[:, :columns]
