"""Where everything stands on a screen of a given size."""

from dataclasses import dataclass

TITLE_LINES = 1
TABS_LINES = 1
FOOTER_LINES = 1
GAP = 2

_WIDE = 120  # from here on the grid stands beside the panes
_PANE_WIDTH = 68  # the narrowest that a table fits into
_PANE_HEIGHT = 14
_LEAST_GRID = 5


@dataclass(frozen=True)
class Box:
    """A part of the screen: its left upper corner, columns and lines."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Arrangement:
    """The parts of the screen; the first pane is the one that was asked for."""

    title: Box
    strip: Box
    grid: Box
    tabs: Box
    panes: tuple[Box, ...]
    footer: Box


def arrange(width: int, height: int, strip: int, grid: tuple[int, int], panes: int) -> Arrangement:
    """Divide the screen.

    Args:
        strip: lines of the token strip.
        grid: columns and lines that the whole grid of heads would take.
        panes: how many panes there are to show.
    """
    top = TITLE_LINES + strip
    left = height - top - FOOTER_LINES - TABS_LINES
    tabs_y, x, columns, shown_grid = top, 0, 1, Box(0, 0, 0, 0)
    if width >= _WIDE:
        grid_width = min(grid[0], width - GAP - _PANE_WIDTH)
        columns = max((width - grid_width) // (_PANE_WIDTH + GAP), 1)
        if columns == 1 and (width - _WIDE // 3) // (_PANE_WIDTH + GAP) > 1:
            columns = 2
            grid_width = width - columns * (_PANE_WIDTH + GAP)
        shown_grid = Box(0, top + TABS_LINES, grid_width, max(left, 0))
        x = grid_width + GAP
    else:
        grid_height = min(grid[1], max(left * 9 // 20, _LEAST_GRID))
        shown_grid = Box(0, top, width, grid_height)
        tabs_y = top + grid_height
        left -= grid_height
    rows = max(left // _PANE_HEIGHT, 1) if width >= _WIDE else 1
    room = width - x - GAP * (columns - 1)
    count = min(panes, rows * columns)
    boxes: list[Box] = []
    for i in range(count):
        column, row = divmod(i, rows)
        y = tabs_y + TABS_LINES + left * row // rows
        end = tabs_y + TABS_LINES + left * (row + 1) // rows
        gap = 1 if row < rows - 1 else 0
        boxes.append(
            Box(
                x + column * (room // columns + GAP),
                y,
                room // columns,
                max(end - y - gap, 1),
            )
        )
    return Arrangement(
        title=Box(0, 0, width, TITLE_LINES),
        strip=Box(0, TITLE_LINES, width, strip),
        grid=shown_grid,
        tabs=Box(0, tabs_y, width, TABS_LINES),
        panes=tuple(boxes),
        footer=Box(0, height - FOOTER_LINES, width, FOOTER_LINES),
    )
