"""`.model` files: SentencePiece models, ours and foreign ones, and tiktoken ranks."""

from pathlib import Path
from typing import TYPE_CHECKING

from tfcli_tokenizer import protobuf
from tfcli_tokenizer.files import (
    CONFIG,
    LARGEST_PART,
    MODEL_CONFIG,
    library_errors,
    read_bytes,
    read_object,
)
from tfcli_tokenizer.reference_class import CHATGLM, GENERIC, reference_class
from tfcli_tokenizer.sentencepiece_tokenizer import MARK, SentencePieceTokenizer
from tfcli_tokenizer.settings import read_settings

if TYPE_CHECKING:
    from tfcli_tokenizer.engine_tokenizer import EngineTokenizer
    from tfcli_tokenizer.protocol import Tokenizer


def open_ours(path: Path) -> "Tokenizer | None":
    """A SentencePiece model that tfcli made; None for another. CheckpointError if damaged."""
    content = read_bytes(path, LARGEST_PART)
    return SentencePieceTokenizer(content, str(path), path) if _is_ours(path, content) else None


def open_model(path: Path, *, alone: bool = False) -> "Tokenizer":
    """Open a `.model` file by the rules of its folder. CheckpointError, naming it, if damaged.

    Args:
        path: the file.
        alone: whether a SentencePiece model is taken as SentencePiece itself has it.
    """
    from tfcli_tokenizer.ranks import is_ranks, open_ranks

    content = read_bytes(path, LARGEST_PART)
    if is_ranks(content):
        return open_ranks(path, content)
    if alone or _is_ours(path, content):
        return SentencePieceTokenizer(content, str(path), path)
    chosen = reference_class(
        read_object(path.with_name(CONFIG)),
        read_object(path.with_name(MODEL_CONFIG)),
        byte_level=False,
    )
    if chosen == CHATGLM:
        from tfcli_tokenizer.chatglm import ChatGlmTokenizer

        return ChatGlmTokenizer(path)
    return _converted(path, content, chosen)


def _is_ours(path: Path, content: bytes) -> bool:
    from tfcli_tokenizer.ranks import is_ranks

    if is_ranks(content):
        return False
    with library_errors(path):
        return protobuf.read_spec(content, protobuf.DENORMALIZER_SPEC).get(6) == MARK


def _converted(path: Path, content: bytes, chosen: str) -> "EngineTokenizer":
    """A foreign model, run by `tokenizers` as `transformers` runs it."""
    from tfcli_tokenizer.assembly import assemble, complete
    from tfcli_tokenizer.engine_tokenizer import EngineTokenizer
    from tfcli_tokenizer.recipes import RECIPES
    from tfcli_tokenizer.sentencepiece_files import (
        class_tokens,
        class_vocabulary,
        generic_engine,
        generic_settings,
        read_sentencepiece,
    )

    settings = read_settings(path.parent)
    chosen = chosen if chosen in ("LlamaTokenizer", "GemmaTokenizer", "T5Tokenizer") else GENERIC
    with library_errors(path):
        file = read_sentencepiece(content)
        if chosen == GENERIC:
            settings = generic_settings(file, settings)
            engine = generic_engine(file, settings)
            complete(engine, settings)
            return EngineTokenizer(engine, settings, path, [path.name], chosen, file.unk_id)
        recipe = RECIPES[chosen]
        settings = recipe.settle(class_tokens(file, settings.with_roles(recipe.roles)))
        extra_ids = settings.number("extra_ids", 100)
        vocabulary = class_vocabulary(file, recipe.model, extra_ids)
        engine = assemble(recipe, vocabulary, settings)
        return EngineTokenizer(engine, settings, path, [path.name], chosen)
