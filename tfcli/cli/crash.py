"""An error that nobody foresaw: one line for the user, the traceback in a file."""

import os
import platform
import shlex
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tfcli import __version__
from tfcli.folders import log_folder
from tfcli.view import console


def report(error: BaseException, arguments: Sequence[str]) -> None:
    """Write the traceback to a log file and say in one line where it lies."""
    words = console.printable(f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": "))
    if os.environ.get("TFCLI_DEBUG") == "1":
        traceback.print_exception(error, file=sys.stderr)
        sys.stderr.write(f"tfcli: unexpected error: {words}\n")
        return
    path = _write_log(error, arguments)
    where = f"The details are in {path}" if path else "TFCLI_DEBUG=1 shows the details"
    sys.stderr.write(f"tfcli: unexpected error: {words}. {where}\n")


def _write_log(error: BaseException, arguments: Sequence[str]) -> Path | None:
    """The log's path, or None where no log can be written."""
    head = [
        f"tfcli {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"Command: {shlex.join(['tfcli', *arguments])}",
        f"Folder: {Path.cwd()}",
        "",
    ]
    body = "\n".join(head) + "\n" + "".join(traceback.format_exception(error))
    try:
        folder = log_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
        path.write_text(body, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None
    return path
