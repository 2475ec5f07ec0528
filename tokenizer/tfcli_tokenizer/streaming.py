"""Ids into text one at a time."""

import codecs
from collections.abc import Callable, Iterable

from tfcli_tokenizer.lossless import ESCAPE, unescape


class StreamDecoder:
    """Holds back a character until it is whole; the work is linear in the number of ids.

    The texts, joined, are `decode` of all the ids: bytes that are no UTF-8 become U+FFFD (one for
    each longest part of a character, as the Unicode standard recommends in 3.9).
    """

    def __init__(
        self,
        written: Callable[[int], bytes],
        *,
        escapes: bool = False,
        drops_first_space: bool = False,
    ) -> None:
        """Args:
        written: the bytes that an id writes.
        escapes: whether the text follows the rules of `lossless`.
        drops_first_space: whether encoding puts a space in front, which is to be taken away.
        """
        self._written = written
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._escapes = escapes
        self._at_start = drops_first_space
        self._held = ""

    def push(self, token: int) -> str:
        """The characters that this id completes; "" while one is unfinished."""
        return self._text(self._utf8.decode(self._written(token)), final=False)

    def flush(self) -> str:
        """What is left at the end, as U+FFFD."""
        return self._text(self._utf8.decode(b"", final=True), final=True)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of all the ids at once; for a decoder that has read nothing yet."""
        data = b"".join(map(self._written, ids))
        return self._text(data.decode("utf-8", "replace"), final=True)

    def _text(self, text: str, *, final: bool) -> str:
        if self._escapes:
            text = self._held + text
            self._held = ESCAPE if text.endswith(ESCAPE) and not final else ""
            text = unescape(text.removesuffix(self._held) if self._held else text)
        if self._at_start and text:
            self._at_start = False
            text = text.removeprefix(" ")
        return text
