"""Compressed files: the same bytes, bounded blocks, and every kind of damage named."""

import bz2
import gzip
import lzma
import sys

import pytest

from tfcli.data.compression import BLOCK_BYTES, COMPRESSIONS, read_blocks, split_compression
from tfcli.data.text import decode_blocks
from tfcli.errors import DataError, UsageError

zstandard = pytest.importorskip("zstandard", reason="the optional package for .zst")

PACK = {
    ".gz": gzip.compress,
    ".xz": lambda data: lzma.compress(data, preset=0),
    ".bz2": bz2.compress,
    ".zst": zstandard.compress,
}
TEXT = "".join(f"{number}: the cat saw {number * 7} 只猫\n" for number in range(20_000)).encode()


def packed(tmp_path, suffix, data):
    path = tmp_path / f"corpus.txt{suffix}"
    path.write_bytes(data)
    return path


def test_suffixes():
    assert set(PACK) == set(COMPRESSIONS)
    assert split_compression("a.txt.XZ") == ("a.txt", ".xz")
    assert split_compression("a.txt") == ("a.txt", "")


@pytest.mark.parametrize("suffix", PACK)
def test_unpacks_also_several_streams_in_one_file(tmp_path, suffix):
    middle = len(TEXT) // 2
    data = PACK[suffix](TEXT[:middle]) + PACK[suffix](TEXT[middle:])
    path = packed(tmp_path, suffix, data)
    assert b"".join(read_blocks(path, "f", suffix)) == TEXT


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("kept", [0.5, 0.999])
def test_a_truncated_file_is_named(tmp_path, suffix, kept):
    data = PACK[suffix](TEXT)
    path = packed(tmp_path, suffix, data[: int(len(data) * kept)])
    with pytest.raises(DataError, match=r"^my corpus is damaged or cut short"):
        list(read_blocks(path, "my corpus", suffix))


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("place", [0, 0.5])
def test_an_altered_file_is_named(tmp_path, suffix, place):
    data = bytearray(PACK[suffix](TEXT))
    at = int(len(data) * place)
    data[at : at + 8] = bytes(byte ^ 0x55 for byte in data[at : at + 8])
    path = packed(tmp_path, suffix, bytes(data))
    if suffix == ".zst" and place:  # such a frame carries no checksum; what it gives is not text
        with pytest.raises(DataError):
            list(decode_blocks(read_blocks(path, "f", suffix), "f"))
    else:
        with pytest.raises(DataError, match="damaged or cut short"):
            list(read_blocks(path, "f", suffix))


@pytest.mark.parametrize("suffix", PACK)
def test_a_bomb_is_unpacked_in_bounded_blocks(tmp_path, suffix):
    size = 40 << 20
    path = packed(tmp_path, suffix, PACK[suffix](b"a" * size))
    assert path.stat().st_size < size / 200
    sizes = [len(block) for block in read_blocks(path, "f", suffix)]
    assert sum(sizes) == size
    assert max(sizes) <= ((32 << 20) if suffix == ".zst" else BLOCK_BYTES)


def test_a_missing_package_is_a_usage_error(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)  # makes the import fail
    path = packed(tmp_path, ".zst", b"")
    with pytest.raises(UsageError) as caught:
        list(read_blocks(path, "f", ".zst"))
    assert caught.value.hint == "pip install 'tfcli[data]'"
