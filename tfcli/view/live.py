"""A few lines at the foot of the screen that are redrawn in place, on stderr.

Unlike Rich's own live display it hides no cursor and starts no thread, so a process that ends in
the middle leaves the terminal as it was, and nothing runs beside the training.
"""

import sys

from rich.text import Text

from tfcli.view import console
from tfcli.view.explain.lines import crop

WIDEST = 100


def possible() -> bool:
    """Whether stderr is a terminal that takes cursor movement, and the user wants to see it."""
    return (
        console.is_terminal(sys.stderr)
        and console.ansi(sys.stderr)
        and not console.settings().quiet
    )


class LiveLines:
    """Lines that stand under everything that is written while they are taken away."""

    def __init__(self) -> None:
        self._widths: list[int] = []

    @property
    def width(self) -> int:
        """The columns that a line may fill; the last one stays free, where terminals wrap."""
        return min(WIDEST, console.width(sys.stderr) - 1)

    def draw(self, lines: list[Text]) -> None:
        """Show these lines in place of those before."""
        width = self.width
        out = console.err_console()
        dots = "…" if console.unicode(sys.stderr) else "~"
        lines = [crop(line, width, dots) for line in lines]
        with out.capture() as capture:
            for line in lines:
                out.print(line, no_wrap=True, crop=False, soft_wrap=True)
        self._write(self._erased() + capture.get())
        self._widths = [line.cell_len for line in lines]

    def erase(self) -> None:
        """Take the lines away."""
        self._write(self._erased())
        self._widths = []

    def _erased(self) -> str:
        """What moves the cursor to the start of the first line and clears from there.

        A terminal that has become narrower shows a line on several rows.
        """
        if not self._widths:
            return ""
        columns = console.width(sys.stderr)
        rows = sum(max(1, -(-width // columns)) for width in self._widths)
        return f"\r\x1b[{rows}A\x1b[J"

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
