"""The token that an explanation follows, as the user names it. Free of torch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfcli.errors import UsageError
from tfcli.explain.labels import SPACE, labels

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

_LONGEST_ID = 18  # digits; it keeps int() from the time and the limit of absurd strings
_PIECES_SHOWN = 8


def one_token(text: str, tokenizer: "Tokenizer | None", vocab_size: int, flag: str) -> int:
    """The id of the one token that writes a text.

    A word is tried with a space before it first, for inside a text its token holds that, and then
    as it is; anything else the other way round. A special token is named by its piece, any token
    by its id: “#17”, as the screen shows a token without text, or, where there is no tokenizer,
    “17”.

    Args:
        flag: the option that it was given to, for messages.

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
    plain, spaced = (_encoded(tokenizer, form) for form in (written, " " + written))
    for ids in (spaced, plain) if written[:1].isalnum() else (plain, spaced):
        if len(ids) == 1 and ids[0] != tokenizer.unk_id:
            return _checked(ids[0], vocab_size, flag)
    raise _several(text, plain, tokenizer, flag)


def _encoded(tokenizer: "Tokenizer", text: str) -> list[int]:
    encode = getattr(tokenizer, "encode_target", tokenizer.encode)
    ids: list[int] = encode(text)
    ends = (tokenizer.bos_id, tokenizer.eos_id)
    return [token for token in ids if token not in ends]


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
