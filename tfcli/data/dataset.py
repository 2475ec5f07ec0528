"""A corpus, tokenised once and kept: `prepare` makes it or finds it in the cache.

The cache knows a corpus by its content: the files' bytes, the tokenizer and the split decide the
name of its folder, so a changed file is tokenised again and a renamed one is not. Two processes
that make the same dataset write the same bytes, each under a temporary name.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tfcli.data import split
from tfcli.data.corpus import Corpus, open_corpus
from tfcli.data.partial import remove_abandoned
from tfcli.data.readers import Document
from tfcli.data.shards import (
    FORMAT_VERSION,
    DamagedShard,
    ShardInfo,
    ShardWriter,
    TokenShard,
    read_shard,
)
from tfcli.data.text import PART_CHARACTERS
from tfcli.data.tokenise import document_end_id, encode_all, usable_cores
from tfcli.errors import DataError, StorageError, UsageError

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

Progress = Callable[[int, int | None], None]
FILES: dict[split.Side, str] = {"train": "train.tokens", "validation": "validation.tokens"}


@dataclass(frozen=True)
class TokenDataset:
    """A tokenised corpus, ready for training.

    Attributes:
        train: what is learnt from.
        validation: what is held out; never empty.
        vocab_size: of the tokenizer.
        tokenizer_fingerprint: SHA-256 hex of the tokenizer.
        key: SHA-256 hex of content, tokenizer and split: equal keys, equal tokens.
        split: how the two sides were divided, in words.
        cached: whether it was found rather than made.
    """

    train: TokenShard
    validation: TokenShard
    vocab_size: int
    tokenizer_fingerprint: str
    key: str
    split: str
    cached: bool

    def require_context(self, context: int) -> None:
        """Makes sure that windows of context + 1 tokens can be drawn.

        Raises:
            DataError: the corpus is too small to train on with this context.
        """
        train, validation = len(self.train.tokens), len(self.validation.tokens)
        if train <= context or validation < 2:
            raise DataError(
                f"The corpus is too small: it has {train:,} tokens for training and "
                f"{validation:,} for validation; a context of {context:,} needs at least "
                f"{context + 1:,} and 2.",
                hint="Give more text, or a shorter context.",
            )


def cache_folder() -> Path:
    """Where made datasets are kept: TFCLI_HOME/cache, else the user's cache folder."""
    if home := os.environ.get("TFCLI_HOME"):
        return Path(home).expanduser() / "cache"
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("tfcli"))


