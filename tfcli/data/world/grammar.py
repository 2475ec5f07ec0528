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
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
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

    def pick_known(self, items: Sequence[Choice]) -> Choice:
        """One of the items, an early one more likely: of what is known best, people speak most.

        The n-th, from 0, has the weight 1 / (n + 3): a law of Zipf and Mandelbrot.
        """
        limits = _known_limits(len(items))
        return items[bisect(limits, self._random() * limits[-1])]

    def sample(self, items: Sequence[Choice], count: int) -> list[Choice]:
        """`count` different items (all of them, if there are fewer), in random order."""
        return self.shuffled(items)[:count]

    def shuffled(self, items: Iterable[Choice]) -> list[Choice]:
        result = list(items)
        for i in range(len(result) - 1, 0, -1):
            j = self.below(i + 1)
            result[i], result[j] = result[j], result[i]
        return result


@cache
def _known_limits(count: int) -> tuple[float, ...]:
    return tuple(accumulate(1 / (n + 3) for n in range(count)))


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
    """Alternatives; one without slots or brackets of its own is kept as plain text."""

    options: tuple["_Node | str", ...]


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
            options = tuple(_plain(option) for option in stack.pop())
            stack[-1][-1].append(_Options(options))
        else:
            raise ValueError(f"unmatched {mark!r} in the template: {template}")
    if len(stack) != 1:
        raise ValueError(f"unclosed '[' in the template: {template}")
    if position < len(template):
        stack[0][0].append(template[position:])
    return tuple(stack[0][0])


def _plain(option: list[str | _Slot | _Options]) -> "_Node | str":
    if not option:
        return ""
    first = option[0]
    return first if len(option) == 1 and isinstance(first, str) else tuple(option)


def expand(template: str, slots: Mapping[str, object], dice: Dice) -> str:
    """The template with every choice made and every slot filled.

    Raises KeyError for a slot that has no value.
    """
    return _expand(parse(template), slots, dice)


def _expand(node: _Node, slots: Mapping[str, object], dice: Dice) -> str:
    pieces: list[str] = []
    # The inner loop of the whole generator: type() is the fastest test for the kind of a part.
    for part in node:
        if type(part) is str:
            pieces.append(part)
        elif type(part) is _Options:
            option = dice.pick(part.options)
            pieces.append(option if isinstance(option, str) else _expand(option, slots, dice))
        elif type(part) is _Slot:
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


_ARTICLE = re.compile(r"\b([Aa])~ (?=\"?(\w+))")
_VOWEL = re.compile(r"(?!uni|use|usu|eu|one\b|once\b)[aeiou]|hour|honest|heir\b", re.IGNORECASE)
# After `?" ` a reporting clause may follow in lower case ("…?" he asked), another quotation may not.
_START = re.compile(r"(^\"?|[.!?] \"?|[.!?]\" \"|: \"|\n\"?)([a-z])")
_NESTED = re.compile(r"“([^“”]*)“([^“”]*)”")


def finish_english(text: str) -> str:
    """Articles chosen, and a capital at the start of every sentence and quotation."""
    if "~" in text:
        text = _ARTICLE.sub(lambda m: m[1] + ("n " if _VOWEL.match(m[2]) else " "), text)
    return _START.sub(lambda m: m[1] + m[2].upper(), text)


def finish_chinese(text: str) -> str:
    """Quotation marks inside a quotation become single ones: “…‘…’…”."""
    if text.count("“") > 1:
        while (single := _NESTED.sub(r"“\1‘\2’", text)) != text:
            text = single
    return text
