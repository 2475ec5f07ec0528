"""Ids into text one at a time."""

import codecs
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from tfcli_tokenizer.lossless import DECODING_RULES


class Filter(Protocol):
    """Something done to the text of one decoder, in the portions in which it comes."""

    def push(self, text: str, *, final: bool) -> str:
        """What can be said of the text so far; the rest is kept for the next call."""
        ...


@dataclass
class Replace:
    """`str.replace` on a text that comes in portions: what may be the start of a match waits."""

    before: str
    after: str
    _held: str = ""

    def push(self, text: str, *, final: bool) -> str:
        """The text with each `before` made `after`."""
        text = self._held + text
        self._held = ""
        if final or len(self.before) == 1:
            return text.replace(self.before, self.after)
        *done, tail = text.split(self.before)
        for size in range(min(len(self.before) - 1, len(tail)), 0, -1):
            if self.before.startswith(tail[-size:]):
                self._held = tail[-size:]
                tail = tail[:-size]
                break
        return self.after.join([*done, tail])


@dataclass
class Strip:
    """Takes up to `start` of a character from the start of a text, and `stop` from its end."""

    character: str
    start: int
    stop: int
    _held: str = ""

    def push(self, text: str, *, final: bool) -> str:
        """The text without those characters."""
        while self.start and text:
            self.start -= 1
            if not text.startswith(self.character):
                self.start = 0
            else:
                text = text[1:]
        text = self._held + text
        ending = len(text) - len(text.rstrip(self.character))
        cut = len(text) - min(ending, self.stop)
        self._held = "" if final else text[cut:]
        return text[:cut]


@dataclass
class Trim:
    """`str.strip` on a text that comes in portions: spaces wait for what follows them."""

    _held: str = ""
    _started: bool = False

    def push(self, text: str, *, final: bool) -> str:
        """The text without the white space around it."""
        text = self._held + text if self._started else text.lstrip()
        self._started = self._started or bool(text)
        stripped = text.rstrip()
        self._held = text[len(stripped) :]
        return stripped


# What `clean_up_tokenization_spaces` takes a space from, in its order.
_SPACED = (" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're")


def cleaning(wanted: bool) -> list[Filter]:
    """The filters that take the spaces before punctuation away, if they are wanted."""
    return [Replace(spaced, spaced.strip()) for spaced in _SPACED if wanted]


def unescaping() -> list[Filter]:
    """The filters that undo the rules of `lossless`."""
    return [Replace(written, read) for written, read in DECODING_RULES]


class StreamDecoder:
    """Holds back a character until it is whole; the work is linear in the number of ids.

    The texts, joined, are `decode` of all the ids: bytes that are no UTF-8 become U+FFFD (one for
    each longest part of a character, as the Unicode standard recommends in 3.9).
    """

    def __init__(
        self,
        written: Callable[[int], bytes],
        *,
        first: Callable[[int], bytes] | None = None,
        filters: Sequence[Filter] = (),
    ) -> None:
        """Args:
        written: the bytes that an id writes.
        first: the bytes that it writes at the very start, where that is different.
        filters: what is done to the text then, one after the other; made for this decoder.
        """
        self._written = written
        self._next = first or written
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._filters = filters

    def push(self, token: int) -> str:
        """The characters that this id completes; "" while one is unfinished."""
        data = self._next(token)
        self._next = self._written
        return self._filtered(self._utf8.decode(data), final=False)

    def flush(self) -> str:
        """What is left at the end; an unfinished character as U+FFFD."""
        return self._filtered(self._utf8.decode(b"", final=True), final=True)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of all the ids at once; for a decoder that has read nothing yet."""
        rest = iter(ids)
        start = b"".join(map(self._next, islice(rest, 1)))
        data = start + b"".join(map(self._written, rest))
        return self._filtered(data.decode("utf-8", "replace"), final=True)

    def _filtered(self, text: str, *, final: bool) -> str:
        for each in self._filters:
            text = each.push(text, final=final)
        return text
