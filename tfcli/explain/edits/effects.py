"""What a run's request changes in the model, and what that does to the next token."""

from collections import Counter

import torch
from torch import Tensor

from tfcli.errors import UsageError
from tfcli.explain.edits.edit import Edit, ablated, averaged, edited, extents, patched
from tfcli.explain.edits.request import Place, resolve_all
from tfcli.explain.precision import divergence, logits_at
from tfcli.explain.result import Change, Edits, OtherPrompt, ShiftedToken
from tfcli.explain.run import Run
from tfcli.explain.text.labels import label
from tfcli.model.trace import Trace


def planned(run: Run) -> list[tuple[Change, Edit]]:
    """The changes that the run's request asks for, ready to be made.

    Raises:
        UsageError: a place that does not exist, or that is changed in two ways; positions that
            the other prompt does not have.
    """
    asked, there_are = run.request.edits, extents(run.model)
    found: list[tuple[Change, Edit]] = []
    for place in resolve_all(asked.ablate, there_are):
        found.append((Change(str(place), asked.filling, None), taken_away(run, place)))
    for site, factor in asked.scale:
        for place in resolve_all((site,), there_are):
            found.append((Change(str(place), "scale", factor), Edit(place, factor)))
    for place in resolve_all(asked.patch_at, there_are):
        found.append((Change(str(place), "patch", None), from_other(run, place)))
    times = Counter(edit.place for _, edit in found)
    twice = next((place for place, count in times.items() if count > 1), None)
    if twice is not None:
        raise UsageError(
            f"{twice} is changed in two ways.", hint="Name each place once in all options."
        )
    return found


def taken_away(run: Run, place: Place) -> Edit:
    """The place without what it gives: zeros or its mean, as the run's request fills."""
    zero = run.request.edits.filling == "zero"
    return ablated(place) if zero else averaged(place, run.trace)


def from_other(run: Run, place: Place, row: int | None = None) -> Edit:
    """What the place gave on the other prompt, in this run.

    Where both texts have as many tokens, each position takes what the same position had. Else
    only the position that is followed takes it, from the one that is followed in the other
    (the last, or the first masked one): no other two of them belong together.

    Args:
        row: the row of the batch that is changed; None for all.

    Raises:
        UsageError: an encoder beside a decoder read texts of two lengths: no position is followed
            in it.
    """
    other = other_run(run)
    here, there = (_length(found.trace, place) for found in (run, other))
    if here == there:
        return patched(place, other.trace, range(here), row=row)
    if place.kind == "encoder":
        raise UsageError(
            f"{place} has no same positions to take: the encoder read {here} tokens, and "
            f"{there} of the other prompt.",
            hint="Give two prompts with as many tokens, or places in the decoder (L, X).",
        )
    return patched(place, other.trace, [run.position], [other.position], row)


def other_run(run: Run) -> Run:
    """The run on the other prompt. UsageError where there is none."""
    if run.other is None:
        raise UsageError(
            "There is no other prompt to take anything from.", hint='Give one: --patch "The dog"'
        )
    return run.other


def describe_other(run: Run) -> OtherPrompt | None:
    """The other prompt, where the request has one."""
    other = run.other
    if other is None:
        return None
    read = other.trace.encoder or other.trace
    return OtherPrompt(
        ids=tuple(read.ids[0].tolist()),
        labels=tuple(other.source_labels or other.labels),
        position=other.position,
        answer_id=other.target,
        answer_label=None if other.target is None else label(run.tokenizer, other.target),
        aligned=run.trace.ids.shape == other.trace.ids.shape,
    )


def edits(run: Run) -> Edits:
    """The next token as it is beside that of the changed run.

    KL(as it is ‖ changed) = Σ p log₂(p / p_changed), as in the ablation of heads by Michel et al.
    2019 and Voita et al. 2019; both distributions are the softmax of the logits as they are.

    Raises:
        UsageError: changes that cannot be made, or after which the model computes no numbers.
    """
    changes = planned(run)
    with edited(run.model, [edit for _, edit in changes]):
        after = run.again()
    before, changed = run.logits, logits_at(after, run.position)
    if not bool(changed.isfinite().all()):
        raise UsageError(
            "With these changes the model computes no numbers (NaN or infinity).",
            hint="A factor of `--scale` may be too large.",
        )
    rows = _shifts(run, before, changed)
    return Edits(
        position=run.position,
        changes=tuple(change for change, _ in changes),
        other=describe_other(run) if run.request.edits.patch_at else None,
        kl=divergence(before, changed),
        answer=next(row for row in rows if row.id == run.answer),
        against=next((row for row in rows if row.id == run.request.against), None),
        top=next(row for row in rows if row.rank == 1),
        top_after=next(row for row in rows if row.rank_after == 1),
        tokens=tuple(rows),
    )


def _shifts(run: Run, before: Tensor, after: Tensor) -> list[ShiftedToken]:
    """The likeliest tokens of either and those that are followed, in the order of the first."""
    orders = [torch.sort(row, descending=True, stable=True).indices for row in (before, after)]
    ranks = [order.argsort() for order in orders]
    p, q = before.softmax(-1), after.softmax(-1)
    kept = {token for order in orders for token in order[: run.request.top_k].tolist()}
    kept |= {token for token in (run.answer, run.request.against) if token is not None}
    return [
        ShiftedToken(
            id=token,
            label=label(run.tokenizer, token),
            rank=1 + int(ranks[0][token]),
            rank_after=1 + int(ranks[1][token]),
            logit=float(before[token]),
            logit_after=float(after[token]),
            probability=float(p[token]),
            probability_after=float(q[token]),
        )
        for token in sorted(kept, key=lambda token: int(ranks[0][token]))
    ]


def _length(trace: Trace, place: Place) -> int:
    """How many tokens the place's block read."""
    stack = trace.encoder if place.kind == "encoder" else trace
    assert stack is not None
    return stack.ids.shape[1]
