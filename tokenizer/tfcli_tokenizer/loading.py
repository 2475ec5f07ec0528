"""Find and open a tokenizer, whatever its format."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfcli.errors import CheckpointError, NotFoundError

if TYPE_CHECKING:
    from tfcli_tokenizer.protocol import Tokenizer

MODEL, DEFINITION = "tokenizer.model", "tokenizer.json"
_LARGEST = 256 * 2**20  # bytes
_IN_A_RUN = ("tokenizer", "best", "last")


def load_tokenizer(path: str | os.PathLike[str]) -> "Tokenizer":
    """Open a `.model` file, a tokenizer.json, a directory that holds one of them, or a run.

    Of a directory that holds both, tokenizer.model is read where it is one of ours. A foreign one
    often lacks the tokens that were added later, which tokenizer.json has.

    Raises:
        NotFoundError: there is none.
        CheckpointError: it is damaged or cannot be read; the file is named.
    """
    file = _find(Path(path))
    if file is None:
        raise NotFoundError(
            f"There is no tokenizer at {path}.",
            hint="Give a tokenizer.model, a tokenizer.json, or a directory that holds one.",
        )
    from tfcli_tokenizer.json_tokenizer import JsonTokenizer
    from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer

    if file.suffix == ".json":
        return JsonTokenizer(file)
    tokenizer = SentencePieceTokenizer(_content(file), str(file))
    other = file.with_name(DEFINITION)
    if file != Path(path) and not tokenizer.lossless and other.is_file():
        return JsonTokenizer(other)
    return tokenizer


def default_tokenizer_path() -> Path:
    """The shipped tokenizer: inside an installed package, or beside it in a checkout."""
    here = Path(__file__).parent
    installed = here / "default.model"
    return installed if installed.is_file() else here.parent / "default.model"


def _find(where: Path) -> Path | None:
    folders = [where]
    if not (where / "config.json").is_file():  # a model without a tokenizer is no run
        folders += [where / name for name in _IN_A_RUN]
    files = [folder / name for folder in folders for name in (MODEL, DEFINITION)]
    return next((file for file in [where, *files] if file.is_file()), None)


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > _LARGEST:
            raise CheckpointError(f"{file} is damaged: it is larger than any tokenizer.")
        return file.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read: {error.strerror or error}.") from error
