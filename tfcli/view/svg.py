"""A screen as an SVG picture: the same lines, each character in its terminal cell.

Rich's own `export_svg` loads a web font and gives a run of n characters n columns, which squeezes
Chinese to half its width. Here nothing is loaded, and every character that is not ASCII has an x
of its own.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from rich.cells import cell_len
from rich.color import Color, blend_rgb
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tfcli.view import console

FONT_SIZE = 14
CELL = 8.4  # 0.6 of the font's size, as in most monospace fonts
LINE = 18
_PADDING = 12
_BAR = 34
_DIMMED = 0.4
# Fonts of the reader's machine only. Those for Chinese come last: they take what the others lack.
FONTS = (
    "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', "
    "'Noto Sans Mono CJK SC', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', "
    "'WenQuanYi Zen Hei Mono', 'WenQuanYi Zen Hei', monospace"
)
_THEME = TerminalTheme(
    (22, 26, 33),
    (216, 222, 233),
    [
        (46, 52, 64),
        (224, 108, 117),
        (152, 195, 121),
        (229, 192, 123),
        (97, 175, 239),
        (198, 120, 221),
        (86, 182, 194),
        (216, 222, 233),
    ],
)
# Characters that no XML document may hold; those that move a cursor are written as escapes before.
_NOT_XML = re.compile("[\ufffe\uffff]")
# Columns of a course, a bar, or words with one space between them.
_RUN = re.compile(
    r"█*[▁▂▃▄▅▆▇][▁▂▃▄▅▆▇█]*|[█▉▊▋▌▍▎▏]+"
    r"|[^\s█▉▊▋▌▍▎▏▁▂▃▄▅▆▇]+(?: [^\s█▉▊▋▌▍▎▏▁▂▃▄▅▆▇]+)*"
)
_EIGHTHS = "▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class _Run:
    """Characters that are written by one element, `cells` columns from column `at` on.

    Attributes:
        places: a column for each character; none where they stand side by side.
    """

    text: str
    at: int
    cells: int
    places: tuple[float, ...] = ()


def svg(lines: Sequence[Text], width: int, title: str) -> str:
    """A picture of lines that are no wider than `width` columns. It refers to nothing outside.

    Args:
        title: stands in the bar above the lines, and is read out for the picture.
    """
    styles: dict[str, str] = {}
    backgrounds: list[str] = []
    texts: list[str] = []
    for i, line in enumerate(lines):
        top = _BAR + i * LINE
        for text, style, at in _pieces(line):
            color, background = _colors(style)
            if background is not None:
                backgrounds.append(
                    f'<rect x="{_x(at)}" y="{top}" width="{_length(cell_len(text))}" '
                    f'height="{LINE}" fill="{background}"/>'
                )
            rule = f"fill:{color}" + (";font-weight:bold" if style.bold else "")
            name = styles.setdefault(rule, f"s{len(styles)}")
            texts += [_element(run, at, top, name) for run in _runs(text)]
    across, down = size(len(lines), width)
    shown = escape(_clean(title))
    rules = "".join(f".{name}{{{rule}}}" for rule, name in styles.items())
    base, ink = _THEME.background_color.hex, _dimmed(_THEME.foreground_color.hex)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{down}" '
            f'viewBox="0 0 {across} {down}" role="img" aria-label="{shown}">',
            f"<title>{shown}</title>",
            f"<style>text{{font-family:{FONTS};font-size:{FONT_SIZE}px}}{rules}</style>",
            f'<rect width="{across}" height="{down}" rx="8" fill="{base}"/>',
            f'<text x="{across // 2}" y="22" text-anchor="middle" fill="{ink}">{shown}</text>',
            '<g shape-rendering="crispEdges">' + "".join(backgrounds) + "</g>",
            *texts,
            "</svg>\n",
        ]
    )


def size(lines: int, width: int) -> tuple[int, int]:
    """Width and height in pixels of a picture of so many lines and columns."""
    return round(2 * _PADDING + width * CELL), _BAR + lines * LINE + _PADDING


def _pieces(line: Text) -> Iterator[tuple[str, Style, int]]:
    """The line's runs of one style, each with its column."""
    at = 0
    colored = console.colored_file()
    rendered = line.render(Console(width=10**6, markup=False, highlight=False))
    for segment in Segment.simplify(rendered):
        style = (segment.style or Style()) if colored else _plain(segment.style)
        text = _clean(segment.text.rstrip("\n"))
        if text:
            yield text, style, at
        at += cell_len(text)


