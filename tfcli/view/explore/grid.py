"""The grid of heads, as much of it as fits around the head that is looked at."""

from rich.text import Text

from tfcli.explain.result import LETTERS, Explanation, HeadsGrid, Kind
from tfcli.explain.spot import Spot
from tfcli.view.explain import heat
from tfcli.view.explain.lines import ACCENT, BAD, DIM, STRONG, Pen, heading

HEAD_LINES = 2  # what it shows, and the heads' numbers
_TITLE = 44
_TAKEN_AWAY = "××"


def size(layers: int, heads: int) -> tuple[int, int]:
    """Columns and lines of a whole grid, in its wider cells, and of what it is called."""
    return max(_label(layers) + 4 * heads + 1, _TITLE), HEAD_LINES + layers


def grid_of(explanation: Explanation, kind: Kind) -> HeadsGrid | None:
    """The grid of one kind of attention."""
    found = {
        "self": explanation.heads,
        "cross": explanation.cross_heads,
        "encoder": explanation.encoder_heads,
    }
    return found[kind]


def draw_grid(pen: Pen, explanation: Explanation, spot: Spot, height: int) -> list[Text]:
    """The rows and columns around the spot's head; its cell is reversed, its row marked ›.

    Args:
        height: lines that there are.
    """
    grid = grid_of(explanation, spot.kind)
    if grid is None:
        reason = explanation.omitted.get(
            "heads", "The encoder adds to a logit through the cross-attention alone."
        )
        words = f"{spot.measure}: {reason}"
        return pen.flow(
            [[word] for word in words.split()],
            " ",
            head=pen.line(" ", ("HEADS", STRONG), "  "),
            indent=3,
            room=pen.width,
        )
    layers, heads = len(grid.values), len(grid.values[0])
    label = _label(layers)
    cell = _cell(grid, pen.width - label)
    columns = around(spot.head, heads, max((pen.width - label) // cell, 1))
    rows = around(spot.layer, layers, max(height - HEAD_LINES, 1))
    lines = [_title(pen, grid, rows, layers), _numbers(pen, spot, columns, label, cell)]
    for layer in rows:
        lines.append(_row(pen, grid, spot, layer, columns, (label, cell)))
    return lines


def around(index: int, count: int, room: int) -> range:
    """The `room` places of `count` around one of them."""
    first = max(0, min(index - room // 2, count - room))
    return range(first, min(first + room, count))


def _label(layers: int) -> int:
    return 4 + len(str(layers - 1))


def _cell(grid: HeadsGrid, room: int) -> int:
    """Columns of a cell: a sign needs one, and space between cells is given where there is some."""
    negative = any(value is not None and value < 0 for row in grid.scaled for value in row)
    wide = 4 if negative else 3
    return wide if wide * len(grid.values[0]) <= room else wide - 1


def _title(pen: Pen, grid: HeadsGrid, rows: range, layers: int) -> Text:
    shown = f"layers {rows[0]}–{rows[-1]} of {layers}" if len(rows) < layers else ""
    return heading(pen, "HEADS", f"{grid.unit}, {grid.scale}", shown, pen.width)


def _numbers(pen: Pen, spot: Spot, columns: range, label: int, cell: int) -> Text:
    """The heads' numbers over their columns, those that have room."""
    step = 1 if cell > len(str(columns[-1])) else 2
    line = Text(" " * label)
    for head in columns:
        here = head == spot.head
        shown = here or (head % step == 0 and not (step > 1 and abs(head - spot.head) == 1))
        text = str(head) if shown else ""
        line.append(text.rjust(cell), f"{STRONG} {ACCENT}" if here else DIM)
    return line


def _row(
    pen: Pen, grid: HeadsGrid, spot: Spot, layer: int, columns: range, widths: tuple[int, int]
) -> Text:
    label, cell = widths
    here = layer == spot.layer
    name = f"{LETTERS[grid.kind]}{layer}".ljust(label - 2)
    line = pen.line((f"{'>' if here else ' '} {name}", f"{STRONG} {ACCENT}" if here else ""))
    taken = {(p.layer, p.head) for p in spot.ablated if p.kind == grid.kind}
    pieces = heat.cells(grid.scaled[layer][columns.start : columns.stop], cell)
    for head, piece in zip(columns, pieces, strict=True):
        gone = (layer, head) in taken
        text, style = (pen.say(_TAKEN_AWAY).rjust(cell), BAD) if gone else piece
        line.append(text, f"{style} reverse" if here and head == spot.head else style)
    return line
