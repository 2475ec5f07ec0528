"""Where training starts from: the weights of a new model, the same for the same seed."""

from collections.abc import Iterator

import torch
from torch import nn

from tfcli.model.attention import Attention
from tfcli.model.block import Block
from tfcli.model.feed_forward import FeedForward
from tfcli.model.transformer import Transformer

_EMBEDDED = 0.02  # standard deviation of an embedding's numbers
_SHARED = 0.7  # of a key's first direction that is its queries': W_Kᵀ W_Q is near a multiple of 1
_RETURNED = 0.5  # of what a head reads, that it writes: W_O W_V is near a multiple of 1


def initialise(model: Transformer, seed: int) -> None:
    """Draw new weights, on the CPU and in order, so that a seed means the same everywhere.

    Matrices that read the residual stream: normal with std 1/√fan_in. Feed-forward modules write
    nothing at first, nor does attention beside an encoder (zero-initialised residual branches,
    Goyal et al. 2017; Zhang et al. 2019). That of a decoder by itself begins as trained attention
    looks: a token looks for tokens like itself, and a head writes a part of what it reads (Trockman
    & Kolter 2023, “Mimetic Initialization of Self-Attention Layers”). Embeddings: normal with std
    0.02, so that logits start near zero where they are tied to the output; a decoder's around one
    vector drawn alike, which all tokens share.
    """
    generator = torch.Generator().manual_seed(seed)
    config = model.config
    writers = {id(linear) for linear in _writers(model)}
    for module in model.modules():
        if isinstance(module, nn.Linear):
            if id(module) in writers:
                nn.init.zeros_(module.weight)
            elif module is not model.head:
                _normal(module.weight, module.in_features**-0.5, generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            _normal(module.weight, _EMBEDDED, generator)
    if model.head is not None and not config.tie_embeddings:
        nn.init.zeros_(model.head.weight)
    if config.architecture == "decoder":
        _imitate(model, generator)


def _writers(model: Transformer) -> Iterator[object]:
    """The matrices whose products are added to a residual stream."""
    for block in model.modules():
        if isinstance(block, Block):
            yield block.attention.o
            if isinstance(block.feed_forward, FeedForward):
                yield block.feed_forward.down
            if block.cross_attention is not None:
                yield block.cross_attention.o


def _imitate(model: Transformer, generator: torch.Generator) -> None:
    """Let attention begin as trained attention looks, and every embedding share one vector."""
    for module in model.modules():
        if isinstance(module, Attention):
            _attend_alike(module)
    shared = torch.empty(model.config.hidden_size)
    _normal(shared, _EMBEDDED, generator)
    with torch.no_grad():
        model.embedding.weight += shared


@torch.no_grad()
def _attend_alike(attention: Attention) -> None:
    """W_K ← 0.7 W_Q + 0.71 W_K, and W_O ← 0.5 W_Vᵀ, head by head.

    Keys that several heads share take the sum of their queries, as long as one of them.
    """
    config = attention.config
    groups, width = config.num_kv_heads, config.head_dim
    queries = attention.q.weight.view(groups, config.num_heads // groups, width, -1)
    shared = queries.sum(1).flatten(0, 1) * (groups / config.num_heads) ** 0.5
    attention.k.weight.mul_((1 - _SHARED**2) ** 0.5).add_(shared, alpha=_SHARED)
    values = attention.v.weight.view(groups, 1, width, -1).expand_as(queries)
    attention.o.weight.copy_(_RETURNED * values.reshape_as(attention.q.weight).T)


def _normal(weight: torch.Tensor, std: float, generator: torch.Generator) -> None:
    drawn = torch.empty(weight.shape, dtype=torch.float32).normal_(0.0, std, generator=generator)
    with torch.no_grad():
        weight.copy_(drawn)
