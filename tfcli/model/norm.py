"""Normalisation layers: RMSNorm and LayerNorm, from one configuration."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.model.config import ModelConfig


class RMSNorm(nn.Module):
    """y = w * x / sqrt(mean(x²) + eps), over the last dimension (Zhang & Sennrich 2019)."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise [..., size] and return the same shape."""
        # autocast would feed F.rms_norm a float32 weight beside a bfloat16 input
        y = F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.eps)
        # several matrices read it next: rounded here it is rounded once
        device = x.device.type
        return y.to(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else y

    def scale(self, x: Tensor) -> Tensor:
        """The divisor σ of each vector: [..., size] → [..., 1]."""
        return torch.sqrt(x.square().mean(-1, keepdim=True) + self.eps)

    def apply_frozen(self, c: Tensor, scale: Tensor) -> Tensor:
        """The linear part of the norm on a component `c` of its input, with σ held fixed.

        Summed over components that add up to x, and `bias` added once, this gives forward(x).
        """
        return c / scale * self.weight

    @property
    def bias(self) -> None:
        """An RMS norm adds nothing."""
        return None


class LayerNorm(nn.LayerNorm):
    """y = w * (x - mean) / sqrt(var + eps) + b (Ba et al. 2016)."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__(size, eps=eps)

    def scale(self, x: Tensor) -> Tensor:
        """The divisor σ of each vector: [..., size] → [..., 1]."""
        return torch.sqrt(x.var(-1, unbiased=False, keepdim=True) + self.eps)

    def apply_frozen(self, c: Tensor, scale: Tensor) -> Tensor:
        """The linear part of the norm on a component `c`, centred, with σ held fixed."""
        return (c - c.mean(-1, keepdim=True)) / scale * self.weight


Norm = RMSNorm | LayerNorm


def build_norm(config: ModelConfig, size: int | None = None) -> Norm:
    """The norm that the configuration asks for, over `size` (default: hidden_size) dimensions."""
    kind = RMSNorm if config.norm == "rms" else LayerNorm
    return kind(size or config.hidden_size, config.norm_eps)
