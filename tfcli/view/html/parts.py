"""What every page is made of: tables, and the lines of the screen."""

import math
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from tfcli.view.explain import heat
from tfcli.view.explain.lines import Pen, crop

Json = dict[str, Any]

_ACCENTS = {37: "accent", 1: "bad", 2: "good"}


def table(
    name: str,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    bars: Sequence[float] = (),
    marked: Sequence[int] = (),
    words: Sequence[int] = (),
    spots: Sequence[str] = (),
    note: str = "",
) -> Json:
    """A table whose first column names the row.

    Args:
        bars: a share of 1 for each row, drawn behind it; less than 0 in another colour.
        marked: rows that stand out.
        words: columns that hold words, besides the first.
        spots: for each row what it is about; all that is about one thing is marked together.
    """
    return {
        "name": name,
        "title": title,
        "columns": list(columns),
        "rows": [list(row) for row in rows],
        "bars": [_width(bar) for bar in bars],
        "down": [i for i, bar in enumerate(bars) if bar < 0],
        "marked": list(marked),
        "words": list(words),
        "spots": list(spots),
        "note": note,
    }


def _width(bar: float) -> float:
    """In per cent; 0 for what is no number."""
    return round(100 * min(abs(bar), 1.0), 1) if math.isfinite(bar) else 0.0


def read_strips(
    source: Sequence[str],
    labels: Sequence[str],
    ids: Sequence[int],
    position: int,
    side: str = "read",
    whose: str = "",
) -> list[Json]:
    """The tokens that were read; beside an encoder its own first, then the decoder's.

    Args:
        ids: of the labels.
        position: the one that is followed.
        side: names the strip in the marks of its tokens; `whose` stands in its title.
    """
    strips: list[Json] = []
    if source:
        read = [
            {"position": i, "label": label, "facts": [], "followed": False}
            for i, label in enumerate(source)
        ]
        title = f"What the encoder read{whose}"
        strips.append({"side": f"{side}-source", "title": title, "tokens": read})
    tokens = [
        {"position": i, "label": label, "facts": [f"id {id}"], "followed": i == position}
        for i, (label, id) in enumerate(zip(labels, ids, strict=True))
    ]
    title = f"{'What the decoder has written' if source else 'The prompt'}{whose}"
    return [*strips, {"side": side, "title": title, "tokens": tokens}]


def block(pen: Pen, name: str, lines: Sequence[Text]) -> Json:
    """Lines of the screen, those that are too long cropped as on a terminal."""
    return {"name": name, "lines": [_pieces(crop(line, pen.width, "…")) for line in lines]}


def _pieces(line: Text) -> list[list[str]]:
    """A line as runs of [text, names of classes]."""
    rendered = line.render(Console(width=10**6, markup=False, highlight=False))
    return [
        [segment.text, _classes(segment.style)]
        for segment in Segment.simplify(rendered)
        if segment.text != "\n"
    ]


def _classes(style: Style | None) -> str:
    if style is None:
        return ""
    names = ["strong"] * bool(style.bold) + ["dim"] * bool(style.dim)
    if style.bgcolor is not None:
        names.append(_level(_GROUNDS.get(style.bgcolor.number, 0)))
    elif style.color is not None:
        names.append(_ACCENTS.get(style.color.number or 0, ""))
    return " ".join(names)


def _level(level: int) -> str:
    """The class of a step of the ramp, as the script names it too."""
    return f"h{level}" if level >= 0 else f"n{-level}"


_GROUNDS = {
    parsed.bgcolor.number: level
    for name, level in heat.levels().items()
    if (parsed := Style.parse(name)).bgcolor is not None
}
