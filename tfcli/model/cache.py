"""The key/value cache: what earlier positions answered, kept so that it is computed once."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from tfcli.model.config import ModelConfig


@dataclass
class LayerCache:
    """Keys and values of one layer in buffers of fixed length [B, Hkv, capacity, Dh]."""

    keys: Tensor
    values: Tensor
    length: int = 0

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Write [B, Hkv, T, Dh] behind what is there; return everything so far, as views."""
        end = self.length + k.shape[2]
        self.keys[:, :, self.length : end] = k
        self.values[:, :, self.length : end] = v
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]


@dataclass
class KVCache:
    """One `LayerCache` a layer, all of the same capacity.

    Memory: 2 · layers · B · Hkv · capacity · Dh elements.
    """

    layers: list[LayerCache] = field(default_factory=list)

    @classmethod
    def allocate(
        cls,
        config: ModelConfig,
        batch_size: int,
        capacity: int,
        device: torch.device,
        dtype: torch.dtype,
    ) -> "KVCache":
        """An empty cache for `capacity` tokens of each of `batch_size` sequences."""
        shape = (batch_size, config.num_kv_heads, capacity, config.head_dim)
        return cls(
            [
                LayerCache(
                    torch.zeros(shape, device=device, dtype=dtype),
                    torch.zeros(shape, device=device, dtype=dtype),
                )
                for _ in range(config.num_layers)
            ]
        )

    @property
    def length(self) -> int:
        """How many positions are cached."""
        return self.layers[0].length
