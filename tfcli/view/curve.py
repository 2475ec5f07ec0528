"""The course of a number over a budget, drawn as columns."""

_BLOCKS = " ▁▂▃▄▅▆▇█"
_ASCII = " .:#"
_RESOLUTION = 480


class Curve:
    """Means of a number over equal parts of a budget that is spent from 0 to 1."""

    def __init__(self, start: float = 0.0) -> None:
        self._start = start
        self._sums = [0.0] * _RESOLUTION
        self._counts = [0] * _RESOLUTION

    def add(self, share: float, value: float) -> None:
        """Add the value at this share of the budget."""
        place = min(_RESOLUTION - 1, int(share * _RESOLUTION))
        self._sums[place] += value
        self._counts[place] += 1

    def rows(self, width: int, height: int, *, ascii: bool = False) -> list[str]:
        """The curve as text: `height` rows of `width` characters, the extremes at the left."""
        marks = _ASCII if ascii else _BLOCKS
        most = len(marks) - 1
        plot = width - _LABEL
        values = self._columns(plot)
        known = [value for value in values if value is not None]
        if not known or plot < 1:
            return []
        low, high = min(known), max(known)
        span = (high - low) or 1.0
        levels = [
            0 if v is None else 1 + round((v - low) / span * (height * most - 1)) for v in values
        ]
        rows = []
        for row in range(height):
            below = (height - 1 - row) * most
            cells = "".join(marks[min(most, max(0, level - below))] for level in levels)
            label = f"{high:.2f}" if row == 0 else f"{low:.2f}" if row == height - 1 else ""
            rows.append(f"{label:>{_LABEL - 1}} {cells}".rstrip())
        return rows

    def _columns(self, width: int) -> list[float | None]:
        """The mean in each column; a gap between two values takes the one before it."""
        columns: list[float | None] = []
        last: float | None = None
        for column in range(width):
            places = range(
                column * _RESOLUTION // width,
                max(column * _RESOLUTION // width + 1, (column + 1) * _RESOLUTION // width),
            )
            count = sum(self._counts[i] for i in places)
            if count:
                last = sum(self._sums[i] for i in places) / count
            columns.append(last)
        return self._without_the_future(columns, width)

    def _without_the_future(self, columns: list[float | None], width: int) -> list[float | None]:
        used = max((i for i, count in enumerate(self._counts) if count), default=-1)
        first = next((value for value in columns if value is not None), None)
        return [
            None
            if column * _RESOLUTION // width > used or column < int(self._start * width)
            else first
            if value is None
            else value
            for column, value in enumerate(columns)
        ]


_LABEL = 7
