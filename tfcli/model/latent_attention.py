"""Multi-head latent attention (DeepSeek-V2, 2024): the cache keeps one small latent a token."""

import math

import torch
from torch import Tensor, nn

from tfcli.model.attention import Mixing, traced
from tfcli.model.cache import LayerCache
from tfcli.model.config import ModelConfig
from tfcli.model.linear import Linear
from tfcli.model.norm import RMSNorm
from tfcli.model.position import Rotary, rotate
from tfcli.model.trace import AttentionTrace


class LatentAttention(nn.Module):
    """Keys and values of all heads are projections of one latent; queries may have one as well.

    A head's key is a part from the latent, beside a part that turns with the position and that
    all heads share. Decoding never makes the keys and values: q·(W_K c) = (W_Kᵀ q)·c, so the
    queries are brought to the latents, and what is mixed from latents goes through W_V.
    """

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        latent = config.latent
        assert latent is not None
        self.config, self.latent = config, latent
        d, heads, bias = config.hidden_size, config.num_heads, config.qkv_bias
        self.plain_dim = config.head_dim - latent.rope_dim  # the part of a key from the latent
        all_queries = heads * config.head_dim
        if latent.q_rank:
            self.q_down = Linear(d, latent.q_rank, bias=bias)
            self.q_norm = RMSNorm(latent.q_rank, latent.norm_eps)
            self.q_up = Linear(latent.q_rank, all_queries, bias=False)
        else:
            self.q = Linear(d, all_queries, bias=False)
        self.kv_down = Linear(d, latent.kv_rank + latent.rope_dim, bias=bias)
        self.kv_norm = RMSNorm(latent.kv_rank, latent.norm_eps)
        # one matrix: head by head, the key's part and then the value
        self.kv_up = Linear(latent.kv_rank, heads * (self.plain_dim + latent.value_dim), bias=False)
        self.o = Linear(heads * latent.value_dim, d, bias=config.output_bias)
        self.causal = config.causal
        rope = config.rope_of(layer)
        self.interleaved = rope.interleaved
        self.scale = (config.attention_scale or 1 / math.sqrt(config.head_dim)) * rope.score_factor

    def forward(
        self,
        x: Tensor,
        rotary: Rotary | None,
        mask: Tensor | None,
        cache: LayerCache | None = None,
        tracing: bool = False,
        memory: Tensor | None = None,
    ) -> tuple[Tensor, AttentionTrace | None]:
        """Attend from every position (arguments and results as in Attention.forward)."""
        assert memory is None, "a latent attention reads its own stream only"
        B, T, _ = x.shape
        q = self._queries(x, rotary)  # [B, H, T, Dh]
        latent, turned = self._latents(x, rotary)  # [B, 1, T, kv_rank], [B, 1, T, rope_dim]
        past = cache.length if cache is not None else 0
        if cache is not None:
            turned, latent = cache.append(turned, latent)
        mixing = Mixing(self.scale, self.causal)
        if past and not tracing:
            mixed = self._mix_latents(mixing, q, latent, turned, mask)
            return self.o(mixed.transpose(1, 2).reshape(B, T, -1)), None
        k, v = self._keys_and_values(latent, turned)
        mixed = mixing.mix(q, k, v, mask)  # [B, H, T, Dv]
        output = self.o(mixed.transpose(1, 2).reshape(B, T, -1))  # [B, T, D]
        if not tracing:
            return output, None
        return output, traced(mixing, q, k, v, mask, mixed, output)

    def _queries(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        q = self.q_up(self.q_norm(self.q_down(x))) if self.latent.q_rank else self.q(x)
        q = q.view(*x.shape[:2], self.config.num_heads, -1).transpose(1, 2)
        plain, turned = q.split((self.plain_dim, self.latent.rope_dim), dim=-1)
        if rotary is not None:
            turned = rotate(turned, *rotary, self.interleaved)
        return torch.cat((plain, turned), dim=-1)

    def _latents(self, x: Tensor, rotary: Rotary | None) -> tuple[Tensor, Tensor]:
        both = self.kv_down(x)[:, None]  # [B, 1, T, kv_rank + rope_dim]
        latent, turned = both.split((self.latent.kv_rank, self.latent.rope_dim), dim=-1)
        if rotary is not None:
            turned = rotate(turned, *rotary, self.interleaved)
        return self.kv_norm(latent), turned

    def _keys_and_values(self, latent: Tensor, turned: Tensor) -> tuple[Tensor, Tensor]:
        """Of every head: [B, H, S, Dh], [B, H, S, Dv]."""
        B, _, S, _ = latent.shape
        H = self.config.num_heads
        both = self.kv_up(latent[:, 0]).view(B, S, H, -1).transpose(1, 2)
        plain, v = both.split((self.plain_dim, self.latent.value_dim), dim=-1)
        k = torch.cat((plain, turned.expand(B, H, S, -1)), dim=-1)
        return k, v

    def _mix_latents(
        self, mixing: Mixing, q: Tensor, latent: Tensor, turned: Tensor, mask: Tensor | None
    ) -> Tensor:
        """`mix` without making keys and values: all heads ask the same latents [B, H, T, Dv]."""
        H, rank = self.config.num_heads, self.latent.kv_rank
        matrix = self.kv_up.weight.view(H, -1, rank)  # [H, plain + Dv, kv_rank]
        to_key, to_value = matrix.split((self.plain_dim, self.latent.value_dim), dim=1)
        plain, q_turned = q.split((self.plain_dim, self.latent.rope_dim), dim=-1)
        asked = torch.cat((plain @ to_key, q_turned), dim=-1)  # [B, H, T, kv_rank + rope_dim]
        keys = torch.cat((latent, turned), dim=-1)  # [B, 1, S, kv_rank + rope_dim]
        found = mixing.mix(asked, keys, latent, mask)  # [B, H, T, kv_rank]
        return found @ to_value.transpose(1, 2)
