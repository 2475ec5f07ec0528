"""Whether the parts of a saved explanation fit together, so that any of it can be drawn.

Each value of a file has its type when it was read, but anyone may have written a list that is
shorter than another one, or a position that no token has. What passes here draws.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tfcli.explain.result import (
    AttentionMatrix,
    BlockStep,
    Credit,
    Edits,
    Explanation,
    HeadAttention,
    HeadLedger,
    HeadsGrid,
    Kind,
    Ledger,
    Lens,
    LensGrid,
    Loop,
    Memories,
    NextTokens,
    Norms,
    Residual,
    Routing,
    SamplingTable,
    SavedExplanation,
    Shapes,
    Sources,
    Surprisal,
    UpdateLedger,
)

_SHAPES = {"E", "Q", "K", "V", "scores"}


def misfit(saved: SavedExplanation) -> str | None:
    """The section whose numbers contradict each other or the prompt; None where none does."""
    whole = saved.whole
    if not _focus_fits(whole):
        return "focus"
    for section, fits in _SECTIONS.items():
        value = getattr(whole, section)
        if value is not None and not fits(whole, value):
            return section
    grids = [grid for measure in saved.measures.values() for grid in measure.grids]
    if not all(_grid_fits(whole, grid) for grid in grids):
        return "heads"
    return None if not saved.complete or _complete_fits(saved) else "focus"


def _complete_fits(saved: SavedExplanation) -> bool:
    """Whether the top layer and head can be chosen."""
    delta = saved.measures.get("delta")
    grids = () if delta is None else delta.grids
    rows = {len(row) for grid in grids for row in grid.values}
    facts = saved.whole.model
    return len(saved.delta_norms) == facts.num_layers and rows == {facts.num_heads}


def _focus_fits(whole: Explanation) -> bool:
    focus, facts = whole.focus, whole.model
    opened = (*focus.heads, *focus.cross_heads)
    source = whole.source is not None
    return (
        _is_in(focus.position, whole.tokens.tokens)
        and (not source or focus.source is None or _is_in(focus.source, _asked(whole)))
        and (source or not (focus.cross_heads or focus.encoder_heads))
        and bool(focus.layers and opened)
        and all(0 <= layer < facts.num_layers for layer in focus.layers)
        and all(0 <= layer < facts.num_layers for layer, _ in opened)
        and all(0 <= head < facts.num_heads for _, head in opened)
    )


def _is_in(place: int, items: Sequence[Any]) -> bool:
    return 0 <= place < len(items)


def _asked(whole: Explanation) -> Sequence[Any]:
    """The prompt's tokens."""
    return (whole.source or whole.tokens).tokens


def _queries(whole: Explanation, kind: Kind) -> Sequence[Any]:
    """The tokens that ask in a kind of attention; none where the model does not have it."""
    if whole.source is None:
        return whole.tokens.tokens if kind == "self" else ()
    return whole.source.tokens if kind == "encoder" else whole.tokens.tokens


def _shapes_fit(_: Explanation, found: Shapes) -> bool:
    names = {step.name for step in found.steps}
    needed = _SHAPES | ({"encoder"} if "cross-weights" in names else set())
    return needed <= names and all(step.size for step in found.steps)


def _block_fits(_: Explanation, steps: tuple[BlockStep, ...]) -> bool:
    return bool(steps)


def _qkv_fits(whole: Explanation, ledgers: tuple[HeadLedger, ...]) -> bool:
    return all(_is_in(ledger.query, _queries(whole, ledger.kind)) for ledger in ledgers)


def _attention_fits(whole: Explanation, heads: tuple[HeadAttention, ...]) -> bool:
    return all(
        _is_in(head.query, _queries(whole, head.kind))
        and (head.matrix is None or _matrix_fits(whole, head.kind, head.matrix))
        for head in heads
    )


def _matrix_fits(whole: Explanation, kind: Kind, matrix: AttentionMatrix) -> bool:
    asked = whole.tokens.tokens if kind == "self" else _asked(whole)
    return (
        0 <= matrix.first <= len(_queries(whole, kind)) - len(matrix.rows)
        and 0 <= matrix.first_key <= len(asked) - matrix.columns
        and _alike(len(matrix.rows), (matrix.before, matrix.after))
    )


def _alike(length: int, lists: Iterable[Sequence[Any]]) -> bool:
    return all(len(items) == length for items in lists)


