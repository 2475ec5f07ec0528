"""The entry point: run the command line, and turn a known error into a panel and an exit code."""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from tfcli.errors import ExitCode, TfcliError

_INTERRUPTED = "\nInterrupted.\n"


def main() -> NoReturn:
    """Run `tfcli` with the process's arguments and exit with a documented code."""
    # Started with a closed stream (`>&-`), Python has None there; what nobody reads goes nowhere.
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored: nohup
        signal.signal(signal.SIGINT, _interrupt)
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
        sys.stderr.write(_INTERRUPTED)
        return int(ExitCode.INTERRUPTED)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """What Ctrl-C does. Nothing has been written yet while PyTorch is imported: leave at once.

    An exception would be lost there in a callback of C++ or in an `except` of PyTorch's own, so
    that the command went on, or ended in an abort.
    """
    if _importing("torch"):
        os.write(2, _INTERRUPTED.encode())
        os._exit(int(ExitCode.INTERRUPTED))
    signal.default_int_handler(number, frame)


def _importing(package: str) -> bool:
    """Whether a module of the package is being imported."""
    modules = [m for name, m in sys.modules.items() if name.partition(".")[0] == package]
    specs = [getattr(module, "__spec__", None) for module in modules]
    return any(getattr(spec, "_initializing", False) for spec in specs)
