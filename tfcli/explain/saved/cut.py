"""How each section of a whole explanation is cut to what a request asks for. Free of torch."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from tfcli.errors import UsageError
from tfcli.explain.request import (
    KEYS_LISTED,
    Request,
    lens_window,
    listed_tokens,
    matrix_window,
    resolve_window,
)
from tfcli.explain.result import (
    Analogy,
    AttentionMatrix,
    BlockStep,
    Edits,
    Explanation,
    Focus,
    HeadAttention,
    HeadLedger,
    Kind,
    Ledger,
    LensGrid,
    Memories,
    Neighbors,
    NextTokens,
    Norms,
    OtherKeys,
    Routing,
    SamplingTable,
    Sources,
    SourceShares,
)


@dataclass(frozen=True)
class Cut:
    """What is cut, and for what.

    Attributes:
        focus: the layers and heads that are opened in the part.
        complete: the whole was made to be cut, not for one screen.
    """

    whole: Explanation
    focus: Focus
    request: Request
    complete: bool

    def opens(self, found: HeadLedger | HeadAttention) -> bool:
        """Whether the part opens this head."""
        heads: dict[Kind, tuple[tuple[int, int], ...]] = {
            "encoder": self.focus.encoder_heads,
            "self": self.focus.heads,
            "cross": self.focus.cross_heads,
        }
        return (found.layer, found.head) in heads[found.kind]


def _block(cut: Cut, steps: tuple[BlockStep, ...]) -> tuple[BlockStep, ...]:
    return tuple(step for step in steps if step.layer in cut.focus.layers)


def _qkv(cut: Cut, ledgers: tuple[HeadLedger, ...]) -> tuple[HeadLedger, ...]:
    every = cut.request.all_keys
    return tuple(
        ledger if every else _strongest(ledger)
        for ledger in ledgers
        if cut.opens(ledger) and (ledger.kind != "encoder" or every)
    )


def _strongest(ledger: HeadLedger) -> HeadLedger:
    """A ledger with the keys that have the largest weights, and the rest summed."""
    keys = ledger.keys
    if ledger.others is not None or len(keys) <= KEYS_LISTED + 1:
        return ledger
    order = sorted(range(len(keys)), key=lambda j: -keys[j].weight)  # the earlier one of equals
    chosen = set(order[:KEYS_LISTED])
    others = OtherKeys.of([key for j, key in enumerate(keys) if j not in chosen])
    return replace(ledger, keys=tuple(keys[j] for j in sorted(chosen)), others=others)


def _attention(cut: Cut, heads: tuple[HeadAttention, ...]) -> tuple[HeadAttention, ...]:
    return tuple(_matrix_cut(cut, head) for head in heads if cut.opens(head))


def _matrix_cut(cut: Cut, head: HeadAttention) -> HeadAttention:
    """A head with the matrix that the request shows: a window of the prompt, or none."""
    request, source = cut.request, cut.whole.source
    if not cut.complete and request.window is None:
        return head
    if source is not None and head.kind == "self":  # what the decoder wrote is no prompt
        return head
    prompt = len((source or cut.whole.tokens).tokens)
    shown = matrix_window(request.window, prompt)
    if shown is None:
        return replace(head, matrix=None)
    rows = None if head.kind == "cross" else shown
    causal = cut.whole.model.mask == "causal" and head.kind == "self"
    matrix = head.matrix and _window(head.matrix, rows, shown, prompt, causal)
    if matrix is None:
        raise UsageError(
            f"The file does not hold the attention of layer {head.layer}, head {head.head} to "
            f"these tokens: all heads of {prompt:,} tokens have too many weights.",
            hint=f"Save the explanation with --layer {head.layer} --head {head.head}"
            + (f" --window {shown[0]}:{shown[1]}." if request.window else "."),
        )
    return replace(head, matrix=matrix)


def _window(
    matrix: AttentionMatrix,
    rows: tuple[int, int] | None,
    keys: tuple[int, int],
    length: int,
    causal: bool,
) -> AttentionMatrix | None:
    """Some rows (None for all) and keys of a matrix; None where it does not hold them.

    Args:
        length: how many keys there are.
    """
    there = (matrix.first, matrix.first + len(matrix.rows))
    first, end = rows or there
    if (first, end) == there and (matrix.first_key, matrix.first_key + matrix.columns) == keys:
        return matrix
    full = all(
        len(row) == (matrix.first + i + 1 if causal else length)
        for i, row in enumerate(matrix.rows)
    )
    if matrix.first_key or not full or not there[0] <= first < end <= there[1]:
        return None
    asked = matrix.rows[first - there[0] : end - there[0]]

    def weight(cells: tuple[float | None, ...]) -> float:
        return math.fsum(cell or 0.0 for cell in cells)

    return AttentionMatrix(
        first=first,
        first_key=keys[0],
        rows=tuple(row[keys[0] : keys[1]] for row in asked),
        before=tuple(weight(row[: keys[0]]) for row in asked),
        after=tuple(weight(row[keys[1] :]) for row in asked),
    )


def _next(cut: Cut, table: NextTokens) -> NextTokens:
    return replace(table, candidates=table.candidates[: cut.request.top_k])


def _sampling(cut: Cut, table: SamplingTable) -> SamplingTable:
    count = 2 * cut.request.top_k
    if count >= len(table.rows):
        return table
    return replace(
        table,
        rows=table.rows[:count],
        columns=tuple(
            replace(
                column,
                probabilities=column.probabilities[:count],
                rest=max(1.0 - math.fsum(column.probabilities[:count]), 0.0),
            )
            for column in table.columns
        ),
    )


def _neighbors(cut: Cut, found: Neighbors) -> Neighbors:
    count, final = cut.request.top_k, found.nearest_to_final
    return replace(
        found,
        nearest=found.nearest[:count],
        nearest_to_final=None if final is None else final[:count],
    )


def _analogy(cut: Cut, found: Analogy) -> Analogy:
    count = cut.request.top_k
    return replace(
        found, nearest=found.nearest[:count], nearest_of_all=found.nearest_of_all[:count]
    )


def _edits(cut: Cut, found: Edits) -> Edits:
    count = cut.request.top_k
    followed = {token.id for token in (found.answer, found.against) if token is not None}
    return replace(
        found,
        tokens=tuple(
            token
            for token in found.tokens
            if min(token.rank, token.rank_after) <= count or token.id in followed
        ),
    )


def _ledger(cut: Cut, found: Ledger) -> Ledger:
    layers = cut.focus.layers
    return Ledger(
        tuple(u for u in found.updates if u.kind == "encoder" or u.layer in layers),
        tuple(w for w in found.walks if w.kind == "encoder" or w.layer in layers),
    )


def _lens_grid(cut: Cut, found: LensGrid) -> LensGrid:
    """A window of positions. Beside an encoder it is always the same one."""
    if cut.whole.source is not None or (not cut.complete and cut.request.window is None):
        return found
    named = cut.request.window
    first, end = lens_window(named, len(cut.whole.tokens.tokens), cut.focus.position)
    if first < found.first or end > found.first + len(found.labels):
        raise UsageError(
            f"The file does not hold the lens of the tokens {first} to {end - 1}: it holds "
            f"{found.first} to {found.first + len(found.labels) - 1}.",
            hint=f"Save the explanation with --window {first}:{end}.",
        )
    cells = slice(first - found.first, end - found.first)
    return replace(
        found,
        first=first,
        chosen=named is None,
        labels=found.labels[cells],
        rows=tuple(replace(row, cells=row.cells[cells]) for row in found.rows),
    )


def _sources(cut: Cut, found: Sources) -> Sources:
    """A window's tokens, or those that give most, and the rest summed."""
    named, tokens = cut.request.window, found.tokens
    if found.others_count or (not cut.complete and named is None):
        return found
    prompt = len((cut.whole.source or cut.whole.tokens).tokens)
    read = sum(not token.written for token in tokens)
    giving = [_most(token.shares) for token in tokens]
    chosen = listed_tokens(giving, read, resolve_window(named, prompt))
    rest = [tokens[i].shares for i in range(len(tokens)) if i not in set(chosen)]
    return replace(
        found,
        tokens=tuple(tokens[i] for i in chosen),
        others=_together(rest) if rest else None,
        others_count=len(rest),
    )


