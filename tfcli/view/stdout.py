"""Drawing on stdout: as wide as it is, in the characters and colours that it shows."""

import sys
from collections.abc import Iterable

from rich.text import Text

from tfcli.view import console
from tfcli.view.explain.lines import Language, Pen, crop


def pen(brief: bool = True, language: Language | None = None) -> Pen:
    """How stdout is drawn on (arguments as the attributes of a `Pen`)."""
    return Pen(console.width(sys.stdout), not console.unicode(sys.stdout), brief, language)


def write(drawing: Pen, lines: Iterable[Text]) -> None:
    """Write lines to stdout, none wider than it is."""
    ellipsis = drawing.say("…")
    cropped = (crop(line, drawing.width, ellipsis) for line in lines)
    if not console.ansi(sys.stdout):  # a book has a hundred thousand lines, and Rich takes its time
        sys.stdout.writelines(line.plain + "\n" for line in cropped)
        return
    out = console.out_console()
    for line in cropped:
        out.print(line, soft_wrap=True)
