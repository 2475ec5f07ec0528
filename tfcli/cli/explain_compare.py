"""`tfcli explain --compare`: one word in two prompts."""

from typing import TYPE_CHECKING

from tfcli.cli.explain_files import typed
from tfcli.cli.explain_input import decoder_ids, model_name, prompt_ids
from tfcli.cli.prompt import require_text
from tfcli.errors import UsageError

if TYPE_CHECKING:
    from tfcli.api import LanguageModel
    from tfcli.cli.explain_output import Output


def refuse_word(word: str | None, compare: str | None) -> None:
    """UsageError for a word with no second prompt to follow it in, or for an empty one."""
    if word is not None and compare is None:
        raise UsageError(
            "--word names what two prompts have in common, and there is one prompt.",
            hint='--compare "the other prompt" --word apple',
        )
    if compare is None:
        return
    require_text(compare, "--compare")
    if not compare:
        raise UsageError("--compare is empty: it takes the second prompt.")


def show_compared(
    language_model: "LanguageModel",
    text: str | None,
    ids: str | None,
    other: str,
    *,
    word: str | None,
    decoder: str | None,
    top_k: int,
    output: "Output",
) -> None:
    """Read both prompts, and show what became of the word in each.

    Raises:
        UsageError: the model has no tokenizer, or the word is not in both prompts alike.
    """
    from tfcli.explain.several.prompts import compare_prompts
    from tfcli.view import console

    if language_model.tokenizer is None:
        raise UsageError("--compare needs text, and this model has no tokenizer.")
    first = prompt_ids(language_model, text, ids)
    second = prompt_ids(language_model, other, None)
    written = decoder_ids(language_model, decoder)
    with console.busy("Reading both, and each without one token"):
        found = compare_prompts(
            language_model.model,
            first,
            second,
            word=word,
            tokenizer=language_model.tokenizer,
            decoder_ids=written,
            top_k=top_k,
            name=model_name(language_model.path),
            family=language_model.family,
        )
    named = [] if word is None else [("--word", word)]
    output.show_several(found, typed(text, ("--compare", other), *named))
