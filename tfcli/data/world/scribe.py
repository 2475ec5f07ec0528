"""The scribe: writes sentences that stay on one side of the split.

Every sentence belongs to training or to validation by a hash of its words, whoever writes it and
wherever it stands. A document of one side is written with sentences of that side only, so no
sentence can ever stand on both.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from tfcli.data.world.grammar import Dice, expand, finish_chinese, finish_english
from tfcli.data.world.held_out import Language, is_held_out

Split = Literal["train", "validation"]

VALIDATION_SHARE_OF_SENTENCES = 0.2
# How often one sentence may recur before the scribe looks for another wording, and how long it looks.
_WORN = 4
_SEARCH = 8
_TRIES = {"train": 60, "validation": 50}

_MARKERS = re.compile(r"<\|im_start\|>\w+|<\|im_end\|>")
_ENDS = re.compile(r"[.!?。！？\n]")
_EDGES = " \t\"'“”‘’「」《》()（）—…,，:：;；-"

# Sentences that training must have: they are the lecture's own, or how every talk begins.
ALWAYS_TRAINING = frozenset(
    {
        "Hello",
        "Hi",
        "Good morning",
        "Thank you",
        "你好",
        "谢谢",
        "早上好",
        "苹果公司发布了新款iPhone，股价应声上涨",
        "她每天吃一个苹果，医生夸她饮食健康",
        "To date, the cleverest thinker of all time was undoubtedly Einstein,"
        " for his theories of Relativity, which completely revolutionised physics",
        "适合孩子的北京景点",
    }
)


def sentences(text: str) -> list[str]:
    """The sentences of a text: cut at ``.!?。！？`` and line ends, ChatML markers ignored, quotation
    marks and spaces at the edges removed."""
    if "<|" in text:
        text = _MARKERS.sub("\n", text)
    parts = _ENDS.split(text)
    return [sentence for part in parts if (sentence := part.strip(_EDGES))]


@lru_cache(maxsize=1 << 16)
def side(sentence: str) -> Split:
    """The side of the split on which a sentence stands, by its words alone."""
    if sentence in ALWAYS_TRAINING:
        return "train"
    value = int.from_bytes(hashlib.blake2b(sentence.encode(), digest_size=4).digest(), "big")
    return "validation" if value < VALIDATION_SHARE_OF_SENTENCES * 2**32 else "train"


class StuckError(Exception):
    """No wording was found on this side of the split; the document is to be begun again."""


class Scribe:
    """Writes one document in one language, for one side of the split.

    `written` counts the sentences of the documents so far; a sentence that has been written often
    gives way to a fresher wording where there is one.
    """

    def __init__(
        self,
        dice: Dice,
        language: Language,
        split: Split,
        lexicon: Mapping[str, object],
        written: Counter[str],
    ) -> None:
        self.dice = dice
        self.language: Language = language
        self.split: Split = split
        self.lexicon = lexicon
        self.written = written
        self._used: set[str] = set()

    def draft(self, wordings: str | Sequence[str], **slots: object) -> str:
        """One of the wordings, filled in, but neither finished nor checked: a part of a sentence."""
        wording = self._wording(wordings)
        self._used.add(wording)
        return expand(wording, {**self.lexicon, **slots}, self.dice)

    def used(self, wording: str) -> bool:
        """Whether a sentence of this document was written with the wording."""
        return wording in self._used

    def _wording(self, wordings: str | Sequence[str]) -> str:
        """One of the wordings, seldom one that this document has used already."""
        if isinstance(wordings, str):
            return wordings
        wording = self.dice.pick(wordings)
        for _ in range(2):
            if wording not in self._used:
                break
            wording = self.dice.pick(wordings)
        return wording

    def say(self, wordings: str | Sequence[str], **slots: object) -> str:
        """One or more whole sentences on this side of the split.

        Raises StuckError when none of many tries fits.
        """
        seen: set[str] = set()
        worn: str | None = None
        repeats = 0
        values = {**self.lexicon, **slots}
        finish = finish_english if self.language == "en" else finish_chinese
        for _ in range(_TRIES[self.split]):
            wording = self._wording(wordings)
            text = expand(wording, values, self.dice)
            if text in seen:
                repeats += 1
                if repeats > len(seen) + 3:
                    break
                continue
            seen.add(text)
            text = finish(text)
            parts = sentences(text)
            if not self._on_this_side(parts) or is_held_out(text):
                continue
            if not any(self.written[part] >= _WORN for part in parts):
                self._used.add(wording)
                return text
            worn = worn or text
            if len(seen) >= _SEARCH:
                break
        if worn is None:
            raise StuckError(str(wordings))
        return worn

    def fits(self, text: str) -> bool:
        return self._on_this_side(sentences(text)) and not is_held_out(text)

    def _on_this_side(self, parts: Iterable[str]) -> bool:
        split = self.split
        for part in parts:  # noqa: SIM110 - a loop is twice as fast as all() here
            if side(part) != split:
                return False
        return True

    def paragraph(self, parts: Iterable[str]) -> str:
        """The sentences side by side: with spaces in English, without in Chinese."""
        return (" " if self.language == "en" else "").join(part for part in parts if part)
