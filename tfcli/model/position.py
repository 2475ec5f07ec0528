"""Where a token stands: rotary angles for queries and keys."""

import torch
from torch import Tensor

from tfcli.model.config import ModelConfig


class RotaryTable:
    """Cosines and sines of every position's angles, computed once and grown when needed.

    Kept in float32 whatever the model's dtype, and outside the module's buffers, so that
    `module.to(torch.bfloat16)` cannot round the frequencies.
    """

    def __init__(self, config: ModelConfig) -> None:
        self._config = config
        self._cos = self._sin = torch.empty(0, 0)

    def at(self, positions: Tensor, dtype: torch.dtype, longest: int) -> tuple[Tensor, Tensor]:
        """cos, sin of integer positions [T] or [B, T], each [..., T, R/2]; all < `longest`."""
        if self._cos.shape[0] < longest or self._cos.device != positions.device:
            length = max(longest, min(self._config.max_position_embeddings, 2 * longest))
            angles = torch.arange(length).float()[:, None] * rotary_frequencies(self._config)
            self._cos = angles.cos().to(positions.device)
            self._sin = angles.sin().to(positions.device)
        return self._cos[positions].to(dtype), self._sin[positions].to(dtype)


def rotary_frequencies(config: ModelConfig) -> Tensor:
    """Angular frequency of each rotated pair, θ^(-2i/d): [rotary_dim / 2] (Su et al. 2021)."""
    steps = torch.arange(0, config.rotary_dim, 2, dtype=torch.float32)
    return 1.0 / (config.rope.theta ** (steps / config.rotary_dim))


def rotate(x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool) -> Tensor:
    """Turn the first R dimensions of every head by its position's angles.

    Args:
        x: queries or keys [B, H, T, Dh].
        cos, sin: [T, R/2], or [B, 1, T, R/2] where positions differ within the batch.
        interleaved: pairs stand side by side instead of half a head apart.

    Returns:
        the same shape and dtype as x.
    """
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)  # under autocast x is rounded, the table is not
    rotary_dim = 2 * cos.shape[-1]
    turned, rest = x[..., :rotary_dim], x[..., rotary_dim:]
    if interleaved:
        a, b = turned[..., 0::2], turned[..., 1::2]
        turned = torch.stack((a * cos - b * sin, b * cos + a * sin), dim=-1).flatten(-2)
    else:
        a, b = turned.chunk(2, dim=-1)
        turned = torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)
    return torch.cat((turned, rest), dim=-1) if rest.shape[-1] else turned
