"""The decoding loop: predict, append, go round again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from tfcli_tokenizer import Tokenizer
from torch import Tensor

from tfcli.checkpoint.generation import NO_DEFAULTS, GenerationDefaults
from tfcli.errors import UsageError
from tfcli.generate.config import SamplingConfig
from tfcli.generate.rules import ruled
from tfcli.generate.sampling import choose
from tfcli.generate.text import TextStream
from tfcli.model.cache import KVCache
from tfcli.model.stack import Memory
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


@dataclass(frozen=True, eq=False)
class Start:
    """What a continuation starts from.

    Attributes:
        ids: what the decoder has read [B, T].
        attention_mask: 0 for padding [B, T]; None where nothing is padded.
        memory: the encoder's output, in an encoder-decoder.
    """

    ids: Tensor
    attention_mask: Tensor | None = None
    memory: Memory | None = None


@torch.inference_mode()
def begin(
    model: Transformer,
    ids: Tensor,
    attention_mask: Tensor | None = None,
    generation: GenerationDefaults = NO_DEFAULTS,
) -> Start:
    """Where a continuation of prompts [B, T] starts: there, or in a decoder that is still empty."""
    if model.encoder is None:
        return Start(ids, attention_mask)
    first = generation.decoder_start_id or 0
    return Start(ids.new_full((len(ids), 1), first), None, model.encode(ids, attention_mask))


@torch.inference_mode()
def decode(
    model: Transformer,
    start: Start,
    *,
    max_new_tokens: int,
    sampling: SamplingConfig,
    seeds: Sequence[int],
    generation: GenerationDefaults = NO_DEFAULTS,
) -> Iterator[Tensor]:
    """Yield the next token of every row [B], again and again.

    The prompt is read in one pass, every later token in a pass of its own against the cache.
    It ends after `max_new_tokens`, or where the context is full.

    Args:
        start: the prompts, padded on either side; or one that every seed continues.
        seeds: one a row. A row's tokens depend on its seed, not on its neighbours.
        generation: tokens that must come, or must not.

    Raises:
        TfcliError: the model's logits are no numbers.
    """
    ids, mask, memory = start.ids, start.attention_mask, start.memory
    T = ids.shape[1]
    steps = min(max_new_tokens, model.config.context - T)
    if steps <= 0:
        return
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    if sampling.repetition_penalty is None:
        sampling = replace(sampling, repetition_penalty=generation.repetition_penalty)

    def read(ids: Tensor) -> tuple[KVCache, Tensor]:
        new = KVCache.allocate(model.config, len(ids), T + steps, model.device, model.dtype)
        return new, _at_last_token(model.hidden(ids, mask, new, memory=memory), mask)  # [B, D]

    cache, hidden = read(ids)
    if len(ids) < len(seeds):
        cache, hidden = cache.for_rows(len(seeds)), hidden.repeat(len(seeds), 1)
        ids = ids.expand(len(seeds), -1)
        memory = None if memory is None else memory.for_rows(len(seeds))
    for step in range(steps):
        last = step + 1 == max_new_tokens
        logits = ruled(model.logits(hidden), ids, generation, last=last)
        seen = _real_ids(ids, mask) if sampling.repetition_penalty is not None else None
        chosen = choose(logits, sampling, seen, generators)  # [B]
        yield chosen
        if step + 1 == steps:
            return
        ids = torch.cat((ids, chosen[:, None]), dim=1)
        if mask is not None:
            mask = torch.cat((mask, mask.new_ones(len(mask), 1)), dim=1)
        if angles_change(model, cache.length):
            cache, hidden = read(ids)
        else:
            hidden = model.hidden(chosen[:, None], mask, cache, memory=memory)[:, -1]


def angles_change(model: Transformer, length: int) -> bool:
    """Whether the text now grows beyond what the short factors of LongRoPE are for: then every
    token has to be read again, for the cached keys were turned by other angles."""
    rope = model.config.rope
    return rope.scaling == "longrope" and length == rope.original


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
    generation: GenerationDefaults = NO_DEFAULTS,
) -> Iterator[Piece]:
    """Continue one prompt [1, T] once for each seed, all together, portion by portion.

    Text that could be the start of a stop string is held back until it is clear; the stop string
    itself is never given out. Without a tokenizer the portions have no text.

    Raises:
        UsageError: the prompt fills the context, or a seed cannot be used. At once.
    """
    _check(model, ids, max_new_tokens, seeds)
    start = begin(model, ids, None, generation)
    tokens = decode(
        model,
        start,
        max_new_tokens=max_new_tokens,
        sampling=sampling,
        seeds=seeds,
        generation=generation,
    )
    room = model.config.context - start.ids.shape[1]
    at_the_end: Finish = "context" if room < max_new_tokens else "length"
    # what a decoder beside an encoder writes is a text of its own
    before: list[int] = [] if model.encoder is not None else ids[0].tolist()
    texts = [TextStream(tokenizer, stop, before) for _ in seeds]
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
    generation: GenerationDefaults = NO_DEFAULTS,
) -> Tensor:
    """Continue every row of a batch: [B, T] → [B, T + new].

    In an encoder-decoder the rows go to the encoder, and what the decoder read and wrote returns.

    Row i draws with seed + i, as it would alone. A row that has ended is filled up with the id for
    padding, else the first of `eos_ids`; it stops when all have ended.

    Raises:
        UsageError: the prompts fill the context, or a number cannot be used.
        TfcliError: the model's logits are no numbers.
    """
    seeds = range(seed, seed + len(ids))
    _check(model, ids, max_new_tokens, seeds)
    ended = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
    ends = torch.tensor(list(eos_ids), device=ids.device, dtype=torch.long)
    start = begin(model, ids, attention_mask, generation)
    columns = [start.ids]
    filler = generation.pad_id if generation.pad_id is not None else next(iter(eos_ids), 0)
    for chosen in decode(
        model,
        start,
        max_new_tokens=max_new_tokens,
        sampling=sampling,
        seeds=seeds,
        generation=generation,
    ):
        if not eos_ids:
            columns.append(chosen[:, None])
            continue
        column = chosen.masked_fill(ended, filler)
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
    if not model.config.causal:
        raise UsageError(
            "This model is an encoder: it cannot go on from a text, it fills in what is masked.",
            hint="A text with the tokenizer's mask token in it, such as [MASK], will do.",
        )
    longest, length = model.config.context, ids.shape[1]
    if max_new_tokens > 0 and length >= longest and model.encoder is None:
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
