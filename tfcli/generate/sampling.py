"""From logits to a token: penalty, temperature and filters as pure functions, then a draw."""

from collections.abc import Sequence

import torch
from torch import Tensor

from tfcli.errors import TfcliError
from tfcli.generate.config import SamplingConfig

_NEVER = float("-inf")
# The likeliest tokens among which top-p first looks for its set: sorting a whole vocabulary for
# every token costs more than the small models that we decode.
_NUCLEUS_GUESS = 256
_COLDEST = 1e-30  # below, float32 knows no temperature but 0


def filtered_logits(logits: Tensor, config: SamplingConfig, seen: Tensor | None = None) -> Tensor:
    """The logits under the temperature and filters in force; excluded tokens are -inf.

    The order is that of transformers: penalty, temperature, top-k, top-p, min-p. Their softmax is
    the distribution that is drawn from; they may be shifted by a constant.

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
    if not config.greedy and config.temperature != 1:
        # the largest becomes 0, so that no temperature, however small, makes it infinite
        temperature = max(config.temperature, _COLDEST)
        logits = (logits - logits.amax(-1, keepdim=True)) / temperature
    if config.top_k is not None:
        logits = keep_top_k(logits, config.top_k)
    if config.top_p is not None and config.top_p < 1:
        logits = keep_top_p(logits, config.top_p)
    if config.min_p is not None:
        logits = keep_min_p(logits, config.min_p)
    return logits


def penalise(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Divide the logits of seen tokens by `penalty` (Keskar et al. 2019).

    Negative ones are multiplied instead, so that a penalty above 1 never makes a token likelier.
    """
    found = logits.gather(1, seen)
    return logits.scatter(1, seen, torch.where(found < 0, found * penalty, found / penalty))


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """Exclude all that is less likely than the k-th; those that equal it stay."""
    smallest = logits.topk(min(k, logits.shape[-1])).values[:, -1:]
    return logits.masked_fill(logits < smallest, _NEVER)


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """Keep the smallest set of likeliest tokens that holds probability p; at least one.

    Equals keep each other company: all tokens as likely as the last of the set stay in it.
    """
    total = logits.logsumexp(-1, keepdim=True)
    size = logits.shape[-1]
    for count in (min(_NUCLEUS_GUESS, size), size):
        ordered = logits.topk(count).values  # [B, count], descending
        held = (ordered - total).exp().cumsum(-1)
        if count == size or bool((held[:, -1] >= p).all()):
            break
    # the token that carries the sum to p is the last one in
    last = (held < p).sum(-1, keepdim=True).clamp(max=count - 1)
    return logits.masked_fill(logits < ordered.gather(1, last), _NEVER)


def keep_min_p(logits: Tensor, p: float) -> Tensor:
    """Exclude tokens with less than p times the likeliest one's probability."""
    probabilities = logits.softmax(-1)
    least = p * probabilities.amax(-1, keepdim=True)
    return logits.masked_fill(probabilities < least, _NEVER)


def choose(
    logits: Tensor,
    config: SamplingConfig,
    seen: Tensor | None,
    generators: torch.Generator | Sequence[torch.Generator],
) -> Tensor:
    """The next token of every row [B].

    Each row takes one number of its own generator and looks up where it falls in the cumulative
    distribution. So a row's draws do not depend on which rows stand beside it, and a seed means
    the same on every device.

    Args:
        logits: [B, V].
        seen: as in `filtered_logits`.
        generators: CPU generators, one a row; one alone serves a single row.

    Raises:
        TfcliError: the logits are no numbers.
    """
    scores = filtered_logits(logits, config, seen)
    best, likeliest = scores.max(-1)  # a NaN anywhere in a row becomes its maximum
    if not bool(torch.isfinite(best).all()):
        raise TfcliError(
            "The model's logits are not numbers (NaN or infinity), so no token can be chosen.",
            hint="Its weights are damaged, or too large for this number format: "
            "try --dtype float32, or train again.",
        )
    if config.greedy:
        return likeliest
    rows = [generators] if isinstance(generators, torch.Generator) else generators
    drawn = torch.stack([torch.rand(1, generator=g, dtype=torch.float64) for g in rows])  # [B, 1]
    cumulative = scores.softmax(-1).cpu().double().cumsum(-1)  # [B, V]
    # right=True steps over tokens of probability 0; a draw is below 1, so the sum ends above it
    chosen = torch.searchsorted(cumulative, drawn * cumulative[:, -1:], right=True)[:, 0]
    return chosen.clamp(max=logits.shape[-1] - 1).to(logits.device)
