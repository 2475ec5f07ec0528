"""Some rows of a mixture: what attention gives them, and how large each token's part in them is.

The lengths need no part: c_ij = F_j a_ij with F_j = (v_hj W_O^h)_h and a_ij = (A_hij)_h, so
‖c_ij‖ = ‖R_j a_ij‖ with R_jᵀR_j = F_jᵀF_j, which has a row for each head, not for each coordinate.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from tfcli.explain.sources.mixture import Mixture

_KEYS_TRIED = 128  # to know what is usual
_GIVEN_AT_ONCE = 2**22  # keys · heads · width
_WEIGHTS_AT_ONCE = 2**21  # of all heads: rows · keys · heads


@dataclass(frozen=True, eq=False)
class Keys:
    """What is known of all keys of a mixture before any row asks them.

    Attributes:
        given: f_hj = v_hj W_O^h, as behind the norms with σ = 1 [m, D, H]. It is the largest
            tensor of a mixture: H numbers for each one of a residual stream.
        usual: g_d, the usual size of a coordinate of f; more than 0 [D].
        roots: R_j, and below it max_d |f_hjd| / g_d: [m, H + 1, H].
    """

    given: Tensor
    usual: Tensor
    roots: Tensor

    @classmethod
    def of(cls, mixture: Mixture) -> "Keys":
        """Read them off what every key gives."""
        heads, _, width = mixture.w_o.shape
        some = slice(None, None, max(mixture.keys // _KEYS_TRIED, 1))
        squares = torch.stack([mixture.of_head(h, some).square().sum(0) for h in range(heads)])
        usual = squares.sum(0).sqrt()
        usual = usual.clamp(min=max(float(usual.mean()) / 1000, torch.finfo(usual.dtype).tiny))
        largest = usual.new_empty(mixture.keys, heads)
        by_head = usual.new_empty(heads, mixture.keys * width)
        for head in range(heads):
            parts = mixture.of_head(head)
            by_head[head] = parts.flatten()
            largest[:, head] = parts.div_(usual).abs_().amax(-1)
        given = _turned(by_head).view(mixture.keys, width, heads)
        pieces = given.split(max(_GIVEN_AT_ONCE // given[0].numel(), 1))
        roots = torch.cat([_roots(piece) for piece in pieces])
        return cls(given, usual, torch.cat((roots, largest[:, None]), dim=1))


def _turned(matrix: Tensor) -> Tensor:
    """The transposed matrix. With two dimensions it is made in blocks, with more several times
    as slowly."""
    return matrix.T.contiguous()


def _roots(given: Tensor) -> Tensor:
    """R of every key [k, H, H] with RᵀR = FᵀF for its F [D, H].

    By Cholesky in float64, so that no digit is lost where heads nearly undo each other; where some
    give the same, by eigenvectors.
    """
    wide = given.to(torch.float32 if given.device.type == "mps" else torch.float64)
    products = torch.bmm(wide.transpose(1, 2), wide).cpu().double()
    lower, failed = torch.linalg.cholesky_ex(products)
    found = lower.transpose(1, 2).contiguous()
    alike = failed.nonzero()[:, 0]
    if len(alike):
        sizes, vectors = torch.linalg.eigh(products[alike])
        found[alike] = sizes.clamp(min=0).sqrt()[..., None] * vectors.transpose(1, 2)
    return found.to(given)


@dataclass(frozen=True, eq=False)
class Block:
    """A few rows of a mixture, b of them, beside each other.

    Attributes:
        first: the place of the first among the rows that were asked for.
        rows: which, in ascending order.
    """

    mixture: Mixture
    first: int
    rows: list[int]

    @cached_property
    def seen(self) -> int:
        """How many keys they see at most, from the first on: k. The later ones give nothing."""
        return self.rows[-1] + 1 if self.mixture.attention.causal else self.mixture.keys

    @cached_property
    def weights(self) -> Tensor:
        """Attention weights of every head [H, b, k]."""
        ran, seen = self.mixture.attention, self.seen
        mask = None if ran.mask is None else ran.mask[..., :seen]
        near = replace(ran, shared_k=ran.shared_k[:, :, :seen], mask=mask)
        return near.rows(queries=self.rows)[0]

    @cached_property
    def by_pair(self) -> Tensor:
        """a_ij in parts of what the norms divide row i by [b, k, H]."""
        heads, rows, keys = self.weights.shape
        weights = self.weights / self.mixture.scale(self.rows)
        return _turned(weights.view(heads, rows * keys)).view(rows, keys, heads)

    def sizes(self, known: Keys) -> tuple[Tensor, Tensor]:
        """‖c_ij‖, and what no |c_ijd| / g_d is larger than: [b, k] each."""
        turned = torch.bmm(known.roots[: self.seen], self.by_pair.permute(1, 2, 0))  # [k, H + 1, b]
        return turned[:, :-1].square().sum(1).sqrt().T, turned[:, -1].T


def blocks_of_rows(mixture: Mixture, rows: list[int]) -> Iterator[Block]:
    """Rows of a mixture, as many at a time as stay in a processor's cache."""
    heads = mixture.attention.q.shape[1]
    size = max(_WEIGHTS_AT_ONCE // (heads * mixture.keys), 1)
    for start in range(0, len(rows), size):
        yield Block(mixture, start, rows[start : start + size])
