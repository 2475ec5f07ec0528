"""Every error that tfcli knows, and the exit codes of its commands.

The ground floor: this module imports nothing, so the tokenizer package and the
command line can both name an error without loading anything heavy.
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What a tfcli process returns to its caller."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_FOUND = 3
    BAD_CHECKPOINT = 4
    BAD_DATA = 5
    INTERRUPTED = 130
    TERMINATED = 143


class TfcliError(Exception):
    """An error with a cause that the user can understand and, mostly, mend.

    Attributes:
        message: what is wrong and where, in one or two plain sentences.
        hint: the command or change that mends it, or None.
        exit_code: what the process returns.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(TfcliError):
    """An option, argument or setting has a value that cannot be used."""

    exit_code = ExitCode.USAGE


class NotFoundError(TfcliError):
    """A model or a tokenizer is not where it was looked for."""

    exit_code = ExitCode.NOT_FOUND


class CheckpointError(TfcliError):
    """A model directory, or a tokenizer in it, is damaged or does not belong together."""

    exit_code = ExitCode.BAD_CHECKPOINT


class DataError(TfcliError):
    """A corpus is missing, empty, undecodable or otherwise unusable."""

    exit_code = ExitCode.BAD_DATA


class TrainingError(TfcliError):
    """Training cannot go on, for example because the loss is not a number."""


class StorageError(TfcliError):
    """A file or folder cannot be written: no space, no permission."""


class Interrupted(TfcliError):  # noqa: N818 - not a failure: the user asked for it
    """The user pressed Ctrl-C, and what was under way has been put in order."""

    exit_code = ExitCode.INTERRUPTED


class Terminated(TfcliError):  # noqa: N818 - not a failure: the system asked for it
    """The process was asked to end (SIGTERM), and has put things in order."""

    exit_code = ExitCode.TERMINATED
