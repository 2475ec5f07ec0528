"""Tokens that must come now, or must not, as a checkpoint's generation settings say."""

from collections.abc import Sequence

import torch
from torch import Tensor

from tfcli.checkpoint.generation import GenerationDefaults

_NEVER = float("-inf")


def ruled(
    logits: Tensor, ids: Tensor, generation: GenerationDefaults, *, last: bool = False
) -> Tensor:
    """The logits [B, V], -inf for tokens that must not come now.

    Args:
        ids: what stands before [B, T].
        last: whether it is the last token that is asked for.
    """
    size, length = logits.shape[1], ids.shape[1]
    forced = generation.forced_first_id if length == 1 else None
    if last and generation.forced_last_id is not None:
        forced = generation.forced_last_id
    if forced is not None and forced < size:
        only = torch.full_like(logits, _NEVER)
        only[:, forced] = 0.0
        return only
    everywhere = set(generation.banned_ids)
    if length < generation.min_length:
        everywhere |= set(generation.eos_ids)
    repeats, words = generation.no_repeat_ngram, generation.banned_words
    if not (everywhere or repeats or words):
        return logits
    logits = logits.clone()
    logits[:, [i for i in everywhere if i < size]] = _NEVER
    if repeats or words:
        for row, before in zip(logits, ids.tolist(), strict=True):
            banned = _that_would_repeat(before, repeats) + _that_would_end(before, words)
            row[[i for i in banned if i < size]] = _NEVER
    return logits


def _that_would_repeat(before: Sequence[int], size: int) -> list[int]:
    """The tokens that would end a sequence of `size` tokens that stands there already."""
    if not size or len(before) + 1 < size:
        return []
    start = list(before[len(before) - size + 1 :])
    places = range(len(before) - size + 1)
    return [before[i + size - 1] for i in places if list(before[i : i + size - 1]) == start]


def _that_would_end(before: Sequence[int], words: Sequence[Sequence[int]]) -> list[int]:
    """The last tokens of words whose other tokens have just come."""
    return [word[-1] for word in words if tuple(before[1 - len(word) :]) == tuple(word[:-1])]
