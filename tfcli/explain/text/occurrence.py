"""Where a word stands in two prompts, by its tokens. Free of torch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfcli.errors import UsageError
from tfcli.explain.text.answer import word_ways
from tfcli.explain.text.labels import SPACE, escape, labels

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

_SHOWN = 40
_LONGEST = 200
_HINT = "For example: --word apple, of two prompts that end with it."

Span = tuple[int, int]


def find_word(
    word: str, first: Sequence[int], second: Sequence[int], tokenizer: "Tokenizer"
) -> tuple[Span, Span]:
    """The first and last position of a word's last occurrence in each prompt.

    The word may be written with a space before it or without, but by the same tokens in both
    prompts: else it is another vector before anything is read.

    Raises:
        UsageError: it is in none or only one, or each prompt cuts it differently.
    """
    if not word.strip() or len(word) > _LONGEST:
        raise UsageError("--word takes a word that is in both prompts.", hint=_HINT)
    if any("\ud800" <= character <= "\udfff" for character in word):
        raise UsageError("The text of --word is not UTF-8.")
    written = word.replace(SPACE, " ").strip()
    ways = {tuple(ids) for ids in word_ways(tokenizer, written, reads=True) if ids}
    found = [{way: _last(ids, way) for way in ways} for ids in (first, second)]
    shared = [w for w in ways if all(places[w] is not None for places in found)]
    if shared:
        # of two ways that end at one place the longer one is the word
        def place(way: tuple[int, ...]) -> tuple[int, int, int]:
            one, two = (_end(places[way]) for places in found)
            return min(one - len(first), two - len(second)), one + two, len(way)

        best = max(shared, key=place)
        one, two = (places[best] for places in found)
        assert one is not None and two is not None
        return one, two
    raise _apart(written, (first, second), tokenizer)


def _last(ids: Sequence[int], way: tuple[int, ...]) -> Span | None:
    size = len(way)
    for start in range(len(ids) - size, -1, -1):
        if tuple(ids[start : start + size]) == way:
            return start, start + size - 1
    return None


def _end(span: Span | None) -> int:
    return -1 if span is None else span[1]


def _apart(word: str, prompts: tuple[Sequence[int], Sequence[int]], tokenizer: "Tokenizer"):
    """How each prompt cuts the word, or that it is not there."""
    shown = escape(word)
    shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
    cut = [_cut(word, ids, tokenizer) for ids in prompts]
    missing = [name for name, pieces in zip(("first", "second"), cut, strict=True) if not pieces]
    if missing:
        where = "in neither prompt" if len(missing) == 2 else f"not in the {missing[0]} prompt"
        return UsageError(f"“{shown}” is {where}.", hint=_HINT)
    ways = ", ".join(
        f"the {name} prompt as {' '.join(pieces)}"
        for name, pieces in zip(("first", "second"), cut, strict=True)
    )
    return UsageError(
        f"“{shown}” is not the same tokens in both prompts: {ways}.",
        hint="Write it alike: at a line's start a word is mostly another token than behind a "
        "space, and a word may be cut with what stands beside it.",
    )


def _cut(word: str, ids: Sequence[int], tokenizer: "Tokenizer") -> list[str]:
    """The tokens that cover the last place where a prompt's text has the word; else none."""
    size = tokenizer.vocab_size
    parts = [tokenizer.token_bytes(i) if i < size else b"" for i in ids]
    place = b"".join(parts).rfind(word.encode())
    if place < 0:
        return []
    end, at = place + len(word.encode()), 0
    covering: list[int] = []
    for position, part in enumerate(parts):
        if at < end and at + len(part) > place:
            covering.append(position)
        at += len(part)
    named = labels(tokenizer, ids)
    return [named[position] for position in covering]
