"""The lens of every layer at every position, as a grid of tokens or of one token's probability."""

from rich.text import Text

from tfcli.explain.result import Explanation, LensCell, LensGrid
from tfcli.view.explain import heat
from tfcli.view.explain.lines import DIM, STRONG, Pen, Piece, heading, on_one_line

_MARGIN = 6
_CELL, _WIDEST_CELL = 10, 16
_HEAT_CELL = 5


def draw_lens_grid(pen: Pen, explanation: Explanation) -> list[Text]:
    """Rows are layers, columns positions. What does not fit beside the rest stands under it where
    a window was named, and is left out where none was."""
    grid = explanation.lens_grid
    if grid is None:
        return []
    count, room = len(grid.labels), pen.width - _MARGIN
    least = _CELL if grid.answer_id is None else _HEAT_CELL
    fits = max(room // least, 1)
    shown = range(count)[-fits:] if grid.chosen else range(count)
    cell = max(min(room // min(len(shown), fits), _WIDEST_CELL), least)
    if grid.answer_id is not None:
        cell = least
    lines = [_title(pen, explanation, grid)]
    for start in range(0, len(shown), fits):
        lines += [Text()] if start else []
        lines += _band(pen, grid, shown[start : start + fits], cell)
    return lines + _notes(pen, grid, shown)


def _title(pen: Pen, explanation: Explanation, grid: LensGrid) -> Text:
    if grid.answer_label is not None:
        return heading(pen, "LENS GRID", f"probability of “{pen.fit(grid.answer_label, 20)}”, %")
    where = "at" if explanation.model.kind == "encoder" else "after"
    return heading(
        pen, "LENS GRID", f"the likeliest token {where} each token, and its probability, %"
    )


def _band(pen: Pen, grid: LensGrid, columns: range, cell: int) -> list[Text]:
    """Some positions side by side, all layers under them."""
    places = [pen.left(str(grid.first + i), cell) for i in columns]
    tokens = [pen.left(pen.fit(grid.labels[i], cell - 1), cell) for i in columns]
    if grid.answer_id is not None:
        places = [pen.right(str(grid.first + i), cell) for i in columns]
        tokens = [pen.right(pen.fit(grid.labels[i], cell - 1), cell) for i in columns]
    lines = [
        pen.line(" " * _MARGIN, ("".join(places), DIM)),
        pen.line(" " * _MARGIN, ("".join(tokens), STRONG)),
    ]
    for row in grid.rows:
        name = "E" if row.layer is None else f"L{row.layer}"
        pieces: list[Piece] = [pen.left(f"   {name}", _MARGIN)]
        for i in columns:
            pieces += _cell(pen, grid, row.cells[i], cell)
        lines.append(pen.line(*pieces))
    return lines


def _cell(pen: Pen, grid: LensGrid, found: LensCell, width: int) -> list[Piece]:
    """Colour and two digits are the probability."""
    if grid.answer_id is not None:
        p = found.answer_probability
        return [" ", (pen.right(heat.digits(p), width - 1), heat.style(p))]
    p = found.top_probability
    return [
        (pen.left(found.top_label, width - 4) + pen.right(heat.digits(p), 3), heat.style(p)),
        " ",
    ]


def _notes(pen: Pen, grid: LensGrid, shown: range) -> list[Text]:
    lines: list[Text] = []
    if len(shown) < len(grid.labels) or (grid.chosen and grid.first > 0):
        last = grid.first + shown[-1]
        window = f"others with --window, such as --window {max(last - 20, 0)}:{last + 1}"
        words = f"positions {grid.first + shown[0]} to {last}; "
        words += "they end with the token that is followed" if pen.keys else window
        lines.append(pen.line(" " * _MARGIN, (words, DIM)))
    if grid.fitted_on is not None:
        words = f"tuned lens, fitted on {on_one_line(grid.fitted_on)}"
        lines.append(pen.line(" " * _MARGIN, (words, DIM)))
    return lines
