"""Calculating with words: nearest rows of the embedding table, and sums of its rows.

Nearness is the cosine between raw rows. The mean of the table is not taken away: most pieces of a
large vocabulary are rare, so the mean is a direction of rare pieces (docs/notes.md has figures).
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tfcli.errors import UsageError
from tfcli.explain.precision import at, working_dtype
from tfcli.explain.result import Analogy, Expected, Neighbor, Neighbors, Term
from tfcli.explain.text.answer import forms, one_token
from tfcli.explain.text.formula import Formula
from tfcli.explain.text.labels import label
from tfcli.model.stack import Stack
from tfcli.model.trace import StackTrace

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

_ROWS_AT_ONCE = 16_384


def cosines(table: Tensor, vector: Tensor) -> Tensor:
    """Cosine of every row [V, D] with a vector [D]: [V]; -inf where one of both has no direction.

    The rows are upcast a slice at a time, as a large table in float32 takes more than the model.
    """
    parts: list[Tensor] = []
    size = vector.norm()
    for rows in table.split(_ROWS_AT_ONCE):
        wide = rows.to(vector.dtype)
        parts.append(wide @ vector / (wide.norm(dim=-1) * size))
    found = torch.cat(parts)
    return torch.where(found.isfinite(), found, -torch.inf)


def word_neighbors(stack: Stack, word: str, count: int, tokenizer: "Tokenizer | None") -> Neighbors:
    """The tokens nearest to a word in the embedding table.

    Raises:
        UsageError: the word is no token of the model.
    """
    token = one_token(word, tokenizer, stack.config.vocab_size, "--neighbors", reads=True)
    row = _rows(stack, [token])[0]
    near = cosines(stack.embedding.weight, row)
    return Neighbors(
        id=token,
        label=label(tokenizer, token),
        word=word,
        position=None,
        norm=float(row.norm()),
        rows=len(near),
        nearest=_nearest(near, count, tokenizer, {token}),
        nearest_to_final=None,
        own_rank=None,
        own_cosine=None,
    )


def token_neighbors(
    stack: Stack, trace: StackTrace, position: int, count: int, tokenizer: "Tokenizer | None"
) -> Neighbors:
    """The tokens nearest to a token's E, and to its E', the last residual stream.

    E' is taken after the final norm, which is what the output matrix reads.
    """
    token = int(trace.ids[0, position])
    table = stack.embedding.weight
    row = _rows(stack, [token])[0]
    final = at(trace.final_norm_out, position)
    near, near_final = cosines(table, row), cosines(table, final)
    return Neighbors(
        id=token,
        label=label(tokenizer, token),
        word=None,
        position=position,
        norm=float(row.norm()),
        rows=len(near),
        nearest=_nearest(near, count, tokenizer, {token}),
        nearest_to_final=_nearest(near_final, count, tokenizer, ()),
        own_rank=_rank(near_final, token, ()),
        own_cosine=_finite(near_final[token]),
    )


def analogy(stack: Stack, formula: Formula, count: int, tokenizer: "Tokenizer | None") -> Analogy:
    """The tokens nearest to a sum of words: E(king) - E(man) + E(woman).

    The nearest token is nearly always one of the words that were added, for a word's own row is
    much of the sum. So Mikolov et al. 2013 (“Linguistic Regularities in Continuous Space Word
    Representations”) leave these words out; Linzen 2016 (“Issues in evaluating semantic spaces
    using word analogies”) shows how much of the success that explains, and compares with the
    neighbours of one word alone. So both rankings are given, and the rank by each word alone.

    Raises:
        UsageError: a word is no token of the model, or the expected one is among those added.
    """
    size = stack.config.vocab_size
    words = [word for _, word in formula.terms]
    tokens = [one_token(word, tokenizer, size, "--analogy", reads=True) for word in words]
    inputs: set[int] = set()
    for word, token in zip(words, tokens, strict=True):
        inputs |= {i for i in forms(word, tokenizer, token, reads=True) if i < size}
    expected = None
    if formula.expected is not None:
        expected = one_token(formula.expected, tokenizer, size, "--analogy", reads=True)
    if expected in inputs:
        raise UsageError(f"“{formula.expected}” is one of the words that are added up.")
    rows = _rows(stack, tokens)  # [n, D]
    signs = torch.tensor([sign for sign, _ in formula.terms], dtype=rows.dtype, device=rows.device)
    total = signs @ rows
    table = stack.embedding.weight
    near = cosines(table, total)
    terms: list[Term] = []
    for (sign, word), token, row in zip(formula.terms, tokens, rows, strict=True):
        alone = None
        if expected is not None and sign > 0:
            alone = _rank(cosines(table, row), expected, inputs)
        terms.append(Term(sign, word, token, label(tokenizer, token), alone))
    return Analogy(
        terms=tuple(terms),
        left_out=tuple(label(tokenizer, token) for token in sorted(inputs)),
        norm=float(total.norm()),
        rows=len(near),
        nearest=_nearest(near, count, tokenizer, inputs),
        nearest_of_all=_nearest(near, count, tokenizer, ()),
        expected=None
        if expected is None or formula.expected is None
        else Expected(
            word=formula.expected,
            id=expected,
            label=label(tokenizer, expected),
            cosine=_finite(near[expected]),
            rank=_rank(near, expected, inputs),
            rank_of_all=_rank(near, expected, ()),
        ),
    )


def _rows(stack: Stack, tokens: Sequence[int]) -> Tensor:
    """Rows of the table in the dtype of measures [n, D]."""
    table = stack.embedding.weight
    return table[list(tokens)].to(working_dtype(table.dtype))


def _nearest(
    near: Tensor, count: int, tokenizer: "Tokenizer | None", left_out: Collection[int]
) -> tuple[Neighbor, ...]:
    """The largest cosines, the smaller id of equals first."""
    order = torch.sort(near, descending=True, stable=True).indices[: count + len(left_out)].tolist()
    kept = [t for t in order if t not in left_out and near[t] > -torch.inf][:count]
    return tuple(
        Neighbor(rank, token, label(tokenizer, token), float(near[token]))
        for rank, token in enumerate(kept, start=1)
    )


def _rank(near: Tensor, token: int, left_out: Collection[int]) -> int:
    """The token's place from 1, by how many others are nearer."""
    nearer = near > near[token]
    return 1 + int(nearer.sum()) - sum(bool(nearer[other]) for other in left_out)


def _finite(cosine: Tensor) -> float:
    """0 for what has no direction."""
    return float(cosine) if bool(cosine.isfinite()) else 0.0
