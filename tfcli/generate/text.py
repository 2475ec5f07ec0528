"""Tokens into text that may be shown: whole characters, and nothing of a stop string."""

from collections.abc import Sequence

from tfcli_tokenizer import Tokenizer

from tfcli.errors import UsageError

_UNKNOWN = "\ufffd"


class TextStream:
    """The text of one continuation, given out as soon as it is clear.

    Attributes:
        stopped: whether a stop string has come. Nothing is given out after that.
    """

    def __init__(
        self,
        tokenizer: Tokenizer | None,
        stop: Sequence[str] = (),
        after: Sequence[int] = (),
    ) -> None:
        """Args:
        stop: texts that end it.
        after: the ids that it goes on from: a word behind others keeps its space.
        """
        self._decoder = tokenizer.stream() if tokenizer is not None else None
        self._silent: set[int | None] = set()
        if tokenizer is not None and self._decoder is not None:
            self._silent = {tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id}
            for token in after:
                self._read(token)
        self._stop = [text for text in stop if text]
        self._held = ""
        self.stopped = False

    def push(self, token: int) -> str:
        """The characters that are clear with this token; what may begin a stop string waits."""
        if self._decoder is None or token in self._silent:
            return ""
        self._held += self._read(token)
        return self._clear()

    def flush(self) -> str:
        """What was waiting; an unfinished character is U+FFFD."""
        if self.stopped or self._decoder is None:
            return ""
        self._held += self._decoder.flush()
        return self._clear() + self._held

    def _read(self, token: int) -> str:
        assert self._decoder is not None
        try:
            return self._decoder.push(token)
        except UsageError:  # models have rows to spare that no tokenizer writes
            return _UNKNOWN

    def _clear(self) -> str:
        """Cut off what no stop string can reach; the rest stays in `_held`."""
        found = [at for at in map(self._held.find, self._stop) if at >= 0]
        if found:
            text, self._held, self.stopped = self._held[: min(found)], "", True
            return text
        count = len(self._held) - _overlap(self._held, self._stop)
        text, self._held = self._held[:count], self._held[count:]
        return text


def _overlap(text: str, stop: Sequence[str]) -> int:
    """Length of the longest end of `text` that a stop string begins with."""
    longest = 0
    for s in stop:
        for n in range(min(len(s) - 1, len(text)), longest, -1):
            if text.endswith(s[:n]):
                longest = n
                break
    return longest
