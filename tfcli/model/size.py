"""How large a configuration is: parameters by module, work, and memory, without building it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tfcli.model.block_shapes import Step
from tfcli.model.config import ModelConfig
from tfcli.model.forward_shapes import ForwardShapes
from tfcli.model.parameter_shapes import (
    Parameters,
    block_parameters,
    head_parameters,
    layer_kinds,
    stack_parameters,
)

BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}
_MODULES = (
    ("cross_attention.", "cross-attention"),
    ("attention.", "attention"),
    ("feed_forward.experts.", "experts"),
    ("feed_forward.router.", "router"),
    ("feed_forward.", "feed-forward"),
    ("position_embedding.", "positions"),
    ("relative_bias.", "positions"),
    ("embedding_norm.", "norms"),
    ("embedding.", "embedding"),
    ("type_embedding.", "embedding"),
    ("head", "output"),
)


@dataclass(frozen=True)
class ModuleSize:
    """The parameters of one kind of module in the whole model.

    Attributes:
        name: embedding, positions, attention, cross-attention, feed-forward, experts, router,
            norms or output.
        count: how many they are; a matrix in two places counts once, where it stands first.
        active: how many of them one token meets.
        encoder: how many of `count` stand in the encoder beside a decoder; an embedding that both
            share among them.
    """

    name: str
    count: int
    active: int
    encoder: int


@dataclass(frozen=True)
class ParameterCount:
    """Where the parameters are.

    Attributes:
        total: all of them.
        active: how many one token meets: of the experts only those that it is sent to.
        modules: by kind of module, without those that have none.
        feed_forward_of_block: the share of the feed-forward modules, with experts and router, in
            the blocks' parameters.
        feed_forward_of_model: their share in the total.
    """

    total: int
    active: int
    modules: tuple[ModuleSize, ...]
    feed_forward_of_block: float
    feed_forward_of_model: float


def parameter_count(config: ModelConfig) -> ParameterCount:
    """Count the parameters as `Transformer(config)` has them."""
    names = dict.fromkeys(name for _, name in _MODULES) | {"norms": None}
    counts = dict.fromkeys(names, 0)
    active, encoder = dict(counts), dict(counts)
    feed_forward = in_blocks = 0
    for side, parameters, times, share in _parts(config):
        for name, size in parameters.items():
            module = _module_of(name)
            numbers = times * math.prod(size)
            counts[module] += numbers
            active[module] += round(numbers * share) if module == "experts" else numbers
            encoder[module] += numbers if side == "encoder" else 0
            if name.startswith(("attention", "cross", "feed_forward")):
                in_blocks += numbers
            feed_forward += numbers if name.startswith("feed_forward.") else 0
    total = sum(counts.values())
    order = ("embedding", "positions", "attention", "cross-attention", "feed-forward", "router")
    modules = tuple(
        ModuleSize(name, counts[name], active[name], encoder[name])
        for name in (*order, "experts", "norms", "output")
        if counts[name]
    )
    return ParameterCount(
        total, sum(active.values()), modules, feed_forward / in_blocks, feed_forward / total
    )


@dataclass(frozen=True)
class Work:
    """Floating-point operations of a forward pass; a multiplication and an addition are two.

    Attributes:
        matrices: of one token: twice the elements of the matrices that it goes through.
        attention: of one token that sees `tokens` others, its scores and its weighted sum: in each
            layer 2·H·(d + v) for each token that it sees.
        source_matrices, source_attention: likewise of one token of the encoder's text.
        text: of all texts, every token seeing all of its text.
    """

    matrices: int
    attention: int
    source_matrices: int
    source_attention: int
    text: int

    @property
    def token(self) -> int:
        """Of one token, in all."""
        return self.matrices + self.attention


@dataclass(frozen=True)
class ModuleWork:
    """Operations of one kind of module in all layers.

    Attributes:
        name: attention (its projections), scores (with the weighted sum of values),
            cross-attention, cross-scores, feed-forward, router, experts or output.
        token: of one token, or the decoder's, that sees all of its text.
        source: of one token of the encoder's text.
    """

    name: str
    token: int
    source: int


def work(shapes: ForwardShapes) -> Work:
    """Count the operations of a forward pass (Kaplan et al. 2020, appendix B)."""
    T, S, modules = shapes.tokens, shapes.source_tokens, work_by_module(shapes)
    attention = [m for m in modules if m.name in ("scores", "cross-scores")]
    seen, source_seen = sum(m.token for m in attention), sum(m.source for m in attention)
    all_of_it, source_all = sum(m.token for m in modules), sum(m.source for m in modules)
    text = T * all_of_it + S * source_all
    return Work(all_of_it - seen, seen, source_all - source_seen, source_seen, shapes.batch * text)


def work_by_module(shapes: ForwardShapes, against_cache: bool = False) -> tuple[ModuleWork, ...]:
    """The same by kind of module, without those that do nothing.

    Args:
        against_cache: a token comes to a cache of the others, where latent attention mixes the
            latents themselves.
    """
    config, S = shapes.config, shapes.source_tokens
    token = _matrices(config) | {"output": _output_matrix(config)}
    token["scores"] = _attention(config, shapes.tokens, latents=against_cache)
    source: dict[str, int] = {}
    if config.encoder is not None:
        # keys and values of cross-attention are made once for each token of the encoder's text
        crossed = config.num_layers * 4 * config.hidden_size * config.num_kv_heads * config.head_dim
        token["cross-attention"] -= crossed
        token["cross-scores"] = config.num_layers * _one_attention(config, S)
        source = _matrices(config.encoder) | {"cross-attention": crossed}
        source["scores"] = _attention(config.encoder, S)
    order = ("attention", "scores", "cross-attention", "cross-scores", "feed-forward", "router")
    return tuple(
        ModuleWork(name, token.get(name, 0), source.get(name, 0))
        for name in (*order, "experts", "output")
        if token.get(name) or source.get(name)
    )


def weights_read(config: ModelConfig) -> dict[str, int]:
    """How many parameters one more token reads against a cache, by kind of module.

    All that stand on its way once: of an embedding its row, of experts those that it is sent to,
    of cross-attention what makes no keys and values, and a tied output matrix as well.
    """
    found: dict[str, int] = {}
    for side, parameters, times, share in _parts(config):
        for name, size in parameters.items():
            if side == "encoder" or name.startswith(("cross_attention.k.", "cross_attention.v.")):
                continue
            module, numbers = _module_of(name), times * math.prod(size)
            if name.endswith("embedding.weight"):
                numbers = config.hidden_size
            elif module == "experts":
                numbers = round(numbers * share)
            found[module] = found.get(module, 0) + numbers
    if config.share_embeddings:
        found["embedding"] = config.hidden_size
    if config.head and config.tie_embeddings:
        found["output"] = found.get("output", 0) + config.vocab_size * config.hidden_size
    return found


@dataclass(frozen=True)
class Activations:
    """How many numbers a forward pass makes, if none of its tensors is dropped.

    Attributes:
        total: all tensors of all layers, as they are kept for a backward pass.
        scores: scores and weights among them, which a fused kernel never writes.
        largest_block: of the block that makes most.
    """

    total: int
    scores: int
    largest_block: int


def activations(shapes: ForwardShapes) -> Activations:
    """Add up the tensors of a forward pass."""
    blocks = [s for s in shapes.sections if s.name == "block"]
    return Activations(
        total=sum(s.times * _elements(s.steps) for s in shapes.sections),
        scores=sum(
            s.times * _elements([x for x in s.steps if x.name in ("scores", "weights")])
            for s in blocks
        ),
        largest_block=max(_elements(s.steps) for s in blocks),
    )


@dataclass(frozen=True)
class CacheSize:
    """How many numbers the key/value cache keeps, in all layers.

    Attributes:
        token: of each token.
        source: of each token of the encoder's text, in an encoder-decoder.
    """

    token: int
    source: int

    def of(self, tokens: int, source_tokens: int = 0) -> int:
        """Of so many tokens."""
        return self.token * tokens + self.source * source_tokens


def cache_size(config: ModelConfig) -> CacheSize | None:
    """What the cache keeps; None in an encoder, which has none."""
    if not config.causal:
        return None
    heads, key, value = cached_shape(config)
    crossed = config.num_kv_heads * 2 * config.head_dim
    source = config.num_layers * crossed if config.encoder is not None else 0
    return CacheSize(config.num_layers * heads * (key + value), source)


def cached_shape(config: ModelConfig) -> tuple[int, int, int]:
    """Heads, and widths of the key and the value, that a layer's cache keeps of one token."""
    if config.latent is not None:
        return 1, config.latent.rope_dim, config.latent.kv_rank
    return config.num_kv_heads, config.head_dim, config.head_dim


