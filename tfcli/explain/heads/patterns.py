"""Heads by what they look for: the same token before, and what stood behind it."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tfcli.explain.applies import NotForThisModelError
from tfcli.explain.heads.ledger import key_norms
from tfcli.explain.heads.sites import Site
from tfcli.explain.precision import upcast, working_dtype
from tfcli.explain.result import RepeatedTokens
from tfcli.model.config import ModelConfig
from tfcli.model.trace import AttentionTrace, Trace
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

LONGEST_REPEAT = 50


def duplicate(found: Sequence[Site], ids: Sequence[int]) -> Tensor:
    """Weight on the last earlier place of the same token, A[i, prev(i)]: [L, H].

    The duplicate-token heads of Wang et al. 2022; NaN where the token does not stand before.

    Args:
        found: the modules, a layer each, of a stack that reads `ids`.
    """
    return _weights(found, ids, 0)


def prefix(found: Sequence[Site], ids: Sequence[int]) -> Tensor:
    """Weight on what stood behind the last earlier place of the token, A[i, prev(i) + 1]: [L, H].

    The prefix matching of Olsson et al. 2022 in a text as it is: an induction head that knows only
    the words of its corpus shows here, and not on random tokens. NaN as for `duplicate`.
    """
    return _weights(found, ids, 1)


def _weights(found: Sequence[Site], ids: Sequence[int], behind: int) -> Tensor:
    query = found[0].query
    before = [j for j in range(query) if ids[j] == ids[query]]
    if not before:
        return torch.full((len(found), found[0].ran.q.shape[1]), math.nan, dtype=torch.float64)
    rows = [site.trace.rows(queries=[query])[0, :, 0, before[-1] + behind] for site in found]
    return torch.stack(rows).double().cpu()


def norm_entropy(found: Sequence[Site]) -> tuple[Tensor, Tensor]:
    """-Σ p log₂ p with p = ‖A·v·W_O‖ / Σ ‖A·v·W_O‖, in bits: [L, H], and the largest there is.

    From how many tokens a head draws: a weight on a token that gives nothing (a sink) counts for
    nothing (Kobayashi et al. 2020 on such weights). The largest is that of equal parts: [L, 1].
    """
    entropies: list[Tensor] = []
    for site in found:
        norms = key_norms(site)  # [H, s]
        shares = norms / norms.sum(-1, keepdim=True)
        entropies.append(torch.special.entr(shares).sum(-1) / math.log(2))
    largest = torch.tensor([len(site.keys) for site in found], dtype=torch.float64).log2()
    return torch.stack(entropies).double().cpu(), largest[:, None]


def induction(
    model: Transformer, tokenizer: "Tokenizer | None", seed: int
) -> tuple[Tensor, RepeatedTokens]:
    """Mean weight on the token behind the last earlier place of the same one: [L, H].

    A[i, prev(i) + 1], averaged over the second copy of random tokens that are given twice (Olsson
    et al. 2022, “In-context Learning and Induction Heads”). A text's own words do not matter, so
    this is a property of the model. In a copy no token stands twice.

    Raises:
        NotForThisModelError: the model does not go through one text from left to right, or it can
            read too little.
    """
    if model.config.architecture != "decoder" or not model.config.causal:
        raise NotForThisModelError(
            "induction is of decoders by themselves, which read a text from left to right"
        )
    start, once = _random_tokens(model, tokenizer, seed)
    ids = torch.tensor([[*start, *once, *once]], device=model.device)
    with torch.inference_mode():
        trace = model.trace(ids)
        means = [_induction(layer.attention, len(once)) for layer in trace.layers]
    first, second = _surprisals(trace, len(once))
    facts = RepeatedTokens(len(once), len(start), seed, first, second)
    return torch.stack(means).double().cpu(), facts


def _induction(ran: AttentionTrace, length: int) -> Tensor:
    """Of one layer: [H]."""
    asking = range(ran.q.shape[2] - length, ran.q.shape[2])
    rows = upcast(ran).rows(queries=asking)[0]  # [H, n, S]
    answers = [[i - length + 1] for i in asking]
    index = torch.tensor(answers, device=rows.device).expand(rows.shape[0], -1, 1)
    return rows.gather(-1, index).mean((-2, -1))


def _surprisals(trace: Trace, length: int) -> tuple[float | None, float | None]:
    """-log₂ p of a token, on average, in the first copy and in the second, in bits.

    The first token of a copy is left out: nothing can tell it.
    """
    if trace.logits is None:
        return None, None
    logits, ids = trace.logits[0], trace.ids[0]
    end = ids.shape[0]

    def mean(first: int) -> float:
        asked = logits[first : first + length - 1].to(working_dtype(logits.dtype))
        targets = ids[first + 1 : first + length]
        nats = asked.logsumexp(-1) - asked.gather(-1, targets[:, None])[:, 0]
        return float(nats.mean()) / math.log(2)

    return mean(end - 2 * length), mean(end - length)


def _random_tokens(
    model: Transformer, tokenizer: "Tokenizer | None", seed: int
) -> tuple[list[int], list[int]]:
    """What a text of this model begins with, and random tokens that stand for no role."""
    size, start = model.config.vocab_size, []
    special: set[int] = set()
    if tokenizer is not None:
        size = min(size, tokenizer.vocab_size)
        special = set(tokenizer.special_tokens.values())
        begun = tokenizer.encode("", add_special_tokens=True)
        start = begun[:1] if begun and begun[0] == tokenizer.bos_id else []
    known = [token for token in range(size) if token not in special]
    length = min(_longest_repeat(model.config, len(start)), len(known))
    if length < 2:
        raise NotForThisModelError("the model can read too little for a text that repeats")
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randperm(len(known), generator=generator)[:length]
    return start, [known[i] for i in drawn.tolist()]


def _longest_repeat(config: ModelConfig, start: int) -> int:
    """As long as the positions, and the shortest window, allow."""
    windowed = any(config.has_window(layer) for layer in range(config.num_layers))
    room = (config.max_position_embeddings - start) // 2
    return min(LONGEST_REPEAT, room, config.window if windowed else room)
