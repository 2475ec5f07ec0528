"""The curve of the loss: its extremes, its slope, and nothing where the budget is not spent."""

import pytest

from tfcli.view.curve import Curve


def falling(until: float, start: float = 0.0) -> Curve:
    curve = Curve(start)
    for step in range(int(start * 200), int(until * 200)):
        curve.add((step + 1) / 200, 9 - 8 * step / 200)
    return curve


def heights(rows: list[str], width: int) -> list[int]:
    """How many rows of each column are drawn in."""
    cells = [row[7:].ljust(width - 7) for row in rows]
    return [sum(row[column] != " " for row in cells) for column in range(width - 7)]


@pytest.mark.parametrize("width", [20, 80, 100])
@pytest.mark.parametrize("ascii", [True, False])
def test_it_falls_and_fits(width: int, ascii: bool) -> None:
    rows = falling(1.0).rows(width, 4, ascii=ascii)
    assert len(rows) == 4
    assert max(map(len, rows)) <= width
    assert all(row.isascii() for row in rows) == ascii
    columns = heights(rows, width)
    assert columns == sorted(columns, reverse=True)
    assert (columns[0], columns[-1]) == (4, 1)
    high, low = float(rows[0].split()[0]), float(rows[-1].split()[0])
    assert 8 < high <= 9
    assert 1 <= low < 2


def test_what_is_not_spent_and_what_was_before_a_resume_is_blank() -> None:
    columns = heights(falling(0.5).rows(107, 4), 107)
    assert all(columns[:50])
    assert not any(columns[51:])
    resumed = heights(falling(0.75, start=0.5).rows(107, 4), 107)
    assert not any(resumed[:50])
    assert all(resumed[51:75])
    assert not any(resumed[76:])


def test_few_steps_leave_no_gaps_and_none_leaves_nothing() -> None:
    curve = Curve()
    assert curve.rows(60, 4) == []
    for step in range(3):
        curve.add((step + 1) / 4, 3.0)  # all alike
    columns = heights(curve.rows(60, 4), 60)
    assert all(columns[:39])
    assert not any(columns[41:])
