"""From logits to a token: penalty, temperature and filters as pure functions, then a draw."""

import torch
from torch import Tensor

from tfcli.generate.config import SamplingConfig

_NEVER = float("-inf")


def filtered_logits(logits: Tensor, config: SamplingConfig, seen: Tensor | None = None) -> Tensor:
    """The logits under the temperature and filters in force; excluded tokens are -inf.

    The order is that of transformers: penalty, temperature, top-k, top-p, min-p.

    Args:
        logits: [B, V].
        config: with temperature 0, the temperature is left out (the order stays the same).
        seen: ids that stand before this token [B, T], for the repetition penalty.

    Returns:
        [B, V] float32 (float64 for float64 input).
    """
    logits = logits if logits.dtype == torch.float64 else logits.float()
    if config.repetition_penalty is not None and seen is not None:
        logits = penalise(logits, seen, config.repetition_penalty)
    if not config.greedy:
        logits = logits / config.temperature
    if config.top_k is not None:
        logits = keep_top_k(logits, config.top_k)
    if config.top_p is not None:
        logits = keep_top_p(logits, config.top_p)
    if config.min_p is not None:
        logits = keep_min_p(logits, config.min_p)
    return logits


def penalise(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Divide positive logits of seen tokens, multiply negative ones (Keskar et al. 2019)."""
    found = logits.gather(1, seen)
    return logits.scatter(1, seen, torch.where(found < 0, found * penalty, found / penalty))


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """Exclude all that is less likely than the k-th."""
    smallest = logits.topk(min(k, logits.shape[-1])).values[:, -1:]
    return logits.masked_fill(logits < smallest, _NEVER)


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """Keep the smallest set of likeliest tokens that holds probability p; at least one."""
    ordered, indices = logits.sort(stable=True)  # ascending
    excluded = ordered.softmax(-1).cumsum(-1) <= 1 - p
    excluded[:, -1] = False
    return logits.masked_fill(torch.zeros_like(excluded).scatter(1, indices, excluded), _NEVER)


def keep_min_p(logits: Tensor, p: float) -> Tensor:
    """Exclude tokens with less than p times the likeliest one's probability."""
    probabilities = logits.softmax(-1)
    least = p * probabilities.amax(-1, keepdim=True)
    return logits.masked_fill(probabilities < least, _NEVER)


def choose(
    logits: Tensor, config: SamplingConfig, seen: Tensor, generator: torch.Generator
) -> Tensor:
    """The next token of every row [B].

    The draw happens on the CPU, so that a seed means the same on every device.
    """
    scores = filtered_logits(logits, config, seen)
    if config.greedy:
        return scores.argmax(-1)
    probabilities = scores.softmax(-1).cpu()
    return torch.multinomial(probabilities, 1, generator=generator)[:, 0].to(logits.device)
