"""Two models on one prompt: what each says, and where they differ."""

import math
from dataclasses import replace
from typing import Literal

import torch

from tfcli.errors import UsageError
from tfcli.explain.layers.anatomy import describe_model
from tfcli.explain.request import Request
from tfcli.explain.result import (
    AnswerPoint,
    HeadChange,
    HeadsGrid,
    ModelComparison,
    ModelFacts,
    ModelSide,
)
from tfcli.explain.several.predictions import Find, Vocabulary, distances, shared_candidates
from tfcli.explain.several.reading import Open, Opened, Reading, read_model
from tfcli.explain.several.weights import weight_changes, weight_shapes
from tfcli.explain.text.labels import label

_HEADS = 5
_NO_DISTANCE = "no distance of these two distributions: the models' vocabularies differ"


def compare_models(first: Open, second: Open, request: Request) -> ModelComparison:
    """Read the prompt with both, one after the other.

    They are in memory together only to compare their weights, where these have one shape.

    Raises:
        UsageError: their tokens cannot be matched, or there is no such position.
    """
    opened = first()
    chosen = opened.answer is not None
    one, one_facts = _read(opened, request)
    ids = opened.ids
    shapes = weight_shapes(opened.model)
    del opened
    opened = second()
    by, there, back = _matching(one.vocabulary, opened.vocabulary)
    if by == "text" and request.position is not None and list(opened.ids) != list(ids):
        raise UsageError(
            f"--pos {request.position} is another place in the text for each of these models: "
            "they cut it into different tokens.",
            hint="Leave --pos out: both are followed at the end of the prompt.",
        )
    answer = there(one.answer)
    two, two_facts = _read(opened, replace(request, answer=answer))
    omitted: dict[str, str] = {}
    if answer is None:
        omitted["lens"] = "the second model has no token for the answer"
    if by == "text":
        omitted["distances"] = _NO_DISTANCE
    grids = (one.grid, two.grid)
    heads, gap = _heads(*grids, one.gap or two.gap)
    if answer is None and request.measure == "credit":
        heads, gap = (), omitted["lens"]
    omitted |= {"heads": gap} if gap else {}
    modules, layers = (), ()
    if weight_shapes(opened.model) == shapes:
        modules, layers = weight_changes(first().model, opened.model)
    else:
        omitted["weights"] = "the models' shapes differ"
    return ModelComparison(
        first=_side(one, one_facts),
        second=_side(two, two_facts),
        matched_by=by,
        answer_label=label(one.tokenizer, one.answer),
        answer_chosen=chosen,
        candidates=shared_candidates(one, two, there, back, request.top_k),
        distances=distances(one.logits, two.logits) if by == "id" else None,
        first_lens=_way(one),
        second_lens=_way(two) if answer is not None else (),
        measure=request.measure,
        unit=one.grid.unit if one.grid is not None else "",
        heads=heads,
        modules=modules,
        layers=layers,
        omitted=omitted,
    )


def _read(opened: Opened, request: Request) -> tuple[Reading, ModelFacts]:
    reading = read_model(opened, request, lens=True)
    return reading, describe_model(opened.model, opened.name, opened.family)


def _side(reading: Reading, facts: ModelFacts) -> ModelSide:
    p, tokens = reading.probabilities, reading.tokens
    top = int(reading.logits.argmax())
    return ModelSide(
        model=facts,
        labels=reading.labels,
        source=reading.source,
        ids=reading.ids,
        position=reading.position,
        bits=tokens.bits,
        bytes=tokens.bytes,
        bits_per_byte=tokens.bits_per_byte,
        entropy=float(torch.special.entr(p).sum()) / math.log(2),
        top_id=top,
        top_label=label(reading.tokenizer, top),
        top_probability=float(p[top]),
    )


def _matching(one: Vocabulary, other: Vocabulary) -> tuple[Literal["id", "text"], Find, Find]:
    """How a token of one model is found in the other, there and back."""
    if one.same(other):
        return "id", lambda token: token, lambda token: token
    if one.tokenizer is None or other.tokenizer is None:
        raise UsageError(
            "The tokens of these models cannot be matched: not both have a tokenizer.",
            hint="Models without one must have vocabularies of one size.",
        )
    return "text", _finder(one, other), _finder(other, one)


def _finder(one: Vocabulary, other: Vocabulary) -> Find:
    """The token of `other` that writes what a token of `one` writes.

    Where several do it is the last: a byte's own token stands before a piece of that byte.
    """
    places = {_written(other, token): token for token in range(other.size)}
    places.pop(None, None)
    return lambda token: places.get(_written(one, token))


def _written(vocabulary: Vocabulary, token: int) -> str | bytes | None:
    """A special token's name, or the bytes that a token writes; None for neither."""
    tokenizer = vocabulary.tokenizer
    if tokenizer is None or token >= tokenizer.vocab_size:
        return None
    if token in tokenizer.special_tokens.values():
        return tokenizer.piece(token)
    return tokenizer.token_bytes(token) or None


def _way(reading: Reading) -> tuple[AnswerPoint, ...]:
    assert reading.lens is not None
    rows = reading.lens.rows
    return tuple(
        AnswerPoint(row.layer, i / max(len(rows) - 1, 1), row.answer_probability, row.answer_rank)
        for i, row in enumerate(rows)
    )


def _heads(
    one: HeadsGrid | None, two: HeadsGrid | None, gap: str | None
) -> tuple[tuple[HeadChange, ...], str | None]:
    """The heads that differ the most; none where they are not the same, and the reason."""
    if one is None or two is None:
        return (), gap
    shapes = [(grid.kind, [len(row) for row in grid.values]) for grid in (one, two)]
    if shapes[0] != shapes[1]:
        return (), "the models have not the same layers and heads"
    found = [
        HeadChange(one.kind, layer, head, a, b, b - a)
        for layer, rows in enumerate(zip(one.values, two.values, strict=True))
        for head, (a, b) in enumerate(zip(*rows, strict=True))
        if a is not None and b is not None
    ]
    if not found:
        return (), gap
    found.sort(key=lambda change: -abs(change.change))
    return tuple(found[:_HEADS]), None
