"""The decoding loop: predict, append, go round again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from tfcli_tokenizer import Tokenizer
from torch import Tensor

from tfcli.errors import UsageError
from tfcli.generate.config import SamplingConfig
from tfcli.generate.sampling import choose
from tfcli.generate.text import TextStream
from tfcli.model.cache import KVCache
from tfcli.model.transformer import Transformer

Finish = Literal["eos", "stop", "length", "context"]
_SEEDS = 2**63


@dataclass(frozen=True)
class Piece:
    """A portion of generated text, and the reason for the end in the last one.

    Attributes:
        token: the id behind it; None for the last portion.
        text: whole characters only; "" while a character or a stop string is unfinished.
        finish: None until the end: "eos" (the model ended the text), "stop" (a stop string came),
            "length" (so many tokens were asked for) or "context" (the context is full).
        sample: which continuation it belongs to, from 0.
    """

    token: int | None
    text: str
    finish: Finish | None = None
    sample: int = 0


@torch.inference_mode()
def decode(
    model: Transformer,
    ids: Tensor,
    *,
    max_new_tokens: int,
    sampling: SamplingConfig,
    seeds: Sequence[int],
    attention_mask: Tensor | None = None,
) -> Iterator[Tensor]:
    """Yield the next token of every row [B], again and again.

    The prompt is read in one pass, every later token in a pass of its own against the cache.
    It ends after `max_new_tokens`, or where the context is full.

    Args:
        ids: the prompts [B, T], padded on either side; or one [1, T] that every seed continues.
        seeds: one a row. A row's tokens depend on its seed, not on its neighbours.
        attention_mask: 0 for padding [B, T]; None where nothing is padded.

    Raises:
        TfcliError: the model's logits are no numbers.
    """
    T = ids.shape[1]
    steps = min(max_new_tokens, model.config.max_position_embeddings - T)
    if steps <= 0:
        return
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    cache = KVCache.allocate(model.config, len(ids), T + steps, model.device, model.dtype)
    mask = attention_mask
    hidden = _at_last_token(model.hidden(ids, mask, cache), mask)  # [B, D]
    if len(ids) < len(seeds):
        cache, hidden = cache.for_rows(len(seeds)), hidden.repeat(len(seeds), 1)
        ids = ids.expand(len(seeds), -1)
    seen = _real_ids(ids, mask) if sampling.repetition_penalty is not None else None
    for step in range(steps):
        chosen = choose(model.head(hidden), sampling, seen, generators)  # [B]
        yield chosen
        if step + 1 == steps:
            return
        if seen is not None:
            seen = torch.cat((seen, chosen[:, None]), dim=1)
        if mask is not None:
            mask = torch.cat((mask, mask.new_ones(len(mask), 1)), dim=1)
        hidden = model.hidden(chosen[:, None], mask, cache)[:, -1]


def stream_samples(
    model: Transformer,
    tokenizer: Tokenizer | None,
    ids: Tensor,
    *,
    max_new_tokens: int,
    sampling: SamplingConfig,
    seeds: Sequence[int],
    eos_ids: Sequence[int] = (),
    stop: Sequence[str] = (),
) -> Iterator[Piece]:
    """Continue one prompt [1, T] once for each seed, all together, portion by portion.

    Text that could be the start of a stop string is held back until it is clear; the stop string
    itself is never given out. Without a tokenizer the portions have no text.

    Raises:
        UsageError: the prompt fills the context, or a seed cannot be used. At once.
    """
    _check(model, ids, max_new_tokens, seeds)
    tokens = decode(model, ids, max_new_tokens=max_new_tokens, sampling=sampling, seeds=seeds)
    room = model.config.max_position_embeddings - ids.shape[1]
    at_the_end: Finish = "context" if room < max_new_tokens else "length"
    texts = [TextStream(tokenizer, stop) for _ in seeds]
    return _pieces(tokens, texts, eos_ids, at_the_end)


def stream_text(
    model: Transformer,
    tokenizer: Tokenizer | None,
    ids: Tensor,
    *,
    max_new_tokens: int,
    sampling: SamplingConfig,
    seed: int,
    eos_ids: Sequence[int] = (),
    stop: Sequence[str] = (),
) -> Iterator[Piece]:
    """Continue one prompt [1, T] once: `stream_samples` with one seed."""
    return stream_samples(
        model,
        tokenizer,
        ids,
        max_new_tokens=max_new_tokens,
        sampling=sampling,
        seeds=[seed],
        eos_ids=eos_ids,
        stop=stop,
    )


def generate_ids(
    model: Transformer,
    ids: Tensor,
    *,
    max_new_tokens: int,
    sampling: SamplingConfig,
    seed: int,
    eos_ids: Sequence[int] = (),
    attention_mask: Tensor | None = None,
) -> Tensor:
    """Continue every row of a batch: [B, T] → [B, T + new].

    Row i draws with seed + i, as it would alone. A row that has ended is filled up with the first
    of `eos_ids`; it stops when all have ended.

    Raises:
        UsageError: the prompts fill the context, or a number cannot be used.
        TfcliError: the model's logits are no numbers.
    """
    seeds = range(seed, seed + len(ids))
    _check(model, ids, max_new_tokens, seeds)
    ended = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
    ends = torch.tensor(list(eos_ids), device=ids.device, dtype=torch.long)
    columns = [ids]
    for chosen in decode(
        model,
        ids,
        max_new_tokens=max_new_tokens,
        sampling=sampling,
        seeds=seeds,
        attention_mask=attention_mask,
    ):
        if not eos_ids:
            columns.append(chosen[:, None])
            continue
        column = chosen.masked_fill(ended, eos_ids[0])
        columns.append(column[:, None])
        ended |= torch.isin(column, ends)
        if bool(ended.all()):
            break
    return torch.cat(columns, dim=1)


def _pieces(
    tokens: Iterator[Tensor],
    texts: Sequence[TextStream],
    eos_ids: Sequence[int],
    at_the_end: Finish,
) -> Iterator[Piece]:
    """The portions of every sample that is not yet at its end, token by token."""
    going = list(range(len(texts)))
    for chosen in tokens:
        row = chosen.tolist()
        for sample in tuple(going):
            token, text = row[sample], texts[sample]
            if token in eos_ids:
                going.remove(sample)
                yield Piece(None, text.flush(), "eos", sample)
                continue
            yield Piece(token, text.push(token), sample=sample)
            if text.stopped:
                going.remove(sample)
                yield Piece(None, "", "stop", sample)
        if not going:
            return
    for sample in going:
        yield Piece(None, texts[sample].flush(), at_the_end, sample)


def _check(model: Transformer, ids: Tensor, max_new_tokens: int, seeds: Sequence[int]) -> None:
    longest, length = model.config.max_position_embeddings, ids.shape[1]
    if max_new_tokens > 0 and length >= longest:
        raise UsageError(
            f"The prompt fills the context: it has {length:,} tokens, and this model's context "
            f"is {longest:,} tokens, so there is no room to go on.",
            hint="Shorten the prompt, or use a model with a longer context.",
        )
    for seed in seeds:
        if not 0 <= seed < _SEEDS:
            raise UsageError(f"The seed is {seed}; it must be from 0 to {_SEEDS - 1}.")


def _at_last_token(hidden: Tensor, mask: Tensor | None) -> Tensor:
    """What stands at the last real token of every row: [B, T, D] → [B, D]."""
    if mask is None:
        return hidden[:, -1]
    order = torch.arange(1, mask.shape[1] + 1, device=mask.device)
    last = (mask * order).argmax(-1)
    return hidden[torch.arange(len(hidden), device=hidden.device), last]


def _real_ids(ids: Tensor, mask: Tensor | None) -> Tensor:
    """The ids with every padding replaced by a real token of its row."""
    if mask is None:
        return ids
    first = mask.argmax(-1, keepdim=True)
    return torch.where(mask.bool(), ids, ids.gather(1, first))
