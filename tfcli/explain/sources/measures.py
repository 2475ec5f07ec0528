"""From which tokens a vector at the top comes: one row of every layer's mixing, multiplied down.

Each measure says of a layer how much of token i's vector is token j's: a matrix C whose rows sum
to 1. What the vector at one position has of each token at the bottom is its row of
C_L · C_{L-1} ⋯ C_1 (Abnar & Zuidema 2020, “Quantifying Attention Flow in Transformers”). Only
that row is carried downwards, so the matrices are never multiplied, and each is made a few rows
at a time.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from tfcli.explain.precision import blocks
from tfcli.explain.sources.mixture import Mixture
from tfcli.explain.sources.rows import Rows, chunks
from tfcli.explain.sources.zeroing import zeroed
from tfcli.model.block import Block
from tfcli.model.stack import Stack
from tfcli.model.trace import StackTrace

_OF_PARTS = ("alti", "norm")

Measured = Callable[[Block, Rows], Tensor]


def rollout_rows(_: Block, rows: Rows) -> Tensor:
    """½A + ½I with A the mean over the heads [r, n] (Abnar & Zuidema 2020).

    Where a learned sink takes part in the softmax, a row sums to 1 less half of what it takes.
    """
    mixed = rows.average / 2
    mixed[range(len(rows.rows)), rows.rows] += 0.5
    return mixed


def alti_rows(_: Block, rows: Rows) -> Tensor:
    """max(0, ‖y_i‖₁ - ‖y_i - c_ij‖₁), each row normalised [r, n].

    ALTI of Ferrando et al. 2022, “Measuring the Mixing of Contextual Information in the
    Transformer”: how much nearer token j's part brings the sum to what it is. x_i belongs to j = i.
    """
    assert rows.nearer is not None
    return normalised(rows.nearer.clamp(min=0), rows.rows)


def norm_rows(_: Block, rows: Rows) -> Tensor:
    """‖c_ij‖₂, x_i with j = i and behind the norm, each row normalised [r, n].

    Kobayashi et al. 2021, “Incorporating Residual and Normalization Layers into Analysis of Masked
    Language Models”; multiplied through the layers by Modarressi et al. 2022 (GlobEnc).
    """
    assert rows.sizes is not None
    return normalised(rows.sizes, rows.rows)


def zeroing_rows(block: Block, rows: Rows) -> Tensor:
    """1 - cos(h_i, h_i without v_j), each row normalised [r, n] (Mohebbi et al. 2023)."""
    return normalised(zeroed(block, rows.mixture, rows.rows), rows.rows)


MEASURES: dict[str, Measured] = {
    "rollout": rollout_rows,
    "alti": alti_rows,
    "zeroing": zeroing_rows,
    "norm": norm_rows,
}


def rolled_out(
    stack: Stack, trace: StackTrace, position: int, measures: Sequence[str]
) -> dict[str, Tensor]:
    """What the vector at a position has of each token, by each measure: [n] each.

    Args:
        stack: the model, or its encoder, that `trace` is of.
        measures: names out of MEASURES. One pass over the layers takes them all.

    Returns:
        shares of the first n tokens: up to the position in a causal model, else of all.
    """
    count = position + 1 if stack.config.causal else trace.ids.shape[1]
    start: Tensor | None = None
    shares: dict[str, Tensor] = {}
    for layer in reversed(range(len(trace.layers))):
        block = blocks(stack)[layer]
        mixture = Mixture.of(block, trace.layers[layer], count)
        if start is None:
            start = torch.zeros_like(mixture.before[:, 0])
            start[position] = 1
            shares = dict.fromkeys(measures, start)
        held = torch.stack([*shares.values()]).ne(0).any(0).nonzero()[:, 0].tolist()
        below = {name: torch.zeros_like(share) for name, share in shares.items()}
        for rows in chunks(mixture, held, parts=any(name in _OF_PARTS for name in measures)):
            for name, share in shares.items():
                below[name] += share[rows.rows] @ MEASURES[name](block, rows)
        shares = below
    return shares


def context_shares(stack: Stack, trace: StackTrace, position: int) -> list[float]:
    """By layer, how much of y comes from other tokens than the one at the position itself.

    The mixing ratio ‖Σ_{j≠i} c_ij‖ / (‖Σ_{j≠i} c_ij‖ + ‖c_ii + x_i‖), behind the norm where one
    stands on the sum, of Kobayashi et al. 2021. NaN where both are zero.
    """
    count = position + 1 if stack.config.causal else trace.ids.shape[1]
    found: list[float] = []
    for block, layer in zip(blocks(stack), trace.layers, strict=True):
        mixture = Mixture.of(block, layer, count)
        weights = mixture.attention.rows(queries=[position])[0, :, 0, :count].clone()  # [H, n]
        itself = weights[:, position].clone()
        weights[:, position] = 0
        own = mixture.sums(position, itself[:, None] * mixture.values[:, position])
        context = mixture.sums(position, torch.einsum("hn,hnv->hv", weights, mixture.values))
        sizes = float(context.norm()), float((own + mixture.kept[position]).norm())
        found.append(sizes[0] / sum(sizes) if sum(sizes) else float("nan"))
    return found


def normalised(values: Tensor, rows: Sequence[int]) -> Tensor:
    """Each row [r, n] in parts of its sum; a token that takes nothing from any stays itself."""
    totals = values.sum(-1, keepdim=True)
    own = torch.zeros_like(values)
    own[torch.arange(len(rows)), list(rows)] = 1
    return torch.where(totals > 0, values / totals, own)
