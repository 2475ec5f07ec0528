"""How tokens look: pieces in turning colours with their ids, and figures in a small table."""

import sys
from collections.abc import Sequence

from tfcli.view import console

_COLOURS = ("cyan", "yellow", "green", "magenta")


def show_pieces(pieces: Sequence[str], ids: Sequence[int]) -> None:
    """Each piece with its id behind it, wrapped at the width of the screen."""
    from rich.text import Text

    space = "␣" if console.unicode(sys.stdout) else "_"
    line = Text()
    for number, (piece, token) in enumerate(zip(pieces, ids, strict=True)):
        shown = console.printable(piece.replace("▁", space))
        line.append(shown, style=_COLOURS[number % len(_COLOURS)])
        line.append(f" {token}   ", style="dim")
    line.rstrip()
    console.draw(line)


def show_table(rows: Sequence[dict[str, object]]) -> None:
    """Figures by name: a column for each tokenizer."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for key in rows[0]:
        cells = [_cell(row[key]) for row in rows]
        table.add_row(Text(key.replace("_", " "), style="bold"), *(Text(c) for c in cells))
    console.draw(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, int):
        return f"{value:,}"
    return console.printable(str(value))
