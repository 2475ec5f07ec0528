"""The entry point: run the command line, and turn a known error into a panel and an exit code."""

import os
import sys
from typing import NoReturn

from tfcli.errors import ExitCode, TfcliError


def main() -> NoReturn:
    """Run `tfcli` with the process's arguments and exit with a documented code."""
    # Started with a closed stream (`>&-`), Python has None there; what nobody reads goes nowhere.
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line. Returns the exit code; never raises for a known error."""
    try:
        from tfcli.cli.app import invoke

        return invoke(arguments)
    except TfcliError as error:
        if os.environ.get("TFCLI_DEBUG") == "1":
            import traceback

            traceback.print_exc()
        from tfcli.view.errors import show_error

        show_error(error)
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        return int(ExitCode.INTERRUPTED)
