"""Find and open a tokenizer, whatever its format."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfcli.errors import NotFoundError

if TYPE_CHECKING:
    from tfcli_tokenizer.protocol import Tokenizer


def load_tokenizer(path: str | os.PathLike[str]) -> "Tokenizer":
    """Open a `.model` file, a tokenizer.json, or a directory that holds one of them.

    Raises:
        NotFoundError: there is none.
        CheckpointError: it is damaged; the file is named.
    """
    from tfcli_tokenizer.json_tokenizer import JsonTokenizer
    from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer

    where = Path(path)
    candidates = (
        [where / "tokenizer.model", where / "tokenizer.json"] if where.is_dir() else [where]
    )
    for file in candidates:
        if not file.is_file():
            continue
        if file.suffix == ".json":
            return JsonTokenizer(file)
        return SentencePieceTokenizer(file.read_bytes(), str(file))
    raise NotFoundError(
        f"There is no tokenizer at {where}.",
        hint="Give a tokenizer.model, a tokenizer.json, or a directory that holds one.",
    )


def default_tokenizer_path() -> Path:
    """The shipped tokenizer: inside an installed package, or beside it in a checkout."""
    here = Path(__file__).parent
    installed = here / "default.model"
    return installed if installed.is_file() else here.parent / "default.model"
