"""Normalisation layers: RMSNorm and LayerNorm, from one configuration."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.model.config import ModelConfig


class RMSNorm(nn.Module):
    """y = w * x / sqrt(mean(x²) + eps), over the last dimension (Zhang & Sennrich 2019).

    With `plus_one` the weight is kept as its difference from 1: y = (1 + w) * x / …
    """

    def __init__(self, size: int, eps: float, plus_one: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps
        self.plus_one = plus_one

    def forward(self, x: Tensor) -> Tensor:
        """Normalise [..., size] and return the same shape."""
        if self.plus_one:  # 1 + w is not rounded to a narrow format, as w is
            weight = self.multiplier()
            return F.rms_norm(x.to(weight.dtype), (x.shape[-1],), weight, self.eps).to(x.dtype)
        # autocast would feed F.rms_norm a float32 weight beside a bfloat16 input
        y = F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.eps)
        # several matrices read it next: rounded here it is rounded once
        device = x.device.type
        if x.is_meta or not torch.is_autocast_enabled(device):
            return y
        return y.to(torch.get_autocast_dtype(device))

    def multiplier(self, dtype: torch.dtype | None = None) -> Tensor:
        """What a normalised vector is multiplied with [size], by default in float32 or wider."""
        weight = self.weight
        if dtype is None:
            dtype = torch.float64 if weight.dtype == torch.float64 else torch.float32
        weight = weight.to(dtype)
        return 1 + weight if self.plus_one else weight

    def scale(self, x: Tensor) -> Tensor:
        """The divisor σ of each vector: [..., size] → [..., 1]."""
        return torch.sqrt(x.square().mean(-1, keepdim=True) + self.eps)

    def apply_frozen(self, c: Tensor, scale: Tensor) -> Tensor:
        """The linear part of the norm on a component `c` of its input, with σ held fixed.

        Summed over components that add up to x, and `bias` added once, this gives forward(x).
        """
        return c / scale * self.multiplier(c.dtype)

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
        return (c - c.mean(-1, keepdim=True)) / scale * self.weight.to(c.dtype)


Norm = RMSNorm | LayerNorm


def build_norm(config: ModelConfig) -> Norm:
    """The norm that the configuration asks for, over the residual stream."""
    if config.norm == "rms":
        return RMSNorm(config.hidden_size, config.norm_eps, config.norm_plus_one)
    return LayerNorm(config.hidden_size, config.norm_eps)
