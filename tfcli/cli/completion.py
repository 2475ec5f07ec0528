"""`tfcli completion`: the shell's TAB.

`python -m tfcli.cli.completion` writes the scripts of `completions/` again.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tfcli.cli.frame import GLOBAL_OPTIONS
from tfcli.errors import StorageError, UsageError
from tfcli.view import console

Shell = Literal["bash", "zsh", "fish", "powershell"]

app = typer.Typer(
    help="""Complete commands, options and files at a TAB.

    Examples:
        tfcli completion install bash
        tfcli completion show zsh
    """
)


@app.command()
def show(
    ctx: typer.Context,
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")],
) -> None:
    """Print the completion script of a shell.

    Examples:
        tfcli completion show bash
        # for this session only
        source <(tfcli completion show bash)
    """
    console.write_line(scripts(ctx.find_root().command)[shell].rstrip("\n"))


@app.command()
def install(
    ctx: typer.Context,
    shell: Annotated[
        Shell | None,
        typer.Argument(
            metavar="SHELL", help="bash, zsh, fish or powershell.", show_default="from $SHELL"
        ),
    ] = None,
) -> None:
    """Put the completion script where the shell finds it, for this user.

    A tfcli that is installed in a virtual environment needs this; packages for a whole system
    bring the scripts along.

    Examples:
        tfcli completion install bash
    """
    from tfcli.cli.shells import install as installer

    chosen = shell or installer.current_shell()
    if chosen is None:
        raise UsageError("Which shell? $SHELL does not say.", "tfcli completion install bash")
    try:
        path = installer.install(chosen, scripts(ctx.find_root().command)[chosen])
    except OSError as error:
        raise StorageError(
            f"{error.filename} cannot be written: {error.strerror}.",
            f"tfcli completion show {chosen}   prints the script, to put it where you like",
        ) from error
    console.write_line(str(path))
    console.note(installer.next_step(chosen, path))


def scripts(root: Any) -> dict[str, str]:
    """The script of each shell, made from the command tree."""
    from tfcli.cli.shells import WRITERS
    from tfcli.cli.shells.tree import read_tree

    tree = read_tree(root, GLOBAL_OPTIONS)
    return {shell: write(tree) for shell, write in WRITERS.items()}


def regenerate(folder: Path) -> list[Path]:
    """Write the four scripts into a folder. Returns their paths."""
    from tfcli.cli.app import build
    from tfcli.cli.shells import FILE_NAMES

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for shell, text in scripts(build()).items():
        path = folder / FILE_NAMES[shell]
        path.write_bytes(text.encode("utf-8"))
        paths.append(path)
    return paths


if __name__ == "__main__":
    for written in regenerate(Path(*(sys.argv[1:] or ["completions"]))):
        sys.stdout.write(f"{written}{os.linesep}")
