"""Ledgers and matrices of the heads that a request opens. Free of torch."""

import math
from dataclasses import replace

from tfcli.errors import UsageError
from tfcli.explain.request import KEYS_LISTED, matrix_window
from tfcli.explain.result import AttentionMatrix, HeadAttention, HeadLedger, OtherKeys
from tfcli.explain.saved.cut import Cut


def qkv(cut: Cut, ledgers: tuple[HeadLedger, ...]) -> tuple[HeadLedger, ...]:
    """The opened heads' ledgers, with all keys or the strongest."""
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


def attention(cut: Cut, heads: tuple[HeadAttention, ...]) -> tuple[HeadAttention, ...]:
    """The opened heads' rows and matrices (errors as in `part`)."""
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
