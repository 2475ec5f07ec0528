"""`Trace`: what happened inside one forward pass, typed.

A trace is asked for explicitly, so it costs nothing when absent. It keeps the residual stream
and q, k, v: O(T·D) a layer. Attention weights, O(H·T²), are recomputed from q and k for the rows
that are asked for, by the written-out formula, and so check the fused kernel that ran.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class AttentionTrace:
    """One attention module, as it ran.

    Attributes:
        q: queries [B, H, T, Dh], after the q-norm and the rotation, as they meet the keys.
        shared_k: keys [B, Hkv, T, Dh], likewise; one serves H / Hkv query heads.
        shared_v: values [B, Hkv, T, Dh].
        mask: additive mask [B, 1, T, T], or None for plain causal attention.
        scale: what q·k is multiplied with, 1/√Dh.
        mixed: Σ_j A_ij v_j per head [B, H, T, Dh], from the kernel that ran.
        output: ΔE [B, T, D], what the module added to the residual stream.
    """

    q: Tensor
    shared_k: Tensor
    shared_v: Tensor
    mask: Tensor | None
    scale: float
    mixed: Tensor
    output: Tensor

    @property
    def k(self) -> Tensor:
        """Keys as each query head sees them [B, H, T, Dh]."""
        return self._for_query_heads(self.shared_k)

    @property
    def v(self) -> Tensor:
        """Values as each query head sees them [B, H, T, Dh]."""
        return self._for_query_heads(self.shared_v)

    @property
    def weights(self) -> Tensor:
        """All attention weights [B, H, T, T], computed now. Rows are queries."""
        return self.rows()

    def rows(
        self, heads: Sequence[int] | None = None, queries: Sequence[int] | None = None
    ) -> Tensor:
        """Attention weights of some heads and queries: softmax(QKᵀ·scale + mask) [B, h, q, T]."""
        return torch.softmax(self.scores(heads, queries), dim=-1)

    def scores(
        self, heads: Sequence[int] | None = None, queries: Sequence[int] | None = None
    ) -> Tensor:
        """Masked scores QKᵀ·scale of some heads and queries [B, h, q, T]; masked cells are -inf
        (or the mask's large negative number where a padded row has nothing to attend to)."""
        H, T = self.q.shape[1:3]
        head_ids = list(range(H)) if heads is None else [h % H for h in heads]
        query_ids = list(range(T)) if queries is None else [i % T for i in queries]
        groups = H // self.shared_k.shape[1]
        q = self.q[:, head_ids][:, :, query_ids]
        k = self.shared_k[:, [h // groups for h in head_ids]]
        scores = q @ k.transpose(-1, -2) * self.scale
        if self.mask is not None:
            return scores + self.mask[:, :, query_ids]
        positions = torch.arange(T, device=q.device)
        future = positions[None, :] > positions[query_ids][:, None]  # [q, T]
        return scores.masked_fill(future, float("-inf"))

    def _for_query_heads(self, shared: Tensor) -> Tensor:
        return shared.repeat_interleave(self.q.shape[1] // shared.shape[1], dim=1)


@dataclass(frozen=True, eq=False)
class FeedForwardTrace:
    """One feed-forward module, as it ran.

    Attributes:
        inner: what the neurons fired, before the down projection [B, T, I].
        output: what the module added to the residual stream [B, T, D].
    """

    inner: Tensor
    output: Tensor


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """One block: the residual stream before, between and after its two modules [B, T, D]."""

    residual_in: Tensor
    attention: AttentionTrace
    residual_mid: Tensor
    feed_forward: FeedForwardTrace
    residual_out: Tensor


@dataclass(frozen=True, eq=False)
class Trace:
    """One forward pass.

    Attributes:
        ids: the input [B, T].
        attention_mask: 1 for real tokens, 0 for padding [B, T], or None.
        token_embedding: the embedding table's rows [B, T, D].
        position_embedding: what a learned position added [B, T, D], or None.
        layers: one LayerTrace a block; layers[0].residual_in is the embedding sum.
        final_norm_out: the last residual stream after the final norm [B, T, D].
        logits: [B, T, V].
    """

    ids: Tensor
    attention_mask: Tensor | None
    token_embedding: Tensor
    position_embedding: Tensor | None
    layers: tuple[LayerTrace, ...]
    final_norm_out: Tensor
    logits: Tensor
