"""Ledgers made by hand, so that a golden screen depends on no CPU's last digit."""

import dataclasses
from collections.abc import Sequence
from random import Random

from explain_kind_samples import FRENCH, pair_sample
from explain_samples import ENGLISH, sample

from tfcli.explain.result import (
    Explanation,
    Kind,
    Ledger,
    OtherSources,
    SourceTerm,
    UpdateLedger,
    Walk,
    WalkStep,
)


def ledger_sample(
    labels: Sequence[str] = ENGLISH, heads: int = 8, others: int = 0, biased: bool = True
) -> Explanation:
    """The ledger of one block of a decoder."""
    draw = Random(f"ledger {len(labels)} {heads}")
    update = _update("self", labels, heads, len(labels) - 1, others, biased, draw)
    found = sample(labels, heads=heads)
    walk = Walk("self", 5, len(labels) - 1, 11.2, _steps(("attention", "feed-forward")), 2.1e-7)
    return dataclasses.replace(
        found, sections=("ledger",), ledger=Ledger((update,), (walk,)), omitted={}
    )


def pair_ledger_sample(read: Sequence[str] = ENGLISH, heads: int = 8) -> Explanation:
    """The ledgers of a decoder beside an encoder, whose norms stand on the sums."""
    draw = Random(f"pair ledger {len(read)} {heads}")
    found = pair_sample(read, FRENCH, heads=heads)
    query = {"encoder": len(read) // 2, "self": 3, "cross": 3}
    keys: dict[Kind, Sequence[str]] = {"encoder": read, "self": FRENCH, "cross": read}
    updates = tuple(
        _update(kind, labels, heads, query[kind], 0, True, draw) for kind, labels in keys.items()
    )
    modules = ("attention", "cross-attention", "feed-forward")
    walks = (
        Walk("encoder", 5, query["encoder"], 4.9, _steps(modules[::2], 4.9), 3e-7),
        Walk("self", 5, 3, 4.9, _steps(modules, 4.9), 0.0),
    )
    return dataclasses.replace(found, sections=("ledger",), ledger=Ledger(updates, walks))


def _steps(modules: Sequence[str], after: float | None = None) -> tuple[WalkStep, ...]:
    return tuple(
        WalkStep(name, 6.34 - i, 0.21 - 0.3 * i, 12.5 + i, after) for i, name in enumerate(modules)
    )


def _update(
    kind: Kind,
    labels: Sequence[str],
    heads: int,
    query: int,
    others: int,
    biased: bool,
    draw: Random,
) -> UpdateLedger:
    bias = 0.03 if biased else 0.0
    rows = len(labels) + bool(others)
    cells = [[draw.randrange(-20, 80) ** 3 / 3e5 for _ in range(heads)] for _ in range(rows)]
    whole = sum(map(sum, cells)) / (1 - bias)
    shares = [tuple(cell / whole for cell in row) for row in cells]
    norms = [tuple(9 * abs(share) + 0.004 for share in row) for row in shares]
    sources = tuple(
        SourceTerm(i, label, sum(shares[i]), sum(norms[i]) / 2, shares[i], norms[i])
        for i, label in enumerate(labels)
    )
    rest = OtherSources(others, sum(shares[-1]), 1.9, shares[-1], norms[-1]) if others else None
    return UpdateLedger(
        kind=kind,
        layer=5,
        query=query,
        norm=6.34,
        sources=sources,
        others=rest,
        head_shares=tuple(map(sum, zip(*shares, strict=True))),
        head_norms=tuple(map(sum, zip(*norms, strict=True))),
        bias_share=bias if biased else None,
        bias_norm=0.41 if biased else None,
        error=3.2e-7,
    )
