"""What the screens of `tfcli model` share: paragraphs, and numbers of bytes and operations."""

import re
from collections.abc import Sequence

from rich.text import Text

from tfcli.view.explain.lines import DIM, Pen, Piece, margin

INDENT = 15


def paragraph(
    drawing: Pen, word: str, items: Sequence[Sequence[Piece]], joint: str = " · "
) -> list[Text]:
    """A section's word in the margin, and items that flow behind it."""
    head = margin(drawing, word, INDENT)
    return drawing.flow(items, joint, head=head, indent=INDENT, room=drawing.width - 1)


def sentence(drawing: Pen, word: str, text: str) -> list[Text]:
    """The same for a text that is broken between words."""
    return paragraph(drawing, word, words(drawing, text), " ")


def words(drawing: Pen, text: str, style: str = "") -> list[list[Piece]]:
    """A text's words, to flow one after the other; a root spelt out where it cannot be drawn."""
    if drawing.ascii:
        text = re.sub(r"√(\w+)", r"sqrt(\1)", text)
    return [[(part, style)] for part in text.split(" ")]


def under(drawing: Pen, text: str) -> list[Text]:
    """A remark below, without a word in the margin."""
    items, head = words(drawing, text, DIM), Text(" " * INDENT)
    return drawing.flow(items, " ", head=head, indent=INDENT, room=drawing.width - 1)


def operations(value: float) -> str:
    """“350 GFLOP”: floating-point operations in three digits."""
    for size, letter in ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            return f"{value / size:.3g} {letter}FLOP"
    return f"{value:.0f} FLOP"


def ranges(numbers: Sequence[int], most: int = 3) -> str:
    """“0–2”, “0–4, 6–10, 12–16, …”: runs of numbers that follow each other."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [str(a) if a == b else f"{a}–{b}" for a, b in runs[:most]]
    return ", ".join([*shown, *(["…"] if len(runs) > most else [])])
