"""The frame of a page: it allows nothing from outside, and holds its data, a style and a script.

The script builds the page from the data with text nodes alone, so a token can hold any text. The
policy in the head allows the two inline parts by their hashes and forbids everything else, so even
what slipped in could neither run nor ask anyone for anything.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import Any

from tfcli.view import console


def document(title: str, scripts: Sequence[str], data: Any) -> str:
    """A page.

    Args:
        title: the command that was typed.
        scripts: names of files beside this one, without their ending: they make one script, each
            with what those before it define, behind `base`.
        data: what JSON can hold; text may have any character.
    """
    style = _part("page.css")
    script = "(() => {\n" + "".join(_part(f"{name}.js") for name in ("base", *scripts)) + "})();\n"
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
<script type="application/json" id="data">{_json(data)}</script>
<script>{script}</script>
</body>
</html>
"""


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