def _plain(style: Style | None) -> Style:
    return Style() if style is None else style.without_color


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", console.printable(text)).replace("\t", " ").replace("\n", " ")


def _colors(style: Style) -> tuple[str, str | None]:
    """The colours of the characters and of what is behind them, None for nothing."""
    color, behind = style.color, style.bgcolor
    ink = (_THEME.foreground_color if color is None else color.get_truecolor(_THEME)).hex
    ground = None if behind is None else behind.get_truecolor(_THEME).hex
    if style.reverse:
        ink, ground = ground or _THEME.background_color.hex, ink
    return (_dimmed(ink) if style.dim else ink), ground


def _dimmed(ink: str) -> str:
    return blend_rgb(Color.parse(ink).get_truecolor(), _THEME.background_color, _DIMMED).hex


def _runs(text: str) -> Iterator[_Run]:
    for found in _RUN.finditer(text):
        at, shown = cell_len(text[: found.start()]), found[0]
        if any(level in shown for level in _LEVELS[:-1]):
            yield from (_Run(level, at + i, 1) for i, level in enumerate(shown))
        elif shown.isascii() or shown[0] in _EIGHTHS:
            yield _Run(shown, at, cell_len(shown))
        else:
            yield from _placed(_clusters(shown, at))


def _clusters(text: str, at: int) -> Iterator[_Run]:
    """The characters, each with the marks that take no column of their own."""
    begun, end = 0, 0
    for i in range(1, len(text) + 1):
        after = cell_len(text[: i + 1]) if i < len(text) else -1
        here = cell_len(text[:i])
        if after != here:
            yield _Run(text[begun:i], at + end, here - end)
            begun, end = i, here


def _placed(clusters: Iterable[_Run]) -> Iterator[_Run]:
    """Join characters to one run that has a column for each; what is several characters in one,
    or beyond the first plane, where readers count differently, stays alone."""
    joined: list[_Run] = []
    for cluster in clusters:
        if len(cluster.text) == 1 and cluster.text < "\U00010000":
            joined.append(cluster)
            continue
        yield from _join(joined)
        joined = []
        yield _Run(cluster.text, cluster.at, cluster.cells, (_place(cluster),))
    yield from _join(joined)


def _join(clusters: Sequence[_Run]) -> Iterator[_Run]:
    if clusters:
        text = "".join(cluster.text for cluster in clusters)
        yield _Run(text, clusters[0].at, 0, tuple(map(_place, clusters)))


def _place(cluster: _Run) -> float:
    """A character's column; one that is two columns wide, and an em, stands in their middle."""
    return cluster.at + (cluster.cells - FONT_SIZE / CELL) / 2 * (cluster.cells == 2)


def _element(run: _Run, at: int, top: int, style: str) -> str:
    """A run of the piece of a line that begins in column `at`."""
    y = top + FONT_SIZE
    if run.places:
        places = " ".join(_x(at + place) for place in run.places)
        return f'<text class="{style}" x="{places}" y="{y}">{escape(run.text, quote=False)}</text>'
    if run.text in _LEVELS:
        down = (LINE - 4) * (_LEVELS.index(run.text) + 1) / 8
        return (
            f'<rect class="{style}" x="{_x(at + run.at)}" y="{top + LINE - 2 - down:g}" '
            f'width="{_length(1)}" height="{down:g}"/>'
        )
    if run.text[0] in _EIGHTHS:  # drawn, as a font's blocks leave gaps between them
        eighths = sum(_EIGHTHS.index(block) + 1 for block in run.text)
        return (
            f'<rect class="{style}" x="{_x(at + run.at)}" y="{top + 2}" '
            f'width="{eighths * CELL / 8:.1f}" height="{LINE - 4}"/>'
        )
    return (
        f'<text class="{style}" x="{_x(at + run.at)}" y="{y}" textLength="{_length(run.cells)}" '
        f'lengthAdjust="spacingAndGlyphs">{escape(run.text, quote=False)}</text>'
    )


def _x(column: float) -> str:
    return f"{_PADDING + column * CELL:.1f}"


def _length(cells: int) -> str:
    return f"{cells * CELL:.1f}"
