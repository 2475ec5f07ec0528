"""Options of `tfcli explain`: how the next token is taken."""

from typing import Annotated

import typer

_PANEL = "Next token"

Temperature = Annotated[
    float | None,
    typer.Option(
        "--temperature",
        min=0.0,
        rich_help_panel=_PANEL,
        help="Divides the logits; with --steps, draw instead of taking the likeliest.",
        show_default=False,
    ),
]
TopKFilter = Annotated[
    int | None,
    typer.Option(
        "--top-k-filter",
        min=1,
        rich_help_panel=_PANEL,
        help="Keep the K most likely tokens.",
        show_default=False,
    ),
]
TopP = Annotated[
    float | None,
    typer.Option(
        "--top-p",
        min=0.0,
        max=1.0,
        rich_help_panel=_PANEL,
        help="Keep the smallest set of likely tokens with this much probability.",
        show_default=False,
    ),
]
MinP = Annotated[
    float | None,
    typer.Option(
        "--min-p",
        min=0.0,
        max=1.0,
        rich_help_panel=_PANEL,
        help="Keep tokens with at least this share of the likeliest one's probability.",
        show_default=False,
    ),
]
RepetitionPenalty = Annotated[
    float | None,
    typer.Option(
        "--repetition-penalty",
        min=0.0,
        rich_help_panel=_PANEL,
        help="Above 1: tokens that already stand there become less likely.",
        show_default=False,
    ),
]
