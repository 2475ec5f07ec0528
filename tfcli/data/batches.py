"""Batches as a function of (seed, step), so that a resumed run needs no position in the data.

An epoch is cut into windows of context + 1 tokens, each starting on the last token of the one
before, so that every token is predicted once. Where the first window starts, and the order of the
windows, are drawn for each epoch anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from tfcli.data.tokenise import document_end_id
from tfcli.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from tfcli_tokenizer import Tokenizer


def batch(
    tokens: np.ndarray,
    *,
    seed: int,
    step: int,
    batch_size: int,
    context: int,
    rank: int = 0,
    world_size: int = 1,
) -> np.ndarray:
    """The windows of one training step: a pure function of its arguments.

    Args:
        tokens: [N], N > context. The others: see `batch_starts`.

    Returns:
        [batch_size / world_size, context + 1] int64: inputs are [:, :-1], targets [:, 1:].

    Raises:
        DataError: fewer than context + 1 tokens.
        ValueError: batch_size is not a multiple of world_size.
    """
    import numpy as np

    starts = batch_starts(
        len(tokens),
        seed=seed,
        step=step,
        batch_size=batch_size,
        context=context,
        rank=rank,
        world_size=world_size,
    )
    return np.asarray(tokens)[starts[:, None] + np.arange(context + 1)].astype(np.int64)


def batch_starts(
    size: int,
    *,
    seed: int,
    step: int,
    batch_size: int,
    context: int,
    rank: int = 0,
    world_size: int = 1,
) -> np.ndarray:
    """Where the windows of one training step begin: [batch_size / world_size] int64.

    Step after step, every window of an epoch is given once before the next epoch begins, also in
    the middle of a batch.

    Args:
        size: number of tokens.
        seed: of the run.
        step: 0, 1, 2, ...
        batch_size: windows in the step, over all ranks together; a multiple of `world_size`.
        context: tokens a model sees at once.
        rank: which share of the step this is; the shares of all ranks, one after the other, are
            the batch of a single process.
        world_size: number of shares.

    Raises:
        DataError: fewer than context + 1 tokens.
        ValueError: batch_size is not a multiple of world_size.
    """
    if batch_size % world_size:
        raise ValueError(f"batch_size {batch_size} is not a multiple of world_size {world_size}")
    if size <= context:
        raise DataError(
            f"{size:,} tokens are too few for a context of {context:,}: "
            f"at least {context + 1:,} are needed.",
            hint="Give more text, or a shorter context.",
        )
    share = batch_size // world_size
    first = step * batch_size + rank * share
    return window_starts(size, seed, first, first + share, context)


def window_starts(size: int, seed: int, first: int, last: int, context: int) -> np.ndarray:
    """Where windows number `first` up to `last` of the endless sequence begin: [last - first]."""
    import numpy as np

    windows = windows_per_epoch(size, context)
    starts = np.empty(last - first, dtype=np.int64)
    number = first
    while number < last:
        epoch, place = divmod(number, windows)
        offset, order = _epoch(seed, epoch, windows, size - 1 - windows * context)
        chosen = order[place : place + last - number]
        starts[number - first : number - first + len(chosen)] = offset + chosen * np.int64(context)
        number += len(chosen)
    return starts


def windows_per_epoch(size: int, context: int) -> int:
    """How many windows an epoch has: as many as fit, less one that leaves room for the offset."""
    return max(1, (size - 1) // context - 1)


@lru_cache(maxsize=4)  # a step touches two epochs, or a few more where the corpus is tiny
def _epoch(seed: int, epoch: int, windows: int, room: int) -> tuple[int, np.ndarray]:
    """An epoch's offset in [0, room] and the order of its windows.

    Made of the generator's raw output alone, which NumPy keeps the same from version to version;
    its `permutation` may change, and with it every resumed run.
    """
    import numpy as np

    source = np.random.Philox(key=np.array([seed % 2**64, epoch], dtype=np.uint64))
    offset = int(source.random_raw()) % (room + 1)
    return offset, np.argsort(source.random_raw(windows), kind="stable")


def validation_windows(
    tokens: np.ndarray, *, context: int, max_tokens: int | None = None, batch_size: int = 1
) -> Iterator[np.ndarray]:
    """Windows that follow each other through a shard, so that each token but the first is
    predicted exactly once.

    Args:
        tokens: [N], N > 1.
        context: tokens a model sees at once.
        max_tokens: predict about this many at most, in windows spread evenly over the shard
            (always the same ones); None for all.
        batch_size: windows at a time.

    Yields:
        [n, t + 1] int64, n <= batch_size: t is the context, but for the shard's last, shorter
        window, which comes alone.
    """
    import numpy as np

    tokens = np.asarray(tokens)
    for starts, length in validation_starts(
        len(tokens), context=context, max_tokens=max_tokens, batch_size=batch_size
    ):
        yield tokens[starts[:, None] + np.arange(length + 1)].astype(np.int64)


def validation_starts(
    size: int, *, context: int, max_tokens: int | None = None, batch_size: int = 1
) -> Iterator[tuple[np.ndarray, int]]:
    """Where the windows of `validation_windows` begin, [n] int64, and t.

    Args:
        size: number of tokens. The others: see there.
    """
    import numpy as np

    whole, rest = divmod(size - 1, context)
    if max_tokens is not None and max_tokens < size - 1 and whole:
        chosen = max(1, min(whole, max_tokens // context))
        numbers, rest = np.arange(chosen) * whole // chosen, 0
    else:
        numbers = np.arange(whole)
    for at in range(0, len(numbers), batch_size):
        yield numbers[at : at + batch_size] * context, context
    if rest:
        yield np.array([whole * context]), rest


def token_byte_lengths(tokenizer: Tokenizer) -> np.ndarray:
    """UTF-8 bytes that each id writes, [vocab_size] int64: what bits per byte divides by.

    Of targets y, the sum of lengths[y] is the bytes of text that were predicted. The id that stands
    between documents is no text and counts 0; a chat marker is text that a document holds.
    """
    import numpy as np

    end_id = document_end_id(tokenizer)
    lengths = (
        0 if id == end_id else len(tokenizer.token_bytes(id)) for id in range(tokenizer.vocab_size)
    )
    return np.fromiter(lengths, dtype=np.int64, count=tokenizer.vocab_size)
