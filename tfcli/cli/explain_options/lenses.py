"""Options of `tfcli explain`: lenses."""

from pathlib import Path
from typing import Annotated

import typer

from tfcli.explain.request import LensKind

_PANEL = "Lens"

LensChoice = Annotated[
    LensKind,
    typer.Option(
        "--lens",
        rich_help_panel=_PANEL,
        help="How the lens reads a layer: as it is, or through the translator that --fit-lens "
        "has fitted.",
    ),
]
FitLens = Annotated[
    str | None,
    typer.Option(
        "--fit-lens",
        metavar="CORPUS",
        rich_help_panel=_PANEL,
        help="Instead of explaining, fit the tuned lens on a file, a folder, a glob, - or world, "
        "the built-in corpus.",
        show_default=False,
    ),
]
LensSteps = Annotated[
    int,
    typer.Option(
        "--lens-steps",
        metavar="N",
        min=1,
        max=100_000,
        rich_help_panel=_PANEL,
        help="Updates of the tuned lens, of 512 tokens each.",
    ),
]
LensFile = Annotated[
    Path | None,
    typer.Option(
        "--lens-file",
        metavar="FILE",
        rich_help_panel=_PANEL,
        help="Where the tuned lens is.",
        show_default="tuned-lens.safetensors in the model's directory",
    ),
]
