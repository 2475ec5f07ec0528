"""A tokenizer put together: a vocabulary, the rules of its class, and the tokens of the settings.

The order in which tokens are added decides the ids of those that the vocabulary lacks, and what
is said of a token last counts. Both are as in `transformers` 5.24
(`tokenization_utils_tokenizers.py`).
"""

from collections.abc import Mapping
from typing import Any

from tfcli_tokenizer.recipes import Recipe, Vocabulary, template
from tfcli_tokenizer.settings import ROLES, Settings, Token


def assemble(recipe: Recipe, vocabulary: Vocabulary, settings: Settings, given: Any = None) -> Any:
    """The engine of a class's tokenizer. ValueError and the library's errors where it cannot be.

    Args:
        recipe: the class's rules.
        vocabulary: its pieces.
        settings: with the roles that the class gives where no file does.
        given: the template that a tokenizer.json has, if any.
    """
    engine = recipe.build(vocabulary, settings)
    if given is not None:
        engine.post_processor = given
    complete(engine, settings)
    recipe.finish(engine, settings)
    return engine


def complete(engine: Any, settings: Settings) -> None:
    """Add the settings' tokens to an engine, and its template where it has none."""
    said = "add_bos_token" in settings.options or "add_eos_token" in settings.options
    engine.encode_special_tokens = bool(settings.flag("split_special_tokens", False))
    tokens = _missing(engine, settings)
    if tokens:
        engine.add_tokens(tokens)
    if said or engine.post_processor is None:
        template(engine, settings)


def role_ids(engine: Any, settings: Settings) -> dict[str, int]:
    """The ids of the tokens that have a role."""
    ids: Mapping[str, int | None] = {
        name: engine.token_to_id(token.content)
        for name, token in settings.ordered_roles().items()
        if name in ROLES
    }
    return {name: number for name, number in ids.items() if number is not None}


def _missing(engine: Any, settings: Settings) -> list[Any]:
    """The tokens to be added, in order: those with an id, those with a role, the others."""
    roles = settings.ordered_roles()
    tokens = list(settings.added.values())
    present = {t.content for t in engine.get_added_tokens_decoder().values()}
    present |= {token.content for token in tokens}
    for token in [*roles.values(), *(settings.extra or ())]:
        if token.content not in present and token not in tokens:
            tokens.append(token)
    named = {token.content for token in roles.values()}
    return [_added(token, named) for token in tokens if token.content]


def _added(token: Token, named: set[str]) -> Any:
    from tokenizers import AddedToken

    flags = {
        name: value
        for name in ("lstrip", "rstrip", "single_word", "normalized")
        if (value := getattr(token, name)) is not None
    }
    special = token.bare or bool(token.special)
    added = AddedToken(token.content, special=special, **flags)
    if token.content in named and not special:
        added.special = True
    return added
