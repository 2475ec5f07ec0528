"""How one block's attention mixes the tokens: who gives whom which vector, some rows at a time.

y_i = x_i + Σ_j c_ij + bias with c_ij = Σ_h A_hij · v_hj W_O^h, the part of token j in token i
(Kobayashi et al. 2020, “Attention is Not Only a Weight”). A norm on the module's output or on the
sum is linear once its σ is held at that of the whole (Kobayashi et al. 2021), so behind it the
parts still add up to y_i. In an encoder-decoder this is the encoder's block.

The parts of all pairs are T²·D numbers: they are made for a few keys and rows at a time.
"""

from bisect import bisect_left
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from tfcli.explain.heads.attention import output_of_heads
from tfcli.explain.logits.flow import frozen
from tfcli.explain.precision import upcast, working_dtype
from tfcli.model.block import Block
from tfcli.model.norm import Norm
from tfcli.model.trace import AttentionTrace, LayerTrace

_WEIGHTS_AT_ONCE = 2**24  # of all heads: rows · keys · heads
_ROWS_AT_ONCE = 512
_GIVEN_AT_ONCE = 2**22  # keys · heads · width
_PARTS_AT_ONCE = 2**19  # numbers that fit into a processor's cache


@dataclass(frozen=True, eq=False)
class Mixture:
    """One block, and what ran in it. Tensors are in the dtype of measures.

    Attributes:
        tokens: how many are mixed, from the first on: n. In a causal model those up to the
            position that is followed, for the others give it nothing.
    """

    block: Block
    ran: LayerTrace
    tokens: int

    @cached_property
    def attention(self) -> AttentionTrace:
        """The attention module's trace."""
        return upcast(self.ran.attention)

    @cached_property
    def wide(self) -> Block:
        """The block in the dtype of measures."""
        dtype = self.attention.q.dtype
        weight = self.block.attention.o.weight
        return self.block if weight.dtype == dtype else deepcopy(self.block).to(dtype)

    @cached_property
    def before(self) -> Tensor:
        """The residual stream that the module's output is added to: x [n, D]."""
        return self._of(self.ran.residual_in)

    @cached_property
    def output(self) -> Tensor:
        """What the module gave, its bias included [n, D]."""
        return self._of(self.ran.attention.output)

    @cached_property
    def after(self) -> Tensor:
        """The residual stream behind it, and behind a norm on the sum: y [n, D]."""
        return self._of(self.ran.residual_mid)

    @cached_property
    def kept(self) -> Tensor:
        """What of y a token has of itself by the residual connection [n, D]."""
        return self._through(self.block.attention_post_norm, self.before) / self._sigmas[1]

    @cached_property
    def _sigmas(self) -> tuple[Tensor, Tensor]:
        """What the norm on the output and that on the sum divide by [n, 1] each; 1 for none."""
        total = self.before + self._of(self.ran.attention_delta)
        branch = frozen(self.block.attention_branch_norm, self.output).scale
        post = frozen(self.block.attention_post_norm, total).scale
        one = torch.ones_like(total[:, :1])
        return one if branch is None else branch, one if post is None else post

    def chunks(self, rows: list[int]) -> Iterator["Rows"]:
        """Some rows of the mixture, as many at a time as there is room for."""
        heads = self.attention.q.shape[1]
        size = max(min(_WEIGHTS_AT_ONCE // (heads * self.tokens), _ROWS_AT_ONCE), 1)
        for start in range(0, len(rows), size):
            yield Rows(self, rows[start : start + size])

    def given(self, keys: slice, normed: bool) -> Tensor:
        """v_hj W_O^h of some keys [k, H, D], with `normed` as behind the norms with σ = 1."""
        parts = (self._values[:, keys] @ self._w_o).transpose(0, 1).contiguous()
        if not normed:
            return parts
        parts = self._through(self.block.attention_branch_norm, parts)
        return self._through(self.block.attention_post_norm, parts)

    @cached_property
    def _values(self) -> Tensor:
        return self.attention.v[0, :, : self.tokens]  # [H, n, Dv]

    @cached_property
    def _w_o(self) -> Tensor:
        return output_of_heads(self.block.attention, self._values.dtype)  # [H, Dv, D]

    def scale(self, rows: list[int]) -> Tensor:
        """What the norms divide each row's parts by [r]."""
        branch, post = self._sigmas
        return (branch * post)[rows, 0]

    def run_on(self, rows: slice | list[int], output: Tensor) -> Tensor:
        """The block's output [.., r, D] where its attention module gives this [.., r, D].

        The feed-forward module reads each token by itself, so any number of them can be asked.
        """
        block, x = self.wide, self.before[rows]
        if block.attention_branch_norm is not None:
            output = block.attention_branch_norm(output)
        middle = _read(block.attention_post_norm, x + output)
        read = x[None] if block.parallel else middle
        batch = read if read.dim() == 3 else read[None]
        found, _ = block.feed_forward(_read(block.feed_forward_norm, batch), False)
        y = middle + _read(block.feed_forward_branch_norm, found)
        return _read(block.feed_forward_post_norm, y)

    def _of(self, vectors: Tensor) -> Tensor:
        return vectors[0, : self.tokens].to(working_dtype(vectors.dtype))

    @staticmethod
    def _through(norm: Norm | None, parts: Tensor) -> Tensor:
        """The parts behind a norm whose σ is 1."""
        return parts if norm is None else norm.apply_frozen(parts, parts.new_ones(1))


@dataclass(frozen=True, eq=False)
class Rows:
    """Some tokens that ask, r of them, and what each of the n tokens gives them.

    Attributes:
        rows: which, in ascending order.
    """

    mixture: Mixture
    rows: list[int]

    @cached_property
    def weights(self) -> Tensor:
        """Attention weights of every head [H, r, n]."""
        weights = self.mixture.attention.rows(queries=self.rows)[0]
        return weights[..., : self.mixture.tokens]

    def parts(self, normed: bool) -> Iterator[tuple[slice, slice, Tensor]]:
        """c_ij of a few keys: the keys, which of `rows` they are for, and the parts [k, r', D].

        The parts' place is used again for the next ones, so the caller may write into it as well.

        Args:
            normed: as they stand in y, behind the norms; else as the module gives them.
        """
        mixture, rows = self.mixture, self.rows
        weights = self.weights
        if normed:
            weights = weights / mixture.scale(rows)[:, None]
        by_key = weights.permute(2, 1, 0).contiguous()  # [n, r, H]
        heads, width = weights.shape[0], mixture.before.shape[1]
        step = max(_PARTS_AT_ONCE // (len(rows) * width), 1)
        block = max(_GIVEN_AT_ONCE // (heads * width) // step, 1) * step
        end = rows[-1] + 1 if mixture.attention.causal else mixture.tokens
        place = weights.new_empty(step * len(rows) * width)
        given = place
        for start in range(0, end, step):
            if start % block == 0:
                given = mixture.given(slice(start, min(start + block, end)), normed)
            keys = slice(start, min(start + step, end))
            # rows before the first of the keys do not see them
            first = bisect_left(rows, start) if mixture.attention.causal else 0
            size = (keys.stop - start, len(rows) - first, width)
            parts = place[: size[0] * size[1] * width].view(size)
            own = given[start % block : start % block + size[0]]
            torch.bmm(by_key[keys, first:], own, out=parts)
            yield keys, slice(first, None), parts

    @cached_property
    def sizes(self) -> tuple[Tensor, Tensor]:
        """‖part‖₂ and ‖y - part‖₁ [r, n] of what stands in y of each token.

        A token's own part is what it gives itself and what the residual connection keeps of it.
        """
        mixture, rows = self.mixture, self.rows
        y, kept = mixture.after[rows], mixture.kept[rows]
        norms = y.new_zeros(len(rows), mixture.tokens)
        left = y.abs().sum(-1, keepdim=True).expand_as(norms).clone()
        for keys, asking, parts in self.parts(normed=True):
            for at in range(bisect_left(rows, keys.start), bisect_left(rows, keys.stop)):
                parts[rows[at] - keys.start, at - asking.start] += kept[at]
            norms[asking, keys] = parts.norm(dim=-1).T
            # in place, and no vector_norm: both take several times as long
            left[asking, keys] = torch.sub(y[asking], parts, out=parts).abs_().sum(-1).T
        return norms, left


def _read(norm: Norm | None, x: Tensor) -> Tensor:
    return x if norm is None else norm(x)
