"""Option types that several commands share, so that a name means the same everywhere.

A shared option is read from the environment as `TFCLI_<NAME>` and from a top-level key of
`tfcli.toml`; a command's own option as `TFCLI_<COMMAND>_<NAME>` and from the command's table.

The metavar says what a shell completes: FILE or CORPUS a file, DIR a folder, RUN a folder of
`runs/`, PRESET nothing but its choices.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

ENVIRONMENT_PREFIX = "TFCLI"


def shared_option(*flags: str, name: str, help: str, **settings: Any) -> Any:
    """A Typer option read from TFCLI_<NAME>, whatever the command."""
    return typer.Option(
        *flags,
        envvar=f"{ENVIRONMENT_PREFIX}_{name.upper()}",
        allow_from_autoenv=False,
        help=help,
        **settings,
    )


Model = Annotated[
    str | None,
    shared_option(
        "--model",
        "-m",
        name="model",
        metavar="RUN",
        help="A run or model directory.",
        show_default="the newest run in ./runs",
    ),
]

TokenizerPath = Annotated[
    Path | None,
    shared_option(
        "--tokenizer",
        "-t",
        name="tokenizer",
        metavar="FILE",
        help="A .model file, a tokenizer.json, or a directory that holds one.",
    ),
]

Device = Annotated[
    str,
    shared_option(
        "--device",
        name="device",
        metavar="auto|cpu|cuda[:N]|mps",
        help="Where to compute.",
    ),
]

Dtype = Annotated[
    Literal["auto", "float32", "bfloat16", "float16", "float64"],
    shared_option("--dtype", name="dtype", help="The numbers to compute in."),
]

Threads = Annotated[
    int | None,
    shared_option(
        "--threads",
        name="threads",
        metavar="N",
        min=1,
        max=1024,  # far more than there are cores; hundreds of thousands crash OpenMP
        help="CPU threads.",
        show_default="PyTorch's choice",
    ),
]

Seed = Annotated[
    int | None,
    shared_option(
        "--seed",
        "-s",
        name="seed",
        metavar="N",
        min=0,
        help="Fixes every random choice; said on stderr when it was drawn.",
        show_default="random",
    ),
]

Json = Annotated[
    bool,
    typer.Option("--json", help="Write JSON to stdout.", show_default=False),
]

Prompt = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PROMPT",
        help="The text to start from. `-`, or a pipe and no PROMPT, reads stdin; `- PROMPT` puts "
        "stdin in front.",
        show_default=False,
    ),
]

Ids = Annotated[
    str | None,
    typer.Option(
        "--ids",
        metavar="5,17,3",
        help="Token ids instead of a prompt.",
        show_default=False,
    ),
]
