"""Changed runs made by hand, so that a golden screen depends on no CPU's last digit."""

import dataclasses
from collections.abc import Sequence

from explain_kind_samples import masked_sample, pair_sample
from explain_samples import CANDIDATES, ENGLISH, sample

from tfcli.explain.result import (
    Change,
    Edits,
    Explanation,
    HeadScore,
    HeadsGrid,
    OtherPrompt,
    ShiftedToken,
)

OTHER = ("The", "␣dog", "␣ran", "␣to", "␣my")
ABLATED = (
    Change("L5H3", "zero", None),
    Change("ffn:L2", "zero", None),
    Change("L0H1", "scale", 0.5),
    Change("L0H2", "scale", 0.5),
)
PATCHED = (Change("L5H3", "mean", None), *(Change(f"L4H{i}", "patch", None) for i in range(16)))


def edits_sample(
    labels: Sequence[str] = ENGLISH,
    changes: Sequence[Change] = ABLATED,
    candidates: Sequence[str] = CANDIDATES,
    against: bool = False,
    kl: float = 0.417,
) -> Explanation:
    """A decoder with heads taken away and halved."""
    edits = _edits(changes, None, candidates, len(labels) - 1, kl)
    if against:
        edits = dataclasses.replace(edits, answer=edits.tokens[1], against=edits.tokens[2])
    return dataclasses.replace(sample(labels), sections=("model", "edits"), edits=edits)


def patched_sample(aligned: bool, labels: Sequence[str] = OTHER) -> Explanation:
    """A decoder with outputs from another prompt."""
    other = _other(labels if aligned else (*labels, "␣old", "␣house"), aligned)
    edits = _edits(PATCHED, other, CANDIDATES, 4, 6.232)
    return dataclasses.replace(
        sample(), sections=("model", "edits", "next"), edits=edits, omitted={}
    )


def masked_edits_sample() -> Explanation:
    """An encoder with a masked token."""
    found = masked_sample()
    edits = _edits(ABLATED[:1], None, ("paris", "lille", "lyon", "rome", "it"), 6, 3.1e-5)
    return dataclasses.replace(found, sections=("model", "edits"), edits=edits, omitted={})


def pair_edits_sample() -> Explanation:
    """A decoder beside an encoder, all of whose sorts of places are changed."""
    places = ("L5H3", "X5H3", "E5H3", "attn:X2", "ffn:E0")
    changes = tuple(Change(place, "zero", None) for place in places)
    found = pair_sample()
    edits = _edits(changes, None, CANDIDATES, found.focus.position, 0.08)
    return dataclasses.replace(found, sections=("model", "edits"), edits=edits)


def effects_sample(measure: str) -> Explanation:
    """A grid of what happens without each head, or with that of another prompt."""
    found = sample()
    assert found.heads is not None
    words = {
        "ablation": ("KL in bits without the head, zeros there", "% of the largest", None),
        "patching": (
            "the other prompt's output of one head",
            "% of the way to its answer",
            "0 = “␣mat” leads as here, ** = “␣floor” as there; taken at each position",
        ),
    }
    unit, scale, note = words[measure]
    turn = -1 if measure == "patching" else 1
    scaled = tuple(
        tuple(turn * value if j % 3 == 2 else value for j, value in enumerate(row))
        for row in found.heads.scaled
    )
    grid = HeadsGrid(
        kind="self",
        measure=measure,
        unit=unit,
        scale=scale,
        values=scaled,
        scaled=scaled,
        largest=(HeadScore(5, 4, 1.0), HeadScore(2, 2, -0.9)),
        note=note,
    )
    return dataclasses.replace(found, sections=("model", "heads"), heads=grid)


def _other(labels: Sequence[str], aligned: bool) -> OtherPrompt:
    ids = tuple(70 + 3 * i for i in range(len(labels)))
    return OtherPrompt(ids, tuple(labels), len(labels) - 1, 811, "␣floor", aligned)


def _edits(
    changes: Sequence[Change],
    other: OtherPrompt | None,
    candidates: Sequence[str],
    position: int,
    kl: float,
) -> Edits:
    """The last candidate leads afterwards, from far behind."""
    last = len(candidates) - 1
    tokens = tuple(
        ShiftedToken(
            id=1930 + i,
            label=label,
            rank=i + 1 if i < last else 7261,
            rank_after=1 if i == last else i + 2,
            logit=8.31 - i if i < last else -3.2,
            logit_after=7.4 - 1.3 * i if i < last else 9.06,
            probability=0.34 / (i + 1) if i < last else 0.0001,
            probability_after=0.12 / (i + 1) if i < last else 0.677,
        )
        for i, label in enumerate(candidates)
    )
    return Edits(
        position=position,
        changes=tuple(changes),
        other=other,
        kl=kl,
        answer=tokens[0],
        against=None,
        top=tokens[0],
        top_after=tokens[-1],
        tokens=tokens,
    )
