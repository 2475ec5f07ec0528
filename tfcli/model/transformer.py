"""The decoder: tokens → embedding → blocks → norm → logits."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.model.block import Block
from tfcli.model.cache import KVCache
from tfcli.model.config import ModelConfig
from tfcli.model.linear import Linear
from tfcli.model.norm import build_norm
from tfcli.model.position import RotaryTable
from tfcli.model.trace import LayerTrace, Trace


class Transformer(nn.Module):
    """A decoder-only Transformer for next-token prediction."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embedding = (
            nn.Embedding(config.max_position_embeddings, config.hidden_size)
            if config.position == "learned"
            else None
        )
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_layers))
        self.final_norm = build_norm(config)
        self.head = Linear(config.hidden_size, config.vocab_size, bias=False)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight
        self._rotary_table = RotaryTable(config) if config.position == "rope" else None

    def forward(
        self, ids: Tensor, attention_mask: Tensor | None = None, cache: KVCache | None = None
    ) -> Tensor:
        """Logits of the next token at every position.

        Args:
            ids: token ids [B, T].
            attention_mask: 1 for real tokens and 0 for padding, over the cached and the new
                positions [B, S]; None where nothing is padded.
            cache: earlier positions; the new ones are appended.

        Returns:
            logits [B, T, V].
        """
        return self.head(self.hidden(ids, attention_mask, cache))

    def hidden(
        self, ids: Tensor, attention_mask: Tensor | None = None, cache: KVCache | None = None
    ) -> Tensor:
        """The residual stream after the final norm [B, T, D] (arguments as in forward)."""
        past = cache.length if cache is not None else 0
        positions, mask = self._positions_and_mask(ids, attention_mask, past)
        token, position = self._embed(ids, positions)
        x = token if position is None else token + position
        rotary = self._rotary(positions, x.dtype, past + ids.shape[1])
        for i, block in enumerate(self.blocks):
            x, _ = block(x, rotary, mask, cache.layers[i] if cache is not None else None)
        return self.final_norm(x)

    def trace(self, ids: Tensor, attention_mask: Tensor | None = None) -> Trace:
        """Run forward and keep what happened (arguments as in forward, without a cache)."""
        positions, mask = self._positions_and_mask(ids, attention_mask, 0)
        token, position = self._embed(ids, positions)
        x = token if position is None else token + position
        rotary = self._rotary(positions, x.dtype, ids.shape[1])
        layers: list[LayerTrace] = []
        for block in self.blocks:
            x, layer = block(x, rotary, mask, tracing=True)
            layers.append(layer)
        normed = self.final_norm(x)
        return Trace(
            ids=ids,
            attention_mask=attention_mask,
            token_embedding=token,
            position_embedding=position,
            layers=tuple(layers),
            final_norm_out=normed,
            logits=self.head(normed),
        )

    def loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats of `targets` [B, T] after `ids` [B, T]."""
        logits = self(ids)
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())

    def num_parameters(self) -> int:
        """How many numbers training can change; a tied matrix counts once."""
        return sum(p.numel() for p in self.parameters())

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.embedding.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The weights' element type."""
        return self.embedding.weight.dtype

    def _embed(self, ids: Tensor, positions: Tensor) -> tuple[Tensor, Tensor | None]:
        token = self.embedding(ids)
        if self.position_embedding is None:
            return token, None
        return token, self.position_embedding(positions).expand_as(token)

    def _rotary(
        self, positions: Tensor, dtype: torch.dtype, longest: int
    ) -> tuple[Tensor, Tensor] | None:
        if self._rotary_table is None:
            return None
        cos, sin = self._rotary_table.at(positions, dtype, longest)
        if positions.dim() == 2:  # one row of positions a sequence: broadcast over heads
            cos, sin = cos[:, None], sin[:, None]
        return cos, sin

    def _positions_and_mask(
        self, ids: Tensor, attention_mask: Tensor | None, past: int
    ) -> tuple[Tensor, Tensor | None]:
        """Positions of the new tokens ([T] or [B, T]), and the additive mask [B, 1, T, S] or None.

        Padding on the left shifts positions: they count real tokens only.
        """
        T = ids.shape[1]
        if attention_mask is None:
            positions = torch.arange(past, past + T, device=ids.device)
            if past == 0 or T == 1:
                return positions, None
            return positions, self._causal_mask(T, past)
        real = attention_mask.to(torch.long)
        positions = (real.cumsum(-1) - 1).clamp(min=0)[:, -T:]
        mask = self._causal_mask(T, past)
        # finfo.min, not -inf: a padded query row that sees nothing must not become NaN
        hidden = (real == 0)[:, None, None, :]
        return positions, mask.masked_fill(hidden, torch.finfo(mask.dtype).min)

    def _causal_mask(self, T: int, past: int) -> Tensor:
        lowest = torch.finfo(self.dtype).min
        mask = torch.full((T, past + T), lowest, device=self.device, dtype=self.dtype)
        return mask.triu(past + 1)[None, None]  # [1, 1, T, S]
