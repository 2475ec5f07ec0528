"""Where a prompt comes from: the argument, standard input, or both; or token ids."""

import sys

from tfcli.errors import DataError, UsageError


def read_prompt(argument: str | None, ids: str | None, command: str) -> str | None:
    """The prompt's text, or None where ids stand in for it.

    `-`, or a pipe, reads standard input; with an argument as well, standard input comes first.

    Raises:
        UsageError: there is no prompt, or an empty one.
        DataError: standard input is no UTF-8.
    """
    if ids is not None:
        if argument is not None:
            raise UsageError("Give a prompt or --ids, not both.")
        return None
    piped = ""
    if argument == "-" or not sys.stdin.isatty():
        piped = _standard_input()
    typed = "" if argument in (None, "-") else argument or ""
    text = f"{piped}\n{typed}" if piped and typed else piped or typed
    if text:
        return text
    if argument is None and sys.stdin.isatty():
        raise UsageError("There is no prompt.", hint=f'For example: tfcli {command} "The cat"')
    raise UsageError(
        "The prompt is empty: there is no token to start from.",
        hint=f'Give some text, for example: tfcli {command} "The cat"',
    )


def parse_ids(text: str) -> list[int]:
    """Token ids from "5,17,3". UsageError names what is no number."""
    ids = []
    for part in text.replace(" ", ",").split(","):
        if not part:
            continue
        try:
            ids.append(int(part))
        except ValueError:
            raise UsageError(f"“{part}” in --ids is no token id.", hint="--ids 5,17,3") from None
    if not ids:
        raise UsageError("--ids is empty.", hint="--ids 5,17,3")
    return ids


def _standard_input() -> str:
    data = sys.stdin.buffer.read()
    try:
        return data.decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise DataError(
            f"Standard input is not UTF-8: byte {error.start} cannot be decoded."
        ) from None
