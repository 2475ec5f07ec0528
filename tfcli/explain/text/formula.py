"""Sums of words, as they are typed: “king-man+woman=queen”. Free of torch."""

import re
from dataclasses import dataclass

from tfcli.errors import UsageError
from tfcli.explain.text.labels import escape

_MOST_TERMS = 16
_LONGEST_WORD = 100
# What a keyboard, an input method or a copied formula may have for + - =.
_SIGNS = str.maketrans("＋－\u2212＝", "+--=")
_EXAMPLE = "For example: --analogy king-man+woman, or king-man+woman=queen with what you expect."


@dataclass(frozen=True)
class Formula:
    """A sum of words.

    Attributes:
        terms: sign (1 or -1) and word of each.
        expected: the word that should be nearest to the sum, or None.
    """

    terms: tuple[tuple[int, str], ...]
    expected: str | None = None


def parse_formula(text: str) -> Formula:
    """Read “king - man + woman = queen”, also with the signs − ＋ － ＝.

    Raises:
        UsageError: it is no sum of two words or more, or a word is missing or no text.
    """
    _require_text(text)
    left, *right = text.translate(_SIGNS).split("=")
    parts = re.split("([+-])", left)
    begins_with_sign = len(parts) > 1 and not parts[0].strip()
    parts = parts[1:] if begins_with_sign else ["+", *parts]
    signs = [1 if sign == "+" else -1 for sign in parts[0::2]]
    words = [word.strip() for word in parts[1::2]]
    expected = right[0].strip() if right else None
    if len(right) > 1 or expected == "" or re.search("[+-]", expected or ""):
        raise UsageError("Behind = stands one word, what you expect.", hint=_EXAMPLE)
    if not all(words):
        raise UsageError(f"A word is missing in “{_short(text)}”.", hint=_EXAMPLE)
    if len(words) < 2:
        raise UsageError(
            f"“{_short(words[0])}” is a single word: there is nothing to add up.",
            hint=f"{_EXAMPLE} The nearest tokens of one word: --neighbors king",
        )
    if len(words) > _MOST_TERMS:
        raise UsageError(f"The sum has {len(words)} words; it takes at most {_MOST_TERMS}.")
    return Formula(tuple(zip(signs, words, strict=True)), expected)


def parse_word(text: str) -> str:
    """One word, as typed for --neighbors. UsageError where it is empty or no text."""
    _require_text(text)
    word = text.strip()
    if not word:
        raise UsageError("--neighbors takes a word.", hint="For example: --neighbors king")
    return word


def _require_text(text: str) -> None:
    """Refuse what the terminal sent that is no text, and what is no word but a file."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"The words are not UTF-8: character {error.start + 1:,} cannot be decoded."
        ) from None
    longest = max(map(len, re.split("[-+=＋－\u2212＝]", text)))
    if longest > _LONGEST_WORD:
        raise UsageError(f"A word of {longest:,} characters is no word.", hint=_EXAMPLE)


def _short(word: str) -> str:
    shown = escape(word.strip())
    return shown if len(shown) <= 40 else shown[:39] + "…"
