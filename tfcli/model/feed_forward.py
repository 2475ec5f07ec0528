"""The feed-forward module: where a block keeps most of its parameters."""

from collections.abc import Callable
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.model.config import ModelConfig
from tfcli.model.linear import Linear
from tfcli.model.trace import FeedForwardTrace

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
}


class FeedForward(nn.Module):
    """down(act(gate(x)) * up(x)), or down(act(up(x))) without a gate."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        d, inner, bias = config.hidden_size, config.intermediate_size, config.feed_forward_bias
        self.gate = Linear(d, inner, bias=bias) if config.gated else None
        self.up = Linear(d, inner, bias=bias)
        self.down = Linear(inner, d, bias=bias)
        self.activation = ACTIVATIONS[config.activation]

    def forward(self, x: Tensor, tracing: bool = False) -> tuple[Tensor, FeedForwardTrace | None]:
        """Transform every position by itself: [B, T, D] → ΔE [B, T, D]."""
        if self.gate is None:
            inner = self.activation(self.up(x))  # [B, T, I]
        else:
            inner = self.activation(self.gate(x)) * self.up(x)
        output = self.down(inner)
        return output, FeedForwardTrace(inner=inner, output=output) if tracing else None
