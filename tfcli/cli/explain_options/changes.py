"""Options of `tfcli explain`: what to change in the model."""

from typing import Annotated

import typer

from tfcli.explain.edits.request import Filling

_PANEL = "What to change in the model"

Ablate = Annotated[
    str | None,
    typer.Option(
        "--ablate",
        metavar="PLACE,...",
        rich_help_panel=_PANEL,
        help="Take places away: L5H3 is a head, L5H0-3 are several, attn:L5 and ffn:L5 modules, "
        "L5 all that a block adds; X5H3 is in cross-attention, E5H3 in the encoder beside.",
        show_default=False,
    ),
]
AblateWith = Annotated[
    Filling,
    typer.Option(
        "--ablate-with",
        rich_help_panel=_PANEL,
        help="What stands there instead, and in place of each head of --measure ablation: zeros, "
        "or the mean over the prompt's positions.",
    ),
]
Scale = Annotated[
    list[str] | None,
    typer.Option(
        "--scale",
        metavar="PLACE=X,...",
        rich_help_panel=_PANEL,
        help="Multiply what places give: L5H3=0.5.",
        show_default=False,
    ),
]
Patch = Annotated[
    str | None,
    typer.Option(
        "--patch",
        metavar="TEXT",
        rich_help_panel=_PANEL,
        help="Another prompt, whose outputs are put into this run: those of --patch-at, or of "
        "every head by itself, as a grid.",
        show_default=False,
    ),
]
PatchAt = Annotated[
    str | None,
    typer.Option(
        "--patch-at",
        metavar="PLACE,...",
        rich_help_panel=_PANEL,
        help="Places that take the other prompt's output, at the same positions; where the "
        "lengths differ, at the followed token only.",
        show_default="every head, one by one",
    ),
]
