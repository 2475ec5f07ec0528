"""The sections that calculate with words: nearest tokens of one vector, and of a sum."""

from collections.abc import Callable
from typing import Any

from tfcli.explain.applies import NotForThisModelError
from tfcli.explain.run import Run
from tfcli.explain.text.embedding import analogy, token_neighbors, word_neighbors


def _neighbors(run: Run) -> dict[str, Any]:
    """Of a word that was named, in the table of the side that reads; else of the token followed."""
    word, count = run.request.neighbors, run.request.top_k
    if word is None:
        found = token_neighbors(run.model, run.trace, run.position, count, run.tokenizer)
    else:
        found = word_neighbors(run.reading_stack, word, count, run.reading_tokenizer)
    return {"neighbors": found}


def _analogy(run: Run) -> dict[str, Any]:
    formula, count = run.request.analogy, run.request.top_k
    if formula is None:
        raise NotForThisModelError("takes a sum of words: --analogy king-man+woman")
    return {"analogy": analogy(run.reading_stack, formula, count, run.reading_tokenizer)}


MEASURES: dict[str, Callable[[Run], dict[str, Any]]] = {
    "neighbors": _neighbors,
    "analogy": _analogy,
}