def _most(shares: SourceShares) -> float:
    """By which tokens are listed: ALTI, or the rollout where that took too long."""
    return (shares.rollout if shares.alti is None else shares.alti) or 0.0


def _together(rest: list[SourceShares]) -> SourceShares:
    def total(name: str) -> float | None:
        known = [value for shares in rest if (value := getattr(shares, name)) is not None]
        return math.fsum(known) if len(known) == len(rest) else None

    return SourceShares(**{name.name: total(name.name) for name in fields(SourceShares)})


def _memories(cut: Cut, found: Memories) -> Memories:
    return replace(
        found, layers=tuple(layer for layer in found.layers if layer.layer in cut.focus.layers)
    )


def _experts(cut: Cut, found: Routing) -> Routing:
    texts = tuple(text for text in found.texts if text.layer in cut.focus.layers)
    return replace(found, texts=texts or found.texts[-1:])


def _norms(cut: Cut, found: Norms) -> Norms:
    rows = tuple(row for row in found.rows if row.layer is None or row.layer in cut.focus.layers)
    return replace(found, rows=rows)


# What is not named here is the same for every request.
CUTS: dict[str, Callable[[Cut, Any], Any]] = {
    "block": _block,
    "qkv": _qkv,
    "attention": _attention,
    "next": _next,
    "edits": _edits,
    "ledger": _ledger,
    "lens_grid": _lens_grid,
    "neighbors": _neighbors,
    "analogy": _analogy,
    "sources": _sources,
    "memories": _memories,
    "experts": _experts,
    "sampling": _sampling,
    "norms": _norms,
}
