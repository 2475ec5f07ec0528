"""Continuations as they are written to stdout: one as it comes, several one below the other."""

from collections.abc import Sequence

from tfcli.view import console


class Continuations:
    """Writes each continuation behind its prompt; of several, the first unfinished one live.

    The others wait in memory, so that the texts never mix, and each gets a line above it that
    says which it is.
    """

    def __init__(self, prompt: str, seeds: Sequence[int | None], *, live: bool) -> None:
        """Args:
        prompt: what stands before every continuation.
        seeds: the seed of each, for its label; None where nothing is drawn.
        live: write every portion as it comes, not each continuation when it is whole.
        """
        self._prompt = prompt
        self._seeds = seeds
        self._live = live
        self._waiting = [""] * len(seeds)
        self._done = [False] * len(seeds)
        self._at = 0
        self._begun = False

    def begin(self) -> None:
        """Show the prompt before the first token is there."""
        if self._live and not self._begun:
            label = self._label()
            console.write_text(label + self._prompt)
            self._begun = True

    def add(self, sample: int, text: str, *, last: bool) -> None:
        """Take a portion of one continuation; `last` ends it."""
        self._waiting[sample] += text
        self._done[sample] |= last
        while self._at < len(self._done):
            done = self._done[self._at]
            if not (done or self._live):
                return
            self.begin()
            if not self._begun:
                console.write_text(self._label() + self._prompt)
            console.write_text(self._waiting[self._at])
            self._waiting[self._at] = ""
            if not done:
                return
            console.write_line()
            self._at += 1
            self._begun = False

    def close(self) -> None:
        """End a line that was cut short, so that the shell's prompt starts on one of its own."""
        if self._begun:
            console.write_line()
            self._begun = False

    def _label(self) -> str:
        count = len(self._seeds)
        if count == 1:
            return ""
        seed = self._seeds[self._at]
        drawn = "" if seed is None else f", seed {seed}"
        gap = "\n" if self._at else ""
        return f"{gap}--- {self._at + 1} of {count}{drawn} ---\n"


def candidates_line(position: int, candidates: Sequence[tuple[str, float]]) -> str:
    """What may stand at a masked position, in one line for stderr."""
    words = ", ".join(f"{console.printable(text)} {p:.3f}" for text, p in candidates)
    return f"at {position}: {words}"
