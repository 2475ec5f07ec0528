"""How a tokenizer.json writes its pieces: its `decoder`, as bytes for a piece and text filters.

The library itself decodes a list of pieces to a text, invalid bytes lost. We need to know what each
single piece writes, and to stream whole characters, so the steps are read one by one.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from tfcli_tokenizer.streaming import Filter, Replace, Strip

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_BY_PIECE = ("Replace", "Strip", "Metaspace", "WordPiece")


@dataclass(frozen=True)
class Decoding:
    """What a tokenizer.json does with its pieces.

    Attributes:
        written: the bytes that a piece writes.
        first: the bytes that it writes at the start of a text.
        make_filters: makes what is then done to the text of one decoder, in order.
    """

    written: Callable[[str], bytes]
    first: Callable[[str], bytes]
    make_filters: tuple[Callable[[], Filter], ...] = ()

    def filters(self) -> list[Filter]:
        """The filters for one text."""
        return [make() for make in self.make_filters]


def read_decoding(decoder: Any) -> Decoding:
    """The meaning of a tokenizer.json's `decoder`. ValueError for one that is not known."""
    if decoder is None:  # the library joins the pieces by spaces
        return Decoding(lambda piece: b" " + piece.encode(), str.encode)
    by_piece: list[dict[str, Any]] = []
    filters: list[Callable[[], Filter]] = []
    fused = False
    for step in _steps(decoder):
        kind = step["type"]
        if kind == "ByteLevel" and not filters:
            by_piece.append(step)
            fused = True
        elif kind == "Fuse":
            fused = True
        elif fused:
            filters.append(_filter(step))
        elif kind == "BPEDecoder":
            by_piece.append({"type": "Replace", "pattern": step["suffix"], "content": " "})
            filters.append(partial(Strip, " ", 0, 1))
            fused = True
        elif kind in ("ByteFallback", *_BY_PIECE):
            by_piece.append(step)
        else:
            raise ValueError(f"its decoder has a step “{kind}”, which tfcli does not know")
    return Decoding(
        partial(_bytes, tuple(_writer(step, first=False) for step in by_piece)),
        partial(_bytes, tuple(_writer(step, first=True) for step in by_piece)),
        tuple(filters),
    )


def _steps(decoder: Any) -> Iterator[dict[str, Any]]:
    if decoder["type"] != "Sequence":
        yield decoder
        return
    for inner in decoder["decoders"]:
        yield from _steps(inner)


def _filter(step: dict[str, Any]) -> Callable[[], Filter]:
    """The step for a text that is already joined."""
    if step["type"] == "Replace" and isinstance(step["pattern"].get("String"), str):
        if not step["pattern"]["String"]:
            raise ValueError("its decoder replaces an empty text")
        return partial(Replace, step["pattern"]["String"], step["content"])
    if step["type"] == "Strip":
        return partial(Strip, step["content"], int(step["start"]), int(step["stop"]))
    raise ValueError(f"its decoder has a step “{step['type']}” where tfcli knows none")


_Writer = Callable[[str], str | bytes]


def _writer(step: dict[str, Any], *, first: bool) -> _Writer:
    """What one step makes of one piece."""
    if step["type"] == "ByteFallback":
        return _byte_fallback
    if step["type"] == "ByteLevel":
        return _byte_level
    from tokenizers import Regex, decoders

    if step["type"] == "Replace":
        pattern = step["pattern"]
        if isinstance(pattern, dict):
            pattern = pattern["String"] if "String" in pattern else Regex(pattern["Regex"])
        library: Any = decoders.Replace(pattern, step["content"])
    elif step["type"] == "Strip":
        library = decoders.Strip(step["content"], step["start"], step["stop"])
    elif step["type"] == "WordPiece":
        library = decoders.WordPiece(step["prefix"], step["cleanup"])
    else:
        old = "always" if step.get("add_prefix_space", True) else "never"
        library = decoders.Metaspace(step["replacement"], step.get("prepend_scheme", old))
    if first or step["type"] in ("Replace", "Strip"):
        return lambda piece: library.decode([piece])
    return lambda piece: library.decode(["x", piece])[1:]


def _bytes(writers: tuple[_Writer, ...], piece: str) -> bytes:
    written: str | bytes = piece
    for writer in writers:
        if isinstance(written, str):
            written = writer(written)
    return written if isinstance(written, bytes) else written.encode()


def _byte_fallback(piece: str) -> str | bytes:
    match = _BYTE.fullmatch(piece)
    return bytes([int(match[1], 16)]) if match else piece


def _byte_level(piece: str) -> bytes:
    """A piece that is not written in stand-ins, such as an added token, stands for itself."""
    try:
        return bytes(_BYTE_LEVEL[character] for character in piece)
    except KeyError:
        return piece.encode()


def byte_level_alphabet() -> dict[str, int]:
    """GPT-2's printable stand-ins for bytes (Radford et al. 2019)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {chr(byte): byte for byte in printable}
    others = [byte for byte in range(256) if byte not in set(printable)]
    return table | {chr(256 + i): byte for i, byte in enumerate(others)}


_BYTE_LEVEL = byte_level_alphabet()
