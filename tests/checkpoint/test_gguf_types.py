"""Each element type of a GGUF file, against its format written out number by number."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from gguf import GGML_QUANT_SIZES
from gguf import GGMLQuantizationType as Type
from gguf.quants import quantize
from gguf_files import metadata_of, write_gguf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfcli.checkpoint.gguf import tensors as gguf_tensors
from tfcli.checkpoint.gguf.file import open_gguf

F = np.float32
NAME = "blk.0.ffn_down.weight"
OUTSIDE = "model.layers.0.mlp.down_proj.weight"
CONFIG = transformers.LlamaConfig(hidden_size=64, num_attention_heads=2, num_hidden_layers=1)
LEVELS = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)


def half(block: bytes, at: int) -> np.float32:
    return F(struct.unpack_from("<e", block, at)[0])


def bit(number: int, at: int) -> int:
    return number >> at & 1


def nibbles(quants: bytes) -> list[int]:
    """The low halves of all bytes, then the high ones."""
    return [q & 15 for q in quants] + [q >> 4 for q in quants]


def q4_0(block: bytes) -> list[np.float32]:
    return [half(block, 0) * F(q - 8) for q in nibbles(block[2:])]


def q4_1(block: bytes) -> list[np.float32]:
    return [half(block, 0) * F(q) + half(block, 2) for q in nibbles(block[4:])]


def q5_0(block: bytes) -> list[np.float32]:
    (high,) = struct.unpack_from("<I", block, 2)
    quants = [q | bit(high, i) << 4 for i, q in enumerate(nibbles(block[6:]))]
    return [half(block, 0) * F(q - 16) for q in quants]


def q5_1(block: bytes) -> list[np.float32]:
    (high,) = struct.unpack_from("<I", block, 4)
    quants = [q | bit(high, i) << 4 for i, q in enumerate(nibbles(block[8:]))]
    return [half(block, 0) * F(q) + half(block, 2) for q in quants]


def q8_0(block: bytes) -> list[np.float32]:
    return [half(block, 0) * F(q) for q in struct.unpack_from("32b", block, 2)]


def two_bits(quants: bytes) -> list[int]:
    """256 numbers: of each 32 bytes the lowest pairs of bits, then the next ones."""
    return [
        quants[half_at + i] >> shift & 3
        for half_at in (0, 32)
        for shift in (0, 2, 4, 6)
        for i in range(32)
    ]


def q2_k(block: bytes) -> list[np.float32]:
    scales, d, least = block[:16], half(block, 80), half(block, 82)
    return [
        d * F(scales[i // 16] & 15) * F(q) - least * F(scales[i // 16] >> 4)
        for i, q in enumerate(two_bits(block[16:80]))
    ]


def q3_k(block: bytes) -> list[np.float32]:
    high, packed, d = block[:32], block[96:108], half(block, 108)
    low = nibbles(packed[:8])
    scales = [low[i] | (packed[8 + i % 4] >> 2 * (i // 4) & 3) << 4 for i in range(16)]
    values = []
    for i, q in enumerate(two_bits(block[32:96])):
        quant = q - (0 if bit(high[i % 32], i // 32) else 4)
        values.append(d * F(scales[i // 16] - 32) * F(quant))
    return values


def six_bits(packed: bytes) -> tuple[list[int], list[int]]:
    """Eight scales and eight minima of Q4_K and Q5_K, in twelve bytes."""
    scales = [packed[i] & 63 for i in range(4)]
    minima = [packed[4 + i] & 63 for i in range(4)]
    scales += [packed[8 + i] & 15 | packed[i] >> 6 << 4 for i in range(4)]
    minima += [packed[8 + i] >> 4 | packed[4 + i] >> 6 << 4 for i in range(4)]
    return scales, minima


def by_pairs(quants: bytes) -> list[int]:
    """256 numbers: of each 32 bytes the low halves, then the high ones."""
    return [q for at in range(0, 128, 32) for q in nibbles(quants[at : at + 32])]


def q4_k(block: bytes) -> list[np.float32]:
    d, least = half(block, 0), half(block, 2)
    scales, minima = six_bits(block[4:16])
    return [
        d * F(scales[i // 32]) * F(q) - least * F(minima[i // 32])
        for i, q in enumerate(by_pairs(block[16:]))
    ]


def q5_k(block: bytes) -> list[np.float32]:
    d, least = half(block, 0), half(block, 2)
    scales, minima = six_bits(block[4:16])
    high = block[16:48]
    return [
        d * F(scales[i // 32]) * F(q | bit(high[i % 32], i // 32) << 4) - least * F(minima[i // 32])
        for i, q in enumerate(by_pairs(block[48:]))
    ]


def q6_k(block: bytes) -> list[np.float32]:
    low, high = block[:128], block[128:192]
    scales, d = struct.unpack_from("16b", block, 192), half(block, 208)
    values = []
    for i in range(256):
        at, within = i // 128, i % 128
        quant = low[64 * at + within % 64] >> (4 if within >= 64 else 0) & 15
        quant |= (high[32 * at + within % 32] >> 2 * (within // 32) & 3) << 4
        values.append(d * F(scales[i // 16]) * F(quant - 32))
    return values


def iq4_nl(block: bytes) -> list[np.float32]:
    return [half(block, 0) * F(LEVELS[q]) for q in nibbles(block[2:])]


def iq4_xs(block: bytes) -> list[np.float32]:
    (high,) = struct.unpack_from("<H", block, 2)
    low = [n for byte in block[4:8] for n in (byte & 15, byte >> 4)]
    scales = [low[i] | (high >> 2 * i & 3) << 4 for i in range(8)]
    quants = [q for at in range(8, 136, 16) for q in nibbles(block[at : at + 16])]
    return [half(block, 0) * F(scales[i // 32] - 32) * F(LEVELS[q]) for i, q in enumerate(quants)]


FORMATS: dict[str, Callable[[bytes], list[np.float32]]] = {
    "Q4_0": q4_0,
    "Q4_1": q4_1,
    "Q5_0": q5_0,
    "Q5_1": q5_1,
    "Q8_0": q8_0,
    "Q2_K": q2_k,
    "Q3_K": q3_k,
    "Q4_K": q4_k,
    "Q5_K": q5_k,
    "Q6_K": q6_k,
    "IQ4_NL": iq4_nl,
    "IQ4_XS": iq4_xs,
}
# Where a block has its numbers of 16 bits: all other bits may be anything.
HALVES = dict.fromkeys(FORMATS, (0,)) | {
    "Q4_1": (0, 2),
    "Q5_1": (0, 2),
    "Q2_K": (80, 82),
    "Q3_K": (108,),
    "Q4_K": (0, 2),
    "Q5_K": (0, 2),
    "Q6_K": (208,),
}


def random_blocks(kind: str, seed: int, rows: int = 3, blocks: int = 2) -> np.ndarray:
    """Bytes [rows, blocks * bytes of a block], every bit drawn but for finite scales."""
    size = GGML_QUANT_SIZES[Type[kind]][1]
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, 256, (rows, blocks, size), dtype=np.uint8)
    for at in HALVES[kind]:
        scales = generator.normal(size=(rows, blocks, 1)).astype("<f2")
        drawn[:, :, at : at + 2] = scales.view(np.uint8)
    return drawn.reshape(rows, -1)


def blocks_of(kind: str, rows: np.ndarray) -> Iterator[bytes]:
    size = GGML_QUANT_SIZES[Type[kind]][1]
    data = rows.tobytes()
    return (data[at : at + size] for at in range(0, len(data), size))


def read_back(folder: Path, values: np.ndarray, kind: str) -> torch.Tensor:
    """What our reader makes of a file with that tensor."""
    tensors = {"token_embd.weight": np.ones((8, 64), F), NAME: values}
    path = folder / "types.gguf"
    write_gguf(path, "llama", metadata_of(CONFIG, "llama"), tensors, {NAME: Type[kind]})
    return open_gguf(path).read(OUTSIDE)


def test_every_quantised_type_has_its_format_here() -> None:
    assert set(FORMATS) == set(gguf_tensors.QUANTISED)


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_blocks_are_dequantised_to_the_last_bit(tmp_path_factory, kind: str, seed: int) -> None:
    rows = random_blocks(kind, seed)
    found = read_back(tmp_path_factory.mktemp("types"), rows, kind)
    expected = np.array([v for b in blocks_of(kind, rows) for v in FORMATS[kind](b)], F)
    assert found.dtype == torch.float32
    assert np.array_equal(found.numpy().reshape(-1), expected)


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"])
def test_a_quantised_matrix_is_nearly_what_it_was(tmp_path: Path, kind: str) -> None:
    """Else a format that both sides misread in the same way would pass."""
    values = np.random.default_rng(0).normal(size=(40, 64)).astype(F)
    found = read_back(tmp_path, quantize(values, Type[kind]), kind).numpy()
    steps = {"Q8_0": 256, "Q5_0": 32, "Q5_1": 32}.get(kind, 16)
    assert np.abs(found - values).max() < np.abs(values).max() * 2 / steps


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [("F32", torch.float32), ("F16", torch.float16), ("BF16", torch.bfloat16)],
)
def test_numbers_stay_as_they_are_stored(tmp_path: Path, kind: str, dtype: torch.dtype) -> None:
    values = torch.randn(40, 64, generator=torch.Generator().manual_seed(0)).to(dtype)
    found = read_back(tmp_path, values.float().numpy(), kind)
    assert found.dtype == dtype
    assert torch.equal(found, values)


@pytest.mark.parametrize("portion", [1, 100, 700, 10**6])
def test_portions_do_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    rows = random_blocks("Q4_K", 1, rows=37)
    whole = read_back(tmp_path, rows, "Q4_K")
    monkeypatch.setattr(gguf_tensors, "_PORTION", portion)
    assert torch.equal(read_back(tmp_path, rows, "Q4_K"), whole)


def test_infinite_scales_warn_nobody(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    rows = np.full((2, 2 * GGML_QUANT_SIZES[Type.Q4_K][1]), 0x7C, np.uint8)
    assert not read_back(tmp_path, rows, "Q4_K").isfinite().all()
    assert not recwarn.list
