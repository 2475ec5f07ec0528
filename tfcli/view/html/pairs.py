"""What the pages of two prompts and of two models have in common."""

from collections.abc import Sequence

from tfcli.explain.result import Distances, SharedCandidate
from tfcli.view.explain import numbers
from tfcli.view.html.parts import Json, table


def next_table(rows: Sequence[SharedCandidate], distances: Distances | None) -> Json:
    """The likeliest tokens of either; a bar is how far the two probabilities lie apart."""
    shown: list[list[str]] = []
    for row in rows:
        ranks = [numbers.NONE if r is None else numbers.count(r) for r in _ranks(row)]
        first, second = row.first_probability, row.second_probability
        shown.append([row.label, numbers.probability(first), numbers.probability(second), *ranks])
    return table(
        "next",
        "What comes next",
        ["token", "p 1", "p 2", "rank 1", "rank 2"],
        shown,
        bars=[(row.second_probability or 0) - (row.first_probability or 0) for row in rows],
        marked=[i for i, row in enumerate(rows) if 1 in _ranks(row)],
        note="" if distances is None else _said(distances),
    )


def _ranks(row: SharedCandidate) -> tuple[int | None, int | None]:
    return row.first_rank, row.second_rank


def _said(found: Distances) -> str:
    return (
        f"KL(1 ‖ 2) {numbers.number(found.forward)} · KL(2 ‖ 1) {numbers.number(found.backward)} · "
        f"Jensen–Shannon {numbers.number(found.jensen_shannon, 3)} bits"
    )
