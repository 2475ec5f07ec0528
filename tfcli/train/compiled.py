"""Compiling the blocks for the training step, and for nothing else."""

import contextlib
from collections.abc import Iterator

import torch

from tfcli.model.transformer import Transformer
from tfcli.train.optimizer import blocks_of

# Beside an encoder one block's code runs as the encoder's and as the decoder's, each for the
# lengths that a step may draw, with and without the batch's mask: 11 versions were counted where
# torch gives up at 8 and runs the rest uncompiled.
_VERSIONS = 32


def compile_blocks(model: Transformer) -> None:
    """Have every block compiled at its first use."""
    if model.encoder is not None:
        import torch._dynamo

        config = torch._dynamo.config
        config.recompile_limit = max(config.recompile_limit, _VERSIONS)
    for block in blocks_of(model):
        block.compile()


@contextlib.contextmanager
def as_written(compiled: bool) -> Iterator[None]:
    """Run a compiled model uncompiled in the body.

    Validation and samples come with other lengths, so each would be compiled again, and there are
    too few of them to win that time back.
    """
    if not compiled:
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield
