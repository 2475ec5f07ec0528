"""Options of `tfcli explain`: files to write or read."""

from pathlib import Path
from typing import Annotated

import typer

_PANEL = "Files"

SaveFile = Annotated[
    Path | None,
    typer.Option(
        "--save",
        metavar="FILE",
        rich_help_panel=_PANEL,
        help="Keep the whole explanation in a file: every section, layer and head.",
        show_default=False,
    ),
]
FromFile = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FILE",
        rich_help_panel=_PANEL,
        help="Show a part of what --save, or --json, has written; needs neither the model nor "
        "PyTorch.",
        show_default=False,
    ),
]
SvgFile = Annotated[
    Path | None,
    typer.Option(
        "--svg",
        metavar="FILE",
        rich_help_panel=_PANEL,
        help="Write the screen as a picture instead of showing it, COLUMNS wide, else 100.",
        show_default=False,
    ),
]
PngFile = Annotated[
    Path | None,
    typer.Option(
        "--png",
        metavar="FILE",
        rich_help_panel=_PANEL,
        help="The same as a PNG; needs pip install 'tfcli[png]'.",
        show_default=False,
    ),
]
HtmlFile = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="FILE",
        rich_help_panel=_PANEL,
        help="Write one page to open offline: every head, the lens everywhere, by pointing or by "
        "the arrow keys.",
        show_default=False,
    ),
]
