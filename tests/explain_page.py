"""Pages of explanations made by hand: the screen, and every head beside it."""

import dataclasses
import json
from collections.abc import Sequence
from html.parser import HTMLParser
from random import Random
from typing import Any

from explain_samples import ENGLISH, attention, ledger, sample

from tfcli.explain.result import Explanation, LensCell, LensGrid, LensGridRow
from tfcli.view.explain_lines import Pen
from tfcli.view.html.page import page

TOKENS = ENGLISH
LAYERS, HEADS = 6, 8


def opened(labels: Sequence[str] = ENGLISH) -> tuple[Explanation, Explanation]:
    """What the screen shows, and what the page needs beside it."""
    found = sample(labels, LAYERS, HEADS)
    draw = Random(f"page {len(labels)}")
    places = [(layer, head) for layer in range(LAYERS) for head in range(HEADS)]
    every = dataclasses.replace(
        found,
        qkv=tuple(ledger(labels, layer, head, HEADS, draw) for layer, head in places),
        attention=tuple(attention(labels, layer, head, draw) for layer, head in places),
        lens_grid=_lens_grid(labels, draw),
    )
    return found, every


def _lens_grid(labels: Sequence[str], draw: Random) -> LensGrid:
    def cell(label: str) -> LensCell:
        return LensCell(7, label, draw.random(), 9 * draw.random(), 3.25, 4.5, None)

    rows = tuple(
        LensGridRow(layer, tuple(cell(label) for label in labels))
        for layer in (None, *range(LAYERS))
    )
    return LensGrid(0, False, tuple(labels), rows)


def page_of(found: Explanation, every: Explanation, title: str = "tfcli explain") -> str:
    """The document, as 100 columns draw it."""
    return page(found, every, Pen(100), title)


class Parts(HTMLParser):
    """The elements of a document, and the text of each kind."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.within: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.within.pop() == tag, f"</{tag}> ends no element"

    def handle_data(self, data: str) -> None:
        if self.within:
            self.texts.append((self.within[-1], data))

    def all(self, tag: str) -> list[str]:
        """What elements of a kind hold."""
        return [text for kind, text in self.texts if kind == tag]

    def data(self) -> dict[str, Any]:
        """The page's data."""
        return json.loads(self.all("script")[0])
