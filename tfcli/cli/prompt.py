"""Where a prompt comes from: the argument, standard input, or both; or token ids."""

import sys
from collections.abc import Sequence

from tfcli.errors import DataError, UsageError

STANDARD_INPUT = "-"
_LARGEST_INPUT = 16 * 2**20


def read_prompt(words: Sequence[str] | str | None, ids: str | None, command: str) -> str | None:
    """The prompt's text, or None where ids stand in for it.

    Standard input is read where a word is `-`, and where there is no word and it is a pipe or a
    file. It is left alone otherwise: a program that starts this one may hold its pipe open for
    ever, and in a shell's loop it holds the lines that come next.

    Args:
        words: what was typed: a text, `-`, or both, which are joined by a line end.
        ids: what was typed behind --ids.
        command: for the examples in the messages.

    Raises:
        UsageError: there is no prompt, an empty one, or one in several words.
        DataError: standard input is no UTF-8, or larger than any prompt.
    """
    typed = [words] if isinstance(words, str) else list(words or ())
    if ids is not None:
        if typed:
            raise UsageError("Give a prompt or --ids, not both.")
        return None
    if not typed:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("There is no prompt.", hint=f'For example: tfcli {command} "The cat"')
        typed = [STANDARD_INPUT]
    _refuse_several(typed, command)
    parts = [_standard_input() if word == STANDARD_INPUT else require_text(word) for word in typed]
    text = "\n".join(part for part in parts if part)
    if not text:
        raise UsageError(
            "The prompt is empty: there is no token to start from.",
            hint=f'Give some text, for example: tfcli {command} "The cat"',
        )
    return text


def parse_ids(text: str) -> list[int]:
    """Token ids from "5,17,3". UsageError names what is no number."""
    ids = []
    for part in text.replace(",", " ").split():
        if not part.isascii() or not part.removeprefix("-").isdecimal() or len(part) > 18:
            shown = part if len(part) <= 20 else part[:20] + "…"
            raise UsageError(f"“{shown}” in --ids is no token id.", hint="--ids 5,17,3")
        ids.append(int(part))
    if not ids:
        raise UsageError("--ids is empty.", hint="--ids 5,17,3")
    return ids


def _refuse_several(typed: Sequence[str], command: str) -> None:
    texts = [word for word in typed if word != STANDARD_INPUT]
    if len(texts) > 1:
        raise UsageError(
            "The prompt is in several words.",
            hint=f'Put it in quotes: tfcli {command} "{" ".join(texts)}"',
        )
    if len(typed) - len(texts) > 1:
        raise UsageError("Standard input (-) can be read only once.")


def require_text(typed: str, name: str = "The prompt") -> str:
    """What was typed, unless the terminal sent bytes that are no text. UsageError for these."""
    try:
        typed.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{name} is not UTF-8: character {error.start + 1:,} cannot be decoded."
        ) from None
    return typed


def _standard_input() -> str:
    if sys.stdin is None:
        raise UsageError("Standard input is closed.")
    data = sys.stdin.buffer.read(_LARGEST_INPUT + 1)
    if len(data) > _LARGEST_INPUT:
        raise DataError(f"Standard input is larger than {_LARGEST_INPUT >> 20} MB: no prompt.")
    try:
        return data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise DataError(
            f"Standard input is not UTF-8: byte {error.start:,} cannot be decoded."
        ) from None
