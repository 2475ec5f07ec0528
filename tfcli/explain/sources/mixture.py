"""How one attention module mixes the tokens: who gives whom which vector.

y_i = x_i + Σ_j c_ij + bias with c_ij = Σ_h A_hij · v_hj W_O^h, the part of token j in token i
(Kobayashi et al. 2020, “Attention is Not Only a Weight”). A norm on the module's output or on the
sum is linear once its σ is held at that of the whole (Kobayashi et al. 2021), so behind it the
parts still add up to y_i.

The parts of all pairs are T²·D numbers: `rows` tells which of them are made, and how few at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from tfcli.explain.heads.attention import output_of_heads
from tfcli.explain.heads.sites import AnyAttention
from tfcli.explain.logits.flow import FrozenNorm, frozen
from tfcli.explain.precision import upcast, working_dtype
from tfcli.model.block import Block
from tfcli.model.norm import Norm
from tfcli.model.trace import AttentionTrace, LayerTrace


@dataclass(frozen=True, eq=False)
class Mixture:
    """One attention module, and what ran in it. Tensors are in the dtype of measures.

    Attributes:
        branch, post: the norm on what the module gives, and that on the sum.
        stream, added, summed: the residual stream before, what was added to it, and the stream
            behind the sum and its norm: [1, T, D] each.
        tokens: how many ask, from the first on: n. In a causal model those up to the position
            that is followed, for the others give it nothing.
        keys: how many give: the same, or all that an encoder read: m.
        crossed: which of both.
    """

    module: AnyAttention
    ran: AttentionTrace
    branch: Norm | None
    post: Norm | None
    stream: Tensor
    added: Tensor
    summed: Tensor
    tokens: int
    keys: int
    crossed: bool = False

    @classmethod
    def of(cls, block: Block, ran: LayerTrace, tokens: int) -> "Mixture":
        """A block's attention among its own tokens."""
        return cls(
            block.attention,
            ran.attention,
            block.attention_branch_norm,
            block.attention_post_norm,
            ran.residual_in,
            ran.attention_delta,
            ran.residual_mid if ran.residual_cross is None else ran.residual_cross,
            tokens,
            tokens,
        )

    @classmethod
    def across(cls, block: Block, ran: LayerTrace, tokens: int) -> "Mixture | None":
        """A block's attention to what an encoder gave; None where it has none."""
        crossed, stream, added = ran.cross_attention, ran.residual_cross, ran.cross_attention_delta
        if block.cross_attention is None or crossed is None or stream is None or added is None:
            return None
        return cls(
            block.cross_attention,
            crossed,
            block.cross_branch_norm,
            block.cross_post_norm,
            stream,
            added,
            ran.residual_mid,
            tokens,
            crossed.shared_k.shape[2],
            crossed=True,
        )

    @property
    def columns(self) -> int:
        """Where parts come from: all keys, and behind them, where these are others, the tokens."""
        return self.keys + self.crossed * self.tokens

    def own(self, rows: list[int]) -> list[int]:
        """Which column is each row's own."""
        return [self.keys + row for row in rows] if self.crossed else rows

    @cached_property
    def attention(self) -> AttentionTrace:
        """The attention module's trace."""
        return upcast(self.ran)

    @cached_property
    def before(self) -> Tensor:
        """The residual stream that the module's output is added to: x [n, D]."""
        return self._of(self.stream)

    @cached_property
    def output(self) -> Tensor:
        """What the module gave, its bias included [n, D]."""
        return self._of(self.ran.output)

    @cached_property
    def after(self) -> Tensor:
        """The residual stream behind it, and behind a norm on the sum: y [n, D]."""
        return self._of(self.summed)

    @cached_property
    def kept(self) -> Tensor:
        """What of y a token has of itself by the residual connection [n, D]."""
        return self._norms[1].forward(self.before)

    @cached_property
    def values(self) -> Tensor:
        """v of every key [H, m, Dv]."""
        return self.attention.v[0, :, : self.keys]

    @cached_property
    def w_o(self) -> Tensor:
        """W_O by head [H, Dv, D]."""
        return output_of_heads(self.module, self.values.dtype)

    def of_head(self, head: int, keys: slice = slice(None)) -> Tensor:
        """f_hj = v_hj W_O^h of some keys, as behind the norms with σ = 1: [k, D]."""
        return self._through(self.values[head, keys] @ self.w_o[head])

    def sums(self, row: int, mixed: Tensor) -> Tensor:
        """What of y_i are mixed values of every head [H, Dv], behind the norms: [D]."""
        parts = torch.einsum("hv,hvd->d", mixed, self.w_o)
        return self._through(parts) / self.scale([row])[0]

    def scale(self, rows: Sequence[int]) -> Tensor:
        """What the norms divide each row's parts by [r, 1]; 1 for no norm."""
        one = self.after.new_ones(len(rows), 1)
        for norm in self._norms:
            one = one if norm.scale is None else one * norm.scale[rows]
        return one

    def back(self, rows: Sequence[int], directions: Tensor) -> Tensor:
        """Directions in y of some rows [r, D] as directions in what the module gave them."""
        for norm in reversed(self._norms):
            scale = None if norm.scale is None else norm.scale[rows]
            directions = FrozenNorm(norm.norm, scale).back(directions)
        return directions

    @cached_property
    def _norms(self) -> tuple[FrozenNorm, FrozenNorm]:
        """The norm on the output and that on the sum, with each row's σ."""
        total = self.before + self._of(self.added)
        return frozen(self.branch, self.output), frozen(self.post, total)

    def _through(self, parts: Tensor) -> Tensor:
        """Parts [.., D] of what the module gave as behind its norms, with σ = 1."""
        for norm in (self.branch, self.post):
            if norm is not None:
                parts = norm.apply_frozen(parts, parts.new_ones(1))
        return parts

    def _of(self, vectors: Tensor) -> Tensor:
        return vectors[0, : self.tokens].to(working_dtype(vectors.dtype))
