"""What drew one token's two vectors apart: each head's term of each source token.

The last residual stream is a sum: what enters the first block, and what every module added
(Elhage et al. 2021). So the distance ‖x₁ - x₂‖ = ⟨x₁ - x₂, d⟩, with d of length 1 along it, is a
sum over the same parts, those of x₂ with a minus. Norms on the way are held at their σ. A part's
share is its signed part of the distance; all of them sum to 1.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from tfcli.explain.heads.attention import output_bias
from tfcli.explain.heads.ledger import along
from tfcli.explain.heads.sites import sites
from tfcli.explain.logits.flow import carried_back, embedding_parts
from tfcli.explain.precision import at
from tfcli.explain.result import Pull
from tfcli.model.stack import Stack
from tfcli.model.trace import StackTrace


@dataclass(frozen=True, eq=False)
class Parts:
    """One side's parts along a direction.

    Attributes:
        terms: of each layer, head and position [L, H, T]; 0 where a key is not seen.
        embedding, feed_forward, bias: of the rest.
    """

    terms: Tensor
    embedding: float
    feed_forward: float
    bias: float

    @property
    def total(self) -> float:
        """The vector's own length along the direction."""
        return float(self.terms.sum()) + self.embedding + self.feed_forward + self.bias


def parts_along(stack: Stack, trace: StackTrace, position: int, direction: Tensor) -> Parts:
    """What the last residual stream at a position has along a direction [D], by part."""
    way = carried_back(stack, trace, position, direction)
    bias, feed_forward = way.bias, 0.0
    layers: list[Tensor] = []
    for site in sites(stack, trace, position, "self"):
        found = along(site, way.modules[site.layer]["attention"])  # [H, s]
        row = found.new_zeros(found.shape[0], trace.ids.shape[1])
        row[:, site.keys] = found
        layers.append(row)
        own = output_bias(site)
        if own is not None:
            bias += float(own @ way.added[site.layer]["attention"])
        delta = at(trace.layers[site.layer].feed_forward_delta, position)
        feed_forward += float(delta @ way.added[site.layer]["feed-forward"])
    embedding = torch.stack(list(embedding_parts(trace, position).values())).sum(0)
    return Parts(torch.stack(layers), float(embedding @ way.embedding), feed_forward, bias)


def pull_of(
    first: Parts, second: Parts, distance: float, words: tuple[tuple[int, int], tuple[int, int]]
) -> Pull:
    """The whole distance by its parts.

    Args:
        words: first and last position of the word on each side.
    """
    sums: list[float] = []
    word = 0.0
    for parts, (start, end), sign in zip((first, second), words, (1, -1), strict=True):
        own = float(parts.terms[:, :, start : end + 1].sum())
        word += sign * own
        sums.append(sign * (float(parts.terms.sum()) - own))
    return Pull(
        distance=distance,
        first=sums[0] / distance,
        second=sums[1] / distance,
        word=word / distance,
        embedding=(first.embedding - second.embedding) / distance,
        feed_forward=(first.feed_forward - second.feed_forward) / distance,
        bias=(first.bias - second.bias) / distance,
        error=abs(first.total - second.total - distance) / distance,
    )
