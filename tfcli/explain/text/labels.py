"""Tokens as a reader sees them: spaces visible, control characters escaped, bytes named.

A label is plain text that stands on one line: "␣the", "\\\\n", "苹(1/2)", "<0xE8>", "#17".
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

SPACE = "␣"
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", " ": SPACE}
_LONGEST_CHARACTER = 4


def label(tokenizer: "Tokenizer | None", token_id: int) -> str:
    """The label of one token by itself; its id where there is no text for it."""
    if tokenizer is None or not _has_text(tokenizer, token_id):
        return f"#{token_id}"
    if token_id in tokenizer.special_tokens.values():  # some decoders put a space before it
        return escape(tokenizer.piece(token_id))
    return _label_of(tokenizer.token_bytes(token_id))


def labels(tokenizer: "Tokenizer | None", ids: Sequence[int]) -> list[str]:
    """The labels of a text's tokens.

    Tokens that only together hold one character are numbered: "苹(1/2)", "苹(2/2)".
    """
    found: list[str] = []
    while len(found) < len(ids):
        start = len(found)
        parts = _split_character(tokenizer, ids[start : start + _LONGEST_CHARACTER])
        if parts:
            found += parts
        else:
            found.append(label(tokenizer, ids[start]))
    return found


def byte_length(tokenizer: "Tokenizer | None", ids: Sequence[int]) -> int | None:
    """How many UTF-8 bytes of text the tokens write; None without a tokenizer that knows them all.

    What stands between documents is no text and counts 0, as in training's bits per byte.
    """
    if tokenizer is None or not all(_has_text(tokenizer, token_id) for token_id in ids):
        return None
    ends = (tokenizer.bos_id, tokenizer.eos_id)
    return sum(len(tokenizer.token_bytes(token_id)) for token_id in ids if token_id not in ends)


def escape(text: str) -> str:
    """The text on one line: spaces as ␣, what has no width or moves the cursor as its code."""
    shown = ""
    for character in text:
        if character in _ESCAPES:
            shown += _ESCAPES[character]
        elif _is_drawn(character, after_letter=shown[-1:].isalpha() or _is_mark(shown[-1:])):
            shown += character
        else:
            shown += _code(character)
    return shown


def _has_text(tokenizer: "Tokenizer", token_id: int) -> bool:
    return token_id < tokenizer.vocab_size  # a vocabulary is often padded to a round number


def _label_of(raw: bytes) -> str:
    # an undecodable byte 0xE8 becomes the lone surrogate U+DCE8
    text = raw.decode("utf-8", errors="surrogateescape")
    parts = re.split("([\udc80-\udcff])", text)
    shown = [_byte(part) if i % 2 else escape(part) for i, part in enumerate(parts)]
    return "".join(shown) or "(empty)"


def _split_character(tokenizer: "Tokenizer | None", ids: Sequence[int]) -> list[str]:
    """Labels of the first tokens of `ids`, where no fewer of them make one character."""
    raw = b""
    for count, token_id in enumerate(ids, start=1):
        if tokenizer is None or not _has_text(tokenizer, token_id):
            return []
        raw += tokenizer.token_bytes(token_id)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            continue
        character = text.lstrip(" ")
        if count == 1 or len(character) != 1:
            return []
        parts = [f"{escape(character)}({part}/{count})" for part in range(1, count + 1)]
        parts[0] = SPACE * (len(text) - 1) + parts[0]
        return parts
    return []


def _byte(surrogate: str) -> str:
    return f"<0x{ord(surrogate) - 0xDC00:02X}>"


def _is_drawn(character: str, after_letter: bool) -> bool:
    """Whether every terminal draws the character in a place of its own, or on the letter before.

    Not so: control and format characters (joiners, direction marks), line separators, odd
    spaces, variation selectors, skin tones, and code points that mean nothing or something
    private.
    """
    category = unicodedata.category(character)
    if category in ("Mn", "Me"):
        return after_letter and not "\ufe00" <= character <= "\ufe0f"
    skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    return category[0] not in "CZ" and not skin_tone


def _is_mark(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] == "M"


def _code(character: str) -> str:
    point = ord(character)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
