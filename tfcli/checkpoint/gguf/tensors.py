"""The tensors of a GGUF file under Hugging Face's names, in its layouts, dequantised.

What llama.cpp's converter changed is undone: for the architecture “llama” it turns the rows of a
head's query and key so that the pairs of the rotation stand side by side, and for Gemma it stores
w + 1 for a norm's weight w.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tfcli.checkpoint.gguf.config import ROPE_FACTORS
from tfcli.checkpoint.gguf.header import Header, TensorInfo, damaged, shown
from tfcli.errors import CheckpointError

NATIVE = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
QUANTISED = (
    *("Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"),
    *("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"),
    *("IQ4_NL", "IQ4_XS"),
)
_PORTION = 2**20  # elements that are dequantised at a time
_READ = 2**30  # bytes that are read at a time: some systems give no more

_MODEL = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_GEMMA = {
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}
_IMAGES = ("v.", "mm.")  # Ollama keeps Gemma 3's image encoder in the same file
_NAME = re.compile(r"(?:blk\.(?P<layer>0|[1-9][0-9]*)\.)?(?P<part>\w+)\.(?P<kind>weight|bias)")


@dataclass(frozen=True)
class Place:
    """A tensor in the file, and what must be undone.

    Attributes:
        turned_heads: heads whose rows stand in llama.cpp's order; 0: none.
        plus_one: the file holds the weight plus one.
    """

    info: TensorInfo
    turned_heads: int = 0
    plus_one: bool = False


def find_places(header: Header, arch: str, heads: int, kv_heads: int) -> dict[str, Place]:
    """Where each tensor of the model is, by its Hugging Face name.

    Raises:
        CheckpointError: the architecture has no such tensor, or its element type is not
            supported; the caller knows the file.
    """
    gemma = arch.startswith("gemma")
    block = _BLOCK | _GEMMA if gemma else _BLOCK
    turned = {"attn_q": heads, "attn_k": kv_heads} if arch == "llama" else {}
    places = {}
    for info in header.tensors.values():
        if info.name == ROPE_FACTORS or (arch == "gemma3" and info.name.startswith(_IMAGES)):
            continue
        match = _NAME.fullmatch(info.name)
        layer, part = (match["layer"], match["part"]) if match else (None, "")
        outside = _MODEL.get(part) if layer is None else block.get(part)
        if match is None or outside is None:
            raise CheckpointError(
                f"it holds a tensor “{shown(info.name)}” that the architecture “{arch}” does not "
                "have"
            )
        _check_type(info)
        prefix = "" if layer is None else f"model.layers.{layer}."
        places[f"{prefix}{outside}.{match['kind']}"] = Place(
            info, turned.get(part, 0), plus_one=gemma and part.endswith("norm")
        )
    return places


def read_tensor(path: Path, place: Place) -> Tensor:
    """The tensor's values, in memory of their own: float32 for quantised ones, else as stored.

    The file is read, not mapped: mapped pages would count beside the weights made of them.

    Raises:
        CheckpointError: it cannot be read, or its shape does not fit what must be undone; the
            caller knows the file.
    """
    info = place.info
    if info.type in NATIVE:
        values = torch.empty(info.shape, dtype=NATIVE[info.type])
        stored = values.view(-1).view(torch.uint8).numpy()
    else:
        values = torch.empty(info.shape)
        stored = np.empty(info.size, np.uint8)
    _fill(path, info, stored)
    rows = stored.reshape(info.shape[0] if _by_rows(info) else 1, -1)
    if place.turned_heads:
        rows[:] = _turned_back(rows, place)
    if info.type not in NATIVE:
        _dequantise(rows, info.type, values.view(len(rows), -1).numpy())
    return values.float() - 1 if place.plus_one else values


def default_dtype(places: dict[str, Place]) -> torch.dtype:
    """The element type to keep the model in: the matrices', float32 where they are quantised."""
    types = {place.info.type for place in places.values() if len(place.info.shape) > 1}
    return NATIVE[types.pop()] if len(types) == 1 and types <= set(NATIVE) else torch.float32


def _check_type(info: TensorInfo) -> None:
    if info.type not in NATIVE and info.type not in QUANTISED:
        raise CheckpointError(
            f"its tensor “{shown(info.name)}” has the element type {info.type}, which is not "
            "supported",
            f"Supported types: {', '.join((*NATIVE, *QUANTISED))}.",
        )


def _fill(path: Path, info: TensorInfo, stored: np.ndarray) -> None:
    """Read the tensor's bytes as they are in the file."""
    left = stored.data
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(info.offset)
            while left:
                count = file.readinto(left[:_READ])
                if not count:
                    raise EOFError("the file ends before it")
                left = left[count:]
    except (OSError, EOFError) as error:
        raise CheckpointError(f"its tensor “{info.name}” cannot be read ({error})") from error


def _by_rows(info: TensorInfo) -> bool:
    """Whether the first dimension's elements lie in bytes of their own."""
    return len(info.shape) > 1 or info.block == 1


def _turned_back(rows: np.ndarray, place: Place) -> np.ndarray:
    """Rows in the order of transformers: a head's first half, then its second half."""
    heads = place.turned_heads
    if len(rows) % (2 * heads):
        raise damaged(
            f"its tensor “{shown(place.info.name)}” has {len(rows):,} rows, not an even number "
            f"for each of {heads:,} heads"
        )
    pairs = rows.reshape(heads, len(rows) // heads // 2, 2, -1)
    return pairs.swapaxes(1, 2).reshape(rows.shape)


def _dequantise(rows: np.ndarray, kind: str, values: np.ndarray) -> None:
    """Fill `values` [R, C] from the blocks of `rows` [R, bytes], a portion at a time."""
    from gguf.constants import GGMLQuantizationType
    from gguf.quants import dequantize

    with np.errstate(all="ignore"):  # a damaged block may hold infinite scales
        for part in _portions(values.shape):
            values[part] = dequantize(rows[part], GGMLQuantizationType[kind])


def _portions(shape: tuple[Any, ...]) -> Iterator[slice]:
    step = max(1, _PORTION // shape[1])
    for start in range(0, shape[0], step):
        yield slice(start, start + step)
