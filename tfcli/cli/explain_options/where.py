"""Options of `tfcli explain`: where to look: the prompt, a layer, a head, a token."""

from pathlib import Path
from typing import Annotated

import typer

_PANEL = "Where to look"

PromptFile = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="Read the prompt from a file.", show_default=False),
]
Layer = Annotated[
    str,
    typer.Option(
        "--layer",
        metavar="5|0,3|all|top",
        rich_help_panel=_PANEL,
        help="Layers to open, from 0; -1 is the last; top is the one whose attention moves "
        "the token most.",
    ),
]
Head = Annotated[
    str,
    typer.Option(
        "--head",
        metavar="3|0,3|all|top",
        rich_help_panel=_PANEL,
        help="Heads to open in each; top is the one that moves the token most.",
    ),
]
Position = Annotated[
    int | None,
    typer.Option(
        "--pos",
        metavar="N",
        rich_help_panel=_PANEL,
        help="The token to follow, from 0; negative counts from the end.",
        show_default="the last; in an encoder the first masked one",
    ),
]
Decoder = Annotated[
    str | None,
    typer.Option(
        "--decoder",
        metavar="TEXT",
        rich_help_panel=_PANEL,
        help="In an encoder-decoder, what the decoder has written so far.",
        show_default="nothing but its first token",
    ),
]
Window = Annotated[
    str | None,
    typer.Option(
        "--window",
        metavar="A:B",
        rich_help_panel=_PANEL,
        help="Show the tokens A to B-1 of a long prompt.",
        show_default=False,
    ),
]
Answer = Annotated[
    str | None,
    typer.Option(
        "--answer",
        metavar="TOKEN",
        rich_help_panel=_PANEL,
        help="The token that lens and credit follow: its text, or its id as '#17'.",
        show_default="the likeliest",
    ),
]
Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="TOKEN",
        rich_help_panel=_PANEL,
        help="A second token: what speaks for the answer rather than for this one.",
        show_default=False,
    ),
]
