"""Roles: people who differ by one thing only, told of in the same words.

A king and a queen do the same things, and so do a man and a woman; what differs is he and she, his
and her, and what a king has and a man has not. That is what makes arithmetic on word vectors work.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tfcli.data.world.grammar import Record
from tfcli.data.world.plots import Plot, tell
from tfcli.data.world.scribe import Scribe


@dataclass(frozen=True)
class RoleBook:
    """Pairs of roles (he, she), what is said of any of them, and stories with one as the hero."""

    pairs: tuple[tuple[Record, Record], ...]
    lines: tuple[str, ...]
    pair_lines: tuple[str, ...]
    plots: Sequence[Plot]


def role_page(scribe: Scribe, book: RoleBook) -> str:
    """A story about one role, or sentences about one, or about a pair."""
    dice = scribe.dice
    pair = dice.pick(book.pairs)
    role, other = pair if dice.chance(0.5) else pair[::-1]
    cast = {"r": role, "o": other}
    kind = dice.below(10)
    if kind < 4:
        return tell(scribe, dice.pick(book.plots), **cast)
    if kind < 7:
        parts = [scribe.say(book.lines, **cast) for _ in range(dice.between(3, 5))]
        return scribe.paragraph(parts)
    if kind < 9:
        # He and she, one after the other, in the same words.
        both = []
        for wording in dice.sample(book.lines, 3):
            both.append(scribe.say(wording, r=role, o=other))
            both.append(scribe.say(wording, r=other, o=role))
        return scribe.paragraph(both)
    he, she = pair
    parts = [scribe.say(book.pair_lines, he=he, she=she) for _ in range(3)]
    return scribe.paragraph(parts)
