"""Tokens as the user names them: a word, a special token, an id. Free of torch."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tfcli.errors import UsageError
from tfcli.explain.text.labels import SPACE, labels

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

Encoder = Callable[[str], list[int]]

_LONGEST_ID = 18  # digits; it keeps int() from the time and the limit of absurd strings
_PIECES_SHOWN = 8


def one_token(
    text: str, tokenizer: "Tokenizer | None", vocab_size: int, flag: str, *, reads: bool = False
) -> int:
    """The id of the one token that writes a text.

    A word is tried with a space before it first, for inside a text its token holds that, and then
    as it is; anything else, and a word of a script without spaces, the other way round. A special
    token is named by its piece, any token by its id: “#17”, as the screen shows a token without
    text, or, where there is no tokenizer, “17”.

    Args:
        flag: the option that it was given to, for messages.
        reads: whether it is of what an encoder beside a decoder reads, not of what is written.

    Raises:
        UsageError: it is several tokens, which the message shows, or none.
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError(f"The text of {flag} is not UTF-8.")
    if not text:
        raise UsageError(f"{flag} is empty.", hint=f"Name a token: {flag} cat")
    numbered = _id(text, bare=tokenizer is None)
    if numbered is not None:
        return _checked(numbered, vocab_size, flag)
    if tokenizer is None:
        raise UsageError(
            f"This model has no tokenizer: {flag} takes a token's id.", hint=f"{flag} 17"
        )
    special = tokenizer.special_tokens.get(text)
    if special is not None:
        return _checked(special, vocab_size, flag)
    written = text.replace(SPACE, " ")
    for ids in word_ways(tokenizer, written, reads):
        if _is_token(tokenizer, ids):
            return _checked(ids[0], vocab_size, flag)
    raise _several(text, _encoder(tokenizer, reads)(written), tokenizer, flag)


def forms(text: str, tokenizer: "Tokenizer | None", token: int, *, reads: bool = False) -> set[int]:
    """The tokens that write the same word as `token`: with a space or without, in capitals or not.

    Args:
        text: as it was named; `reads` as in one_token.
    """
    if tokenizer is None or text in tokenizer.special_tokens or _id(text, bare=False) is not None:
        return {token}
    word = text.replace(SPACE, " ").strip()
    cases = (word, word.lower(), word.upper(), word[:1].upper() + word[1:])
    ways = [ids for case in cases for ids in word_ways(tokenizer, case, reads)]
    return {token, *(ids[0] for ids in ways if _is_token(tokenizer, ids))}


def word_ways(tokenizer: "Tokenizer", text: str, reads: bool) -> list[list[int]]:
    """The ids of a text as it may stand within another one, the likeliest way first."""
    encode = _encoder(tokenizer, reads)
    plain, spaced = encode(text), encode(f" {text}")
    # some tokenizers put a space before whatever stands first, so that it is not what it is within
    within, spaced_within = _behind(encode, "，", text), _behind(encode, "a", f" {text}")
    has_spaces = text[:1].isalnum() and not _is_without_spaces(text[0])
    return [spaced, spaced_within, plain, within] if has_spaces else [plain, within, spaced]


def _encoder(tokenizer: "Tokenizer", reads: bool) -> Encoder:
    encode = tokenizer.encode if reads else getattr(tokenizer, "encode_target", tokenizer.encode)
    ends = (tokenizer.bos_id, tokenizer.eos_id)
    return lambda text: [token for token in encode(text) if token not in ends]


def _behind(encode: Encoder, before: str, text: str) -> list[int]:
    """The ids of a text behind another one; none where both melt into one another."""
    first, both = encode(before), encode(before + text)
    return both[len(first) :] if both[: len(first)] == first else []


def _is_token(tokenizer: "Tokenizer", ids: Sequence[int]) -> bool:
    return len(ids) == 1 and ids[0] != tokenizer.unk_id


def _is_without_spaces(character: str) -> bool:
    """Whether it is of a script that sets no spaces between words: Chinese, Japanese, Thai, …"""
    is_eastern = "\u2e80" <= character <= "\ua4cf" or "\uf900" <= character <= "\ufaff"
    return is_eastern or "\u0e00" <= character <= "\u0eff" or character >= "\U00020000"


def _id(text: str, bare: bool) -> int | None:
    """The id that “#17” names, or “17” where `bare`; None where it is no id."""
    digits = text if bare else text.removeprefix("#")
    if not bare and digits == text:
        return None
    digits = digits.removeprefix("#")
    known = digits.isascii() and digits.isdecimal() and len(digits) <= _LONGEST_ID
    return int(digits) if known else None


def _checked(token: int, vocab_size: int, flag: str) -> int:
    if token >= vocab_size:
        raise UsageError(
            f"{flag} names the id {token}, and the model's ids go from 0 to {vocab_size - 1:,}."
        )
    return token


def _several(text: str, ids: Sequence[int], tokenizer: "Tokenizer", flag: str) -> UsageError:
    shown = text if len(text) <= 40 else text[:39] + "…"
    if len(ids) < 2:
        return UsageError(f"“{shown}” is not in the vocabulary.", hint=f"Name one: {flag} cat")
    pieces = labels(tokenizer, ids)
    more = " …" if len(pieces) > _PIECES_SHOWN else ""
    return UsageError(
        f"“{shown}” is {len(ids)} tokens for this model: {' '.join(pieces[:_PIECES_SHOWN])}{more}",
        hint=f"{flag} takes one token: its text, or its id as {flag} '#{ids[0]}'.",
    )
