"""Names that recur: what a model can only know by looking back in the text.

The names are put together at random, so the second part of a name, or the next name of a list,
can be told only from where it stood before. Such pages teach induction heads.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tfcli.data.world.grammar import Dice, Record
from tfcli.data.world.plots import Plot, tell
from tfcli.data.world.scribe import Scribe
from tfcli.data.world.topics import chat_text


@dataclass(frozen=True)
class CopyBook:
    """The words of one language for pages on which names or words recur.

    person, place and code make up a name, a place and a list of words that belong together;
    lists: wordings with the same list {l} twice; tales: plots about {p}, {q} and {place}.
    """

    person: Callable[[Dice], Record]
    place: Callable[[Dice], str]
    code: Callable[[Dice], str]
    comma: str
    lists: tuple[str, ...]
    repeats: tuple[tuple[str, str], ...]
    recalls: tuple[tuple[str, str, str, str], ...]
    tales: tuple[Plot, ...]


def copy_page(scribe: Scribe, book: CopyBook) -> str:
    """A tale with recurring names, a list that is read twice, or a chat that repeats or recalls."""
    dice = scribe.dice
    kind = dice.below(10)
    if kind < 4:
        return _tale(scribe, book)
    if kind < 7:
        return scribe.say(book.lists, l=_list(scribe, book), m=_list(scribe, book))
    if kind < 9:
        turns = []
        for _ in range(dice.between(1, 3)):
            ask, answer = dice.pick(book.repeats)
            text = _list(scribe, book) if dice.chance(0.6) else book.code(dice)
            turns.append(("user", scribe.say(ask, l=text)))
            turns.append(("assistant", scribe.say(answer, l=text)))
        return chat_text(turns)
    first, welcome, ask, answer = dice.pick(book.recalls)
    slots = {"p": book.person(dice), "place": book.place(dice), "code": book.code(dice)}
    return chat_text(
        [
            ("user", scribe.say(first, **slots)),
            ("assistant", scribe.say(welcome, **slots)),
            ("user", scribe.say(ask, **slots)),
            ("assistant", scribe.say(answer, **slots)),
        ]
    )


def _list(scribe: Scribe, book: CopyBook) -> str:
    dice = scribe.dice
    if dice.chance(0.3):
        return book.comma.join(book.code(dice) for _ in range(dice.between(2, 3)))
    return book.comma.join(book.person(dice).label for _ in range(dice.between(3, 5)))


def _tale(scribe: Scribe, book: CopyBook) -> str:
    dice = scribe.dice
    first, second = book.person(dice), book.person(dice)
    place = book.place(dice)
    return tell(scribe, dice.pick(book.tales), p=first, q=second, place=place, code=book.code(dice))
