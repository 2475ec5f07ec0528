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
from tfcli.explain.sources.mixture import Mixture, Rows
from tfcli.model.stack import Stack
from tfcli.model.trace import StackTrace

_ROUNDING = 16  # of a vector's length, in its dtype's smallest steps

Measured = Callable[[Rows], Tensor]


def rollout_rows(rows: Rows) -> Tensor:
    """½A + ½I with A the mean over the heads [r, n] (Abnar & Zuidema 2020).

    Where a learned sink takes part in the softmax, a row sums to 1 less half of what it takes.
    """
    mixed = rows.weights.mean(0) / 2
    mixed[torch.arange(len(rows.rows)), rows.rows] += 0.5
    return mixed


def alti_rows(rows: Rows) -> Tensor:
    """max(0, ‖y_i‖₁ - ‖y_i - c_ij‖₁), each row normalised [r, n].

    ALTI of Ferrando et al. 2022, “Measuring the Mixing of Contextual Information in the
    Transformer”: how much nearer token j's part brings the sum to what it is. x_i belongs to j = i.
    """
    y = rows.mixture.after[rows.rows].abs().sum(-1, keepdim=True)
    return normalised((y - rows.sizes[1]).clamp(min=0), rows.rows)


def norm_rows(rows: Rows) -> Tensor:
    """‖c_ij‖₂, x_i with j = i and behind the norm, each row normalised [r, n].

    Kobayashi et al. 2021, “Incorporating Residual and Normalization Layers into Analysis of Masked
    Language Models”; multiplied through the layers by Modarressi et al. 2022 (GlobEnc).
    """
    return normalised(rows.sizes[0], rows.rows)


def zeroing_rows(rows: Rows) -> Tensor:
    """1 - cos(h_i, h_i without v_j), each row normalised [r, n].

    Value zeroing of Mohebbi et al. 2023, “Quantifying Context Mixing in Transformers”; h is what
    the block gives. Attention weights do not depend on v, and what attention gives is linear in
    it: so to zero v_j is to take c_ij away, and the rest of the block is run anew for each pair.
    """
    mixture = rows.mixture
    output = mixture.output[rows.rows]
    whole = _unit(mixture.run_on(rows.rows, output[None]))[0]  # [r, D]
    seen = (rows.weights > 0).any(0)  # [r, n]
    found = whole.new_zeros(seen.shape)
    for keys, asking, parts in rows.parts(normed=False):
        changed = _unit(mixture.run_on(rows.rows[asking], output[asking] - parts))  # [k, r', D]
        # 1 - cos of unit vectors as half their squared distance: no digit is lost where it is small
        found[asking, keys] = (changed - whole[asking]).square().sum(-1).T / 2
    # a change no larger than rounding is none: it would be all there is where nothing matters
    seen &= found > (_ROUNDING * torch.finfo(found.dtype).eps) ** 2 / 2
    return normalised(torch.where(seen, found, 0.0), rows.rows)


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
        mixture = Mixture(blocks(stack)[layer], trace.layers[layer], count)
        if start is None:
            start = torch.zeros_like(mixture.before[:, 0])
            start[position] = 1
            shares = dict.fromkeys(measures, start)
        held = torch.stack([*shares.values()]).ne(0).any(0).nonzero()[:, 0].tolist()
        below = {name: torch.zeros_like(share) for name, share in shares.items()}
        for rows in mixture.chunks(held):
            for name, share in shares.items():
                below[name] += share[rows.rows] @ MEASURES[name](rows)
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
        mixture = Mixture(block, layer, count)
        own, context = mixture.kept[position].clone(), torch.zeros_like(mixture.before[0])
        for keys, _, parts in Rows(mixture, [position]).parts(normed=True):
            context += parts[:, 0].sum(0)
            if keys.start <= position < keys.stop:
                own += parts[position - keys.start, 0]
                context -= parts[position - keys.start, 0]
        sizes = float(context.norm()), float(own.norm())
        found.append(sizes[0] / sum(sizes) if sum(sizes) else float("nan"))
    return found


def normalised(values: Tensor, rows: Sequence[int]) -> Tensor:
    """Each row [r, n] in parts of its sum; a token that takes nothing from any stays itself."""
    totals = values.sum(-1, keepdim=True)
    own = torch.zeros_like(values)
    own[torch.arange(len(rows)), list(rows)] = 1
    return torch.where(totals > 0, values / totals, own)


def _unit(vectors: Tensor) -> Tensor:
    return vectors / vectors.norm(dim=-1, keepdim=True)
