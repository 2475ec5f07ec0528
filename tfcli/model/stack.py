"""A stack: embedding → blocks → norm. A decoder is one, an encoder is one."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tfcli.model.block import Block, Surroundings
from tfcli.model.cache import KVCache, LayerCache
from tfcli.model.config import ModelConfig
from tfcli.model.norm import build_norm
from tfcli.model.position import RelativeBias, Rotary, RotaryTable, sinusoids
from tfcli.model.trace import LayerTrace, StackTrace


@dataclass(frozen=True, eq=False)
class Memory:
    """What the encoder gives the decoder: its output [B, S, D], and its mask [B, S] or None."""

    vectors: Tensor
    attention_mask: Tensor | None = None

    def for_rows(self, rows: int) -> "Memory":
        """The one row of this memory, for each of `rows` rows."""
        mask = self.attention_mask
        return Memory(
            self.vectors.expand(rows, -1, -1), None if mask is None else mask.expand(rows, -1)
        )


class Stack(nn.Module):
    """Embedding, blocks and final norm of one configuration."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        size = config.hidden_size
        self.embedding = nn.Embedding(config.vocab_size, size)
        rows = config.max_position_embeddings + config.position_offset
        self.position_embedding = nn.Embedding(rows, size) if config.position == "learned" else None
        self.type_embedding = nn.Embedding(config.token_types, size) if config.token_types else None
        self.embedding_norm = build_norm(config) if config.embedding_norm else None
        relative = config.position == "relative"
        self.relative_bias = RelativeBias(config) if relative else None
        self.blocks = nn.ModuleList(Block(config, i) for i in range(config.num_layers))
        self.final_norm = build_norm(config) if config.final_norm else None
        ropes = {config.rope_of(i) for i in range(config.num_layers)}
        rotary = config.position == "rope"
        self._rotary_tables = {r: RotaryTable(config, r) for r in ropes} if rotary else {}

    def hidden(
        self,
        ids: Tensor,
        attention_mask: Tensor | None = None,
        cache: KVCache | None = None,
        token_type_ids: Tensor | None = None,
        memory: Memory | None = None,
    ) -> Tensor:
        """The residual stream after the final norm [B, T, D].

        Args:
            ids: token ids [B, T].
            attention_mask: 1 for real tokens and 0 for padding, over the cached and the new
                positions [B, S]; None where nothing is padded.
            cache: earlier positions; the new ones are appended.
            token_type_ids: the segment of each token [B, T]; None for 0.
            memory: the encoder's output, in a decoder beside one.
        """
        past = cache.length if cache is not None else 0
        positions = self._positions(ids, attention_mask, past)
        parts = self._embed(ids, positions, token_type_ids)
        x = _joined(parts, self.embedding_norm)
        around = self._surroundings(ids, attention_mask, positions, past, memory, x.dtype)
        for i, block in enumerate(self.blocks):
            x, _ = block(x, around(i), _layer(cache, i))
        return x if self.final_norm is None else self.final_norm(x)

    def stack_trace(
        self,
        ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        memory: Memory | None = None,
    ) -> StackTrace:
        """Run as `hidden`, without a cache, and keep what happened."""
        positions = self._positions(ids, attention_mask, 0)
        token, position, kind = self._embed(ids, positions, token_type_ids)
        x = _joined((token, position, kind), self.embedding_norm)
        around = self._surroundings(ids, attention_mask, positions, 0, memory, x.dtype)
        layers: list[LayerTrace] = []
        for i, block in enumerate(self.blocks):
            x, layer = block(x, around(i), tracing=True)
            layers.append(layer)
        return StackTrace(
            ids=ids,
            attention_mask=attention_mask,
            token_embedding=token,
            position_embedding=position,
            type_embedding=kind,
            layers=tuple(layers),
            final_norm_out=x if self.final_norm is None else self.final_norm(x),
        )

    def surroundings(
        self,
        ids: Tensor,
        attention_mask: Tensor | None = None,
        memory: Memory | None = None,
    ) -> Callable[[int], Surroundings]:
        """What each block of a run without a cache needs besides the stream, by its number."""
        positions = self._positions(ids, attention_mask, 0)
        return self._surroundings(ids, attention_mask, positions, 0, memory, self.dtype)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.embedding.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The weights' element type."""
        return self.embedding.weight.dtype

    def _embed(
        self, ids: Tensor, positions: Tensor, token_type_ids: Tensor | None
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """What token, position and segment add at the start: [B, T, D] each, or None."""
        config = self.config
        token = self.embedding(ids)
        if config.embedding_scale != 1:
            # rounded to the model's format first, as those who trained such models did
            token = token * torch.tensor(config.embedding_scale, dtype=token.dtype)
        position = kind = None
        if self.position_embedding is not None:
            position = self.position_embedding(positions + config.position_offset).expand_as(token)
        elif config.position == "sinusoidal":
            position = sinusoids(positions, config.hidden_size, token.dtype).expand_as(token)
        if self.type_embedding is not None:
            types = torch.zeros_like(ids) if token_type_ids is None else token_type_ids
            kind = self.type_embedding(types)
        return token, position, kind

    def _positions(self, ids: Tensor, attention_mask: Tensor | None, past: int) -> Tensor:
        """Positions of the new tokens: [T], or [B, T] where rows differ.

        In a decoder by itself, padding on the left shifts positions: they count real tokens only.
        Encoders were trained with padding on the right, and count everything.
        """
        T = ids.shape[1]
        if attention_mask is None or self.config.architecture != "decoder":
            return torch.arange(past, past + T, device=ids.device)
        return (attention_mask.long().cumsum(-1) - 1).clamp(min=0)[:, -T:]

    def _surroundings(
        self,
        ids: Tensor,
        attention_mask: Tensor | None,
        positions: Tensor,
        past: int,
        memory: Memory | None,
        dtype: torch.dtype,
    ) -> Callable[[int], Surroundings]:
        """What each block needs to know, by its number; made once where blocks share it."""
        T, config = ids.shape[1], self.config
        masks = {
            window: self._mask(T, past, attention_mask, config.window if window else 0)
            for window in {config.has_window(i) for i in range(config.num_layers)}
        }
        if self.relative_bias is not None:
            keys = torch.arange(past + T, device=ids.device)
            bias = self.relative_bias(keys[past:], keys)  # [1, H, T, S]
            if config.causal and T > 1 and masks[False] is None:
                masks = {False: self._causal_mask(T, past)}
            masks = {window: _sum(bias, mask) for window, mask in masks.items()}
        tables: dict[object, Rotary] = {
            rope: _by_head(table.at(positions, dtype, past + T))
            for rope, table in self._rotary_tables.items()
        }
        memory_mask = None if memory is None else self._hidden_keys(memory.attention_mask)

        def around(layer: int) -> Surroundings:
            return Surroundings(
                rotary=tables[config.rope_of(layer)] if tables else None,
                mask=masks[config.has_window(layer)],
                memory=None if memory is None else memory.vectors,
                memory_mask=memory_mask,
            )

        return around

    def _mask(self, T: int, past: int, attention_mask: Tensor | None, window: int) -> Tensor | None:
        """What is added to the scores of T new queries [B or 1, 1, T or 1, S]; None for nothing."""
        padding = self._hidden_keys(attention_mask)
        if not self.config.causal:
            return padding
        if window and past + T > window:
            behind = self._left_behind(T, past, attention_mask, window)
            return _least(torch.minimum(self._causal_mask(T, past), behind), padding)
        if padding is None and (past == 0 or T == 1):
            return None
        return _least(self._causal_mask(T, past), padding)

    def _hidden_keys(self, attention_mask: Tensor | None) -> Tensor | None:
        """The lowest number where a key is padding: [B, S] → [B, 1, 1, S]."""
        if attention_mask is None:
            return None
        # finfo.min, not -inf: a padded query row that sees nothing must not become NaN
        mask = torch.zeros(attention_mask.shape, dtype=self.dtype, device=attention_mask.device)
        mask.masked_fill_(attention_mask == 0, torch.finfo(self.dtype).min)
        return mask[:, None, None]

    def _left_behind(self, T: int, past: int, attention_mask: Tensor | None, window: int) -> Tensor:
        """The lowest number where a key stands before the query's window [B or 1, 1, T, S].

        A window is of real tokens, wherever padding stands.
        """
        if attention_mask is None:
            keys = torch.arange(past + T, device=self.device)[None]
        else:
            keys = attention_mask.long().cumsum(-1) - 1  # [B, S]
        behind = keys[:, None] <= keys[:, past:, None] - window  # [B or 1, T, S]
        mask = torch.zeros(behind.shape, dtype=self.dtype, device=self.device)
        return mask.masked_fill_(behind, torch.finfo(self.dtype).min)[:, None]

    def _causal_mask(self, T: int, past: int) -> Tensor:
        lowest = torch.finfo(self.dtype).min
        mask = torch.full((T, past + T), lowest, device=self.device, dtype=self.dtype)
        return mask.triu(past + 1)[None, None]  # [1, 1, T, S]


def _joined(parts: tuple[Tensor, Tensor | None, Tensor | None], norm: nn.Module | None) -> Tensor:
    """The embeddings' sum, as the first block reads it."""
    token, position, kind = parts
    x = token if kind is None else token + kind
    x = x if position is None else x + position
    return x if norm is None else norm(x)


def _layer(cache: KVCache | None, layer: int) -> LayerCache | None:
    return None if cache is None else cache.layers[layer]


def _by_head(rotary: Rotary) -> Rotary:
    """One row of positions a sequence is broadcast over the heads."""
    cos, sin = rotary
    return (cos, sin) if cos.dim() == 2 else (cos[:, None], sin[:, None])


def _least(a: Tensor, b: Tensor | None) -> Tensor:
    """What either mask hides; their sum would be -inf where both do."""
    return a if b is None else torch.minimum(a, b)


def _sum(bias: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return bias
    # the lowest number stays itself: with a negative bias it would become -inf
    return torch.where(mask == torch.finfo(mask.dtype).min, mask, bias)
