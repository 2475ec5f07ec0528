"""The prompt's tokens, and how surprised the model was by each."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tfcli.explain.precision import optional, working_dtype
from tfcli.explain.result import Token, Tokens
from tfcli.explain.text.labels import byte_length
from tfcli.model.trace import StackTrace, Trace

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

_POSITIONS_AT_ONCE = 64


def read_tokens(
    trace: Trace,
    tokenizer: "Tokenizer | None",
    labels: Sequence[str],
    window: tuple[int, int] | None,
) -> Tokens:
    """Every token of a causal model with its probability given those before, and its surprisal.

    Surprisal is -log2 p(token | before), in bits (Hale 2001). Summed and divided by the UTF-8
    bytes that these tokens write it gives bits per byte, which does not depend on how the text
    was cut into tokens. The first token has no context, so it counts for nothing.
    """
    ids: list[int] = trace.ids[0].tolist()
    log_probabilities = _log_probabilities(trace)
    tokens = [Token(0, ids[0], labels[0], None, None)]
    for position, nats in enumerate(log_probabilities.tolist(), start=1):
        tokens.append(
            Token(
                position=position,
                id=ids[position],
                label=labels[position],
                probability=optional(math.exp(nats)),
                surprisal=optional(-nats / math.log(2)),
            )
        )
    size = byte_length(tokenizer, ids[1:])
    bits = optional(-float(log_probabilities.sum()) / math.log(2)) if len(ids) > 1 else None
    return Tokens(
        tokens=tuple(tokens),
        window=window,
        bytes=size,
        bits=bits,
        bits_per_token=None if bits is None else bits / (len(ids) - 1),
        bits_per_byte=None if bits is None or not size else bits / size,
    )


def plain_tokens(
    trace: StackTrace, labels: Sequence[str], window: tuple[int, int] | None
) -> Tokens:
    """The tokens of an encoder: each one is seen while it is read, so none is a surprise."""
    ids: list[int] = trace.ids[0].tolist()
    tokens = tuple(Token(i, ids[i], labels[i], None, None) for i in range(len(ids)))
    return Tokens(tokens, window, None, None, None, None)


def _log_probabilities(trace: Trace) -> Tensor:
    """log p of each token but the first, in nats: [T - 1], in float64 for the sum."""
    targets = trace.ids[0, 1:]
    parts: list[Tensor] = []
    # a few positions at a time: logits of a long prompt are the largest tensor of all
    for start in range(0, len(targets), _POSITIONS_AT_ONCE):
        target = targets[start : start + _POSITIONS_AT_ONCE]
        logits = trace.logits_at(slice(start, start + len(target)))[0]
        wide = logits.to(working_dtype(logits.dtype))
        chosen = wide.gather(-1, target[:, None])[:, 0]
        parts.append((chosen - wide.logsumexp(-1)).cpu().double())
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.float64)
