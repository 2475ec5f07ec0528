"""Two prompts on one model: the word that both have, and what the contexts made of it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import normalize

from tfcli.errors import UsageError
from tfcli.explain.layers.anatomy import describe_model
from tfcli.explain.result import ComparedLayer, ComparedSide, Comparison, Ends
from tfcli.explain.result.comparison import Warned
from tfcli.explain.run import reading_side
from tfcli.explain.several.predictions import (
    Prediction,
    Vocabulary,
    distances,
    shared_candidates,
)
from tfcli.explain.several.pulls import Parts, parts_along, pull_of
from tfcli.explain.several.sides import (
    Left,
    Side,
    compared_side,
    cosine,
    read_side,
    too_long,
    without_each,
)
from tfcli.explain.text.occurrence import Span, find_word
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

_FALL = 1e-4  # what a cosine of two runs must fall by to have fallen, in numbers of 16 bits also


@torch.inference_mode()
def compare_prompts(
    model: Transformer,
    first: Sequence[int],
    second: Sequence[int],
    *,
    word: str | None = None,
    tokenizer: "Tokenizer | None" = None,
    decoder_ids: Sequence[int] | None = None,
    top_k: int = 5,
    name: str = "",
    family: str = "",
) -> Comparison:
    """Follow one word through the layers in two prompts (Ethayarajh 2019, “How Contextual are
    Contextualized Word Representations?”), and say what drew its two vectors apart.

    In an encoder-decoder the word is followed in the encoder, where it is read.

    Args:
        first, second: token ids.
        word: the one to follow, at its last token; None for the prompts' ends.
        decoder_ids: what a decoder beside an encoder has written.

    Raises:
        UsageError: the word is not in both prompts by the same tokens.
        TfcliError: the model computed no numbers.
    """
    spans = _spans(model, first, second, word, tokenizer)
    one = read_side(model, first, spans[0], tokenizer, decoder_ids)
    two = read_side(model, second, spans[1], tokenizer, decoder_ids)
    sides = one, two
    differ = one.seen != two.seen
    layers, pairs = _layers(one, two)
    omitted: dict[str, str] = {}
    left: list[dict[int, Left]] = [{}, {}]
    gap = too_long(one, two)
    if differ and gap is None:
        left = [without_each(model, one, two), without_each(model, two, one)]
    elif differ and gap is not None:
        omitted["without"] = gap
    distance = float((one.last - two.last).norm())
    parts: list[Parts] = []
    if differ and distance:
        direction = (one.last - two.last) / distance
        parts = [parts_along(side.stack, side.trace, side.position, direction) for side in sides]
    shares = [sign * part.terms / distance for part, sign in zip(parts, (1, -1), strict=False)]
    told: list[ComparedSide] = [
        compared_side(side, other, shares[i] if shares else None, left[i], layers[-1].cosine)
        for i, (side, other) in enumerate(((one, two), (two, one)))
    ]
    predictions = [
        Prediction(Vocabulary(tokenizer, model.config.vocab_size), side.logits.cpu())
        for side in sides
        if side.logits is not None
    ]
    candidates, apart = (), None
    if len(predictions) == 2:
        candidates = shared_candidates(
            predictions[0], predictions[1], lambda t: t, lambda t: t, top_k
        )
        apart = distances(predictions[0].logits, predictions[1].logits)
    else:
        omitted["next"] = "the model has no output matrix: it gives vectors, not words"
    words = [side.ids[side.span[0] : side.span[1] + 1] for side in sides]
    return Comparison(
        model=describe_model(model, name, family),
        stack="decoder" if one.causal else "encoder",
        causal=one.causal,
        word=word,
        same_token=words[0] == words[1],
        first=told[0],
        second=told[1],
        embedding_cosine=cosine(
            one.trace.token_embedding[0, one.position], two.trace.token_embedding[0, two.position]
        ),
        position_is_added=one.trace.position_embedding is not None,
        layers=layers,
        pairs=pairs,
        parting=_parting(layers) if differ else None,
        pull=pull_of(parts[0], parts[1], distance, spans) if parts else None,
        candidates=candidates,
        distances=apart,
        warnings=_warnings(one, two, layers[0]),
        ends=_ends(one, two) if not differ and one.ids != two.ids else None,
        omitted=omitted,
    )


def _spans(
    model: Transformer,
    first: Sequence[int],
    second: Sequence[int],
    word: str | None,
    tokenizer: "Tokenizer | None",
) -> tuple[Span, Span]:
    """The word in both, or both ends: of a text that an encoder reads, before its marks."""
    reader = reading_side(tokenizer)
    if word is not None:
        if reader is None:
            raise UsageError("This model has no tokenizer: --word cannot be looked for.")
        return find_word(word, first, second, reader)
    stack = model if model.encoder is None else model.encoder
    marks: set[int] = set()
    if not stack.config.causal and reader is not None:
        marks = set(reader.special_tokens.values()) - {reader.mask_id}
    one, two = (
        max((i for i, token in enumerate(ids) if token not in marks), default=len(ids) - 1)
        for ids in (first, second)
    )
    return (one, one), (two, two)


def _layers(one: Side, two: Side) -> tuple[tuple[ComparedLayer, ...], int]:
    """The cosines behind each block, and how many pairs of other tokens stand against them.

    The baseline is that of Ethayarajh 2019: vectors of a layer lie in a narrow cone, so that any
    two have a cosine above 0. The pairs are all those of one token of each prompt, where these
    are not the same token.
    """
    _, places = torch.unique(torch.tensor([*one.ids, *two.ids]), return_inverse=True)
    of_id = [part.to(one.trace.ids.device) for part in places.split([len(one.ids), len(two.ids)])]
    kinds = int(places.max()) + 1
    counts = [torch.bincount(part, minlength=kinds) for part in of_id]
    pairs = len(one.ids) * len(two.ids) - int(counts[0] @ counts[1])
    rows: list[ComparedLayer] = []
    for layer in range(len(one.trace.layers) + 1):
        states = [side.states(layer) for side in (one, two)]
        here = cosine(states[0][one.position], states[1][two.position])
        # Σ over pairs of u·v is (Σ u)·(Σ v): no matrix of all pairs is needed
        sums = [
            unit.new_zeros(kinds, unit.shape[1]).index_add(0, part, unit)
            for unit, part in zip((normalize(x, dim=-1) for x in states), of_id, strict=True)
        ]
        others = sums[0].sum(0) @ sums[1].sum(0) - (sums[0] * sums[1]).sum()
        baseline = float(others) / pairs if pairs else None
        adjusted = None if here is None or baseline is None else here - baseline
        rows.append(ComparedLayer(layer - 1 if layer else None, here, baseline, adjusted))
    return tuple(rows), pairs


def _parting(layers: Sequence[ComparedLayer]) -> int | None:
    """The block behind which the adjusted cosine falls the most (Ethayarajh 2019).

    The cosine as it is falls, too, where all vectors of a layer spread out: nothing parts there.
    """
    falls = [
        (before.adjusted - after.adjusted, after.layer)
        for before, after in pairwise(layers)
        if before.adjusted is not None and after.adjusted is not None
    ]
    fall, layer = max(falls, key=lambda found: found[0], default=(0.0, None))
    return layer if fall > _FALL else None


def _warnings(one: Side, two: Side, entry: ComparedLayer) -> tuple[Warned, ...]:
    """What must be known to read the numbers."""
    if one.ids == two.ids and one.span == two.span:
        return ("same",)
    found: list[Warned] = []
    words = [side.ids[side.span[0] : side.span[1] + 1] for side in (one, two)]
    if words[0] != words[1]:
        found.append("other-tokens")
    elif one.trace.position_embedding is not None and one.position != two.position:
        found.append("position")
    if one.causal and one.seen == two.seen:
        found.append("unseen")
        return tuple(found)
    names: tuple[Warned, Warned] = ("alone-first", "alone-second")
    for side, warned in zip((one, two), names, strict=True):
        if all(token in side.special for token in side.ids[: side.span[0]]) and one.causal:
            found.append(warned)
    return tuple(found)


def _ends(one: Side, two: Side) -> Ends:
    """Where prompts that are the same up to the word begin to differ, and how they end."""
    shorter = min(len(one.ids), len(two.ids))
    place = next((i for i in range(shorter) if one.ids[i] != two.ids[i]), shorter)
    here = [side.labels[place] if place < len(side.ids) else None for side in (one, two)]
    last = [side.states(len(side.trace.layers))[-1] for side in (one, two)]
    logits = [side.end_logits for side in (one, two) if side.end_logits is not None]
    js = distances(logits[0], logits[1]).jensen_shannon if logits else None
    return Ends(place, here[0], here[1], cosine(last[0], last[1]), js)
