"""Roles: people who differ by one thing only, told of in the same words.

A king and a queen do the same things, and so do a man and a woman; what differs is he and she, his
and her, and what a king has and a man has not. That is what makes arithmetic on word vectors work.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tfcli.data.world.grammar import Dice, Record
from tfcli.data.world.plots import Plot, tell
from tfcli.data.world.scribe import Scribe


@dataclass(frozen=True)
class RoleBook:
    """Pairs of roles (he, she), what is said of any of them, and stories with one as the hero.

    kind_lines are for roles that have the field `is` (a king is a man with a crown), dreams for
    those that have `dream`: what somebody may wish to become.
    """

    pairs: tuple[tuple[Record, Record], ...]
    lines: tuple[str, ...]
    kind_lines: tuple[str, ...]
    pair_lines: tuple[str, ...]
    plots: Sequence[Plot]
    dreams: Sequence[Plot]


def role_page(scribe: Scribe, book: RoleBook) -> str:
    """A story about one role, or sentences about one, or about a pair."""
    dice = scribe.dice
    he, she = (_one_of(dice, role) for role in dice.pick(book.pairs))
    role, other = (he, she) if dice.chance(0.5) else (she, he)
    wordings = book.lines + book.kind_lines if role.has("is") else book.lines
    kind = dice.below(10)
    if kind < 4:
        stories = (*book.plots, *book.dreams) if role.has("dream") else book.plots
        return tell(scribe, dice.pick(stories), r=role, o=other)
    if kind < 7:
        chosen = dice.sample(wordings, dice.between(3, 5))
        return scribe.paragraph([scribe.say(wording, r=role, o=other) for wording in chosen])
    if kind < 9:
        # He and she, one after the other, in the same words.
        both = []
        for wording in dice.sample(wordings, 3):
            both.append(scribe.say(wording, r=role, o=other))
            both.append(scribe.say(wording, r=other, o=role))
        return scribe.paragraph(both)
    chosen = dice.sample(book.pair_lines, 3)
    return scribe.paragraph([scribe.say(wording, he=he, she=she) for wording in chosen])


def _one_of(dice: Dice, role: Record) -> Record:
    """The role with one name, one friend and one thing, the same throughout a document."""
    called, friend = dice.sample(role.names, 2)
    return role.extended(called=called, friend=friend, thing=dice.pick(role.things))
