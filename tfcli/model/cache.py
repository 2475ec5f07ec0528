"""The key/value cache: what earlier positions answered, kept so that it is computed once."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from tfcli.model.config import ModelConfig

_FIRST_ROOM = 256  # tokens


@dataclass
class LayerCache:
    """Keys and values of one layer, in buffers [B, Hkv, room, Dh] that grow when they are full.

    Attributes:
        capacity: the most tokens that will come; the buffers do not grow beyond it needlessly.
        length: how many are there.
    """

    keys: Tensor
    values: Tensor
    capacity: int
    length: int = 0

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Write [B, Hkv, T, Dh] behind what is there; return everything so far, as views."""
        end = self.length + k.shape[2]
        if end > self.keys.shape[2]:
            room = max(end, min(2 * end, self.capacity))
            self.keys = _enlarged(self.keys, self.length, room)
            self.values = _enlarged(self.values, self.length, room)
        self.keys[:, :, self.length : end] = k
        self.values[:, :, self.length : end] = v
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]


@dataclass
class KVCache:
    """One `LayerCache` a layer, all of the same length.

    Memory: 2 · layers · B · Hkv · room · Dh elements; the room starts at 256 tokens and doubles,
    so that a long context costs nothing until it is used.
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
        """An empty cache that will hold up to `capacity` tokens of each of `batch_size` rows."""
        shape = (batch_size, config.num_kv_heads, min(capacity, _FIRST_ROOM), config.head_dim)
        return cls(
            [
                LayerCache(
                    torch.empty(shape, device=device, dtype=dtype),
                    torch.empty(shape, device=device, dtype=dtype),
                    capacity,
                )
                for _ in range(config.num_layers)
            ]
        )

    @property
    def length(self) -> int:
        """How many positions are cached."""
        return self.layers[0].length

    def for_rows(self, rows: int) -> "KVCache":
        """What the one row of this cache holds, for each of `rows` rows that go on from it."""
        return KVCache(
            [
                LayerCache(
                    layer.keys.repeat(rows, 1, 1, 1),
                    layer.values.repeat(rows, 1, 1, 1),
                    layer.capacity,
                    layer.length,
                )
                for layer in self.layers
            ]
        )


def _enlarged(buffer: Tensor, used: int, room: int) -> Tensor:
    B, heads, _, dh = buffer.shape
    larger = buffer.new_empty(B, heads, room, dh)
    larger[:, :, :used] = buffer[:, :, :used]
    return larger
