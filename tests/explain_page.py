"""Pages of explanations made by hand: the screen, and every head beside it."""

import base64
import dataclasses
import hashlib
import json
from collections.abc import Sequence
from html.parser import HTMLParser
from random import Random
from typing import Any

from explain_samples import ENGLISH, attention, ledger, sample

from tfcli.explain.result import Explanation, LensCell, LensGrid, LensGridRow
from tfcli.view.explain.lines import Pen
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

    def require_closed(self) -> None:
        """It is well-formed, has its own parts alone, and its policy allows these and no others."""
        assert self.within == []
        kinds = [tag for tag, _ in self.elements]
        assert set(kinds) == {
            *("html", "head", "meta", "title", "style", "body", "main", "h1", "noscript", "p"),
            "script",
        }
        assert kinds.count("script") == 2 and kinds.count("style") == 1
        for _, attributes in self.elements:
            assert not any(name in attributes for name in ("src", "href", "style"))
            assert not any(name.startswith("on") for name in attributes)
        rules = dict(rule.strip().split(" ", 1) for rule in self.policy.split(";"))
        assert {rules.pop(name) for name in ("default-src", "base-uri", "form-action")} == {
            "'none'"
        }
        for name, text in (
            ("style-src", self.all("style")[0]),
            ("script-src", self.all("script")[1]),
        ):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert rules.pop(name) == f"'sha256-{digest}'"
        assert not rules and "unsafe" not in self.policy

    @property
    def policy(self) -> str:
        """What the head allows."""
        (policy,) = [
            attributes["content"] or ""
            for tag, attributes in self.elements
            if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        return policy
