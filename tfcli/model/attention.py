"""Multi-head attention with shared key/value heads: ΔE = softmax(QKᵀ/√d_k)·V, per head."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.model.cache import LayerCache
from tfcli.model.config import ModelConfig
from tfcli.model.linear import Linear
from tfcli.model.norm import RMSNorm
from tfcli.model.position import Rotary, rotate
from tfcli.model.trace import AttentionTrace

_SHORT = 512  # tokens: up to here all weights at once take less room than the logits


@dataclass(frozen=True, eq=False)
class Mixing:
    """How queries meet keys: everything of the softmax that is no tensor of the tokens.

    Attributes as in AttentionTrace.
    """

    scale: float
    causal: bool = True
    softcap: float | None = None
    sinks: Tensor | None = None

    def mix(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        """Σ_j A_ij v_j per head: [B, H, T, Dh], [B, Hkv, S, Dh], [B, Hkv, S, Dv] → [B, H, T, Dv].

        Args:
            mask: added to the scores [B or 1, H or 1, T, S]; None for plain causal or full
                attention.
        """
        T, S = q.shape[2], k.shape[2]
        if self.softcap is not None:
            return self._capped(q, k, v, mask)
        if self.sinks is not None:
            k, v, mask = self._with_sink(q, k, v, mask)
        elif mask is None and self.causal and T == S and _trains_faster_written_out(q):
            return self._written_out(q, k, v)
        return F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=mask,
            # one query against a cache sees everything; is_causal would align it to the left
            is_causal=mask is None and self.causal and T == S and T > 1,
            scale=self.scale,
            enable_gqa=q.shape[1] != k.shape[1],
        )

    def _with_sink(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """A further key and value of zeros, whose score is the sink's: the fused kernel then
        computes the softmax over both and adds nothing for it."""
        assert self.sinks is not None
        B, H, T, _ = q.shape
        S = k.shape[2]
        k = F.pad(k, (0, 0, 0, 1))
        v = F.pad(v, (0, 0, 0, 1))
        if mask is None:
            mask = _future(T, S, q) if self.causal and T > 1 else q.new_zeros(1, 1, T, S)
        mask = mask.expand(B, H, T, S)
        column = self.sinks.to(q.dtype)[None, :, None, None].expand(B, H, T, 1)
        return k, v, torch.cat((mask, column), dim=-1)

    def _capped(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        """Written out, for no fused kernel caps scores."""
        assert self.softcap is not None
        groups = q.shape[1] // k.shape[1]
        if groups > 1:
            k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
        scores = q @ k.transpose(-1, -2) * self.scale  # [B, H, T, S]
        scores = self.softcap * torch.tanh(scores / self.softcap)
        if mask is None and self.causal and q.shape[2] > 1:
            mask = _future(q.shape[2], k.shape[2], q)
        if mask is not None:
            scores = scores + mask
        wide = scores if scores.dtype == torch.float64 else scores.float()
        return torch.softmax(wide, dim=-1).to(v.dtype) @ v

    def _written_out(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Causal softmax(QKᵀ/√d_k)·V as two batched products in bfloat16 [B, H, T, Dh]."""
        T, groups = q.shape[2], q.shape[1] // k.shape[1]
        with torch.autocast(q.device.type, enabled=False):
            q, k, v = ((q * self.scale).bfloat16(), k.bfloat16(), v.bfloat16())
            k, v = (x.repeat_interleave(groups, dim=1) if groups > 1 else x for x in (k, v))
            future = q.new_full((T, T), float("-inf")).triu(1)
            weights = torch.softmax(q @ k.transpose(-1, -2) + future, dim=-1)  # [B, H, T, T]
            return weights @ v


