"""`Trace`: what happened inside one forward pass, typed.

A trace is asked for explicitly, so it costs nothing when absent. It keeps the residual stream
and q, k, v: O(T·D) a layer. Attention weights, O(H·T²), are recomputed from q and k for the rows
that are asked for, by the written-out formula, and so check the fused kernel that ran.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class AttentionTrace:
    """One attention module, as it ran. T queries ask S keys; S = T but in cross-attention.

    Attributes:
        q: queries [B, H, T, Dh], after the q-norm and the rotation, as they meet the keys.
        shared_k: keys [B, Hkv, S, Dh], likewise; one serves H / Hkv query heads.
        shared_v: values [B, Hkv, S, Dv].
        mask: what is added to the scores [B or 1, H or 1, T or 1, S]: 0 or a very negative number,
            and a bias for the distance in models that have one. None where nothing is added.
        causal: queries do not see later keys (where `mask` is None; else the mask says it).
        scale: what q·k is multiplied with, mostly 1/√Dh.
        softcap: scores become c·tanh(scores / c) before the mask; None for no cap.
        sinks: a score for each head that takes part in the softmax and gives nothing [H], or None.
        mixed: Σ_j A_ij v_j per head [B, H, T, Dv], from the kernel that ran.
        output: what the module gave [B, T, D]. It is ΔE, unless a norm stands before the sum.
    """

    q: Tensor
    shared_k: Tensor
    shared_v: Tensor
    mask: Tensor | None
    causal: bool
    scale: float
    softcap: float | None
    sinks: Tensor | None
    mixed: Tensor
    output: Tensor

    @property
    def k(self) -> Tensor:
        """Keys as each query head sees them [B, H, S, Dh]."""
        return self._for_query_heads(self.shared_k)

    @property
    def v(self) -> Tensor:
        """Values as each query head sees them [B, H, S, Dv]."""
        return self._for_query_heads(self.shared_v)

    @property
    def weights(self) -> Tensor:
        """All attention weights [B, H, T, S], computed now. Rows are queries.

        A row sums to 1, or to less by what a learned sink takes.
        """
        return self.rows()

    def rows(
        self, heads: Sequence[int] | None = None, queries: Sequence[int] | None = None
    ) -> Tensor:
        """Attention weights of some heads and queries: softmax(QKᵀ·scale + mask) [B, h, q, S]."""
        scores = self.scores(heads, queries)
        if self.sinks is None:
            return torch.softmax(scores, dim=-1)
        sinks = self.sinks if heads is None else self.sinks[list(heads)]
        column = sinks.to(scores.dtype)[None, :, None, None].expand(*scores.shape[:-1], 1)
        return torch.softmax(torch.cat((scores, column), dim=-1), dim=-1)[..., :-1]

    def scores(
        self, heads: Sequence[int] | None = None, queries: Sequence[int] | None = None
    ) -> Tensor:
        """Scores of some heads and queries, scaled, capped and masked [B, h, q, S].

        Masked cells are -inf, or the mask's large negative number.
        """
        H, T = self.q.shape[1:3]
        query_ids = list(range(T)) if queries is None else [i % T for i in queries]
        q, k = self.q[:, :, query_ids], self.shared_k  # the few queries first: q is O(T·D)
        head_ids = slice(None) if heads is None else [h % H for h in heads]
        if heads is not None:
            groups = H // k.shape[1]
            q, k = q[:, head_ids], k[:, [h % H // groups for h in heads]]
        else:
            k = self.k
        scores = (q @ k.transpose(-1, -2)).mul_(self.scale)
        if self.softcap is not None:
            scores = self.softcap * torch.tanh(scores / self.softcap)
        if self.mask is not None:
            # the few queries first: a mask for each head is the largest tensor of all
            mask = self.mask if self.mask.shape[2] == 1 else self.mask[:, :, query_ids]
            return scores + (mask if mask.shape[1] == 1 else mask[:, head_ids])
        if not self.causal:
            return scores
        positions = torch.arange(k.shape[2], device=q.device)
        asking = torch.tensor(query_ids, device=q.device)[:, None]
        return scores.masked_fill_(positions > asking, float("-inf"))

    def sink_weights(self, queries: Sequence[int]) -> Tensor | None:
        """What the learned sinks take of each row [B, H, q]; None where there are none."""
        if self.sinks is None:
            return None
        scores = self.scores(queries=queries)
        sinks = self.sinks.to(scores.dtype)[None, :, None]
        return torch.exp(sinks - torch.logaddexp(scores.logsumexp(-1), sinks))

    def seen_by(self, query: int) -> Tensor:
        """Which keys a query may look at, in the first row of the batch: booleans [S]."""
        keys = self.shared_k.shape[2]
        if self.mask is not None:
            row = self.mask[0, 0, query if self.mask.shape[2] > 1 else 0]
            return row > torch.finfo(self.mask.dtype).min / 2
        positions = torch.arange(keys, device=self.q.device)
        return positions <= query if self.causal else positions >= 0

    def _for_query_heads(self, shared: Tensor) -> Tensor:
        return shared.repeat_interleave(self.q.shape[1] // shared.shape[1], dim=1)


@dataclass(frozen=True, eq=False)
class RouterTrace:
    """Where the router sent each token.

    Attributes:
        logits: [B, T, E].
        weights: what each expert's result is multiplied with [B, T, E]; 0 where it was not asked.
        chosen: the experts that were asked [B, T, k].
    """

    logits: Tensor
    weights: Tensor
    chosen: Tensor


@dataclass(frozen=True, eq=False)
class FeedForwardTrace:
    """One feed-forward module, as it ran.

    Attributes:
        inner: what the neurons fired, before the down projection [B, T, I]; None where there are
            several experts, of which each token asks others.
        output: what the module gave [B, T, D]. It is what is added to the residual stream, unless
            a norm stands before the sum.
        router: where there are experts; else None.
    """

    inner: Tensor | None
    output: Tensor
    router: RouterTrace | None = None


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """One block, as it ran. All vectors [B, T, D].

    Attributes:
        residual_in, residual_out: the residual stream before and after the block.
        residual_mid: between attention and feed-forward; in a parallel block, where both read
            residual_in, with the attention's part added.
        attention_delta, cross_attention_delta, feed_forward_delta: what each module added, which
            is its output, or that after a norm on the branch. In a model that norms the sum,
            residual_mid is the norm of residual_in + attention_delta, and so on.
        cross_attention: the decoder's attention to the encoder's output, or None.
        residual_cross: the residual stream between the two attentions, or None.
    """

    residual_in: Tensor
    attention: AttentionTrace
    attention_delta: Tensor
    residual_mid: Tensor
    feed_forward: FeedForwardTrace
    feed_forward_delta: Tensor
    residual_out: Tensor
    cross_attention: AttentionTrace | None = None
    cross_attention_delta: Tensor | None = None
    residual_cross: Tensor | None = None


@dataclass(frozen=True, eq=False)
class StackTrace:
    """One side of a model: embedding, blocks, final norm.

    Attributes:
        ids: the input [B, T].
        attention_mask: 1 for real tokens, 0 for padding [B, T], or None.
        token_embedding: the embedding table's rows, scaled where the model does so [B, T, D].
        position_embedding: what a position's vector added [B, T, D], or None.
        type_embedding: what a segment's vector added [B, T, D], or None.
        layers: one LayerTrace a block; layers[0].residual_in is the embedding sum, after a norm
            where the model has one there.
        final_norm_out: the last residual stream after the final norm [B, T, D].
    """

    ids: Tensor
    attention_mask: Tensor | None
    token_embedding: Tensor
    position_embedding: Tensor | None
    type_embedding: Tensor | None
    layers: tuple[LayerTrace, ...]
    final_norm_out: Tensor


@dataclass(frozen=True, eq=False)
class Trace(StackTrace):
    """One forward pass: a StackTrace, with what comes out.

    In an encoder-decoder this is the decoder's side.

    Attributes:
        head_in: what the output matrix read [B, T, D].
        head: head_in → logits; None for a model without an output matrix.
        encoder: the encoder's side, or None.
    """

    head_in: Tensor
    head: Callable[[Tensor], Tensor] | None
    encoder: StackTrace | None = None

    @cached_property
    def logits(self) -> Tensor | None:
        """Of every position [B, T, V]; None for a model without an output matrix.

        Computed when they are first read, for with a large vocabulary they take more memory than
        all the rest: `logits_at` gives those of a few positions.
        """
        return None if self.head is None else self.logits_at(slice(None))

    def logits_at(self, positions: slice) -> Tensor:
        """The logits of some positions [B, t, V], of a model that has an output matrix."""
        assert self.head is not None, "the model has no output matrix"
        # the trace of a run without gradients is read without them, wherever that happens
        with torch.inference_mode(self.head_in.is_inference()):
            return self.head(self.head_in[:, positions])

    @property
    def encoder_layers(self) -> tuple[LayerTrace, ...]:
        """The encoder's blocks; empty where there is no encoder."""
        return self.encoder.layers if self.encoder is not None else ()
