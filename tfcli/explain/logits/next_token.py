"""The next token: the table of candidates, and the loop that takes one and goes round again."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tfcli.checkpoint.generation import NO_DEFAULTS, GenerationDefaults
from tfcli.errors import UsageError
from tfcli.explain.precision import working_dtype
from tfcli.explain.result import Candidate, Loop, LoopStep, NextTokens
from tfcli.explain.text.labels import label, labels
from tfcli.generate.config import SamplingConfig
from tfcli.generate.engine import angles_change
from tfcli.generate.rules import ruled
from tfcli.generate.sampling import choose, filtered_logits
from tfcli.model.cache import KVCache
from tfcli.model.stack import Memory
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

_TEXT_KEPT = 16


def next_tokens(
    logits: Tensor,
    seen: Sequence[int],
    top_k: int,
    sampling: SamplingConfig,
    tokenizer: "Tokenizer | None",
    position: int | None = None,
) -> NextTokens:
    """The likeliest next tokens under the temperature and filters in force.

    Probabilities are softmax(logits / temperature) over what the filters leave: exactly the
    distribution that `tfcli generate` draws from. With temperature 0, where nothing is drawn, the
    table shows it at temperature 1.

    Args:
        logits: at the last of the tokens that were read [V].
        seen: these tokens.
        position: where the logits stand; None for behind the last of `seen`.

    Raises:
        UsageError: a repetition penalty so extreme that the logits become infinite.
    """
    wide, p, order = _ranked(logits, seen, sampling)
    require_finite(p, sampling)
    plain = wide.softmax(-1)
    first = order[:top_k]
    cumulative = p[first].cumsum(0).tolist()
    return NextTokens(
        position=len(seen) - 1 if position is None else position,
        settings=in_force(sampling),
        entropy=float(torch.special.entr(p).sum()) / math.log(2),
        kept=int((p > 0).sum()),
        candidates=tuple(
            Candidate(
                rank=rank,
                id=token,
                label=label(tokenizer, token),
                logit=float(wide[token]),
                probability=float(p[token]),
                cumulative=cumulative[rank - 1],
                plain_probability=float(plain[token]),
            )
            for rank, token in enumerate(first.tolist(), start=1)
        ),
    )


def require_finite(p: Tensor, sampling: SamplingConfig) -> None:
    """Refuse a repetition penalty so extreme that probabilities are no numbers (UsageError)."""
    if sampling.repetition_penalty is not None and bool(p.isnan().any()):
        raise UsageError(
            f"The repetition penalty {sampling.repetition_penalty:g} makes the logits infinite.",
            hint="It divides them: 1 changes nothing, 1.2 is a common value.",
        )


def _ranked(
    logits: Tensor, seen: Sequence[int], sampling: SamplingConfig
) -> tuple[Tensor, Tensor, Tensor]:
    """Logits and probabilities [V] in the dtype of measures, and the ids in order [V].

    What the filters took away stands behind the rest, in its own order.
    """
    wide = logits.to(working_dtype(logits.dtype))
    before = torch.tensor([list(seen)], device=logits.device)
    p = filtered_logits(wide[None], sampling, before)[0].softmax(-1)
    by_logit = torch.sort(wide, descending=True, stable=True).indices
    return wide, p, by_logit[torch.sort(p[by_logit], descending=True, stable=True).indices]


def joined(turns: Sequence[Loop]) -> Loop:
    """The whole loop, of its turns one by one."""
    return dataclasses.replace(turns[-1], steps=tuple(s for loop in turns for s in loop.steps))


@torch.inference_mode()
def loop_by_step(
    model: Transformer,
    ids: Sequence[int],
    *,
    steps: int,
    top_k: int,
    sampling: SamplingConfig,
    seed: int,
    tokenizer: "Tokenizer | None",
    eos_ids: Sequence[int] = (),
    source: Tensor | None = None,
    generation: GenerationDefaults = NO_DEFAULTS,
) -> Iterator[Loop]:
    """The tokens of `tfcli generate`, turn by turn, each computed when it is asked for.

    The loop ends early where the context is full, or with one of `eos_ids`.

    Args:
        source: the encoder's output [1, S, D], in a decoder beside one.
        generation: tokens that must come first, or never.

    Yields:
        the loop with the newest turn alone; with none where the context is full at once.
    """
    memory = None if source is None else Memory(source)
    if sampling.repetition_penalty is None:
        penalty = generation.repetition_penalty
        sampling = dataclasses.replace(sampling, repetition_penalty=penalty)
    turns = min(steps, model.config.context - len(ids))
    generator = torch.Generator().manual_seed(seed)
    empty = Loop(
        choice="the likeliest is taken" if sampling.greedy else "one is drawn",
        seed=None if sampling.greedy else seed,
        steps=(),
        ended="the context is full" if turns < steps else None,
    )
    if not turns:
        yield empty

    def new_cache() -> KVCache:
        return KVCache.allocate(model.config, 1, len(ids) + turns, model.device, model.dtype)

    cache = new_cache()
    seen, unread = list(ids), list(ids)
    for turn in range(turns):
        batch = torch.tensor([unread], device=model.device)
        hidden = model.hidden(batch, cache=cache, memory=memory)[:, -1]
        before = torch.tensor([seen], device=model.device)
        logits = ruled(model.logits(hidden), before, generation)  # [1, V]
        chosen = int(choose(logits, sampling, before, generator))
        table = next_tokens(logits[0], seen, top_k, sampling, tokenizer)
        _, p, order = _ranked(logits[0], seen, sampling)
        step = LoopStep(
            step=turn + 1,
            position=len(seen) - 1,
            text=tuple(labels(tokenizer, seen)[-_TEXT_KEPT:]),
            table=table,
            chosen_id=chosen,
            chosen_label=label(tokenizer, chosen),
            chosen_rank=1 + int((order == chosen).nonzero()[0]),
            chosen_probability=float(p[chosen]),
        )
        ended = empty.ended if turn == turns - 1 else None
        if chosen in eos_ids:
            ended = "the model ended the text"
        yield dataclasses.replace(empty, steps=(step,), ended=ended)
        if chosen in eos_ids:
            return
        seen, unread = [*seen, chosen], [chosen]
        if angles_change(model, cache.length):
            cache, unread = new_cache(), seen


def in_force(sampling: SamplingConfig) -> dict[str, float]:
    """The temperature and the filters that are set, by name."""
    return {k: v for k, v in dataclasses.asdict(sampling).items() if v is not None}