def _grid_fits(whole: Explanation, grid: HeadsGrid) -> bool:
    rows = len(grid.values)
    return (
        bool(_queries(whole, grid.kind))
        and len(grid.scaled) == rows
        and all(len(a) == len(b) for a, b in zip(grid.values, grid.scaled, strict=True))
    )


def _lens_fits(_: Explanation, found: Lens) -> bool:
    return bool(found.rows)


def _credit_fits(_: Explanation, found: Credit) -> bool:
    return bool(found.layers)


def _next_fits(whole: Explanation, found: NextTokens) -> bool:
    return _is_in(found.position, whole.tokens.tokens) and bool(found.candidates)


def _residual_fits(whole: Explanation, found: Residual) -> bool:
    return _is_in(found.position, whole.tokens.tokens) and bool(found.rows)


def _memories_fit(whole: Explanation, found: Memories) -> bool:
    return (
        _is_in(found.position, whole.tokens.tokens)
        and bool(found.layers)
        and all(layer.listed for layer in found.layers)
    )


def _experts_fit(whole: Explanation, found: Routing) -> bool:
    return (
        _is_in(found.position, whole.tokens.tokens)
        and bool(found.layers and found.texts)
        and _alike(found.count, (layer.load for layer in found.layers))
        and all(text.tokens for text in found.texts)
    )


def _sampling_fits(whole: Explanation, found: SamplingTable) -> bool:
    return (
        _is_in(found.position, whole.tokens.tokens)
        and bool(found.columns)
        and _alike(len(found.rows), (column.probabilities for column in found.columns))
    )


def _surprisal_fits(whole: Explanation, found: Surprisal) -> bool:
    return all(_is_in(token.position, whole.tokens.tokens) for token in found.largest)


def _norms_fit(whole: Explanation, found: Norms) -> bool:
    return _is_in(found.position, whole.tokens.tokens) and all(
        row.layer is None or row.module is None or row.place in ("pre", "branch", "post")
        for row in found.rows
    )


def _ledger_fits(whole: Explanation, found: Ledger) -> bool:
    return all(_update_fits(whole, update) for update in found.updates)


def _update_fits(whole: Explanation, update: UpdateLedger) -> bool:
    terms = (*update.sources, *(() if update.others is None else (update.others,)))
    by_head = (shares for term in terms for shares in (term.shares, term.norms))
    return (
        _is_in(update.query, _queries(whole, update.kind))
        and bool(update.sources)
        and _alike(len(update.head_norms), (update.head_shares, *by_head))
    )


def _sources_fit(whole: Explanation, found: Sources) -> bool:
    measures = {"rollout", "flow", "alti", "zeroing", "norm"}
    return (
        _is_in(found.position, whole.tokens.tokens)
        and bool(found.context)
        and (found.sides is None or bool(found.sides.context))
        and set(found.left_out) <= measures
        and set(found.largest) >= measures - set(found.left_out)
    )


def _lens_grid_fits(_: Explanation, found: LensGrid) -> bool:
    return bool(found.labels) and _alike(len(found.labels), (row.cells for row in found.rows))


def _edits_fit(whole: Explanation, found: Edits) -> bool:
    other = found.other
    return (
        _is_in(found.position, whole.tokens.tokens)
        and (other is None or _is_in(other.position, other.labels))
        and all(change.how != "scale" or change.factor is not None for change in found.changes)
    )


def _loop_fits(_: Explanation, found: Loop) -> bool:
    return bool(found.steps) and all(step.table.candidates for step in found.steps)


_SECTIONS: dict[str, Callable[[Explanation, Any], bool]] = {
    "shapes": _shapes_fit,
    "block": _block_fits,
    "qkv": _qkv_fits,
    "attention": _attention_fits,
    "heads": _grid_fits,
    "cross_heads": _grid_fits,
    "encoder_heads": _grid_fits,
    "lens": _lens_fits,
    "credit": _credit_fits,
    "next": _next_fits,
    "residual": _residual_fits,
    "memories": _memories_fit,
    "experts": _experts_fit,
    "sampling": _sampling_fits,
    "surprisal": _surprisal_fits,
    "norms": _norms_fit,
    "ledger": _ledger_fits,
    "sources": _sources_fit,
    "lens_grid": _lens_grid_fits,
    "edits": _edits_fit,
    "loop": _loop_fits,
}
