"""Floats as the text of their bytes.

Each is written in 4 bytes where that rounds none of them, else in 8: what a model computed in
float32 comes back to the last bit, and so does a sum that was made in float64.

The bytes are IEEE 754, the one of least weight first, and grouped by weight: the lowest byte of
every number, then the next of every number (“byte shuffling”; Alted, “Why modern CPUs are starving
and what can be done about it”, 2010). Signs and exponents, which are alike, then stand together.
Of 1.1 million attention weights gzip makes 3.8 MB so, 4.3 MB without, and 10.1 MB of their digits.
"""

import base64
import math
import sys
from array import array
from collections.abc import Sequence
from functools import partial
from typing import Any

from tfcli.explain.result.codec import MismatchError, expected, step

# The name of a precision, the code that `array` has for it, and its bytes.
_PRECISIONS = (("float32", "f", 4), ("float64", "d", 8))


def pack(values: Sequence[float | None]) -> dict[str, str]:
    """{"float32": text} or {"float64": text}. None and infinity become NaN, as JSON's null."""
    numbers = array("d", [_finite(value) for value in values])
    exact = array("d", array("f", numbers)).tobytes() == numbers.tobytes()
    name, code, size = _PRECISIONS[0 if exact else 1]
    content = _little(array(code, numbers)).tobytes()
    shuffled = b"".join(content[i::size] for i in range(size))
    return {name: base64.b64encode(shuffled).decode("ascii")}


def unpack(value: Any) -> list[float]:
    """The numbers of `pack`, none of them infinite.

    Raises:
        MismatchError: they are none.
    """
    if type(value) is not dict:
        raise expected("numbers in base64", value)
    for name, code, size in _PRECISIONS:
        if list(value) == [name]:
            return step(f".{name}", partial(_numbers, code, size), value[name])
    raise MismatchError("expected float32 or float64, and nothing beside it")


def _finite(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else math.nan


def _little(numbers: "array[float]") -> "array[float]":
    """The numbers with their lowest bytes first; or back."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _numbers(code: str, size: int, text: Any) -> list[float]:
    if type(text) is not str:
        raise expected("base64", text)
    try:
        shuffled = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise MismatchError("expected base64") from error
    count, rest = divmod(len(shuffled), size)
    if rest:
        raise MismatchError(f"expected numbers of {size} bytes, found {len(shuffled)} bytes")
    content = bytearray(len(shuffled))
    for i in range(size):
        content[i::size] = shuffled[i * count : (i + 1) * count]
    numbers = array(code)
    numbers.frombytes(content)
    found = _little(numbers).tolist()
    if any(map(math.isinf, found)):
        raise MismatchError("expected numbers, found an infinite one")
    return found
