"""What the model is made of, and what one block does to one token's vector."""

import torch.nn.functional as F
from torch import nn

from tfcli.explain.precision import at, blocks, dtype_name, optional, working_dtype
from tfcli.explain.result import (
    BlockStep,
    ModelFacts,
    ModuleCount,
    Parameters,
    Shape,
    Shapes,
)
from tfcli.model.trace import Trace
from tfcli.model.transformer import Transformer

_NORMS = {"rms": "RMSNorm", "layer": "LayerNorm"}


def describe_model(model: Transformer, name: str, family: str) -> ModelFacts:
    """The model's shape, as it runs here."""
    config = model.config
    return ModelFacts(
        name=name,
        family=family,
        kind="decoder",
        parameters=model.num_parameters(),
        num_layers=config.num_layers,
        num_heads=config.num_heads,
        num_kv_heads=config.num_kv_heads,
        head_dim=config.head_dim,
        hidden_size=config.hidden_size,
        intermediate_size=config.intermediate_size,
        vocab_size=config.vocab_size,
        max_position_embeddings=config.max_position_embeddings,
        norm=_NORMS[config.norm],
        position=config.position,
        tied=config.tie_embeddings,
        mask="causal",
        device=str(model.device),
        dtype=dtype_name(model.dtype),
        measured_in=dtype_name(working_dtype(model.dtype)),
    )


def shapes(trace: Trace) -> Shapes:
    """The shapes of what is computed on the way to the logits, in order, without the batch."""
    layer = trace.layers[0]
    attention = layer.attention
    _, H, T, _ = attention.q.shape
    return Shapes(
        head_dim=attention.q.shape[-1],
        steps=(
            Shape("E", tuple(layer.residual_in.shape[1:])),
            Shape("Q", tuple(attention.q.shape[1:])),
            Shape("K", tuple(attention.shared_k.shape[1:])),
            Shape("V", tuple(attention.shared_v.shape[1:])),
            Shape("scores", (H, T, T)),
            Shape("weights", (H, T, T)),
            Shape("heads", tuple(attention.mixed.shape[1:])),
            Shape("ΔE", tuple(attention.output.shape[1:])),
            Shape("neurons", tuple(layer.feed_forward.inner.shape[1:])),
            Shape("logits", tuple(trace.logits.shape[1:])),
        ),
    )


def block_step(trace: Trace, layer: int, position: int) -> BlockStep:
    """Norms of the vector before, between and after a block's two modules, and of what they add.

    Y = x + F(x), twice (residual connections: He et al. 2016; in the Transformer: Vaswani et
    al. 2017). The cosine between E and E' says how far the block turned the vector.
    """
    record = trace.layers[layer]
    before, after = at(record.residual_in, position), at(record.residual_out, position)
    return BlockStep(
        layer=layer,
        residual_in=float(before.norm()),
        attention=float(at(record.attention.output, position).norm()),
        residual_mid=float(at(record.residual_mid, position).norm()),
        feed_forward=float(at(record.feed_forward.output, position).norm()),
        residual_out=float(after.norm()),
        cosine=optional(float(F.cosine_similarity(before, after, dim=0, eps=0.0))),
    )


def parameters(model: Transformer) -> Parameters:
    """Parameters by kind of module; a tied output matrix counts once, as the embedding."""
    all_blocks = blocks(model)
    feed_forward = sum(_count(b.feed_forward) for b in all_blocks)
    in_blocks = sum(_count(b) for b in all_blocks)
    counts = {
        "embedding": _count(model.embedding),
        "positions": _count(model.position_embedding),
        "attention": sum(_count(b.attention) for b in all_blocks),
        "feed-forward": feed_forward,
        "norms": _count(model.final_norm)
        + sum(_count(b.attention_norm) + _count(b.feed_forward_norm) for b in all_blocks),
        "output": 0 if model.config.tie_embeddings else _count(model.head),
    }
    total = model.num_parameters()
    return Parameters(
        total=total,
        modules=tuple(
            ModuleCount(name, count, count / total) for name, count in counts.items() if count
        ),
        feed_forward_of_block=feed_forward / in_blocks,
        feed_forward_of_model=feed_forward / total,
    )


def _count(module: nn.Module | None) -> int:
    return sum(p.numel() for p in module.parameters()) if module is not None else 0
