"""Short explanations of what happens inside a language model, as pages and as chats."""

from collections.abc import Sequence
from dataclasses import dataclass

from tfcli.data.world.grammar import lines
from tfcli.data.world.scribe import Scribe
from tfcli.data.world.topics import Frames, chat_text


@dataclass(frozen=True)
class Term:
    """A term, questions about it and sentences that explain it; any two of them go together."""

    name: str
    ask: tuple[str, ...]
    say: tuple[str, ...]


def terms(text: str, glue: str = " ") -> tuple[Term, ...]:
    """Terms written as text: the name, ``= ask``, ``= say``; separated by lines of ``====``."""
    result = []
    for part in text.split("====\n"):
        name, ask, say = part.strip().split("= ")
        result.append(
            Term(
                name.strip(),
                lines(ask.partition("\n")[2], glue),
                lines(say.partition("\n")[2], glue),
            )
        )
    return tuple(result)


def _explained(scribe: Scribe, frames: Frames, term: Term, count: int) -> str:
    said: list[str] = []
    for wording in scribe.dice.sample(term.say, count):
        said.append(scribe.say(wording, **frames.cast(scribe)))
    return scribe.paragraph(said)


def term_page(scribe: Scribe, frames: Frames, book: Sequence[Term]) -> str:
    """An explanation in a few sentences, a question with its answer, or a chat."""
    dice = scribe.dice
    if dice.chance(0.35):
        chosen = dice.sample(book, dice.between(1, 2))
        return "\n".join(_explained(scribe, frames, term, dice.between(2, 4)) for term in chosen)
    turns = []
    for term in dice.sample(book, dice.between(1, 3)):
        question = scribe.say(frames.users, q=scribe.draft(term.ask))
        turns.append(("user", question))
        turns.append(("assistant", _explained(scribe, frames, term, dice.between(1, 2))))
    if dice.chance(0.4):
        return "\n".join(text for _, text in turns)
    return chat_text(turns)