def _parts(config: ModelConfig) -> Iterator[tuple[str, Parameters, int, float]]:
    """Parts of the model: side, parameters, how often they stand there, the share that is met."""
    for side, stack in (("", config), ("encoder", config.encoder)):
        if stack is None:
            continue
        found = stack_parameters(stack)
        if not side and config.share_embeddings:
            del found["embedding.weight"]  # it is counted in the encoder
        yield side, found, 1, 1.0
        for kind in layer_kinds(stack):
            experts = kind.experts
            share = experts.chosen / experts.count if experts is not None else 1.0
            yield side, block_parameters(stack, experts), len(kind.layers), share
    yield "", head_parameters(config), 1, 1.0


def _module_of(name: str) -> str:
    return next((module for prefix, module in _MODULES if name.startswith(prefix)), "norms")


def _matrices(config: ModelConfig) -> dict[str, int]:
    """Operations of one token in the matrices of all blocks, by kind of module."""
    found: dict[str, int] = {}
    for kind in layer_kinds(config):
        for name, size in block_parameters(config, kind.experts).items():
            numbers = 0
            if name.endswith(".weight") and len(size) == 2:
                numbers = math.prod(size)
            if len(size) == 3 and kind.experts is not None:
                numbers = kind.experts.chosen * math.prod(size[1:])
            module = _module_of(name)
            found[module] = found.get(module, 0) + 2 * len(kind.layers) * numbers
    return found


def _output_matrix(config: ModelConfig) -> int:
    dense = 2 * config.hidden_size**2 if config.head_transform else 0
    return dense + (2 * config.hidden_size * config.vocab_size if config.head else 0)


def _attention(config: ModelConfig, seen: int, latents: bool = False) -> int:
    return sum(
        len(kind.layers) * _one_attention(config, min(seen, kind.window or seen), latents)
        for kind in layer_kinds(config)
    )


def _one_attention(config: ModelConfig, seen: int, latents: bool = False) -> int:
    width = config.head_dim + config.value_dim
    if latents and config.latent is not None:
        width = 2 * config.latent.kv_rank + config.latent.rope_dim
    return 2 * config.num_heads * width * seen


def _elements(steps: tuple[Step, ...] | list[Step]) -> int:
    return sum(step.elements for step in steps)
