"""Heat maps: a cell is a background colour of the 256 and two digits, so it reads without colour.

Foreground and background are both set, so a cell looks the same on a dark and a light terminal.
"""

import math
from collections.abc import Sequence

from tfcli.view.explain.lines import DIM, Piece

# (from this value on, style): a dark blue to yellow ramp in which lightness grows with the value.
_RAMP = (
    (0.95, "bold color(16) on color(227)"),
    (0.80, "color(16) on color(185)"),
    (0.65, "color(16) on color(114)"),
    (0.50, "color(16) on color(73)"),
    (0.35, "color(231) on color(67)"),
    (0.20, "color(231) on color(61)"),
    (0.10, "color(231) on color(60)"),
    (0.03, "color(252) on color(238)"),
)
_NEGATIVE_RAMP = (
    (0.80, "bold color(231) on color(124)"),
    (0.50, "color(231) on color(131)"),
    (0.20, "color(231) on color(95)"),
    (0.03, "color(252) on color(238)"),
)
_RAMPS = ((_RAMP, 1), (_NEGATIVE_RAMP, -1))


def style(value: float | None) -> str:
    """The colours of a value between -1 and 1."""
    if value is None or not math.isfinite(value):
        return ""
    for start, colors in _RAMP if value >= 0 else _NEGATIVE_RAMP:
        if abs(value) >= start:
            return colors
    return DIM


def level(value: float | None) -> int:
    """The step of the ramp that a value's colours are: 1 to 8, -1 to -4, 0 for none."""
    if value is None or not math.isfinite(value):
        return 0
    ramp = _RAMP if value >= 0 else _NEGATIVE_RAMP
    return (1 if value >= 0 else -1) * sum(abs(value) >= start for start, _ in ramp)


def levels() -> dict[str, int]:
    """The step that each style of the ramps is."""
    return {style(start * sign): level(start * sign) for ramp, sign in _RAMPS for start, _ in ramp}


def digits(value: float | None) -> str:
    """Two digits of a percentage; “**” for 100, “-” before a negative, blank for no value."""
    if value is None or not math.isfinite(value):
        return ""
    percentage = round(100 * abs(value))
    shown = "**" if percentage >= 100 else str(percentage)
    return "-" + shown if value < 0 and percentage else shown


def cells(values: Sequence[float | None], width: int) -> list[Piece]:
    """A row of cells, each `width` columns."""
    return [(digits(value).rjust(width), style(value)) for value in values]
