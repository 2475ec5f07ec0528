"""What each norm did: the vector that it read, what it divided by, the vector that came out.

LayerNorm: y = γ·(x - mean x)/σ + β, σ² = var x + ε (Ba et al. 2016); RMSNorm: y = γ·x/σ, σ² =
mean x² + ε (Zhang & Sennrich 2019). The norms on queries, keys and latents are not among them.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from tfcli.explain.logits.flow import (
    FrozenNorm,
    Passage,
    embedding_norm,
    embedding_parts,
    frozen,
    last_norm,
    passages,
)
from tfcli.explain.precision import at, blocks
from tfcli.explain.result import NormPlace, NormRow, Norms, Spread
from tfcli.model.block import Block
from tfcli.model.trace import LayerTrace, Trace
from tfcli.model.transformer import Transformer

_KINDS = {
    "rms": ("RMSNorm", "y = γ·x/σ, σ = √(mean x² + ε)"),
    "layer": ("LayerNorm", "y = γ·(x - mean x)/σ + β, σ = √(var x + ε)"),
}


def norms(model: Transformer, trace: Trace, position: int, layers: Sequence[int]) -> Norms:
    """Every norm over the residual stream at the position, in the order in which they come.

    Args:
        layers: the blocks whose norms are told of.
    """
    rows: list[NormRow] = []
    start = torch.stack(list(embedding_parts(trace, position).values())).sum(0)
    rows += _row("embedding", None, None, embedding_norm(model, trace, position), start)
    for i in layers:
        rows += _of_block(i, blocks(model)[i], trace.layers[i], position)
    end = at(trace.layers[-1].residual_out, position)
    rows += _row("final", None, None, last_norm(model, trace, position), end)
    kind, formula = _KINDS[model.config.norm]
    if model.config.norm_plus_one:
        formula = formula.replace("γ", "(1 + γ)")
    return Norms(position, kind, formula, tuple(rows))


def _of_block(i: int, block: Block, layer: LayerTrace, position: int) -> Iterator[NormRow]:
    first = {
        "attention": block.attention_norm,
        "cross-attention": block.cross_norm,
        "feed-forward": block.feed_forward_norm,
    }
    for passage in passages(block, layer, position):
        read = _read(block, layer, passage, position)
        places: tuple[tuple[NormPlace, FrozenNorm, Tensor], ...] = (
            ("pre", frozen(first[passage.kind], read), read),
            ("branch", passage.branch, passage.output),
            ("post", passage.post, passage.before + passage.delta),
        )
        for place, norm, x in places:
            yield from _row(place, i, passage.kind, norm, x)


def _read(block: Block, layer: LayerTrace, passage: Passage, position: int) -> Tensor:
    """What the module read: the stream that it is added to, or in parallel blocks the block's."""
    return at(layer.residual_in, position) if block.parallel else passage.before


def _row(
    place: NormPlace, layer: int | None, module: str | None, norm: FrozenNorm, x: Tensor
) -> list[NormRow]:
    """The norm's row, as a list of one; empty where no norm stands there."""
    if norm.norm is None or norm.scale is None:
        return []
    y, bias = norm.forward(x), norm.bias(x)
    y = y if bias is None else y + bias
    return [NormRow(place, layer, module, _spread(x), float(norm.scale), _spread(y))]


def _spread(x: Tensor) -> Spread:
    return Spread(float(x.mean()), float(x.square().mean().sqrt()), float(x.abs().max()))
