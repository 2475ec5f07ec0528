"""Dividing a corpus into a training and a validation side.

By document where there are enough of them: which side a document is on depends on its content and
the seed alone, so it stays there when documents are added, and copies of it are on the same side.
Where there are too few documents, the end of each long one is held out, or of the whole text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tfcli.data.readers import Document
from tfcli.errors import DataError

Side = Literal["train", "validation"]

# How a corpus was divided, as shard headers have it. OWN: the corpus says it of each document.
BY_DOCUMENT, TAIL, TAILS, OWN = range(4)

DOCUMENT_FRACTION = 0.05
TAIL_FRACTION = 0.1
# Fewer held-out documents than this say little of the corpus as a whole.
MINIMUM_HELD_OUT = 3
# From this length on (a short chapter), the tail of a document is a text of its own.
LONG_CHARACTERS = 20_000
# The tail starts at a line end if there is one this near (as a share of the tail).
LINE_END_REACH = 0.5


@dataclass(frozen=True)
class Count:
    """How much text there is: documents, UTF-8 bytes, Unicode code points."""

    documents: int = 0
    bytes: int = 0
    characters: int = 0

    def plus(self, document: Document, text_bytes: int) -> Count:
        """The count with one more part of a document, of that many bytes."""
        return Count(
            self.documents + (document.part == 0),
            self.bytes + text_bytes,
            self.characters + len(document.text),
        )

    def joined(self, other: Count) -> Count:
        """The two counts together."""
        return Count(
            self.documents + other.documents,
            self.bytes + other.bytes,
            self.characters + other.characters,
        )


@dataclass(frozen=True)
class Span:
    """A stretch of the corpus, in characters from its beginning."""

    start: int
    end: int

    def tail(self, fraction: float) -> Span:
        """The last `fraction` of it, at least one character."""
        return Span(self.end - max(1, round((self.end - self.start) * fraction)), self.end)


@dataclass(frozen=True)
class Census:
    """The whole corpus, what holding documents out would hold out, and where long ones stand."""

    total: Count
    held_out: Count
    long: tuple[Span, ...]


def is_held_out(text: str, seed: int, fraction: float) -> bool:
    """Whether a document that begins with this part is held out: a hash below the fraction."""
    digest = hashlib.blake2b(text.encode(), digest_size=8, salt=_salt(seed)).digest()
    return int.from_bytes(digest, "little") < fraction * 2.0**64


def _salt(seed: int) -> bytes:
    return (seed % 2**64).to_bytes(8, "little")


def take_census(
    documents: Iterable[Document],
    seed: int,
    fraction: float,
    progress: Callable[[int, int | None], None] | None = None,
) -> Census:
    """Reads a corpus once, and so also finds every fault in it before any work is done.

    Args:
        documents: the corpus.
        seed: of the split.
        fraction: share of the documents to hold out.
        progress: called with (bytes of text so far, None).
    """
    totals, held = Count(), Count()
    long: list[Span] = []
    begin = reported = 0
    for side, document in by_document(documents, seed, fraction):
        if document.part == 0:
            begin = totals.characters
        text_bytes = len(document.text.encode())
        totals = totals.plus(document, text_bytes)
        if side == "validation":
            held = held.plus(document, text_bytes)
        if document.ends and totals.characters - begin >= LONG_CHARACTERS:
            long.append(Span(begin, totals.characters))
        if progress is not None and totals.bytes - reported >= 1 << 20:
            reported = totals.bytes
            progress(reported, None)
    return Census(totals, held, tuple(long))


def by_document(
    documents: Iterable[Document], seed: int, fraction: float
) -> Iterator[tuple[Side, Document]]:
    """Each part with its side; a document's first part decides for all of it."""
    side: Side = "train"
    for document in documents:
        if document.part == 0:
            side = "validation" if is_held_out(document.text, seed, fraction) else "train"
        yield side, document


def suits_by_document(census: Census, fraction: float) -> bool:
    """Whether the documents that would be held out are enough, and about the share wanted.

    One huge document among small ones can turn 5% of the documents into 95% of the text.
    """
    share = census.held_out.characters / max(1, census.total.characters)
    return (
        census.held_out.documents >= MINIMUM_HELD_OUT
        and census.held_out.documents < census.total.documents
        and fraction / 4 <= share <= min(0.5, fraction * 4)
    )


def tails(census: Census, fraction: float) -> list[Span]:
    """What to hold out where whole documents are too few: the end of each long document, or where
    most of the text is not in such, of the corpus.

    Raises:
        DataError: a single character cannot be divided.
    """
    total = census.total.characters
    if total < 2:
        raise DataError("The corpus has only one character.", hint="Give a corpus with some text.")
    if sum(span.end - span.start for span in census.long) < total / 2:
        return [Span(0, total).tail(fraction)]
    return [span.tail(fraction) for span in census.long]


def by_tail(
    documents: Iterable[Document], spans: Sequence[Span], characters: int
) -> Iterator[tuple[Side, Document]]:
    """The text in the spans for validation, the rest for training.

    A span may start at the line end that is nearest, if one is near. It ends with a document.

    Args:
        documents: the corpus.
        spans: in order, each with some text before it.
        characters: how many the corpus has.
    """
    waiting = iter(spans)
    span = next(waiting, None)
    seen = 0
    state: Literal["before", "first", "inside"] = "before"  # where we are, as to the span
    for document in documents:
        begin, seen = seen, seen + len(document.text)
        if span is None or (state == "before" and seen < span.start):
            yield "train", document
            continue
        held = document
        if state == "before":
            at = _cut_place(document.text, span, begin)
            # What follows on the training side is another document.
            yield "train", replace(document, text=document.text[:at], ends=span.end < characters)
            held = replace(document, text=document.text[at:])
            state = "first"
        if held.text:
            yield "validation", replace(held, part=0) if state == "first" else held
            state = "inside"
        if seen >= span.end:
            span, state = next(waiting, None), "before"


def _cut_place(text: str, span: Span, begin: int) -> int:
    """Where to cut the part that starts at `begin`: in [1, len(text)], and before the span ends,
    for the reach is less than the span."""
    target, reach = span.start - begin, int((span.end - span.start) * LINE_END_REACH)
    before = text.rfind("\n", max(0, target - reach), target) + 1
    after = text.find("\n", target, target + reach) + 1
    near = [place for place in (before, after) if place]
    return min(near, key=lambda place: abs(place - target)) if near else target


def describe(cut: int, train: Count, validation: Count) -> str:
    """The split in words, for people."""
    share = validation.characters / max(1, train.characters + validation.characters)
    if cut == BY_DOCUMENT:
        total = train.documents + validation.documents
        return f"{validation.documents:,} of {total:,} documents held out, {share:.1%} of the text"
    if cut == TAIL:
        return f"the last {share:.1%} of the text held out: too few documents to hold some out"
    if cut == TAILS:
        return (
            f"the end of {validation.documents:,} long documents held out, {share:.1%} of the text"
        )
    return f"{validation.documents:,} documents held out that the corpus keeps apart, {share:.1%}"
