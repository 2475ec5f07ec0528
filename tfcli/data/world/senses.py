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
    """How one sense is told. frames: beginnings that lead up to the word, and what may follow it in
    this sense after any of them; whole: sentences of any other form."""

    word: str
    name: str
    prompts: tuple[str, ...]
    frames: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    whole: tuple[str, ...]


def _sense_text(text: str, glue: str) -> SenseText:
    title, *sections = text.strip().split("= ")
    word, _, name = title.partition(":")
    prompts: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    frames = []
    for section in sections:
        head, _, body = section.partition("\n")
        found = lines(body, glue)
        match head.strip():
            case "prompts":
                prompts = found
            case "before":
                before = found
            case "after":
                frames.append((before, found))
            case "whole":
                whole = found
            case other:
                raise ValueError(f"a sense has no section {other!r}: {title}")
    return SenseText(word.strip(), name.strip(), prompts, tuple(frames), whole)


def sense_texts(text: str, glue: str = " ") -> tuple[SenseText, ...]:
    """Senses written as text: ``word: name``, then sections ``= prompts``, one or more pairs of
    ``= before`` and ``= after``, and ``= whole``; separated by lines of ``====``."""
    return tuple(_sense_text(part, glue) for part in text.split("====\n"))


def ambiguous_words(texts: Sequence[SenseText], language: Language) -> tuple[AmbiguousWord, ...]:
    """The words for which there are two senses, in the order of the texts."""
    by_word: dict[str, list[Sense]] = {}
    for text in texts:
        by_word.setdefault(text.word, []).append(Sense(text.name, text.prompts))
    return tuple(
        AmbiguousWord(word, language, (senses[0], senses[1])) for word, senses in by_word.items()
    )


def sense_page(scribe: Scribe, texts: Sequence[SenseText], **slots: object) -> str:
    """Two or three sentences in one sense; now and then a second paragraph in the other one."""
    text = scribe.dice.pick(texts)
    paragraphs = [_sense_paragraph(scribe, text, **slots)]
    if scribe.dice.chance(0.2):
        others = [other for other in texts if other.word == text.word and other is not text]
        paragraphs.append(_sense_paragraph(scribe, scribe.dice.pick(others), **slots))
    return "\n".join(paragraphs)


def _sense_paragraph(scribe: Scribe, text: SenseText, **slots: object) -> str:
    """Sentences of which no two begin or go on in the same way."""
    dice = scribe.dice
    begun = dice.sample([(before, after) for some, after in text.frames for before in some], 3)
    followed: set[str] = set()
    sentences: list[str] = []
    for before, after in begun[: dice.between(2, 3)]:
        if dice.chance(0.25):
            sentences.append(scribe.say(text.whole, **slots))
            continue
        fresh = [wording for wording in after if wording not in followed]
        wordings = {_joined(scribe, before, text.word, wording): wording for wording in fresh}
        chosen = dice.shuffled(wordings)
        sentences.append(scribe.say(chosen[:3] if scribe.split == "train" else chosen, **slots))
        followed.update(wordings[wording] for wording in chosen if scribe.used(wording))
    return scribe.paragraph(dict.fromkeys(sentences))


def _joined(scribe: Scribe, before: str, word: str, after: str) -> str:
    if scribe.language == "zh":
        return f"{before}{word}{after}"
    # A beginning that ends in `[old |new |]` brings its own space.
    before_gap = "" if before.endswith("|]") else " "
    after_gap = "" if after.lstrip("[")[0] in ",;." else " "
    return f"{before}{before_gap}{word}{after_gap}{after}"
