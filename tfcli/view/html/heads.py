"""What the page shows of heads: the grid of all, each one's row and matrix, the lens grid.

Every number is written here, by the formatters of the screen: the page's script shows strings and
computes none. `level` is the step of the screen's colour ramp.
"""

from collections.abc import Sequence

from tfcli.explain.result import (
    LETTERS,
    AttentionMatrix,
    Explanation,
    HeadAttention,
    HeadLedger,
    HeadsGrid,
    Kind,
    LensCell,
    Token,
    Tokens,
)
from tfcli.view.explain import heat, numbers
from tfcli.view.explain.attention import name
from tfcli.view.html.parts import Json


def tokens(explanation: Explanation) -> Json:
    """What was read, by the side that reads it."""
    focus = explanation.focus
    found = {"self": _tokens(explanation.tokens, focus.position)}
    if explanation.source is not None:
        found["encoder"] = _tokens(explanation.source, focus.source)
    return found


def _tokens(read: Tokens, followed: int | None) -> list[Json]:
    predicted = any(token.probability is not None for token in read.tokens)
    return [_token(token, predicted, token.position == followed) for token in read.tokens]


def _token(token: Token, predicted: bool, followed: bool) -> Json:
    facts = [f"id {token.id}"]
    if predicted:
        facts.append(f"p {numbers.probability(token.probability)}")
        facts.append(f"{numbers.number(token.surprisal, 1)} bits")
    return {
        "position": token.position,
        "label": token.label,
        "facts": facts,
        "followed": followed,
    }


def grids(explanation: Explanation) -> list[Json]:
    """The grid of each kind of attention that the model has."""
    kinds = (explanation.encoder_heads, explanation.heads, explanation.cross_heads)
    return [_grid(grid) for grid in kinds if grid is not None]


def _grid(grid: HeadsGrid) -> Json:
    return {
        "kind": grid.kind,
        "letter": LETTERS[grid.kind],
        "title": f"{grid.unit}, {grid.scale}",
        "note": grid.note or "",
        "rows": [
            [
                {"text": heat.digits(s), "level": heat.level(s), "value": numbers.number(v)}
                for s, v in zip(scaled, values, strict=True)
            ]
            for scaled, values in zip(grid.scaled, grid.values, strict=True)
        ],
    }


def heads(explanation: Explanation) -> Json:
    """Each head that was measured, by its name: the row of the token that asks, the matrix."""
    found: Json = {}
    for ledger in explanation.qkv or ():
        found[name(ledger)] = {**_ledger(ledger), "matrix": None}
    for attention in explanation.attention or ():
        if attention.matrix is not None and name(attention) in found:
            found[name(attention)]["matrix"] = _matrix(attention, attention.matrix)
    return found


def sides(kind: Kind, explanation: Explanation) -> tuple[str, str]:
    """Whose tokens ask in an attention, and whose are asked, as `tokens` names them."""
    asked = "encoder" if kind != "self" and explanation.source is not None else "self"
    return ("encoder" if kind == "encoder" else "self"), asked


def _ledger(ledger: HeadLedger) -> Json:
    rows = [
        {
            "position": key.position,
            "cells": [
                f"{key.position} {key.label}",
                numbers.number(key.score),
                numbers.percent(key.weight),
                numbers.number(key.norm),
                numbers.percent(key.share),
            ],
            "level": heat.level(key.weight),
            "digits": heat.digits(key.weight),
            "largest": key.position == ledger.largest,
        }
        for key in ledger.keys
    ]
    sums = [f"share of ΔE {numbers.percent(ledger.share)}"]
    sums.append(f"other heads {numbers.percent(ledger.other_heads_share)}")
    if ledger.bias_share is not None:
        sums.append(f"bias {numbers.percent(ledger.bias_share)}")
    if ledger.sink is not None:
        sums.append(f"learned sink takes {numbers.percent(ledger.sink)} of the weight")
    if ledger.others is not None:
        count, others = numbers.count(ledger.others.count), ledger.others
        sums.append(f"{count} more keys {numbers.percent(others.weight)} of the weight")
    return {
        "kind": ledger.kind,
        "query": ledger.query,
        "score": ledger.score,
        "rows": rows,
        "sums": " · ".join(sums),
    }


def _matrix(attention: HeadAttention, matrix: AttentionMatrix) -> Json:
    return {
        "first": matrix.first,
        "firstKey": matrix.first_key,
        "columns": matrix.columns,
        "query": attention.query,
        "rows": [[[heat.digits(w), heat.level(w)] for w in row] for row in matrix.rows],
        "before": _beside(matrix.before) if matrix.first_key else [],
        "after": _beside(matrix.after) if any(matrix.after) else [],
    }


def _beside(weights: Sequence[float]) -> list[str]:
    return [heat.digits(weight) for weight in weights]


def lens_grid(explanation: Explanation) -> Json | None:
    """What every layer would say after every token."""
    grid = explanation.lens_grid
    if grid is None:
        return None
    where = "at" if explanation.model.kind == "encoder" else "after"
    return {
        "first": grid.first,
        "labels": list(grid.labels),
        "answer": grid.answer_label or "",
        "where": where,
        "rows": [
            {
                "name": "E" if row.layer is None else f"L{row.layer}",
                "cells": [_cell(cell) for cell in row.cells],
            }
            for row in grid.rows
        ],
    }


def _cell(cell: LensCell) -> Json:
    """With an answer that was named, its probability is what the colour shows."""
    answer = numbers.probability(cell.answer_probability)
    named = [] if cell.answer_probability is None else [["the answer's", answer]]
    p = cell.top_probability if cell.answer_probability is None else cell.answer_probability
    return {
        "label": cell.top_label,
        "text": heat.digits(p),
        "level": heat.level(p),
        "facts": [
            ["likeliest", cell.top_label],
            ["its probability", numbers.probability(cell.top_probability)],
            *named,
            ["entropy, bits", numbers.number(cell.entropy)],
            ["KL to the end, bits", numbers.number(cell.kl)],
            ["surprisal of what follows, bits", numbers.number(cell.surprisal)],
        ],
    }
