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

from tfcli.explain.precision import blocks, working_dtype
from tfcli.explain.sources.mixture import Mixture
from tfcli.explain.sources.rows import Rows, chunks
from tfcli.explain.sources.zeroing import zeroed
from tfcli.model.block import Block
from tfcli.model.stack import Stack
from tfcli.model.trace import StackTrace, Trace
from tfcli.model.transformer import Transformer

_OF_PARTS = ("alti", "norm")
# Those that say of an attention to other tokens how much remains the token's own.
ACROSS = ("rollout", "alti", "norm")

Measured = Callable[[Block, Rows], Tensor]


def rollout_rows(_: Block, rows: Rows) -> Tensor:
    """½A + ½I with A the mean over the heads [r, n] (Abnar & Zuidema 2020).

    Where a learned sink takes part in the softmax, a row sums to 1 less half of what it takes.
    """
    mixed = rows.average / 2
    mixed[range(len(rows.rows)), rows.own] += 0.5
    return mixed


def alti_rows(_: Block, rows: Rows) -> Tensor:
    """max(0, ‖y_i‖₁ - ‖y_i - c_ij‖₁), each row normalised [r, n].

    ALTI of Ferrando et al. 2022, “Measuring the Mixing of Contextual Information in the
    Transformer”: how much nearer token j's part brings the sum to what it is. x_i belongs to j = i.
    """
    assert rows.nearer is not None
    return normalised(rows.nearer.clamp(min=0), rows.own)


def norm_rows(_: Block, rows: Rows) -> Tensor:
    """‖c_ij‖₂, x_i with j = i and behind the norm, each row normalised [r, n].

    Kobayashi et al. 2021, “Incorporating Residual and Normalization Layers into Analysis of Masked
    Language Models”; multiplied through the layers by Modarressi et al. 2022 (GlobEnc).
    """
    assert rows.sizes is not None
    return normalised(rows.sizes, rows.own)


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
    return _carried_down(stack, trace, _followed(trace, position, count, measures))[0]


def rolled_out_across(
    model: Transformer, trace: Trace, position: int, measures: Sequence[str]
) -> dict[str, Tensor]:
    """The same of a decoder's vector beside an encoder: [m + n] each, the encoder's tokens first.

    What a vector has of the encoder's output goes on down through the encoder (ALTI+ of Ferrando
    et al. 2022, “Towards Opening the Black Box of Neural Machine Translation”).

    Args:
        measures: names out of ACROSS.
    """
    assert model.encoder is not None and trace.encoder is not None
    start = _followed(trace, position, position + 1, measures)
    written, read = _carried_down(model, trace, start)
    read, _ = _carried_down(model.encoder, trace.encoder, read)
    return {name: torch.cat((read[name], written[name])) for name in measures}


def _followed(
    trace: StackTrace, position: int, count: int, measures: Sequence[str]
) -> dict[str, Tensor]:
    """All of the vector at the position, behind the last layer [n]."""
    stream = trace.layers[-1].residual_out
    start = torch.zeros(count, dtype=working_dtype(stream.dtype), device=stream.device)
    start[position] = 1
    return dict.fromkeys(measures, start)


def _carried_down(
    stack: Stack, trace: StackTrace, shares: dict[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Shares of the vectors behind the last layer as shares of those before the first [n].

    Returns:
        them, and what an encoder's vectors have of them by the attention to it [m]; else nothing.
    """
    read: dict[str, Tensor] = {}
    for block, layer in reversed([*zip(blocks(stack), trace.layers, strict=True)]):
        count = len(next(iter(shares.values())))
        across = Mixture.across(block, layer, count)
        if across is not None:
            passed = _through(block, across, shares)
            shares = {name: share[across.keys :] for name, share in passed.items()}
            for name, share in passed.items():
                read[name] = share[: across.keys] + read.get(name, 0)
        shares = _through(block, Mixture.of(block, layer, count), shares)
    return shares, read


def _through(block: Block, mixture: Mixture, shares: dict[str, Tensor]) -> dict[str, Tensor]:
    """Shares of what stands behind an attention module [n] as shares of its columns."""
    held = torch.stack([*shares.values()]).ne(0).any(0).nonzero()[:, 0].tolist()
    below = {name: share.new_zeros(mixture.columns) for name, share in shares.items()}
    for rows in chunks(mixture, held, parts=any(name in _OF_PARTS for name in shares)):
        for name, share in shares.items():
            below[name] += share[rows.rows] @ MEASURES[name](block, rows)
    return below


def context_shares(stack: Stack, trace: StackTrace, position: int) -> list[float]:
    """By layer, how much of y comes from other tokens than the one at the position itself.

    The mixing ratio ‖Σ_{j≠i} c_ij‖ / (‖Σ_{j≠i} c_ij‖ + ‖c_ii + x_i‖), behind the norm where one
    stands on the sum, of Kobayashi et al. 2021. NaN where both are zero.
    """
    count = position + 1 if stack.config.causal else trace.ids.shape[1]
    layers = zip(blocks(stack), trace.layers, strict=True)
    return [_context(Mixture.of(block, layer, count), position) for block, layer in layers]


def context_across(stack: Stack, trace: StackTrace, position: int) -> list[float]:
    """The same of a decoder's attention to an encoder: how much of y comes from there."""
    found = (
        Mixture.across(block, layer, position + 1)
        for block, layer in zip(blocks(stack), trace.layers, strict=True)
    )
    return [_context(mixture, position) for mixture in found if mixture is not None]


def _context(mixture: Mixture, position: int) -> float:
    weights = mixture.attention.rows(queries=[position])[0, :, 0, : mixture.keys]  # [H, m]
    own = mixture.kept[position]
    if not mixture.crossed:
        itself = weights[:, position, None] * mixture.values[:, position]
        own = own + mixture.sums(position, itself)
        weights = weights.index_fill(1, torch.tensor(position, device=weights.device), 0)
    context = mixture.sums(position, torch.einsum("hm,hmv->hv", weights, mixture.values))
    sizes = float(context.norm()), float(own.norm())
    return sizes[0] / sum(sizes) if sum(sizes) else float("nan")


def normalised(values: Tensor, own: Sequence[int]) -> Tensor:
    """Each row [r, c] in parts of its sum; a token that takes nothing from any stays itself.

    Args:
        own: which column is each row's own.
    """
    totals = values.sum(-1, keepdim=True)
    itself = torch.zeros_like(values)
    itself[range(len(own)), list(own)] = 1
    return torch.where(totals > 0, values / totals, itself)
