"""Batches: a pure function of (seed, step) that gives every window once an epoch."""

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.data.batches import (
    batch,
    token_byte_lengths,
    validation_windows,
    window_starts,
    windows_per_epoch,
)
from tfcli.errors import DataError

STARTS = [782, 382, 82, 582, 282, 182]  # seed 7, 1,001 tokens, context 100

CONTEXT = st.integers(1, 20)
SIZE = st.integers(1, 300)
SEED = st.integers(0, 2**63)


def arranged(size):
    """Tokens that say where they stand."""
    return np.arange(size, dtype=np.uint16)


@given(SIZE, CONTEXT, st.integers(1, 9), st.integers(0, 40), SEED)
def test_rows_are_windows_of_the_tokens(extra, context, rows, step, seed):
    tokens = arranged(context + extra)
    got = batch(tokens, seed=seed, step=step, batch_size=rows, context=context)
    assert got.shape == (rows, context + 1)
    assert got.dtype == np.int64
    assert (np.diff(got, axis=1) == 1).all()
    assert got.min() >= 0
    assert got.max() < len(tokens)
    again = batch(tokens.copy(), seed=seed, step=step, batch_size=rows, context=context)
    assert (got == again).all()


@given(SIZE, CONTEXT, SEED, st.integers(0, 5))
def test_an_epoch_gives_each_window_once_and_nearly_all_tokens(extra, context, seed, epoch):
    size = context + extra
    windows = windows_per_epoch(size, context)
    starts = window_starts(size, seed, epoch * windows, (epoch + 1) * windows, context)
    assert len(set(starts)) == windows
    assert len(set(starts % context)) == 1  # one grid, so that no two windows overlap
    assert starts.min() >= 0
    assert starts.max() + context < size
    predicted = windows * context
    assert size - 1 - predicted < 2 * context


@given(SIZE, CONTEXT, SEED, st.tuples(st.integers(1, 7), st.integers(1, 4)), st.integers(0, 9))
def test_the_ranks_share_the_batch_of_one_process(extra, context, seed, shares, step):
    tokens = arranged(context + extra)
    share, ranks = shares
    size = share * ranks
    whole = batch(tokens, seed=seed, step=step, batch_size=size, context=context)
    parts = [
        batch(tokens, seed=seed, step=step, batch_size=size, context=context, rank=rank,
              world_size=ranks)
        for rank in range(ranks)
    ]  # fmt: skip
    assert (np.concatenate(parts) == whole).all()


@given(SIZE, CONTEXT, SEED, st.integers(1, 50))
def test_steps_follow_each_other_whatever_the_batch_size(extra, context, seed, rows):
    size, total = context + extra, 100
    sequence = window_starts(size, seed, 0, total, context)
    steps = [
        window_starts(size, seed, first, min(first + rows, total), context)
        for first in range(0, total, rows)
    ]
    assert (np.concatenate(steps) == sequence).all()


def test_epochs_and_seeds_differ_in_order_and_offset():
    orders = {
        (seed, epoch): window_starts(10_001, seed, epoch * 99, (epoch + 1) * 99, 100).tolist()
        for seed in range(4)
        for epoch in range(4)
    }
    assert len({tuple(order) for order in orders.values()}) == 16
    assert len({order[0] % 100 for order in orders.values()}) > 8


def test_every_token_is_reached_in_the_course_of_epochs():
    windows = windows_per_epoch(64, 10)
    starts = window_starts(64, 0, 0, 300 * windows, 10)
    assert set((starts[:, None] + np.arange(11)).ravel()) == set(range(64))


def test_the_order_is_the_same_on_every_machine_and_version():
    starts = window_starts(1001, 7, 0, 6, 100)
    assert starts.tolist() == STARTS
    code = "from tfcli.data.batches import window_starts as w; print(*w(1001, 7, 0, 6, 100))"
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.split() == [str(start) for start in STARTS]


def test_misuse():
    with pytest.raises(DataError, match="100 tokens are too few for a context of 100"):
        batch(arranged(100), seed=0, step=0, batch_size=1, context=100)
    with pytest.raises(ValueError, match="world_size"):
        batch(arranged(100), seed=0, step=0, batch_size=3, context=4, world_size=2)


def test_a_step_takes_well_under_a_millisecond():
    tokens = np.zeros(4_000_000, dtype=np.uint16)
    durations = []
    for step in range(300):
        begin = time.perf_counter()
        batch(tokens, seed=0, step=step, batch_size=64, context=256)
        durations.append(time.perf_counter() - begin)
    assert sorted(durations)[150] < 1e-3


@given(SIZE, CONTEXT, st.integers(1, 7))
def test_validation_predicts_every_token_but_the_first_once(extra, context, rows):
    tokens = arranged(extra + 1)
    batches = list(validation_windows(tokens, context=context, batch_size=rows))
    assert np.concatenate([part[:, 1:].ravel() for part in batches]).tolist() == [
        *range(1, len(tokens))
    ]
    for part in batches:
        assert part.dtype == np.int64
        assert part.shape[0] <= rows
        assert part.shape[1] <= context + 1
        assert (np.diff(part, axis=1) == 1).all()


@given(st.integers(2, 300), CONTEXT, st.integers(1, 300))
def test_validation_can_be_limited_to_an_even_sample(size, context, limit):
    tokens = arranged(size)
    batches = list(validation_windows(tokens, context=context, max_tokens=limit, batch_size=3))
    targets = np.concatenate([part[:, 1:].ravel() for part in batches])
    assert len(set(targets.tolist())) == len(targets)
    assert 0 < len(targets) <= max(limit, context)
    if limit < size - 1 and limit >= 2 * context:
        starts = np.concatenate([part[:, 0] for part in batches])
        assert starts.max() >= size / 2 - 2 * context  # not just the beginning


def test_byte_lengths_sum_to_the_text(tokenizer):
    lengths = token_byte_lengths(tokenizer)
    assert lengths.shape == (257,)
    ids = [*tokenizer.encode("a 猫\n"), tokenizer.eos_id]
    assert lengths[ids].sum() == len("a 猫\n".encode())
