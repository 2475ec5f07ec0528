"""The whole corpus: how much of each subject, which documents validate, in which order."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tfcli.data.world.chinese.subjects import CHINESE_SUBJECTS
from tfcli.data.world.chinese.words import LEXICON as CHINESE_LEXICON
from tfcli.data.world.english.subjects import ENGLISH_SUBJECTS
from tfcli.data.world.english.words import LEXICON as ENGLISH_LEXICON
from tfcli.data.world.grammar import Dice
from tfcli.data.world.held_out import Language
from tfcli.data.world.scribe import Scribe, Split, StuckError, sentences

Author = Callable[[Scribe], str]

# Bytes of text at any seed. A Chinese token holds about as many bytes as an English one, so equal
# bytes are about equal tokens.
_BYTES = {"en": 1_900_000, "zh": 1_900_000}
_VALIDATION_SHARE = 0.045
_PATIENCE = {"train": 40, "validation": 400}

_SUBJECTS: dict[Language, tuple[tuple[str, float, Author], ...]] = {
    "en": ENGLISH_SUBJECTS,
    "zh": CHINESE_SUBJECTS,
}
_LEXICONS: dict[Language, Mapping[str, object]] = {"en": ENGLISH_LEXICON, "zh": CHINESE_LEXICON}


@dataclass(frozen=True)
class WorldDocument:
    """One document of the embedded corpus and the side of the split on which it stands."""

    text: str
    split: Split


class _Desk:
    """Where the documents of one language are written; remembers every sentence."""

    def __init__(self, seed: int, language: Language) -> None:
        self.seed = seed
        self.language: Language = language
        self.written: Counter[str] = Counter()
        self.texts: set[str] = set()

    def write(self, author: Author, split: Split, *key: object) -> str | None:
        """A new document, or None where the author found none on this side of the split."""
        for attempt in range(_PATIENCE[split]):
            dice = Dice(self.seed, self.language, split, *key, attempt)
            scribe = Scribe(dice, self.language, split, _LEXICONS[self.language], self.written)
            try:
                text = author(scribe)
            except StuckError:
                continue
            if text in self.texts or not scribe.fits(text):
                continue
            self.texts.add(text)
            for sentence in sentences(text):
                self.written[sentence] += 1
            return text
        return None


def documents(seed: int = 0) -> Iterator[WorldDocument]:
    """The documents of the world, English and Chinese mixed, training and validation mixed.

    The same seed gives the same documents in the same order on every machine. Validation documents
    share no sentence with training ones, and no two documents are equal.
    """
    result: list[WorldDocument] = []
    for language, subjects in _SUBJECTS.items():
        desk = _Desk(seed, language)
        whole = sum(share for _, share, _ in subjects)
        for name, share, author in subjects:
            goal = _BYTES[language] * share / whole
            result += _written(desk, name, author, goal)
    yield from Dice(seed, "order").shuffled(result)


def _written(desk: _Desk, name: str, author: Author, goal: float) -> Iterator[WorldDocument]:
    """Documents on one subject until they hold `goal` bytes."""
    size = number = 0
    choice = Dice(desk.seed, desk.language, name)
    while size < goal:
        number += 1
        split: Split = "validation" if choice.chance(_VALIDATION_SHARE) else "train"
        text = desk.write(author, split, name, number)
        if text is not None:
            size += len(text.encode())
            yield WorldDocument(text, split)
