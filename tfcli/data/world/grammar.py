"""A small template language, and the dice that choose in it.

A template is a sentence with two kinds of holes:

- ``[red|green|]`` — one of the alternatives (they nest, and may be empty);
- ``{hero}`` or ``{hero.his}`` — a slot, filled from the values at hand. A value that is a tuple is
  chosen from; a value that is itself a template is expanded in its turn.

``a~ `` in English becomes "a" or "an" by the word that follows. Templates begin in lower case where
an ordinary word begins them, so that they can stand inside a longer sentence; `finish_english`
raises the first letter of every sentence at the end.
"""

import hashlib
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

Choice = TypeVar("Choice")


class Dice:
    """Random choices that are the same on every platform and Python version.

    Only ``Random.random()`` is used: it is the one method whose sequence Python guarantees.
    """

    def __init__(self, *key: object) -> None:
        digest = hashlib.sha256("/".join(str(part) for part in key).encode()).digest()
        self._random = random.Random(int.from_bytes(digest[:8], "big")).random

    def below(self, n: int) -> int:
        """An integer in 0 … n-1."""
        return int(self._random() * n)

    def between(self, low: int, high: int) -> int:
        """An integer in low … high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def pick(self, items: Sequence[Choice]) -> Choice:
        return items[int(self._random() * len(items))]

    def sample(self, items: Sequence[Choice], count: int) -> list[Choice]:
        """`count` different items (all of them, if there are fewer), in random order."""
        return self.shuffled(items)[:count]

    def shuffled(self, items: Iterable[Choice]) -> list[Choice]:
        result = list(items)
        for i in range(len(result) - 1, 0, -1):
            j = self.below(i + 1)
            result[i], result[j] = result[j], result[i]
        return result


class Record:
    """One row of a table: fields by name; ``str(record)`` is its first field."""

    __slots__ = ("fields", "label")

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        self.label = str(next(iter(fields.values())))

    def __getattr__(self, name: str) -> Any:
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(name) from None

    def __str__(self) -> str:
        return self.label

    def has(self, name: str) -> bool:
        return self.fields.get(name, "-") != "-"

    def extended(self, **more: object) -> "Record":
        return Record(**self.fields, **more)


def table(header: str, rows: str) -> tuple[Record, ...]:
    """A table written as text: columns at ``|``, several values of a cell at `` / ``, ``-`` for
    none, ``&`` where a row goes on in the next line."""
    names = header.split()
    records = []
    for line in lines(rows):
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != len(names):
            raise ValueError(f"the row has {len(cells)} cells, not {len(names)}: {line}")
        values = [tuple(cell.split(" / ")) if " / " in cell else cell for cell in cells]
        records.append(Record(**dict(zip(names, values, strict=True))))
    return tuple(records)


def lines(text: str, glue: str = " ") -> tuple[str, ...]:
    """The lines of a block of templates; a line that starts with ``&`` continues the one before,
    joined by `glue`."""
    result: list[str] = []
    for raw in text.strip().splitlines():
        line = raw.strip()
        if line.startswith("&"):
            result[-1] += glue + line[1:].strip()
        elif line:
            result.append(line)
    return tuple(result)


@dataclass(frozen=True)
class _Slot:
    name: str
    field: str


@dataclass(frozen=True)
class _Options:
    options: tuple["_Node", ...]


_Node = tuple[str | _Slot | _Options, ...]
_MARK = re.compile(r"\{([a-z_0-9]+)(?:\.([a-z_0-9]+))?\}|([\[\]|])")


@cache
def parse(template: str) -> _Node:
    """The template as a tree. Raises ValueError where brackets do not match."""
    stack: list[list[list[str | _Slot | _Options]]] = [[[]]]
    position = 0
    for match in _MARK.finditer(template):
        if match.start() > position:
            stack[-1][-1].append(template[position : match.start()])
        position = match.end()
        name, field, mark = match.groups()
        if name:
            stack[-1][-1].append(_Slot(name, field or ""))
        elif mark == "[":
            stack.append([[]])
        elif mark == "|" and len(stack) > 1:
            stack[-1].append([])
        elif mark == "]" and len(stack) > 1:
            options = tuple(tuple(option) for option in stack.pop())
            stack[-1][-1].append(_Options(options))
        else:
            raise ValueError(f"unmatched {mark!r} in the template: {template}")
    if len(stack) != 1:
        raise ValueError(f"unclosed '[' in the template: {template}")
    if position < len(template):
        stack[0][0].append(template[position:])
    return tuple(stack[0][0])


def expand(template: str, slots: Mapping[str, object], dice: Dice) -> str:
    """The template with every choice made and every slot filled.

    Raises KeyError for a slot that has no value.
    """
    return _expand(parse(template), slots, dice)


def _expand(node: _Node, slots: Mapping[str, object], dice: Dice) -> str:
    pieces: list[str] = []
    for part in node:
        if isinstance(part, str):
            pieces.append(part)
        elif isinstance(part, _Options):
            pieces.append(_expand(dice.pick(part.options), slots, dice))
        else:
            value = slots[part.name]
            if isinstance(value, tuple):
                value = dice.pick(value)
            if part.field:
                value = getattr(value, part.field)
                if isinstance(value, tuple):
                    value = dice.pick(value)
            text = str(value)
            if "{" in text or "[" in text:
                text = _expand(parse(text), slots, dice)
            pieces.append(text)
    return "".join(pieces)


_ARTICLE = re.compile(r"\b([Aa])~ (?=[\"“]?(\w+))")
_VOWEL = re.compile(r"(?!uni|use|usu|eu|one\b|once\b)[aeiou]|hour|honest|heir\b", re.IGNORECASE)
_START = re.compile(r"(^[\"“]?|[.!?] [\"“]?|: \"|\n\"?)([a-z])")


def finish_english(text: str) -> str:
    """Articles chosen, and a capital at the start of every sentence and quotation."""
    text = _ARTICLE.sub(lambda m: m[1] + ("n " if _VOWEL.match(m[2]) else " "), text)
    return _START.sub(lambda m: m[1] + m[2].upper(), text)
