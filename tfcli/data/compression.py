"""Opening a corpus file, plain or compressed, as a stream of bytes.

Whatever the file claims to hold, a caller sees blocks of bounded size: a small archive that unpacks
to terabytes costs time, never memory.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tfcli.errors import DataError, UsageError

BLOCK_BYTES = 1 << 18
# A zstd block of 4 bytes may unpack to 128 KiB, so this much input gives at most 32 MiB at once.
ZSTD_INPUT_BYTES = 1 << 10

_OPENERS: dict[str, Callable[..., Any]] = {
    "": open,
    ".gz": gzip.open,
    ".xz": lzma.open,
    ".bz2": bz2.open,
}
COMPRESSIONS = (".gz", ".xz", ".bz2", ".zst")


def split_compression(name: str) -> tuple[str, str]:
    """Parts a file name from its compression suffix: `a.txt.xz` -> (`a.txt`, `.xz`)."""
    suffix = Path(name).suffix.lower()
    if suffix in COMPRESSIONS:
        return name[: -len(suffix)], suffix
    return name, ""


def read_blocks(path: Path, name: str, compression: str) -> Iterator[bytes]:
    """Yields the decompressed bytes of a file in blocks of bounded size.

    Args:
        path: the file.
        name: what the user calls it, for messages.
        compression: one of COMPRESSIONS, or "" for a plain file.

    Raises:
        DataError: the file cannot be read, or its compressed form is damaged or cut short.
        UsageError: .zst without the optional package that reads it.
    """
    try:
        if compression == ".zst":
            yield from _zstd_blocks(path)
            return
        with _OPENERS[compression](path, "rb") as stream:
            while block := stream.read(BLOCK_BYTES):
                yield block
    except (EOFError, lzma.LZMAError, zlib.error, MemoryError) as error:
        raise _damaged(name, compression, str(error)) from error
    except OSError as error:
        if error.errno is None:  # gzip and bz2 report a damaged stream as an OSError of their own
            raise _damaged(name, compression, str(error)) from error
        raise DataError(f"{name} cannot be read: {error.strerror}.") from error


def _damaged(name: str, compression: str, reason: str) -> DataError:
    reason = reason.rstrip(".") or "the stream ends too early"
    return DataError(
        f"{name} is damaged or cut short: its {compression} stream cannot be unpacked ({reason}).",
        hint="Download or copy the file again.",
    )


def _zstd_blocks(path: Path) -> Iterator[bytes]:
    try:
        import zstandard
    except ImportError as error:
        raise missing_package(".zst files", "zstandard") from error
    try:
        with path.open("rb") as stream:
            # The library's own reader ends silently where a stream is cut short, so the frames are
            # followed here: between two of them, and only there, the input may end.
            frame = None
            while data := stream.read(ZSTD_INPUT_BYTES):
                while data:
                    frame = frame or zstandard.ZstdDecompressor().decompressobj()
                    if block := frame.decompress(data):
                        yield block
                    data = frame.unused_data if frame.eof else b""
                    frame = None if frame.eof else frame
            if frame is not None:
                raise EOFError("the stream ends inside a frame")
    except zstandard.ZstdError as error:
        raise EOFError(str(error)) from error


def missing_package(what: str, package: str) -> UsageError:
    """The error for a format whose optional package is not installed."""
    return UsageError(
        f"Reading {what} needs the package {package}, which is not installed.",
        hint="pip install 'tfcli[data]'",
    )
