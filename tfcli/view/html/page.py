"""The page: a frame that allows nothing from outside, its data as JSON, a style and a script.

The script builds the page from the data with text nodes alone, so a token can hold any text. The
policy in the head allows the two inline parts by their hashes and forbids everything else, so even
what slipped in could neither run nor ask anyone for anything.
"""

import base64
import hashlib
import json
from dataclasses import replace
from html import escape
from importlib.resources import files
from typing import Any

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from tfcli.explain.request import Request
from tfcli.explain.result import Explanation, Kind
from tfcli.view import console
from tfcli.view import explain_heat as heat
from tfcli.view.explain import blocks
from tfcli.view.explain_attention import CAVEAT
from tfcli.view.explain_lines import Pen, crop
from tfcli.view.html.heads import grids, heads, lens_grid, sides, tokens
from tfcli.view.html.tables import tables

# Of all heads' weights and rows together; each takes about eight bytes of the page.
_MOST_NUMBERS = 300_000
_ACCENTS = {37: "accent", 1: "bad", 2: "good"}


def every_head(request: Request, found: Explanation) -> Request:
    """What the page needs beside the screen: all heads where they fit into it, else the opened.

    Args:
        request: the screen's.
        found: what that gave.
    """
    facts, T = found.model, len(found.tokens.tokens)
    S = len(found.source.tokens) if found.source is not None else 0
    shown = T
    if request.window is not None and found.tokens.window is not None:
        first, end = found.tokens.window
        shown = end - first
    numbers = facts.num_layers * facts.num_heads * (shown * (shown + S) + 5 * (T + S))
    few = replace(
        request,
        sections=("qkv", "attention", "heads", "lens_grid"),
        measure="delta",
        all_keys=True,
        steps=0,
    )
    return few if numbers > _MOST_NUMBERS else replace(few, layers="all", heads="all")


def page(found: Explanation, every: Explanation, pen: Pen, title: str) -> str:
    """The document.

    Args:
        found: the screen's explanation.
        every: what `every_head` asks for.
        title: the command that was typed.
    """
    style, script = _part("page.css"), _part("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    shown = escape(console.printable(title))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{shown}</title>
<style>{style}</style>
</head>
<body>
<main id="page"><h1>{shown}</h1>
<noscript><p>This page is drawn by its own script, which is switched off here.</p></noscript></main>
<script type="application/json" id="data">{_json(_data(found, every, pen))}</script>
<script>{script}</script>
</body>
</html>
"""


def _data(found: Explanation, every: Explanation, pen: Pen) -> dict[str, Any]:
    focus, facts = found.focus, found.model
    grid = found if found.heads is not None else every
    opened = heads(every)
    first = (focus.cross_heads or focus.heads)[0]
    letter = "X" if focus.cross_heads else "L"
    kinds: set[Kind] = {e.kind for e in every.qkv or ()}
    return {
        "focus": {
            "position": focus.position,
            "source": focus.source,
            "head": f"{letter}{first[0]}H{first[1]}",
        },
        "tokens": tokens(found),
        "sides": {kind: sides(kind, found) for kind in kinds},
        "grids": grids(grid),
        "heads": opened,
        "partial": len(opened) < facts.num_layers * facts.num_heads,
        "lensGrid": lens_grid(every),
        "tables": tables(found),
        "caveat": CAVEAT,
        "audit": None if found.audit is None else found.audit.passed,
        "screen": [
            {"name": name, "lines": [_pieces(crop(line, pen.width, "…")) for line in lines]}
            for name, lines in blocks(pen, found)
        ],
    }


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


def _part(name: str) -> str:
    return files("tfcli.view.html").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(data: Any) -> str:
    """JSON that can end no element: nothing in it is markup to a parser of HTML."""
    text = json.dumps(_printable(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _printable(data: Any) -> Any:
    if isinstance(data, str):
        return console.printable(data)
    if isinstance(data, dict):
        return {key: _printable(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_printable(value) for value in data]
    return data
