"""Options of `tfcli explain`: several models or prompts."""

from typing import Annotated

import typer

_PANEL = "Several models or prompts"

Over = Annotated[
    list[str] | None,
    typer.Option(
        "--over",
        metavar="RUN",
        rich_help_panel=_PANEL,
        help="When did the answer, or a head, form? Reads the prompt with every model that a run "
        "kept on its way; given several times, with these models, the oldest first.",
        show_default=False,
    ),
]
With = Annotated[
    str | None,
    typer.Option(
        "--with",
        metavar="RUN",
        rich_help_panel=_PANEL,
        help="A second model: both on the prompt, side by side, and how far their weights are "
        "apart.",
        show_default=False,
    ),
]
Compare = Annotated[
    str | None,
    typer.Option(
        "--compare",
        metavar="TEXT",
        rich_help_panel=_PANEL,
        help="A second prompt: one word in both, how far its two vectors part, and what drew them.",
        show_default=False,
    ),
]
Word = Annotated[
    str | None,
    typer.Option(
        "--word",
        metavar="WORD",
        rich_help_panel=_PANEL,
        help="With --compare, the word to follow, where it stands last in each prompt.",
        show_default="the prompts' ends",
    ),
]
