"""The page of one prompt: every head, token and layer to point at, and the screen as it is."""

from dataclasses import replace
from typing import Any

from tfcli.explain.request import Request
from tfcli.explain.result import Explanation, Kind
from tfcli.view.explain.attention import CAVEAT
from tfcli.view.explain.lines import Pen
from tfcli.view.explain.screen import blocks
from tfcli.view.html.frame import document
from tfcli.view.html.heads import grids, heads, lens_grid, sides, tokens
from tfcli.view.html.parts import block
from tfcli.view.html.tables import tables

# Of all heads' weights and rows together; each takes about eight bytes of the page.
_MOST_NUMBERS = 300_000


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
    return document(title, ("tokens", "heads", "lens", "page"), _data(found, every, pen))


def _data(found: Explanation, every: Explanation, pen: Pen) -> dict[str, Any]:
    focus, facts = found.focus, found.model
    grid = found if found.heads is not None else every
    opened = heads(every)
    first = (focus.cross_heads or focus.heads)[0]
    letter = "X" if focus.cross_heads else "L"
    kinds: set[Kind] = {e.kind for e in every.qkv or ()}
    return {
        "focus": {"head": f"{letter}{first[0]}H{first[1]}"},
        "tokens": tokens(found),
        "sides": {kind: sides(kind, found) for kind in kinds},
        "grids": grids(grid),
        "heads": opened,
        "partial": len(opened) < facts.num_layers * facts.num_heads,
        "lensGrid": lens_grid(every),
        "tables": tables(found),
        "caveat": CAVEAT,
        "audit": None if found.audit is None else found.audit.passed,
        "screen": [block(pen, name, lines) for name, lines in blocks(pen, found)],
    }
