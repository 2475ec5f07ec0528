"""Vocabularies in plain files: `vocab.json` with `merges.txt`, and `vocab.txt`."""

import json
from pathlib import Path
from typing import Any

from tfcli.errors import CheckpointError
from tfcli_tokenizer.assembly import assemble
from tfcli_tokenizer.engine_tokenizer import EngineTokenizer
from tfcli_tokenizer.files import (
    CONFIG,
    LARGEST_PART,
    MODEL_CONFIG,
    MOST_IDS,
    MOST_PIECES,
    library_errors,
    read_bytes,
    read_object,
)
from tfcli_tokenizer.recipes import RECIPES, Vocabulary
from tfcli_tokenizer.reference_class import reference_class
from tfcli_tokenizer.settings import read_settings

VOCABULARY, MERGES, WORDS = "vocab.json", "merges.txt", "vocab.txt"
_BYTE_LEVEL = {"GPT2Tokenizer", "GPTNeoXTokenizer", "Qwen2Tokenizer", "RobertaTokenizer"}


def open_merges(folder: Path) -> EngineTokenizer:
    """Byte-level BPE from vocab.json and merges.txt: of GPT-2 where nothing says of another.

    CheckpointError names the file that is missing or damaged.
    """
    path, merges = folder / VOCABULARY, folder / MERGES
    read_vocabulary(path)
    read_bytes(merges, LARGEST_PART)
    chosen = _chosen(folder)
    chosen = chosen if chosen in _BYTE_LEVEL else "GPT2Tokenizer"
    with library_errors(merges):  # vocab.json has been looked at
        from tokenizers import models

        model = models.BPE.from_file(
            str(path), str(merges), continuing_subword_prefix="", end_of_word_suffix=""
        )
    return _opened(path, [VOCABULARY, MERGES], chosen, model)


def open_words(path: Path) -> EngineTokenizer:
    """WordPiece from vocab.txt, a piece a line, as BERT has it. CheckpointError names the file."""
    content = read_bytes(path, LARGEST_PART)
    with library_errors(path):
        from tokenizers import models

        if not content.decode("utf-8").strip():
            raise ValueError("it is empty")
        if content.count(b"\n") > MOST_PIECES:
            raise ValueError("it has more pieces than any vocabulary")
        model = models.WordPiece.from_file(str(path))
    return _opened(path, [path.name], "BertTokenizer", model)


def read_vocabulary(path: Path) -> dict[str, int]:
    """A JSON object of pieces and their ids. CheckpointError for ids that no model could have."""
    try:
        vocabulary: Any = json.loads(read_bytes(path, LARGEST_PART).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged: it is no JSON file.") from error
    if not isinstance(vocabulary, dict) or not 0 < len(vocabulary) <= MOST_PIECES:
        raise CheckpointError(f"{path} is damaged: it is no vocabulary.")
    ids = vocabulary.values()
    if not all(type(i) is int for i in ids) or not 0 <= min(ids) <= max(ids) < MOST_IDS:
        raise CheckpointError(f"{path} is damaged: it has ids that no model could have.")
    if len(set(ids)) < len(ids):
        raise CheckpointError(f"{path} is damaged: two of its pieces have the same id.")
    return vocabulary


def _chosen(folder: Path) -> str:
    return reference_class(
        read_object(folder / CONFIG), read_object(folder / MODEL_CONFIG), byte_level=False
    )


def _opened(path: Path, names: list[str], chosen: str, model: Any) -> EngineTokenizer:
    recipe = RECIPES[chosen]
    settings = recipe.settle(read_settings(path.parent).with_roles(recipe.roles))
    with library_errors(path):
        engine = assemble(recipe, Vocabulary(model), settings)
        return EngineTokenizer(engine, settings, path, names, chosen)
