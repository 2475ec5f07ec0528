"""Multi-head attention with shared key/value heads: ΔE = softmax(QKᵀ/√d_k)·V, per head."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.model.cache import LayerCache
from tfcli.model.config import ModelConfig
from tfcli.model.linear import Linear
from tfcli.model.norm import RMSNorm
from tfcli.model.position import rotate
from tfcli.model.trace import AttentionTrace

_SHORT = 512  # tokens: up to here all weights at once take less room than the logits


class Attention(nn.Module):
    """One attention module: four projections, an optional norm on q and k, a rotation, SDPA."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        d, dh = config.hidden_size, config.head_dim
        self.q = Linear(d, config.num_heads * dh, bias=config.qkv_bias)
        self.k = Linear(d, config.num_kv_heads * dh, bias=config.qkv_bias)
        self.v = Linear(d, config.num_kv_heads * dh, bias=config.qkv_bias)
        self.o = Linear(config.num_heads * dh, d, bias=config.output_bias)
        self.q_norm = RMSNorm(dh, config.norm_eps) if config.qk_norm else None
        self.k_norm = RMSNorm(dh, config.norm_eps) if config.qk_norm else None
        self.scale = 1.0 / math.sqrt(dh)

    def forward(
        self,
        x: Tensor,
        rotary: tuple[Tensor, Tensor] | None,
        mask: Tensor | None,
        cache: LayerCache | None = None,
        tracing: bool = False,
    ) -> tuple[Tensor, AttentionTrace | None]:
        """Attend from every position to itself and to those before it.

        Args:
            x: the normed residual stream [B, T, D].
            rotary: cos, sin of the positions, or None.
            mask: additive mask [B, 1, T, S], or None for plain causal attention.
            cache: keys and values of earlier positions; this call's are appended.
            tracing: also return q, k, v and the output.

        Returns:
            ΔE [B, T, D], and the trace where it was asked for.
        """
        config = self.config
        B, T, _ = x.shape
        q = self.q(x).view(B, T, config.num_heads, config.head_dim)
        k = self.k(x).view(B, T, config.num_kv_heads, config.head_dim)
        v = self.v(x).view(B, T, config.num_kv_heads, config.head_dim).transpose(1, 2)
        if self.q_norm is not None and self.k_norm is not None:
            q, k = self.q_norm(q), self.k_norm(k)
        q, k = q.transpose(1, 2), k.transpose(1, 2)  # [B, H, T, Dh], [B, Hkv, T, Dh]
        if rotary is not None:
            q = rotate(q, *rotary, config.rope.interleaved)
            k = rotate(k, *rotary, config.rope.interleaved)
        if cache is not None:
            k, v = cache.append(k, v)  # [B, Hkv, S, Dh]
        mixed = self._mix(q, k, v, mask)  # [B, H, T, Dh]
        output = self.o(mixed.transpose(1, 2).reshape(B, T, -1))  # [B, T, D]
        if not tracing:
            return output, None
        return output, AttentionTrace(
            q=q, shared_k=k, shared_v=v, mask=mask, scale=self.scale, mixed=mixed, output=output
        )

    def _mix(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        T, S = q.shape[2], k.shape[2]
        if mask is None and T == S and _trains_faster_written_out(q):
            return self._written_out(q, k, v)
        return F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=mask,
            # one query against a cache sees everything; is_causal would align it to the left
            is_causal=mask is None and T == S and T > 1,
            scale=self.scale,
            enable_gqa=self.config.kv_groups > 1,
        )

    def _written_out(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Causal softmax(QKᵀ/√d_k)·V as two batched products in bfloat16 [B, H, T, Dh]."""
        T, groups = q.shape[2], self.config.kv_groups
        with torch.autocast(q.device.type, enabled=False):
            q, k, v = ((q * self.scale).bfloat16(), k.bfloat16(), v.bfloat16())
            k, v = (x.repeat_interleave(groups, dim=1) if groups > 1 else x for x in (k, v))
            future = q.new_full((T, T), float("-inf")).triu(1)
            weights = torch.softmax(q @ k.transpose(-1, -2) + future, dim=-1)  # [B, H, T, T]
            return weights @ v

    def head_outputs(self, weights: Tensor, values: Tensor) -> Tensor:
        """What each source token's value, by each head, adds to the residual stream.

        The terms A_{hij} · v_{h,j} W_O^h of ΔE = Σ_h Σ_j A v W_O + b_O (Elhage et al. 2021).

        Args:
            weights: attention rows of one query [H, S].
            values: that batch item's values [H, S, Dh].

        Returns:
            [H, S, D].
        """
        H, _, dh = values.shape
        w_o = self.o.weight.view(-1, H, dh)  # [D, H, Dh]
        return torch.einsum("hs,hsd,ohd->hso", weights, values, w_o)


def _trains_faster_written_out(q: Tensor) -> bool:
    """Whether the plain products beat the fused kernel, which is slow backwards in bfloat16 on a
    CPU: 1.2 to 2.5 times from 512 down to 128 tokens (`python benchmarks/attention.py`)."""
    bfloat16 = torch.bfloat16 in (
        q.dtype,
        torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None,
    )
    return q.device.type == "cpu" and q.requires_grad and bfloat16 and q.shape[2] <= _SHORT
