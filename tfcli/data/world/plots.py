"""Plots: stories as beats, each beat told in one of several ways."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tfcli.data.world.grammar import lines
from tfcli.data.world.scribe import Scribe


@dataclass(frozen=True)
class Beat:
    """One step of a story: its tellings, how often it is told at all, and whether a new paragraph
    begins with it."""

    tellings: tuple[str, ...]
    probability: float = 1.0
    new_paragraph: bool = False


Plot = tuple[Beat, ...]

_HEAD = re.compile(r"(¶?)\s*(?:\?(\d+))?$")


def plot(text: str, glue: str = " ") -> Plot:
    """A plot written as text. Beats are separated by blank lines, a line is a telling. A first line
    ``?40`` makes the beat optional (40 %), ``¶`` begins a paragraph."""
    beats = []
    for block in re.split(r"\n\s*\n", text.strip()):
        first, _, rest = block.strip().partition("\n")
        head = _HEAD.match(first.strip())
        if head and first.strip():
            chance = int(head[2]) / 100 if head[2] else 1.0
            beats.append(Beat(lines(rest, glue), chance, bool(head[1])))
        else:
            beats.append(Beat(lines(block, glue)))
    return tuple(beats)


def plots(text: str, glue: str = " ") -> tuple[Plot, ...]:
    """Several plots, separated by lines of ``====``."""
    return tuple(plot(part, glue) for part in re.split(r"\n\s*={4,}\s*\n", text.strip("\n")))


def tell(scribe: Scribe, beats: Sequence[Beat], **slots: object) -> str:
    """The story, with a telling chosen for each beat."""
    paragraphs: list[list[str]] = [[]]
    for beat in beats:
        if not scribe.dice.chance(beat.probability):
            continue
        if beat.new_paragraph and paragraphs[-1]:
            paragraphs.append([])
        paragraphs[-1].append(scribe.say(beat.tellings, **slots))
    return "\n".join(scribe.paragraph(part) for part in paragraphs)
