"""Some rows of a mixture: how large each token's part in them is, and how near to the whole."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from tfcli.explain.sources.blocks import Keys, blocks_of_rows
from tfcli.explain.sources.mixture import Mixture
from tfcli.explain.sources.nearer import Pairs, along, beyond, made_whole

_WEIGHTS_KEPT = 2**26  # rows · keys · heads, if all pairs are made whole


@dataclass(frozen=True, eq=False)
class Rows:
    """Some tokens that ask, r of them, and what each of the others gives them.

    Attributes:
        rows: which, in ascending order.
        average: weights, the mean of all heads [r, c]; c are the mixture's columns.
        sizes: ‖part‖₂ of every column in y [r, c]. A token's own part is what it gives itself and
            what the residual connection keeps of it. None where not asked for, as `nearer`.
        nearer: ‖y‖₁ - ‖y - part‖₁ likewise: how much nearer every part brings the sum to y.
    """

    mixture: Mixture
    rows: list[int]
    average: Tensor
    sizes: Tensor | None = None
    nearer: Tensor | None = None

    @property
    def own(self) -> list[int]:
        """Which column is each row's own."""
        return self.mixture.own(self.rows)

    @classmethod
    def of(cls, mixture: Mixture, rows: list[int], known: Keys | None) -> "Rows":
        """Read them, with the parts where the keys are known."""
        average, sizes, nearer = mixture.after.new_zeros(3, len(rows), mixture.columns)
        itself: list[Tensor] = []  # the weight on oneself
        many: list[Pairs] = []
        for block in blocks_of_rows(mixture, rows):
            at = slice(block.first, block.first + len(block.rows)), slice(block.seen)
            average[at] = block.weights.mean(0)
            if known is None:
                continue
            sizes[at], bounds = block.sizes(known)
            over, left = beyond(block, known, bounds)
            nearer[at] = along(mixture, block.rows, block.weights) - 2 * over
            many.append(left)
            if not mixture.crossed:
                itself.append(block.by_pair[range(len(block.rows)), block.rows])
        if known is None:
            return cls(mixture, rows, average)
        pairs = Pairs.together(many)
        nearer[pairs.rows, pairs.keys] = made_whole(mixture, known, rows, pairs)
        y, own = mixture.after[rows], mixture.kept[rows]
        if itself:
            given = known.given.index_select(0, torch.tensor(rows, device=y.device))
            own = own + torch.bmm(given, torch.cat(itself)[..., None])[..., 0]
        at = range(len(rows)), mixture.own(rows)
        sizes[at] = own.norm(dim=-1)
        nearer[at] = y.abs().sum(-1) - (y - own).abs().sum(-1)
        return cls(mixture, rows, average, sizes, nearer)


def chunks(mixture: Mixture, rows: list[int], parts: bool) -> Iterator[Rows]:
    """Some rows of a mixture, as many at a time as there is room for.

    Args:
        parts: the parts are measured too, not only the weights.
    """
    known = Keys.of(mixture) if parts else None
    size = max(_WEIGHTS_KEPT // (mixture.keys * mixture.attention.q.shape[1]), 1)
    for start in range(0, len(rows), size):
        yield Rows.of(mixture, rows[start : start + size], known)
