"""Small files that may hold anything, read with suspicion."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfcli.errors import CheckpointError

# In bytes. The largest files in use take half of it, or a third where they hold less than a whole
# tokenizer.json: settings, a SentencePiece model, ranks, a bare vocabulary.
LARGEST, LARGEST_PART = 64 * 2**20, 16 * 2**20
MOST_IDS = 2**24  # an id beyond them is damage: no model has a row for it
MOST_PIECES = 2**20  # in a bare vocabulary

CONFIG = "tokenizer_config.json"
SPECIAL_TOKENS_MAP = "special_tokens_map.json"
ADDED_TOKENS = "added_tokens.json"
MODEL_CONFIG = "config.json"


def read_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a file. CheckpointError where it cannot be read or is too large."""
    try:
        if path.stat().st_size > largest:
            raise CheckpointError(f"{path} is damaged: it is larger than any tokenizer.")
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object; {} where there is no such file. CheckpointError for anything else."""
    if not path.is_file():
        return {}
    try:
        value = json.loads(read_bytes(path, LARGEST_PART).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged: it is no JSON file.") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} is damaged: it holds no JSON object.")
    return value


def is_library_error(error: BaseException) -> bool:
    """Whether it may be an error of `tokenizers`: a bare Exception, or a panic, which is none."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


@contextmanager
def library_errors(path: Path) -> Iterator[None]:
    """Let what a library finds wrong with a file be one CheckpointError that names it."""
    try:
        yield
    except CheckpointError:
        raise
    except BaseException as error:
        if not is_library_error(error):
            raise
        detail = " ".join(str(error).split())[:200].rstrip(".")
        because = f": {detail}" if detail else ""
        raise CheckpointError(
            f"{path} is damaged, or no tokenizer that tfcli knows{because}.",
            hint="Restore the file, or train a tokenizer: `tfcli tokenizer train --help`.",
        ) from error
