"""Find and open a tokenizer, whatever its format."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfcli.errors import NotFoundError

if TYPE_CHECKING:
    from tfcli_tokenizer.protocol import Tokenizer

MODEL, DEFINITION = "tokenizer.model", "tokenizer.json"
_MODELS = (MODEL, "spiece.model", "spm.model", "sentencepiece.bpe.model")
_IN_A_RUN = ("tokenizer", "best", "last")


def load_tokenizer(path: str | os.PathLike[str]) -> "Tokenizer":
    """Open a tokenizer's file, a directory that holds one, or a run.

    Of a directory's files the first of these counts: a tokenizer.model that tfcli made; Marian's
    source.spm, target.spm and vocab.json; tokenizer.json; a SentencePiece model or tiktoken ranks
    (tokenizer.model, spiece.model); vocab.json with merges.txt; vocab.txt. A file of them opens as
    its directory does, but a SentencePiece model then as SentencePiece itself has it.

    Raises:
        NotFoundError: there is none.
        CheckpointError: it is damaged or cannot be read; the file is named.
    """
    where = Path(path)
    if where.is_file():
        return _open_file(where)
    folders = [where]
    if not (where / "config.json").is_file():  # a model without a tokenizer is no run
        folders += [where / name for name in _IN_A_RUN]
    for folder in folders:
        tokenizer = _open_folder(folder)
        if tokenizer is not None:
            return tokenizer
    raise NotFoundError(
        f"There is no tokenizer at {path}.",
        hint="Give a tokenizer.model, a tokenizer.json, or a directory that holds one.",
    )


def default_tokenizer_path() -> Path:
    """The shipped tokenizer: inside an installed package, or beside it in a checkout."""
    here = Path(__file__).parent
    installed = here / "default.model"
    return installed if installed.is_file() else here.parent / "default.model"


def _open_file(file: Path) -> "Tokenizer":
    from tfcli_tokenizer.json_tokenizer import JsonTokenizer
    from tfcli_tokenizer.model_files import open_model
    from tfcli_tokenizer.vocabulary_files import MERGES, VOCABULARY, open_merges, open_words

    if file.name in (VOCABULARY, MERGES):
        return open_merges(file.parent)
    if file.suffix == ".txt":
        return open_words(file)
    if file.suffix == ".json":
        return JsonTokenizer(file)
    return open_model(file, alone=True)


def _open_folder(folder: Path) -> "Tokenizer | None":
    from tfcli_tokenizer.json_tokenizer import JsonTokenizer
    from tfcli_tokenizer.marian import SOURCE, TARGET, MarianTokenizer
    from tfcli_tokenizer.model_files import open_model, open_ours
    from tfcli_tokenizer.vocabulary_files import (
        MERGES,
        VOCABULARY,
        WORDS,
        open_merges,
        open_words,
    )

    def has(*names: str) -> bool:
        return all((folder / name).is_file() for name in names)

    model = next((folder / name for name in _MODELS if has(name)), None)
    if model is not None and model.name == MODEL and has(DEFINITION):
        ours = open_ours(model)
        return JsonTokenizer(folder / DEFINITION) if ours is None else ours
    if has(SOURCE) or has(TARGET):
        return MarianTokenizer(folder)
    if has(DEFINITION):
        return JsonTokenizer(folder / DEFINITION)
    if model is not None:
        return open_model(model)
    if has(VOCABULARY) or has(MERGES):
        return open_merges(folder)
    return open_words(folder / WORDS) if has(WORDS) else None
