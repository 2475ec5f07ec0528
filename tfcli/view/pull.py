"""How a model comes from a hub: on a terminal two lines that are redrawn, else a line now and then.

All on stderr.
"""

import sys
import time
from collections import deque
from typing import TYPE_CHECKING

from tfcli.checkpoint.hub.pull import FileProgress, PullEvent, PullStarted
from tfcli.view import console, live
from tfcli.view.train import clock

if TYPE_CHECKING:
    from rich.text import Text

_REDRAW_SECONDS = 0.1
_LINE_SECONDS = 10.0
_RATE_SECONDS = 10.0  # the speed is that of the last so many
_UNITS = ("B", "kB", "MB", "GB", "TB")


class PullView:
    """Shows the events of one pull. `close` takes the live lines away, whatever happened."""

    def __init__(self) -> None:
        self._live = live.LiveLines() if live.possible() else None
        self._shown = time.monotonic() if self._live is None else float("-inf")
        self._total = 0
        self._done: dict[str, int] = {}
        self._come = 0  # bytes in this pull, without what an earlier one left
        self._marks: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def show(self, event: PullEvent) -> None:
        """Draw one event."""
        match event:
            case PullStarted():
                self._total = event.bytes
                files = "1 file" if event.files == 1 else f"{event.files} files"
                if event.files:
                    console.note(
                        f"pulling {event.name} ({event.revision}): {files}, {size(event.bytes)}"
                    )
            case FileProgress():
                self._progress(event)

    def close(self) -> None:
        """Take the live lines away, so that what follows stands in their place."""
        if self._live is not None:
            self._live.erase()
            self._live = None

    def _progress(self, event: FileProgress) -> None:
        before = self._done.get(event.file)
        self._done[event.file] = event.done
        if before is not None:
            self._come += max(0, event.done - before)
        now = time.monotonic()
        self._mark(now)
        whole = event.done == event.total
        if self._live is not None:
            if now - self._shown >= _REDRAW_SECONDS or whole:
                self._shown = now
                self._live.draw(self._lines(event, self._live.width))
        elif whole and before != event.done:
            console.note(f"  {event.file}  {size(event.total)}")
        elif not whole and now - self._shown >= _LINE_SECONDS:
            self._shown = now
            console.note(f"  {event.file}  {_share(event.done, event.total)}{self._pace()}")

    def _mark(self, now: float) -> None:
        """Remember how much had come, at most ten times a second, for as long as the rate takes."""
        if now - self._marks[-1][0] >= _REDRAW_SECONDS:
            self._marks.append((now, self._come))
        while len(self._marks) > 2 and now - self._marks[0][0] > _RATE_SECONDS:
            self._marks.popleft()

    def _pace(self) -> str:
        """Speed and time left, once they can be told."""
        (begin, before), now = self._marks[0], time.monotonic()
        rate = (self._come - before) / max(now - begin, 1e-9)
        if now - begin < 1 or rate <= 0:
            return ""
        left = self._total - sum(self._done.values())
        return f"  {size(rate)}/s  {clock(left / rate)} left"

    def _lines(self, event: FileProgress, width: int) -> "list[Text]":
        from rich.text import Text

        name = Text(console.printable(event.file))
        figures = f"  {_share(event.done, event.total)}"
        name.truncate(max(8, width - len(figures)), overflow="ellipsis")
        return [name + Text(figures, style="dim"), self._bar(width)]

    def _bar(self, width: int) -> "Text":
        from rich.text import Text

        done = sum(self._done.values())
        progress = min(1.0, done / self._total) if self._total else 1.0
        left, right = f"{progress:4.0%} ", f"  {_share(done, self._total)}{self._pace()}"
        room = width - len(left) - len(right)
        if room < 4:
            return Text(left + right.lstrip())
        full = int(room * progress)
        marks = "━─" if console.unicode(sys.stderr) else "#-"
        return Text.assemble(
            left, (marks[0] * full, "green"), (marks[1] * (room - full), "dim"), right
        )


def size(value: float) -> str:
    """A number of bytes in three digits: 12.3 MB."""
    place = 0
    while value >= 999.5 and place < len(_UNITS) - 1:
        value, place = value / 1000, place + 1
    return f"{value:.3g} {_UNITS[place]}"


def _share(done: int, total: int) -> str:
    """1.2 of 4.9 GB."""
    figure, unit = size(total).split()
    scaled = done / 1000 ** _UNITS.index(unit)
    return f"{scaled:.1f} of {figure} {unit}" if done < total else f"{figure} {unit}"
