"""An explanation as it is drawn: plain lines, or what a terminal gets."""

import io

from rich.console import Console
from rich.style import Style

from tfcli.view.explain import screen as view
from tfcli.view.explain.lines import Pen, crop


def lines(explanation, width, ascii=False, brief=True, language=None):
    """The screen without its styles."""
    pen = Pen(width, ascii, brief, language)
    return [crop(line, width, pen.say("…")).plain for line in view.screen(pen, explanation)]


def ansi(explanation, width, no_color, brief=True):
    """What a terminal of 256 colours gets."""
    for cache in (Style.parse, Style.normalize, Style._add):
        cache.cache_clear()  # a style keeps the codes of the terminal that it was first drawn on
    out = io.StringIO()
    console = Console(
        file=out,
        force_terminal=True,
        color_system="256",
        no_color=no_color,
        width=width,
        markup=False,
        highlight=False,
        emoji=False,
    )
    view.write(console, Pen(width, brief=brief), explanation)
    return out.getvalue().splitlines()
