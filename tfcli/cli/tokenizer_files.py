"""What `tfcli tokenizer` reads and where it writes: texts, ids, a folder that may be written."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tfcli.errors import DataError, StorageError, UsageError

STANDARD_INPUT = "-"
_OURS = {"tokenizer.model", "tokenizer.json", "tokenizer_config.json"}
_LONGEST_ID = 18  # digits


def corpus_texts(
    sources: Sequence[str], progress: Callable[[str], None] = lambda _: None
) -> Iterator[str]:
    """The documents of a corpus, as a stream; `progress` is told how far it has come."""
    from tfcli.data.readers import read_documents

    size = said = 0
    for document in read_documents(list(sources)):
        size += len(document.text.encode())
        if size - said >= 1e6:
            progress(f"Reading the corpus: {size / 1e6:,.0f} MB")
            said = size
        yield document.text
    progress(f"Training on {size / 1e6:,.1f} MB")


def read_text(words: Sequence[str] | None, file: str | None, command: str) -> str:
    """The text to encode: what was typed, a file's, or standard input's.

    Standard input is read for `-`, and where nothing is typed and it is no terminal.

    Raises:
        UsageError: there is none, or it comes from two places.
        DataError: it is not UTF-8, or the file is not there.
    """
    if file is not None:
        if words:
            raise UsageError("Give a text or --file, not both.")
        return _file_text(file)
    example = f'For example: tfcli {command} "The cat"'
    if not words:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("There is no text.", hint=example)
        words = [STANDARD_INPUT]
    if len(words) > 1:
        raise UsageError(
            "The text is in several words.",
            hint=f'Put it in quotes: tfcli {command} "{" ".join(words)}"',
        )
    if words[0] == STANDARD_INPUT:
        return _standard_input().removesuffix("\n").removesuffix("\r")
    try:
        words[0].encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"The text is not UTF-8: character {error.start + 1:,} cannot be decoded."
        ) from None
    return words[0]


def read_ids(words: Sequence[str] | None) -> list[int]:
    """Token ids, typed or from standard input: 5,17,3, or 5 17 3, or a JSON list.

    Raises:
        UsageError: there are none, or something that is no id.
        DataError: standard input is not UTF-8.
    """
    example = "For example: tfcli tokenizer decode 5,17,3"
    if not words:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("There are no token ids.", hint=example)
        words = [STANDARD_INPUT]
    text = " ".join(_standard_input() if word == STANDARD_INPUT else word for word in words)
    ids = []
    for part in text.strip().removeprefix("[").removesuffix("]").replace(",", " ").split():
        if not (part.isascii() and part.isdecimal()) or len(part) > _LONGEST_ID:
            shown = part if len(part) <= 20 else part[:20] + "…"
            raise UsageError(f"“{shown}” is no token id.", hint=example)
        ids.append(int(part))
    return ids


def new_folder(out: Path, force: bool) -> Path:
    """Where the folder that the user named will stand, once it is sure that it may.

    Raises:
        UsageError: it is a file or the current folder, or holds something.
        StorageError: it cannot be written.
    """
    from tfcli.checkpoint.files import recover_directory

    target = Path(os.path.realpath(out.expanduser()))
    if target == Path.cwd() or target in Path.cwd().parents:
        raise UsageError(f"{out} is the current folder.", hint="Give a new folder to --out.")
    if target.exists() and not target.is_dir():
        raise UsageError(f"{out} is a file.", hint="Give a new folder to --out.")
    place = next(folder for folder in target.parents if folder.exists())
    if not place.is_dir():
        raise StorageError(f"{out} cannot be written: {place} is no folder.")
    if not os.access(place, os.W_OK | os.X_OK):
        raise StorageError(
            f"{out} cannot be written: {place} may not be changed.",
            hint="Choose another folder, or make this one writable.",
        )
    recover_directory(target)
    names = {path.name for path in target.iterdir()} if target.is_dir() else set()
    if names - _OURS:
        raise UsageError(f"{out} holds other files.", hint="Give a new folder to --out.")
    if names and not force:
        raise UsageError(
            f"{out} already holds a tokenizer.",
            hint="Give a new folder to --out, or replace this one with --force.",
        )
    return target


def _file_text(file: str) -> str:
    """All of a file, as it is: plain or compressed UTF-8."""
    from tfcli.data.readers import source_blocks
    from tfcli.data.sources import find_files
    from tfcli.data.text import decode_blocks

    found = find_files(file)
    if len(found) != 1:
        raise UsageError(f"{file} is {len(found):,} files; --file takes one.")
    return "".join(decode_blocks(source_blocks(found[0]), found[0].name))


def _standard_input() -> str:
    if sys.stdin is None:
        raise UsageError("Standard input is closed.")
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"Standard input is not UTF-8: byte {error.start:,} cannot be decoded."
        ) from None
