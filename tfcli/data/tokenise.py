"""Text -> token ids, in parallel, in the order of the corpus.

The work is done in threads: SentencePiece and the `tokenizers` library release Python's lock while
they encode (measured on English prose, two cores: 5.4 MB/s with one thread, 10.7 with two), and a
thread has no start-up cost, nothing to pickle, and no demands on the caller's main module.
"""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfcli.data.readers import Document
from tfcli.data.split import Count, Side
from tfcli.errors import CheckpointError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from tfcli_tokenizer import Tokenizer

TASK_CHARACTERS = 1 << 18
QUEUED_TASKS = 3  # for each worker: enough that none waits, few enough that memory stays small


@dataclass(frozen=True)
class Encoded:
    """A run of tokens for one side: ids [n] int64, and the text they stand for."""

    side: Side
    ids: np.ndarray
    count: Count


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def document_end_id(tokenizer: Tokenizer) -> int:
    """The id that is put between documents: end of text, or where there is none, beginning.

    Raises:
        UsageError: the tokenizer has neither.
    """
    end_id = tokenizer.eos_id if tokenizer.eos_id is not None else tokenizer.bos_id
    if end_id is None:
        raise UsageError(
            "The tokenizer has no end-of-text token, so documents cannot be kept apart.",
            hint="Train one that has it with: tfcli tokenizer train",
        )
    return end_id


def encode_all(
    parts: Iterable[tuple[Side, Document]], tokenizer: Tokenizer, end_id: int, workers: int
) -> Iterator[Encoded]:
    """Encodes parts of documents and puts `end_id` after each document that ends.

    The result does not depend on `workers`. At most a few megabytes of text are under way at once.

    Raises:
        CheckpointError: the tokenizer gives an id outside its own vocabulary.
    """
    pool = ThreadPoolExecutor(workers)
    pending: deque[Future[list[Encoded]]] = deque()
    try:
        for task in _tasks(parts):
            pending.append(pool.submit(_encode, task, tokenizer, end_id))
            if len(pending) > workers * QUEUED_TASKS:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _tasks(parts: Iterable[tuple[Side, Document]]) -> Iterator[list[tuple[Side, Document]]]:
    task: list[tuple[Side, Document]] = []
    characters = 0
    for part in parts:
        task.append(part)
        characters += len(part[1].text)
        if characters >= TASK_CHARACTERS:
            yield task
            task, characters = [], 0
    if task:
        yield task


def _encode(task: list[tuple[Side, Document]], tokenizer: Tokenizer, end_id: int) -> list[Encoded]:
    import numpy as np

    runs = []
    for side, run in itertools.groupby(task, key=_side):
        ids: list[int] = []
        count = Count()
        for _, document in run:
            # One by one: encode_batch would start threads of its own.
            ids += tokenizer.encode(document.text)
            if document.ends:
                ids.append(end_id)
            count = count.plus(document, len(document.text.encode()))
        array = np.fromiter(ids, dtype=np.int64, count=len(ids))
        if len(ids) and not 0 <= array.min() <= array.max() < tokenizer.vocab_size:
            raise CheckpointError(
                f"The tokenizer gives id {array.max():,}, outside its vocabulary of "
                f"{tokenizer.vocab_size:,}.",
                hint="Train a tokenizer with: tfcli tokenizer train",
            )
        runs.append(Encoded(side, array, count))
    return runs


def _side(part: tuple[Side, Document]) -> Side:
    return part[0]
