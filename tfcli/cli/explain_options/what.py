"""Options of `tfcli explain`: what to show of it."""

from typing import Annotated, Literal

import typer

from tfcli.explain.request import SECTIONS, Measure

_PANEL = "What to show"

Section = Annotated[
    str | None,
    typer.Option(
        "--section",
        metavar="NAME,...|all",
        rich_help_panel=_PANEL,
        help=f"Show these sections in full: {', '.join(SECTIONS)}.",
        show_default=False,
    ),
]
GridMeasure = Annotated[
    Measure,
    typer.Option(
        "--measure",
        metavar="NAME",
        rich_help_panel=_PANEL,
        help="What the grid of heads shows: delta, the norm of ΔE; entropy of the row; weight on "
        "the first token (sink) or on the one before (previous); credit, the share in the logit; "
        "norm, the entropy of what the keys give; duplicate, weight on the same token before; "
        "prefix, on what stood behind that; induction, the same on random tokens given twice; "
        "copying, of the weights, whether a head writes what it reads; ablation, how far the "
        "answer moves without the head; patching, how far towards that of --patch with the head "
        "as it is there.",
    ),
]
TableRows = Annotated[
    int,
    typer.Option(
        "--top-k", min=1, max=1000, rich_help_panel=_PANEL, help="Rows of a next-token table."
    ),
]
Steps = Annotated[
    int,
    typer.Option(
        "--steps",
        min=0,
        max=1000,
        rich_help_panel=_PANEL,
        help="Show the loop: so many tokens, with the table that each is taken from.",
        show_default=False,
    ),
]
ByKey = Annotated[
    bool,
    typer.Option(
        "--by-key",
        rich_help_panel=_PANEL,
        help="Show the loop step by step: Space or Enter the next, q ends it.",
        show_default=False,
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict", rich_help_panel=_PANEL, help="Exit 1 if the audit fails.", show_default=False
    ),
]
Teach = Annotated[
    bool,
    typer.Option(
        "--teach",
        rich_help_panel=_PANEL,
        help="Say under each section what it means, with this run's numbers.",
        show_default=False,
    ),
]
Lang = Annotated[
    Literal["en", "zh"] | None,
    typer.Option(
        "--lang",
        rich_help_panel=_PANEL,
        help="Language of the lessons.",
        show_default="the locale's",
    ),
]
Neighbors = Annotated[
    str | None,
    typer.Option(
        "--neighbors",
        metavar="WORD",
        rich_help_panel=_PANEL,
        help="The tokens nearest to a word's embedding; needs no prompt.",
        show_default=False,
    ),
]
Analogy = Annotated[
    str | None,
    typer.Option(
        "--analogy",
        metavar="A-B+C[=D]",
        rich_help_panel=_PANEL,
        help="The tokens nearest to a sum of embeddings, such as king-man+woman=queen; needs no "
        "prompt.",
        show_default=False,
    ),
]
