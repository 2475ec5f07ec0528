"""How much nearer a token's part c brings a sum to what it is: ‖y‖₁ - ‖y - c‖₁, of every pair.

|y| - |y - c| is c·sign y where that is at most |y|, and 2|y| - c·sign y beyond. So the sum over all
coordinates is ⟨sign y, c⟩ less 2·(c_d sign y_d - |y_d|) in each coordinate d where c goes beyond.
The first is a product of matrices. What |c_d| cannot be larger than is known beforehand, so c_d is
made for those coordinates only in which |y_d| is smaller: for most pairs few or none. Pairs with
many are made whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from tfcli.explain.sources.blocks import Block, Keys
from tfcli.explain.sources.mixture import Mixture

MANY = 16  # coordinates of a pair: below, each is made by itself
_PARTS_AT_ONCE = 2**19  # numbers that fit into a processor's cache


@dataclass(frozen=True, eq=False)
class Pairs:
    """Tokens that ask and tokens that give [p] each, with the heads' weights [p, H]."""

    rows: Tensor
    keys: Tensor
    weights: Tensor

    @classmethod
    def together(cls, parts: Sequence["Pairs"]) -> "Pairs":
        """All of them."""
        return cls(*(torch.cat([getattr(p, f.name) for p in parts]) for f in fields(cls)))


def along(mixture: Mixture, rows: list[int], weights: Tensor) -> Tensor:
    """⟨sign y_i, c_ij⟩ of some rows, by the heads' weights [H, r, k] → [r, k]."""
    signs = mixture.back(rows, mixture.after[rows].sign())
    asked = signs @ mixture.w_o.transpose(1, 2)  # [H, r, Dv]
    values = mixture.values[:, : weights.shape[2]]
    return (asked @ values.transpose(1, 2)).mul_(weights).sum(0)


def beyond(block: Block, known: Keys, bounds: Tensor) -> tuple[Tensor, Pairs]:
    """What c goes beyond y, Σ_d max(0, c_d sign y_d - |y_d|), of pairs with few such coordinates.

    Args:
        bounds: what no |c_d| / g_d is larger than [b, k].

    Returns:
        a number for every pair [b, k], 0 for the others, and the pairs that may have many.
    """
    y = block.mixture.after[block.rows]
    seen, width = block.seen, y.shape[1]
    most = min(MANY, width)
    small = torch.topk(y.abs() / known.usual, most, largest=False)
    counts = torch.searchsorted(small.values, bounds.contiguous()).flatten()  # [b · k]
    found = torch.zeros_like(bounds, memory_format=torch.contiguous_format)
    weights = block.by_pair.flatten(0, 1)

    pairs = ((counts > 0) & (counts < most)).nonzero()[:, 0]
    number = _picked(counts, pairs)
    # from here on, one entry for each coordinate of each pair
    at = torch.repeat_interleave(number)
    place = torch.arange(len(at), device=y.device) - _picked(number.cumsum(0) - number, at)
    pairs = _picked(pairs, at)
    rows = pairs // seen
    coordinates = _picked(small.indices.flatten(), rows * most + place)
    given = _picked(known.given.flatten(0, 1), (pairs - rows * seen) * width + coordinates)
    c = _picked(weights, pairs).mul_(given).sum(-1)
    whole = _picked(y.flatten(), rows * width + coordinates)
    found.view(-1).index_add_(0, pairs, (c * whole.sign() - whole.abs()).clamp_(min=0))

    pairs = (counts == most).nonzero()[:, 0]
    rows = pairs // seen
    left = Pairs(rows + block.first, pairs - rows * seen, _picked(weights, pairs))
    return found, left


def _picked(vectors: Tensor, places: Tensor) -> Tensor:
    """Vectors [n, ..] at some places. A processor takes several times as long for `vectors[i]`."""
    return vectors.index_select(0, places)


def made_whole(mixture: Mixture, known: Keys, rows: list[int], pairs: Pairs) -> Tensor:
    """‖y‖₁ - ‖y - c‖₁ of some pairs from their parts themselves [p].

    Args:
        rows: the tokens that the pairs' `rows` are places among.
    """
    y = mixture.after[rows]
    sums = y.abs().sum(-1)
    found = torch.empty_like(pairs.weights[:, 0])
    # the pairs of a key stand together; a key with fewer than its neighbours by their number is
    # asked by its first one again
    order = pairs.keys.argsort(stable=True)
    keys, counts = pairs.keys[order].unique_consecutive(return_counts=True)
    first = counts.cumsum(0) - counts
    largest = counts.argsort(descending=True)
    ordered: list[int] = counts[largest].tolist()
    start = 0
    while start < len(ordered):
        most = ordered[start]
        size = max(_PARTS_AT_ONCE // (most * y.shape[1]), 1)
        some = largest[start : start + size]
        place = torch.arange(most, device=y.device).expand(len(some), -1)
        place = torch.where(place < counts[some, None], place, 0) + first[some, None]
        asked = order[place]  # [q, most]
        given = _picked(known.given, keys[some]).transpose(1, 2)
        parts = torch.bmm(pairs.weights[asked], given)
        asking = pairs.rows[asked]
        whole = _picked(y, asking.flatten()).view_as(parts)
        left = whole.sub_(parts).abs_().sum(-1)
        found[asked] = sums[asking] - left
        start += size
    return found
