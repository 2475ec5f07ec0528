"""SentencePiece's compiled rules for normalising text, checked before a library follows them.

A `precompiled_charsmap` is a little-endian size in bytes, a double-array trie of 32-bit units
(Yata et al. 2007, as the Darts-clone library stores it), and the replacements, each ended by NUL.
The libraries trust its links, and one that leads outside ends the program.
"""

import base64
import struct
import sys
from array import array
from collections.abc import Iterator
from typing import Any

_LEAF = 1 << 31  # the mark of a unit that holds a value: where its replacement starts
_WIDE = 1 << 9
_BLOCK = 256  # a node's children lie in the block that its link points into


def check_charsmap(rules: bytes) -> None:
    """ValueError where the rules would lead outside themselves."""
    if len(rules) < 4:
        raise ValueError("its rules for normalising text are cut short")
    (size,) = struct.unpack_from("<I", rules)
    replacements = rules[4 + size :]
    if size % (4 * _BLOCK) or len(rules) < 4 + size or not size or not replacements.endswith(b"\0"):
        raise ValueError("its rules for normalising text are cut short")
    units = array("I", rules[4 : 4 + size])
    if sys.byteorder == "big":
        units.byteswap()
    count = len(units)
    for at, unit in enumerate(units):
        if unit & _LEAF:
            start = unit ^ _LEAF
            if start >= len(replacements) or replacements[start] & 0xC0 == 0x80:
                raise ValueError("its rules for normalising text lead outside themselves")
        elif at ^ ((unit >> 10) << (8 if unit & _WIDE else 0)) >= count:
            raise ValueError("its rules for normalising text lead outside themselves")
    replacements.decode()  # UnicodeDecodeError is a ValueError


def charsmaps(normalizer: Any) -> Iterator[bytes]:
    """The compiled rules in a tokenizer.json's normalizer, in order. ValueError if damaged."""
    if not isinstance(normalizer, dict):
        return
    for inner in normalizer.get("normalizers") or ():
        yield from charsmaps(inner)
    rules = normalizer.get("precompiled_charsmap")
    if normalizer.get("type") == "Precompiled" and isinstance(rules, str):
        yield base64.b64decode(rules, validate=True)
