"""Words with two senses, and texts whose left side decides between them."""

from collections.abc import Sequence
from dataclasses import dataclass

from tfcli.data.world.grammar import lines
from tfcli.data.world.held_out import Language
from tfcli.data.world.scribe import Scribe


@dataclass(frozen=True)
class Sense:
    """One sense of a word. Each prompt ends with the word, so that all of its context stands on
    the left, where a decoder can see it."""

    name: str
    prompts: tuple[str, ...]


@dataclass(frozen=True)
class AmbiguousWord:
    """A word and its senses."""

    word: str
    language: Language
    senses: tuple[Sense, Sense]


@dataclass(frozen=True)
class SenseText:
    """How one sense is told. before: beginnings that lead up to the word; after: what may follow
    it in this sense; whole: sentences of any other form; scene: what may stand around them."""

    word: str
    name: str
    prompts: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    whole: tuple[str, ...]


def sense_text(text: str, glue: str = " ") -> SenseText:
    """A sense written as text: ``word: name``, then sections ``= prompts``, ``= before``,
    ``= after``, ``= whole``."""
    head, *blocks = text.strip().split("= ")
    word, _, name = head.strip().partition(": ")
    sections = {}
    for block in blocks:
        title, _, body = block.partition("\n")
        sections[title.strip()] = lines(body, glue)
    return SenseText(word=word, name=name, **sections)


def sense_texts(text: str, glue: str = " ") -> tuple[SenseText, ...]:
    """Several of them, separated by lines of ``====``."""
    return tuple(sense_text(part, glue) for part in text.split("====\n"))


def ambiguous_words(texts: Sequence[SenseText], language: Language) -> tuple[AmbiguousWord, ...]:
    """The words for which there are two senses, in the order of the texts."""
    by_word: dict[str, list[Sense]] = {}
    for text in texts:
        by_word.setdefault(text.word, []).append(Sense(text.name, text.prompts))
    return tuple(
        AmbiguousWord(word, language, (senses[0], senses[1])) for word, senses in by_word.items()
    )


def sense_sentence(scribe: Scribe, text: SenseText, **slots: object) -> str:
    """One sentence with the word in this sense."""
    if scribe.dice.chance(0.3):
        return scribe.say(text.whole, **slots)
    before = scribe.dice.pick(text.before)
    if scribe.language == "zh":
        wordings = tuple(f"{before}{text.word}{after}" for after in text.after)
    else:
        wordings = tuple(
            f"{before} {text.word}{'' if after.lstrip('[')[0] in ',;.' else ' '}{after}"
            for after in text.after
        )
    return scribe.say(wordings, **slots)


def sense_page(scribe: Scribe, texts: Sequence[SenseText], **slots: object) -> str:
    """Two to five sentences in one sense; now and then a second paragraph in the other one."""
    text = scribe.dice.pick(texts)
    paragraphs = [_sense_paragraph(scribe, text, **slots)]
    if scribe.dice.chance(0.25):
        others = [other for other in texts if other.word == text.word and other is not text]
        paragraphs.append(_sense_paragraph(scribe, scribe.dice.pick(others), **slots))
    return "\n".join(paragraphs)


def _sense_paragraph(scribe: Scribe, text: SenseText, **slots: object) -> str:
    count = scribe.dice.between(2, 4)
    chosen: list[str] = []
    for _ in range(count):
        sentence = sense_sentence(scribe, text, **slots)
        if sentence not in chosen:
            chosen.append(sentence)
    return scribe.paragraph(chosen)
