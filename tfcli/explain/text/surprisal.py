"""A text as the model read it: how many bits each token was worth (Hale 2001; Shannon 1948)."""

from typing import TYPE_CHECKING

from torch import Tensor

from tfcli.explain.precision import logits_at
from tfcli.explain.result import Surprisal, Surprise, Token, Tokens
from tfcli.explain.text.labels import label
from tfcli.model.trace import Trace

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

_LISTED = 10
_POSITIONS_AT_ONCE = 64


def surprisal(trace: Trace, tokens: Tokens, tokenizer: "Tokenizer | None" = None) -> Surprisal:
    """The most surprising tokens of a causal model's text, and what was expected instead.

    Args:
        tokens: the same run's, with the surprisal -log2 p(token | before) of each.
    """
    known = [token for token in tokens.tokens if token.surprisal is not None]
    largest = sorted(known, key=lambda token: (-_bits(token), token.position))[:_LISTED]
    return Surprisal(
        predicted=len(known),
        bits=tokens.bits,
        bits_per_token=tokens.bits_per_token,
        bits_per_byte=tokens.bits_per_byte,
        expected=_expected(trace),
        largest=tuple(_surprise(trace, token, tokenizer) for token in largest),
    )


def _bits(token: Token) -> float:
    return token.surprisal or 0.0


def _surprise(trace: Trace, token: Token, tokenizer: "Tokenizer | None") -> Surprise:
    logits = logits_at(trace, token.position - 1)  # [V]
    best = int(logits.argmax())
    p: Tensor = logits.softmax(-1)
    return Surprise(
        position=token.position,
        id=token.id,
        label=token.label,
        surprisal=_bits(token),
        probability=float(p[token.id]),
        rank=1 + int((logits > logits[token.id]).sum()),
        expected_id=best,
        expected_label=label(tokenizer, best),
        expected_probability=float(p[best]),
    )


def _expected(trace: Trace) -> int:
    """How many tokens were the likeliest; a few positions' logits are held at a time."""
    targets = trace.ids[0, 1:]
    count = 0
    for start in range(0, len(targets), _POSITIONS_AT_ONCE):
        target = targets[start : start + _POSITIONS_AT_ONCE]
        best = trace.logits_at(slice(start, start + len(target)))[0].argmax(-1)
        count += int((best == target).sum())
    return count
