"""The feed-forward module: where a block keeps most of its parameters."""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.model.config import ModelConfig
from tfcli.model.linear import Linear
from tfcli.model.trace import FeedForwardTrace


def _quick_gelu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(1.702 * x)


def _relu2(x: Tensor) -> Tensor:
    return F.relu(x).square()


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "quick_gelu": _quick_gelu,
    "relu": F.relu,
    "relu2": _relu2,
    "tanh": torch.tanh,
}


class FeedForward(nn.Module):
    """down(act(gate(x)) * up(x)), or down(act(up(x))) without a gate."""

    def __init__(self, config: ModelConfig, inner: int | None = None) -> None:
        """Args:
        inner: its inner width; None for the configuration's.
        """
        super().__init__()
        inner = inner or config.intermediate_size
        d, bias = config.hidden_size, config.feed_forward_bias
        self.gate = Linear(d, inner, bias=bias) if config.gated else None
        self.up = Linear(d, inner, bias=bias)
        self.down = Linear(inner, d, bias=bias)
        self.activation = ACTIVATIONS[config.activation]

    def forward(self, x: Tensor, tracing: bool = False) -> tuple[Tensor, FeedForwardTrace | None]:
        """Transform every position by itself: [B, T, D] → [B, T, D]."""
        inner = self.neurons(x)
        output = self.down(inner)
        return output, FeedForwardTrace(inner=inner, output=output) if tracing else None

    def neurons(self, x: Tensor) -> Tensor:
        """What the neurons fire: [..., D] → [..., I]."""
        if self.gate is None:
            return self.activation(self.up(x))
        return self.activation(self.gate(x)) * self.up(x)