class Attention(nn.Module):
    """One attention module: four projections, an optional norm on q and k, a rotation, SDPA.

    With a `memory` it is cross-attention: keys and values come from there.
    """

    def __init__(self, config: ModelConfig, layer: int, cross: bool = False) -> None:
        super().__init__()
        self.config = config
        d, dh = config.hidden_size, config.head_dim
        self.q = Linear(d, config.num_heads * dh, bias=config.qkv_bias)
        self.k = Linear(d, config.num_kv_heads * dh, bias=config.qkv_bias)
        self.v = Linear(d, config.num_kv_heads * dh, bias=config.qkv_bias)
        self.o = Linear(config.num_heads * dh, d, bias=config.output_bias)
        self.q_norm = self._qk_norm(config.num_heads)
        self.k_norm = self._qk_norm(config.num_kv_heads)
        self.sinks = nn.Parameter(torch.zeros(config.num_heads)) if config.attention_sinks else None
        self.causal = config.causal and not cross
        self.interleaved = config.rope_of(layer).interleaved
        scale = config.attention_scale or 1.0 / math.sqrt(dh)
        self.scale = scale / (layer + 1) if config.scale_by_layer else scale

    def forward(
        self,
        x: Tensor,
        rotary: Rotary | None,
        mask: Tensor | None,
        cache: LayerCache | None = None,
        tracing: bool = False,
        memory: Tensor | None = None,
    ) -> tuple[Tensor, AttentionTrace | None]:
        """Attend from every position to those that it may see.

        Args:
            x: what the queries are made from [B, T, D].
            rotary: cos, sin of the positions, or None.
            mask: added to the scores [B or 1, H or 1, T, S]; None for plain attention.
            cache: keys and values of earlier positions; this call's are appended.
            tracing: also return q, k, v and the output.
            memory: the encoder's output [B, S, D], for cross-attention.

        Returns:
            the output [B, T, D], and the trace where it was asked for.
        """
        B, T, _ = x.shape
        q = self.q(x).view(B, T, self.config.num_heads, -1)
        if self.q_norm is not None:
            q = self._normed(self.q_norm, q)
        q = q.transpose(1, 2)  # [B, H, T, Dh]
        if memory is None:
            k, v = self._keys_and_values(x)
            if rotary is not None:
                q = rotate(q, *rotary, self.interleaved)
                k = rotate(k, *rotary, self.interleaved)
            if cache is not None:
                k, v = cache.append(k, v)  # [B, Hkv, S, Dh]
        elif cache is None:
            k, v = self._keys_and_values(memory)
        else:
            if cache.crossed is None:
                cache.crossed = self._keys_and_values(memory)
            k, v = cache.crossed
        mixing = Mixing(self.scale, self.causal, self.config.attention_softcap, self.sinks)
        mixed = mixing.mix(q, k, v, mask)  # [B, H, T, Dh]
        output = self.o(mixed.transpose(1, 2).reshape(B, T, -1))  # [B, T, D]
        if not tracing:
            return output, None
        return output, traced(mixing, q, k, v, mask, mixed, output)

    def _keys_and_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Keys, before the rotation, and values of [B, S, D]: [B, Hkv, S, Dh] each."""
        B, S, _ = x.shape
        k = self.k(x).view(B, S, self.config.num_kv_heads, -1)
        v = self.v(x).view(B, S, self.config.num_kv_heads, -1)
        if self.k_norm is not None:
            k = self._normed(self.k_norm, k)
        return k.transpose(1, 2), v.transpose(1, 2)

    def _qk_norm(self, heads: int) -> RMSNorm | None:
        config = self.config
        if config.qk_norm == "none":
            return None
        size = config.head_dim if config.qk_norm == "head" else heads * config.head_dim
        return RMSNorm(size, config.norm_eps, config.norm_plus_one)

    def _normed(self, norm: RMSNorm, x: Tensor) -> Tensor:
        """Queries or keys [B, T, heads, Dh], each head by itself or all of them as one vector."""
        if self.config.qk_norm == "head":
            return norm(x)
        return norm(x.flatten(-2)).view(x.shape)


def traced(
    mixing: Mixing,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    mixed: Tensor,
    output: Tensor,
) -> AttentionTrace:
    """The trace of a module that mixed these tensors (shapes as in AttentionTrace)."""
    return AttentionTrace(
        q=q,
        shared_k=k,
        shared_v=v,
        mask=mask,
        causal=mixing.causal,
        scale=mixing.scale,
        softcap=mixing.softcap,
        sinks=None if mixing.sinks is None else mixing.sinks.detach(),
        mixed=mixed,
        output=output,
    )


def _future(T: int, S: int, like: Tensor) -> Tensor:
    """The additive mask of T queries at the end of S keys [1, 1, T, S]."""
    lowest = torch.finfo(like.dtype).min
    mask = torch.full((T, S), lowest, device=like.device, dtype=like.dtype)
    return mask.triu(S - T + 1)[None, None]


def _trains_faster_written_out(q: Tensor) -> bool:
    """Whether the plain products beat the fused kernel, which is slow backwards in bfloat16 on a
    CPU: 1.2 to 2.5 times from 512 down to 128 tokens (`python benchmarks/attention.py`)."""
    bfloat16 = torch.bfloat16 in (
        q.dtype,
        torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None,
    )
    return q.device.type == "cpu" and q.requires_grad and bfloat16 and q.shape[2] <= _SHORT
