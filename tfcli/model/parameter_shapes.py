"""Every parameter of a configuration with its shape, from the configuration alone.

The modules say the same by being built; here it takes no torch, so the size of a model of any
size is known in milliseconds. A block is described once for all layers that are alike.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tfcli.model.config import Experts, ModelConfig

Size = tuple[int, ...]
Parameters = dict[str, Size]


@dataclass(frozen=True)
class LayerKind:
    """Layers that are alike.

    Attributes:
        layers: their numbers, from 0.
        window: how many tokens one sees there, itself included; 0 for all.
        experts: their experts, or None where they have one feed-forward module.
    """

    layers: tuple[int, ...]
    window: int
    experts: Experts | None


def layer_kinds(config: ModelConfig) -> tuple[LayerKind, ...]:
    """The kinds of layers, in the order in which they first come."""
    windowed = set(config.window_layers) if config.window > 0 else set()
    with_experts = set(config.experts.layers) if config.experts is not None else set()
    found: dict[tuple[bool, bool], list[int]] = {}
    for layer in range(config.num_layers):
        found.setdefault((layer in windowed, layer in with_experts), []).append(layer)
    return tuple(
        LayerKind(
            tuple(layers), config.window if window else 0, config.experts if experts else None
        )
        for (window, experts), layers in found.items()
    )


def block_parameters(config: ModelConfig, experts: Experts | None) -> Parameters:
    """The parameters of one block, by their names within it."""
    found = {**_norms(config, "attention")}
    found |= _latent_attention(config) if config.latent else _attention(config, "attention")
    if config.encoder is not None:
        found |= _norms(config, "cross") | _attention(config, "cross_attention")
    found |= _norms(config, "feed_forward")
    if experts is None:
        found |= _feed_forward(config, "feed_forward", config.intermediate_size)
    else:
        found |= _experts(config, experts)
    return found


def stack_parameters(config: ModelConfig) -> Parameters:
    """The parameters of a stack beside its blocks: embeddings, and the norms at both ends."""
    d = config.hidden_size
    found: Parameters = {"embedding.weight": (config.vocab_size, d)}
    if config.position == "learned":
        rows = config.max_position_embeddings + config.position_offset
        found["position_embedding.weight"] = (rows, d)
    if config.token_types:
        found["type_embedding.weight"] = (config.token_types, d)
    if config.embedding_norm:
        found |= _norm(config, "embedding_norm")
    if config.position == "relative":
        found["relative_bias.buckets.weight"] = (config.relative_buckets, config.num_heads)
    if config.final_norm:
        found |= _norm(config, "final_norm")
    return found


def head_parameters(config: ModelConfig) -> Parameters:
    """The parameters behind the last norm. A tied output matrix is the embedding's: not here."""
    found: Parameters = {}
    if config.head_transform:
        found |= _linear("head_transform.dense", config.hidden_size, config.hidden_size, True)
        found |= {f"head_transform.norm.{w}": (config.hidden_size,) for w in ("weight", "bias")}
    if config.head:
        found |= _linear("head", config.hidden_size, config.vocab_size, config.head_bias)
        if config.tie_embeddings:
            del found["head.weight"]
    return found


def all_parameters(config: ModelConfig) -> Iterator[tuple[str, Size]]:
    """Name and shape of every parameter of the model, each once, as `Transformer` has them."""
    sides = (
        [("", config)] if config.encoder is None else [("", config), ("encoder.", config.encoder)]
    )
    for prefix, side in sides:
        for name, size in stack_parameters(side).items():
            shared = prefix and config.share_embeddings and name == "embedding.weight"
            if not shared:
                yield prefix + name, size
        for kind in layer_kinds(side):
            block = block_parameters(side, kind.experts)
            for layer in kind.layers:
                for name, size in block.items():
                    yield f"{prefix}blocks.{layer}.{name}", size
    yield from head_parameters(config).items()


def count(parameters: Mapping[str, Size]) -> int:
    """How many numbers they are."""
    return sum(math.prod(size) for size in parameters.values())


