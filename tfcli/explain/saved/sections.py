"""How each section of a whole explanation is cut to what a request asks for. Free of torch."""

import math
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from tfcli.errors import UsageError
from tfcli.explain.request import lens_window, listed_tokens, resolve_window
from tfcli.explain.result import (
    Analogy,
    BlockStep,
    Edits,
    Ledger,
    LensGrid,
    Memories,
    Neighbors,
    NextTokens,
    Norms,
    Routing,
    SamplingTable,
    Sources,
    SourceShares,
)
from tfcli.explain.saved import heads
from tfcli.explain.saved.cut import Cut


def _block(cut: Cut, steps: tuple[BlockStep, ...]) -> tuple[BlockStep, ...]:
    return tuple(step for step in steps if step.layer in cut.focus.layers)


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
    "qkv": heads.qkv,
    "attention": heads.attention,
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