def prepare(
    sources: Sequence[str | Path] | None,
    tokenizer: Tokenizer | str | Path,
    *,
    seed: int = 0,
    validation_fraction: float | None = None,
    cache_dir: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> TokenDataset:
    """Reads, divides and tokenises a corpus, or finds it in the cache.

    Args:
        sources: files, folders, globs, "-" for standard input; None for the embedded world.
        tokenizer: a tokenizer or its path.
        seed: of the split, and of the embedded world. Not the seed of a training run: runs on the
            same split can be compared, and share the cache.
        validation_fraction: share to hold out; None for 5% of the documents, or where they
            are too few, the last 10% of each long one, or of the text.
        cache_dir: instead of `cache_folder()`.
        workers: threads; None for the cores that can be used.
        progress: called with (UTF-8 bytes done, bytes in all); the latter is None while the corpus
            is surveyed.

    Raises:
        DataError: the corpus cannot be used. UsageError: an argument cannot.
        NotFoundError, CheckpointError: the tokenizer cannot be loaded.
        StorageError: the cache cannot be written.
    """
    if validation_fraction is not None and not 0 < validation_fraction <= 0.5:
        raise UsageError(
            f"validation_fraction is {validation_fraction}; it must be above 0 and at most 0.5."
        )
    if workers is not None and workers < 1:
        raise UsageError(f"workers is {workers}; it must be at least 1.")
    tokenizer = _loaded(tokenizer)
    end_id = document_end_id(tokenizer)
    workers = workers or usable_cores()
    folder = (cache_dir or cache_folder()) / "corpora"
    remove_abandoned(folder)
    with open_corpus(sources, seed, folder, workers) as corpus:
        key = _key(corpus, tokenizer, end_id, seed, validation_fraction)
        place = folder / key[:32]
        try:
            return _open(place, key, cached=True)
        except DamagedShard:  # mostly: not there yet
            plan = _plan(corpus, seed, validation_fraction, progress)
            _build(
                *(place, key, plan),
                corpus=corpus,
                tokenizer=tokenizer,
                end_id=end_id,
                workers=workers,
                progress=progress,
            )
        try:
            return _open(place, key, cached=False)
        except DamagedShard as error:
            raise StorageError(
                f"The tokens in {place} cannot be read back: {error}.",
                hint="Set TFCLI_HOME to a folder on another disk.",
            ) from error


def _loaded(tokenizer: Tokenizer | str | Path) -> Tokenizer:
    if isinstance(tokenizer, str | Path):
        from tfcli_tokenizer import load_tokenizer

        return load_tokenizer(tokenizer)
    return tokenizer


def _key(
    corpus: Corpus, tokenizer: Tokenizer, end_id: int, seed: int, fraction: float | None
) -> str:
    settings = [FORMAT_VERSION, PART_CHARACTERS, corpus.digest, tokenizer.fingerprint]
    settings += [tokenizer.vocab_size, end_id, seed, fraction]
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()


def _open(place: Path, key: str, *, cached: bool) -> TokenDataset:
    train, info = read_shard(place / FILES["train"], side="train", key=key)
    validation, _ = read_shard(place / FILES["validation"], side="validation", key=key)
    words = split.describe(
        info.cut,
        split.Count(train.documents, train.bytes, train.characters),
        split.Count(validation.documents, validation.bytes, validation.characters),
    )
    return TokenDataset(
        *(train, validation, info.vocab_size, info.tokenizer_fingerprint, key, words, cached)
    )


@dataclass(frozen=True)
class _Plan:
    """How the corpus is divided, how much text it has, and the divided corpus."""

    cut: int
    total_bytes: int
    sides: Callable[[], Iterator[tuple[split.Side, Document]]]


def _plan(corpus: Corpus, seed: int, fraction: float | None, progress: Progress | None) -> _Plan:
    by_document = fraction or split.DOCUMENT_FRACTION
    census = split.take_census(corpus.read(), seed, by_document, progress)
    total = census.total.bytes
    if corpus.read_sides is not None:
        return _Plan(split.OWN, total, corpus.read_sides)
    if split.suits_by_document(census, by_document):
        return _Plan(
            split.BY_DOCUMENT, total, lambda: split.by_document(corpus.read(), seed, by_document)
        )
    spans = split.tails(census, fraction or split.TAIL_FRACTION)
    return _Plan(
        split.TAIL if len(spans) == 1 else split.TAILS,
        total,
        lambda: split.by_tail(corpus.read(), spans, census.total.characters),
    )


def _build(
    place: Path,
    key: str,
    plan: _Plan,
    *,
    corpus: Corpus,
    tokenizer: Tokenizer,
    end_id: int,
    workers: int,
    progress: Progress | None,
) -> None:
    counts = dict.fromkeys(FILES, split.Count())
    with ExitStack() as stack:
        writers: dict[split.Side, ShardWriter] = {
            side: stack.enter_context(ShardWriter(place / FILES[side], tokenizer.vocab_size))
            for side in counts
        }
        done = 0
        for run in encode_all(plan.sides(), tokenizer, end_id, workers):
            writers[run.side].append(run.ids)
            counts[run.side] = counts[run.side].joined(run.count)
            done += run.count.bytes
            if progress is not None:
                progress(done, plan.total_bytes)
        corpus.check_unchanged()
        for side, writer in writers.items():
            count = counts[side]
            writer.commit(
                ShardInfo(
                    *(side, plan.cut, tokenizer.vocab_size, writer.tokens),
                    *(count.documents, count.bytes, count.characters, key, tokenizer.fingerprint),
                )
            )