def part(parameters: Parameters, *prefixes: str) -> Parameters:
    """Those whose names begin with one of these."""
    return {name: size for name, size in parameters.items() if name.startswith(prefixes)}


def _norms(config: ModelConfig, module: str) -> Parameters:
    """The norms of one module: of what it reads, of what it gives, of the sum."""
    places = {"norm": config.pre_norm, "branch_norm": config.branch_norm}
    places["post_norm"] = config.post_norm
    found: Parameters = {}
    for place, there in places.items():
        if there:
            found |= _norm(config, f"{module}_{place}")
    return found


def _norm(config: ModelConfig, name: str) -> Parameters:
    weights = ("weight",) if config.norm == "rms" else ("weight", "bias")
    return {f"{name}.{w}": (config.hidden_size,) for w in weights}


def _linear(name: str, inputs: int, outputs: int, bias: bool) -> Parameters:
    found: Parameters = {f"{name}.weight": (outputs, inputs)}
    return found | ({f"{name}.bias": (outputs,)} if bias else {})


def _attention(config: ModelConfig, name: str) -> Parameters:
    d, dh, bias = config.hidden_size, config.head_dim, config.qkv_bias
    heads, shared = config.num_heads, config.num_kv_heads
    found = _linear(f"{name}.q", d, heads * dh, bias)
    found |= _linear(f"{name}.k", d, shared * dh, bias)
    found |= _linear(f"{name}.v", d, shared * dh, bias)
    found |= _linear(f"{name}.o", heads * dh, d, config.output_bias)
    if config.qk_norm != "none":
        whole = config.qk_norm == "full"
        found[f"{name}.q_norm.weight"] = (heads * dh if whole else dh,)
        found[f"{name}.k_norm.weight"] = (shared * dh if whole else dh,)
    if config.attention_sinks:
        found[f"{name}.sinks"] = (heads,)
    return found


def _latent_attention(config: ModelConfig) -> Parameters:
    latent = config.latent
    assert latent is not None
    d, heads, bias = config.hidden_size, config.num_heads, config.qkv_bias
    plain = config.head_dim - latent.rope_dim
    if latent.q_rank:
        found = _linear("attention.q_down", d, latent.q_rank, bias)
        found["attention.q_norm.weight"] = (latent.q_rank,)
        found |= _linear("attention.q_up", latent.q_rank, heads * config.head_dim, False)
    else:
        found = _linear("attention.q", d, heads * config.head_dim, False)
    found |= _linear("attention.kv_down", d, latent.kv_rank + latent.rope_dim, bias)
    found["attention.kv_norm.weight"] = (latent.kv_rank,)
    both = heads * (plain + latent.value_dim)
    found |= _linear("attention.kv_up", latent.kv_rank, both, False)
    return found | _linear("attention.o", heads * latent.value_dim, d, config.output_bias)


def _feed_forward(config: ModelConfig, name: str, inner: int) -> Parameters:
    d, bias = config.hidden_size, config.feed_forward_bias
    found = _linear(f"{name}.gate", d, inner, bias) if config.gated else {}
    return found | _linear(f"{name}.up", d, inner, bias) | _linear(f"{name}.down", inner, d, bias)


def _experts(config: ModelConfig, experts: Experts) -> Parameters:
    d, inner, each = config.hidden_size, experts.intermediate_size, experts.count
    found: Parameters = {"feed_forward.router.weight": (each, d)}
    if experts.router_bias:
        found["feed_forward.router.bias"] = (each,)
    if experts.correction:
        found["feed_forward.router.correction"] = (each,)
    found["feed_forward.experts.gate"] = found["feed_forward.experts.up"] = (each, inner, d)
    found["feed_forward.experts.down"] = (each, d, inner)
    if experts.bias:
        found["feed_forward.experts.gate_bias"] = (each, inner)
        found["feed_forward.experts.up_bias"] = (each, inner)
        found["feed_forward.experts.down_bias"] = (each, d)
    if experts.shared_intermediate_size:
        found |= _feed_forward(config, "feed_forward.shared", experts.shared_intermediate_size)
    if experts.shared_gate:
        found |= _linear("feed_forward.shared_gate", d, 1, False)
    return found
