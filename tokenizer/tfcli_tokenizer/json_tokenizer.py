"""`tokenizer.json` files behind the protocol."""

import json
from pathlib import Path
from typing import Any

from tfcli_tokenizer.assembly import assemble, complete
from tfcli_tokenizer.charsmap import charsmaps, check_charsmap
from tfcli_tokenizer.engine_tokenizer import EngineTokenizer
from tfcli_tokenizer.files import CONFIG, MODEL_CONFIG, library_errors, read_bytes, read_object
from tfcli_tokenizer.growth import check_growth
from tfcli_tokenizer.recipes import RECIPES, Vocabulary
from tfcli_tokenizer.reference_class import GENERIC, reference_class
from tfcli_tokenizer.settings import Token, read_settings


class JsonTokenizer(EngineTokenizer):
    """A tokenizer.json, with the roles that the files beside it name.

    Where they name a class that `transformers` rebuilds by its own rules, only the vocabulary and
    the template are the file's.

    Attributes, beside the protocol's:
        definition: the bytes of the file.
    """

    def __init__(self, path: Path) -> None:
        """Read the file. CheckpointError, naming it, where it is damaged."""
        self.definition = read_bytes(path)
        folder = path.parent
        chosen = reference_class(
            read_object(folder / CONFIG),
            read_object(folder / MODEL_CONFIG),
            byte_level=b'"ByteLevel"' in self.definition,
        )
        with library_errors(path):
            engine, unknown = _engine(self.definition)
            added = engine.get_added_tokens_decoder()
            settings = read_settings(folder, {i: _token(each) for i, each in added.items()})
            recipe = RECIPES.get(chosen)
            if recipe is not None and recipe.model == type(engine.model).__name__:
                settings = recipe.settle(settings.with_roles(recipe.roles))
                vocabulary = _vocabulary(engine, self.definition)
                engine = assemble(recipe, vocabulary, settings, given=engine.post_processor)
            else:
                chosen = GENERIC
                complete(engine, settings)
            super().__init__(engine, settings, path, [path.name], chosen, unknown)


def _engine(definition: bytes) -> tuple[Any, int | None]:
    """The library's tokenizer, and the unknown token's id where its model hides it."""
    from tokenizers import Tokenizer as Engine

    if b'"precompiled_charsmap"' in definition:  # the library panics over a damaged one
        for rules in charsmaps(json.loads(definition).get("normalizer")):
            check_charsmap(rules)
    if b'"Replace"' in definition or b'"Prepend"' in definition:
        check_growth(json.loads(definition).get("normalizer"))
    engine = Engine.from_str(definition.decode("utf-8"))
    if type(engine.model).__name__ != "Unigram":
        return engine, None
    return engine, json.loads(definition)["model"].get("unk_id")


def _vocabulary(engine: Any, definition: bytes) -> Vocabulary:
    if type(engine.model).__name__ != "Unigram":
        return Vocabulary(engine.model)
    written = json.loads(definition)
    return Vocabulary(
        engine.model,
        tuple((piece, score) for piece, score in written["model"]["vocab"]),
        next(charsmaps(written.get("normalizer")), b""),
    )


def _token(added: Any) -> Token:
    return Token(
        added.content,
        added.lstrip,
        added.rstrip,
        added.single_word,
        added.normalized,
        added.special,
    )
