"""Where training starts from: the weights of a new model, the same for the same seed."""

from collections.abc import Iterator

import torch
from torch import nn

from tfcli.model.block import Block
from tfcli.model.feed_forward import FeedForward
from tfcli.model.transformer import Transformer


def initialise(model: Transformer, seed: int) -> None:
    """Draw new weights, on the CPU and in order, so that a seed means the same everywhere.

    Matrices that read the residual stream: normal with std 1/√fan_in. Matrices that write to it
    start at zero, so every block is the identity at first and the signal is the embedding alone
    (as in zero-initialised residual branches, Goyal et al. 2017; Zhang et al. 2019). Embeddings:
    normal with std 0.02, so that logits start near zero where they are tied to the output.
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
            _normal(module.weight, 0.02, generator)
    if model.head is not None and not config.tie_embeddings:
        nn.init.zeros_(model.head.weight)


def _writers(model: Transformer) -> Iterator[object]:
    """The matrices whose products are added to a residual stream."""
    for block in model.modules():
        if isinstance(block, Block):
            yield block.attention.o
            if isinstance(block.feed_forward, FeedForward):
                yield block.feed_forward.down
            if block.cross_attention is not None:
                yield block.cross_attention.o


def _normal(weight: torch.Tensor, std: float, generator: torch.Generator) -> None:
    drawn = torch.empty(weight.shape, dtype=torch.float32).normal_(0.0, std, generator=generator)
    with torch.no_grad():
        weight.copy_(drawn)
