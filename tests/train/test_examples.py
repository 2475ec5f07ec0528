"""Batches for both kinds of model: what is read stands before what is predicted."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tfcli.train.examples import Cut, Examples, cuts

START = 60_000
CONTEXT = st.integers(2, 40) | st.sampled_from([16, 32])
SEED = st.integers(0, 2**63)


def arranged(extra: int, context: int, start_id: int | None = START) -> Examples:
    """Tokens that say where they stand."""
    return Examples(np.arange(context + extra, dtype=np.uint16), context, start_id)


@given(st.integers(1, 300), CONTEXT, st.integers(1, 5), st.integers(0, 60), SEED)
def test_the_encoder_reads_what_stands_before_what_the_decoder_writes(
    extra, context, size, number, seed
) -> None:
    examples = arranged(extra, context)
    batch = examples.batch(number, size, seed)
    assert batch.encoder_ids is not None
    rows, length = batch.targets.shape
    assert rows * length == size * context
    assert 1 <= batch.encoder_ids.shape[1] <= length
    assert (batch.ids[:, 0] == START).all()
    assert (batch.ids[:, 1:] == batch.targets[:, :-1]).all()
    text = torch.cat((batch.encoder_ids, batch.targets), dim=1)
    assert (text.diff(dim=1) == 1).all()
    again = examples.batch(number, size, seed)
    assert torch.equal(again.targets, batch.targets)
    assert torch.equal(again.encoder_ids, batch.encoder_ids)


@given(st.integers(1, 300), CONTEXT, st.integers(1, 5), st.integers(0, 60), SEED)
def test_both_kinds_of_model_predict_the_same_tokens(extra, context, size, number, seed) -> None:
    beside = arranged(extra, context).batch(number, size, seed)
    alone = arranged(extra, context, None).batch(number, size, seed)
    assert alone.encoder_ids is None
    assert torch.equal(alone.ids + 1, alone.targets)
    assert torch.equal(beside.targets.flatten(), alone.targets.flatten())


@pytest.mark.parametrize("start_id", [None, START])
@given(st.integers(1, 300), CONTEXT, st.integers(1, 5))
def test_held_out_tokens_are_predicted_once(start_id, extra, context, size) -> None:
    examples = arranged(extra, context, start_id)
    batches = list(examples.held_out(None, size))
    predicted = torch.cat([batch.targets.flatten() for batch in batches])
    assert predicted.tolist() == list(range(1, context + extra))
    for batch in batches:
        if start_id is not None and batch.encoder_ids is not None:
            assert (batch.encoder_ids[:, -1] + 1 == batch.targets[:, 0]).all()


PIECES = {1: {1}, 16: {1, 2}, 33: {1}, 48: {1, 2, 4}}


@pytest.mark.parametrize("context", PIECES)
def test_cuts_come_as_often_as_they_are_counted(context: int) -> None:
    """Their shares are what a plan's figures are made of."""
    shares = dict(cuts(context))
    assert sum(shares.values()) == pytest.approx(1)
    examples = arranged(400 * context, context)
    draws = 2000
    seen: Counter[Cut] = Counter()
    for number in range(draws):
        batch = examples.batch(number, 1, seed=3)
        assert batch.encoder_ids is not None
        seen[Cut(batch.targets.shape[0], batch.encoder_ids.shape[1])] += 1
    assert set(seen) <= set(shares)
    assert {cut.pieces for cut in shares} == PIECES[context]
    for cut, share in shares.items():
        assert seen[cut] / draws == pytest.approx(share, abs=0.04), cut


def test_other_steps_and_seeds_read_otherwise() -> None:
    examples = arranged(5000, 32)
    lengths = {
        (seed, number): examples.batch(number, 2, seed).encoder_ids.shape  # pyright: ignore[reportOptionalMemberAccess]
        for seed in range(3)
        for number in range(40)
    }
    assert len(set(lengths.values())) > 20
    assert [lengths[0, n] for n in range(40)] != [lengths[1, n] for n in range(40)]
