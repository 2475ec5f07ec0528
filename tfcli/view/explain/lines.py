"""Lines of a screen: widths counted in terminal cells, characters that the terminal can show.

Everything an explanation draws is a list of Rich `Text` lines made here. Model text goes in as
plain text, so nothing in it is ever read as markup.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from tfcli.view import console

DIM = "dim"
STRONG = "bold"
ACCENT = "color(37)"
GOOD = "bold green"
BAD = "bold red"

# What ASCII has instead of the characters that this package draws with. They are of ambiguous
# width in East Asian terminals, so a terminal may give them two columns.
_ASCII = {
    " · ": " - ",
    "·": ".",
    "→": "->",
    "Δ": "d",
    "‖": "|",
    "ᵀ": "^T",
    "×": "x",
    "–": "-",
    "…": "~",
    "“": '"',
    "”": '"',
    "␣": "_",
    "≠": "!=",
    "✓": "ok",
}
# With its sign, its share of a thousand and its unit: “-0.12”, “<.001”, “1,204”, “2.6M”, “40%*”.
_NUMBER = re.compile(r"[-+<]?\.?[0-9][0-9.,]*(?:e[-+]?[0-9]+)?[A-Za-z%*]{0,2}", re.ASCII)
_EIGHTHS = " ▏▎▍▌▋▊▉"

Piece = str | tuple[str, str]
Language = Literal["en", "zh"]


@dataclass(frozen=True)
class Pen:
    """How to draw: the columns there are, whether in ASCII, whether in short.

    Attributes:
        brief: leave rows out where a section is long; the JSON has them all.
        language: in which each section is taught where it stands; None for not at all.
        keys: whether keys choose what is shown, as in `tfcli explore`, and no option does.
    """

    width: int
    ascii: bool = False
    brief: bool = True
    language: Language | None = None
    keys: bool = False

    def say(self, text: str) -> str:
        """The text in the characters that can be shown."""
        if not self.ascii:
            return text
        text = re.sub("√([0-9]+)", r"sqrt(\1)", text)
        for character, replacement in _ASCII.items():
            text = text.replace(character, replacement)
        return text.encode("ascii", errors="backslashreplace").decode("ascii")

    def line(self, *pieces: Piece) -> Text:
        """One line of plain or (text, style) pieces."""
        return Text.assemble(
            *(self.say(p) if isinstance(p, str) else (self.say(p[0]), p[1]) for p in pieces)
        )

    def fit(self, text: str, width: int) -> str:
        """The text in at most `width` columns, an ellipsis at its end where it was cut."""
        shown = self.say(text)
        if cell_len(shown) <= width:
            return shown
        return set_cell_size(shown, max(width - 1, 0)).rstrip() + self.say("…") * (width > 0)

    def left(self, text: str, width: int) -> str:
        """The text at the left of exactly `width` columns."""
        shown = self.fit(text, width)
        return shown + " " * (width - cell_len(shown))

    def right(self, text: str, width: int) -> str:
        """The text at the right of exactly `width` columns."""
        shown = self.fit(text, width)
        return " " * (width - cell_len(shown)) + shown

    def size(self, text: str) -> int:
        """How many columns the text takes."""
        return cell_len(self.say(text))

    def bar(self, share: float, width: int) -> str:
        """A bar of at most `width` columns for a share of 1; none for a NaN."""
        length = 0.0 if math.isnan(share) else max(0.0, min(share, 1.0)) * width
        if self.ascii:
            return "#" * round(length)
        eighths = round(length * 8)
        return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()

    def flow(
        self,
        items: Sequence[Sequence[Piece]],
        joint: str,
        *,
        head: Text,
        indent: int,
        room: int,
        carry: bool = False,
    ) -> list[Text]:
        """Set items one after the other, and begin a new line where the next does not fit.

        Args:
            items: each a run of pieces that stays on one line.
            joint: what stands between two items of a line.
            head: the first line's beginning.
            indent: columns before every further line.
            room: columns to fill.
            carry: whether a new line begins with the joint.
        """
        lines = [head.copy()]
        between = self.say(joint)
        fresh = True
        for pieces in items:
            item = self.line(*pieces)
            gap = "" if fresh else between
            if not fresh and lines[-1].cell_len + cell_len(gap) + item.cell_len > room:
                lines.append(Text(" " * indent))
                gap = between.lstrip() if carry else ""
            lines[-1].append(gap, DIM)
            lines[-1].append_text(item)
            fresh = False
        return lines


def on_one_line(name: str) -> str:
    """The name of a file or folder, which may hold anything, so that it cannot move the cursor."""
    return " ".join(console.printable(name).split())


def heading(pen: Pen, word: str, rest: str = "", note: str = "", room: int = 0) -> Text:
    """A section's first line: its word in the margin, then text, then a note at the right."""
    line = pen.line(" ", (word, STRONG))
    if rest:
        line.append("  " + pen.say(rest))
    if note:
        shown = pen.say(note)
        gap = room - line.cell_len - cell_len(shown)
        if gap >= 2:
            line.append(" " * gap + shown, DIM)
    return line


def margin(pen: Pen, word: str, indent: int = 9) -> Text:
    """A section's word, padded so that text can follow on the same line."""
    return pen.line(" ", (word, STRONG), " " * max(indent - 1 - len(word), 2))


def beside(left: Sequence[Text], right: Sequence[Text], at: int) -> list[Text]:
    """Two blocks of lines side by side, the right one from column `at`."""
    lines: list[Text] = []
    for i in range(max(len(left), len(right))):
        line = left[i].copy() if i < len(left) else Text()
        if i < len(right) and right[i].plain:
            line.append(" " * (at - line.cell_len))
            line.append_text(right[i])
        lines.append(line)
    return lines


def widest(lines: Iterable[Text]) -> int:
    """Columns of the widest line."""
    return max((line.cell_len for line in lines), default=0)


def crop(line: Text, width: int, ellipsis: str) -> Text:
    """The line in at most `width` columns, without trailing spaces.

    A number that the edge would cut is left out: what is left of it would be another number.
    """
    line = line.copy()
    if line.cell_len > width:
        room = max(width - cell_len(ellipsis), 0)
        whole = line.plain
        line.truncate(room)
        cut = _cut_number(whole, len(line.plain))
        if cut:
            line.right_crop(cut)
        line.append(" " * (room - line.cell_len) + ellipsis)
    line.rstrip()
    return line


def _cut_number(text: str, end: int) -> int:
    """How many characters of a number stand at an edge that cuts it, or touches it."""
    for number in _NUMBER.finditer(text):
        if number.start() < end <= number.end():
            return end - number.start()
    return 0
