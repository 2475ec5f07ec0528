"""An error as its reader sees it: one panel with what is wrong and what to type."""

import re
import sys

from tfcli.errors import ExitCode, TfcliError
from tfcli.view import console

_WIDEST = 100  # longer lines are hard to read
_LONGEST_WORD, _LONGEST_MESSAGE = 300, 1_000  # a file's own names are as long as the file likes
_TITLES = {
    ExitCode.USAGE: "Cannot do that",
    ExitCode.NOT_FOUND: "Not found",
    ExitCode.BAD_CHECKPOINT: "Bad checkpoint",
    ExitCode.BAD_DATA: "Bad data",
    ExitCode.INTERRUPTED: "Interrupted",
    ExitCode.TERMINATED: "Ended",
}


def show_error(error: TfcliError) -> None:
    """Write the error to stderr. Its words are shown as they are, never read as markup."""
    from rich import box
    from rich.panel import Panel
    from rich.text import Text

    body = Text(console.printable(_bounded(error.message)), overflow="fold")
    if error.hint:
        body.append("\n\n")
        body.append(console.printable(error.hint), style="bold")
    stopped = error.exit_code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED)
    color = "yellow" if stopped else "red"
    stderr = console.err_console()
    panel = Panel(
        body,
        title=Text(_TITLES.get(error.exit_code, "Failed"), style=f"bold {color}"),
        title_align="left",
        border_style=color,
        box=box.ROUNDED if console.unicode(sys.stderr) else box.ASCII,
        padding=(0, 1),
        width=min(stderr.width, _WIDEST),
    )
    stderr.print(panel)


def _bounded(message: str) -> str:
    """The message, with the middle left out of what is too long to read."""
    words = re.sub(r"\S+", lambda word: _without_middle(word[0], _LONGEST_WORD), message)
    return _without_middle(words, _LONGEST_MESSAGE)


def _without_middle(text: str, longest: int) -> str:
    """The text's two ends, ``longest`` characters and how many are left out between them."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}[{len(text) - 2 * half:,} characters left out]{text[-half:]}"
