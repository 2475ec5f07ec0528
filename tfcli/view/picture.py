"""Screens as files: SVG, and PNG by way of it."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from tfcli.checkpoint.files import write_atomic
from tfcli.errors import UsageError
from tfcli.view import console, pull
from tfcli.view.explain.lines import Language, Pen, crop
from tfcli.view.svg import FONTS, size, svg

WIDTH = 100
Screen = Callable[[Pen], list[Text]]  # draws its lines
_MOST_PIXELS = 64 * 10**6  # decoded they are 256 MB, here and at the reader's
_PROBE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
    f'<text y="15" font-family="{FONTS}">{{}}</text></svg>'
)


def file_pen(brief: bool = True, language: Language | None = None) -> Pen:
    """How a file is drawn on: COLUMNS wide, else 100 (arguments as the attributes of a `Pen`)."""
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() and int(columns) > 0 else WIDTH
    return Pen(max(width, console.NARROWEST), console.settings().ascii, brief, language)


@dataclass(frozen=True)
class Drawing:
    """An SVG document and its size in pixels."""

    document: str
    width: int
    height: int


def drawn(screen: Sequence[Text], pen: Pen, title: str) -> Drawing:
    """A screen's lines; those that are too long are cropped, as on a terminal."""
    lines = [crop(line, pen.width, pen.say("…")) for line in screen]
    return Drawing(svg(lines, pen.width, title), *size(len(lines), pen.width))


def require_png() -> None:
    """UsageError where the package that draws a PNG is missing, or the machine has no font."""
    try:
        import resvg_py  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise UsageError(
            "--png needs the package resvg-py.",
            hint="pip install 'tfcli[png]', or --svg, which needs nothing",
        ) from None
    if _rendered(_PROBE.format("x"), 1) == _rendered(_PROBE.format(""), 1):
        raise UsageError(
            "This machine has no font to draw a PNG with.",
            hint="Install one (Debian: fonts-dejavu, for Chinese fonts-noto-cjk), or write --svg.",
        )


def png(drawing: Drawing) -> bytes:
    """A PNG with twice the drawing's pixels; with as many where that would be too large.

    Raises:
        UsageError: the picture has more pixels than a viewer opens.
    """
    width, height = drawing.width, drawing.height
    if width * height > _MOST_PIXELS:
        raise UsageError(
            f"The screen is too long for a PNG: {width:,} × {height:,} pixels.",
            hint="--svg has no such limit; --section and --layer show less.",
        )
    return _rendered(drawing.document, 2 if 4 * width * height <= _MOST_PIXELS else 1)


def _rendered(document: str, zoom: int) -> bytes:
    from resvg_py import svg_to_bytes  # pyright: ignore[reportMissingImports]

    return bytes(svg_to_bytes(svg_string=document, zoom=zoom))


def write_file(path: Path, content: str | bytes) -> None:
    """Write a picture or page whole or not at all, and say on stderr where it is.

    Raises:
        StorageError: the system refuses; what stood there before is intact.
    """
    write_atomic(path, content)
    console.note(f"{path}, {pull.size(len(_bytes(content)))}")


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
