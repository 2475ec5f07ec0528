"""What the model is made of, and what one block does to one token's vector."""

import torch.nn.functional as F
from torch import nn

from tfcli.explain.heads.attention import score_words
from tfcli.explain.precision import at, blocks, dtype_name, optional, working_dtype
from tfcli.explain.result import (
    NORM_PLACES,
    BlockStep,
    ExpertFacts,
    LatentFacts,
    ModelFacts,
    ModuleCount,
    Parameters,
    Shape,
    Shapes,
    WindowFacts,
)
from tfcli.model.config import ModelConfig
from tfcli.model.stack import Stack
from tfcli.model.trace import Trace
from tfcli.model.transformer import Transformer

_NORMS = {"rms": "RMSNorm", "layer": "LayerNorm"}


def describe_model(model: Transformer, name: str, family: str) -> ModelFacts:
    """The model's shape, as it runs here."""
    config = model.config
    return ModelFacts(
        name=name,
        family=family,
        kind=config.architecture,
        parameters=model.num_parameters(),
        num_layers=config.num_layers,
        num_heads=config.num_heads,
        num_kv_heads=config.num_kv_heads,
        head_dim=config.head_dim,
        hidden_size=config.hidden_size,
        intermediate_size=config.intermediate_size,
        vocab_size=config.vocab_size,
        max_position_embeddings=config.max_position_embeddings,
        encoder_layers=config.encoder.num_layers if config.encoder is not None else None,
        norm=_NORMS[config.norm],
        norm_places=tuple(place for place in NORM_PLACES if getattr(config, f"{place}_norm")),
        position=config.position,
        tied=config.tie_embeddings,
        mask="causal" if config.causal else "no",
        device=str(model.device),
        dtype=dtype_name(model.dtype),
        measured_in=dtype_name(working_dtype(model.dtype)),
        experts=_experts(config),
        window=_window(config),
        latent=_latent(config),
    )


def _experts(config: ModelConfig) -> ExpertFacts | None:
    experts = config.experts
    if experts is None:
        return None
    layers = sum(config.experts_in(i) is not None for i in range(config.num_layers))
    shared = experts.shared_intermediate_size > 0
    return ExpertFacts(experts.count, experts.chosen, shared, layers)


def _window(config: ModelConfig) -> WindowFacts | None:
    layers = sum(config.has_window(i) for i in range(config.num_layers))
    return WindowFacts(config.window, layers) if layers else None


def _latent(config: ModelConfig) -> LatentFacts | None:
    latent = config.latent
    if latent is None:
        return None
    return LatentFacts(latent.kv_rank, latent.q_rank or None, latent.rope_dim)


def shapes(trace: Trace) -> Shapes:
    """The shapes of what is computed on the way to the logits, in order, without the batch."""
    layer = trace.layers[0]
    attention = layer.attention
    _, H, T, _ = attention.q.shape
    steps = [
        Shape("E", tuple(layer.residual_in.shape[1:])),
        Shape("Q", tuple(attention.q.shape[1:])),
        Shape("K", tuple(attention.shared_k.shape[1:])),
        Shape("V", tuple(attention.shared_v.shape[1:])),
        Shape("scores", (H, T, attention.shared_k.shape[2])),
        Shape("weights", (H, T, attention.shared_k.shape[2])),
        Shape("heads", tuple(attention.mixed.shape[1:])),
        Shape("ΔE", tuple(attention.output.shape[1:])),
    ]
    crossed = layer.cross_attention
    if crossed is not None:
        steps += [
            Shape("encoder", tuple(trace.encoder.final_norm_out.shape[1:]))
            if trace.encoder is not None
            else Shape("encoder", ()),
            Shape("cross-weights", (H, T, crossed.shared_k.shape[2])),
        ]
    steps += _neurons(trace)
    if trace.head is not None:
        steps.append(Shape("logits", (T, trace.logits_at(slice(0, 1)).shape[-1])))
    return Shapes(score=score_words(attention), steps=tuple(steps))


def _neurons(trace: Trace) -> list[Shape]:
    """Of the first layer that has experts, where the router sent the tokens; else the neurons."""
    routed = [layer.feed_forward.router for layer in trace.layers]
    router = next((found for found in routed if found is not None), None)
    if router is not None:
        return [Shape("router", tuple(router.logits.shape[1:]))]
    inner = trace.layers[0].feed_forward.inner
    return [] if inner is None else [Shape("neurons", tuple(inner.shape[1:]))]


def block_step(trace: Trace, layer: int, position: int) -> BlockStep:
    """Norms of the vector before, between and after a block's two modules, and of what they add.

    Y = x + F(x), twice (residual connections: He et al. 2016; in the Transformer: Vaswani et
    al. 2017). The cosine between E and E' says how far the block turned the vector.
    """
    record = trace.layers[layer]
    before, after = at(record.residual_in, position), at(record.residual_out, position)
    crossed = record.cross_attention_delta
    return BlockStep(
        layer=layer,
        residual_in=float(before.norm()),
        attention=float(at(record.attention_delta, position).norm()),
        cross_attention=None if crossed is None else float(at(crossed, position).norm()),
        residual_mid=float(at(record.residual_mid, position).norm()),
        feed_forward=float(at(record.feed_forward_delta, position).norm()),
        residual_out=float(after.norm()),
        cosine=optional(float(F.cosine_similarity(before, after, dim=0, eps=0.0))),
    )


def parameters(model: Transformer) -> Parameters:
    """Parameters by kind of module; a matrix in two places counts once, where it stands first."""
    stacks: list[Stack] = [model] if model.encoder is None else [model, model.encoder]
    all_blocks = [block for stack in stacks for block in blocks(stack)]
    feed_forward = sum(_count(b.feed_forward) for b in all_blocks)
    in_blocks = sum(_count(b) for b in all_blocks)
    seen: set[int] = set()

    def first_met(*modules: nn.Module | None) -> int:
        met = {id(p): p.numel() for m in modules if m is not None for p in m.parameters()}
        new = {i: n for i, n in met.items() if i not in seen}
        seen.update(new)
        return sum(new.values())

    counts = {
        "embedding": first_met(*(part for s in stacks for part in (s.embedding, s.type_embedding))),
        "positions": first_met(
            *(part for s in stacks for part in (s.position_embedding, s.relative_bias))
        ),
        "attention": first_met(*(b.attention for b in all_blocks)),
        "cross-attention": first_met(*(b.cross_attention for b in all_blocks)),
        "feed-forward": first_met(*(b.feed_forward for b in all_blocks)),
        "output": first_met(model.head_transform, model.head),
    }
    total = model.num_parameters()
    counts["norms"] = total - sum(counts.values())
    order = ("embedding", "positions", "attention", "cross-attention", "feed-forward", "norms")
    return Parameters(
        total=total,
        modules=tuple(
            ModuleCount(name, counts[name], counts[name] / total)
            for name in (*order, "output")
            if counts[name]
        ),
        feed_forward_of_block=feed_forward / in_blocks,
        feed_forward_of_model=feed_forward / total,
    )


def _count(module: nn.Module | None) -> int:
    return sum(p.numel() for p in module.parameters()) if module is not None else 0
