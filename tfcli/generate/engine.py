"""The decoding loop: predict, append, go round again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from tfcli_tokenizer import Tokenizer
from torch import Tensor

from tfcli.generate.config import SamplingConfig
from tfcli.generate.sampling import choose
from tfcli.model.cache import KVCache
from tfcli.model.transformer import Transformer

Finish = Literal["eos", "stop", "length", "context"]


@torch.inference_mode()
def decode(
    model: Transformer,
    ids: Tensor,
    *,
    max_new_tokens: int,
    sampling: SamplingConfig,
    generator: torch.Generator,
    attention_mask: Tensor | None = None,
) -> Iterator[Tensor]:
    """Yield the next token of every row [B], again and again.

    The prompt is read in one pass, every later token in a pass of its own against the cache.
    It ends after `max_new_tokens`, or where the context is full.

    Args:
        ids: the prompts [B, T]; shorter ones padded on the left.
        attention_mask: 0 for padding [B, T]; None where nothing is padded.
    """
    T = ids.shape[1]
    steps = min(max_new_tokens, model.config.max_position_embeddings - T)
    if steps <= 0:
        return
    cache = KVCache.allocate(model.config, len(ids), T + steps, model.device, model.dtype)
    mask = attention_mask
    hidden = model.hidden(ids, mask, cache)[:, -1]  # [B, D]
    seen = ids
    for step in range(steps):
        chosen = choose(model.head(hidden), sampling, seen, generator)  # [B]
        yield chosen
        if step + 1 == steps:
            return
        seen = torch.cat((seen, chosen[:, None]), dim=1)
        if mask is not None:
            mask = torch.cat((mask, mask.new_ones(len(ids), 1)), dim=1)
        hidden = model.hidden(chosen[:, None], mask, cache)[:, -1]


@dataclass(frozen=True)
class Piece:
    """A portion of generated text, and the reason for the end in the last one.

    Attributes:
        token: the id behind it; None for the last portion.
        text: whole characters only; "" while a character or a stop string is unfinished.
    """

    token: int | None
    text: str
    finish: Finish | None = None


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
    """Continue one prompt [1, T], portion by portion.

    Text that could be the start of a stop string is held back until it is clear; the stop string
    itself is never given out. Without a tokenizer the portions have no text.
    """
    generator = torch.Generator().manual_seed(seed)
    stream = tokenizer.stream() if tokenizer is not None else None
    held = ""
    room = model.config.max_position_embeddings - ids.shape[1]
    finish: Finish = "context" if room < max_new_tokens else "length"
    tokens = decode(
        model, ids, max_new_tokens=max_new_tokens, sampling=sampling, generator=generator
    )
    for chosen in tokens:
        token = int(chosen[0])
        if token in eos_ids:
            finish = "eos"
            break
        held += stream.push(token) if stream is not None else ""
        at = _first(held, stop)
        if at is not None:
            yield Piece(token, held[:at])
            yield Piece(None, "", "stop")
            return
        clear = len(held) - _overlap(held, stop)
        yield Piece(token, held[:clear])
        held = held[clear:]
    yield Piece(None, held + (stream.flush() if stream is not None else ""), finish)


@torch.inference_mode()
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

    A row that has ended is filled up with the first of `eos_ids`; it stops when all have ended.
    """
    generator = torch.Generator().manual_seed(seed)
    ended = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
    ends = torch.tensor(list(eos_ids), device=ids.device)
    columns = [ids]
    for chosen in decode(
        model,
        ids,
        max_new_tokens=max_new_tokens,
        sampling=sampling,
        generator=generator,
        attention_mask=attention_mask,
    ):
        column = chosen.masked_fill(ended, eos_ids[0]) if eos_ids else chosen
        columns.append(column[:, None])
        ended |= torch.isin(column, ends)
        if bool(ended.all()):
            break
    return torch.cat(columns, dim=1)


def _first(text: str, stop: Sequence[str]) -> int | None:
    """Where the first stop string begins, or None."""
    found = [at for at in (text.find(s) for s in stop if s) if at >= 0]
    return min(found) if found else None


def _overlap(text: str, stop: Sequence[str]) -> int:
    """Length of the longest end of `text` that a stop string begins with."""
    longest = 0
    for s in stop:
        for n in range(min(len(s) - 1, len(text)), longest, -1):
            if text.endswith(s[:n]):
                longest = n
                break
    return longest
