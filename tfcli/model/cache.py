"""The key/value cache: what earlier positions answered, kept so that it is computed once."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from tfcli.model.config import ModelConfig
from tfcli.model.size import cached_shape

_FIRST_ROOM = 256  # tokens


@dataclass
class LayerCache:
    """Keys and values of one layer, in buffers [B, Hkv, room, ·] that grow when they are full.

    Latent attention keeps its latents instead: [B, 1, room, kv_rank] as values, and the part of
    the key that turns with the position, [B, 1, room, rope_dim], as keys.

    Attributes:
        capacity: the most tokens that will come; the buffers do not grow beyond it needlessly.
        length: how many are there.
        crossed: keys and values of the encoder's output, once they are computed.
    """

    keys: Tensor
    values: Tensor
    capacity: int
    length: int = 0
    crossed: tuple[Tensor, Tensor] | None = None

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Write [B, Hkv, T, ·] behind what is there; return everything so far, as views."""
        end = self.length + k.shape[2]
        if end > self.keys.shape[2]:
            room = max(end, min(2 * end, self.capacity))
            self.keys = _enlarged(self.keys, self.length, room)
            self.values = _enlarged(self.values, self.length, room)
        self.keys[:, :, self.length : end] = k
        self.values[:, :, self.length : end] = v
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]

    def for_rows(self, rows: int) -> "LayerCache":
        """What the one row of this cache holds, for each of `rows` rows that go on from it."""
        crossed = self.crossed
        return LayerCache(
            self.keys.repeat(rows, 1, 1, 1),
            self.values.repeat(rows, 1, 1, 1),
            self.capacity,
            self.length,
            None if crossed is None else (_repeated(crossed[0], rows), _repeated(crossed[1], rows)),
        )


@dataclass
class KVCache:
    """One `LayerCache` a layer, all of the same length.

    Memory: layers · B · room elements, times `elements_per_token`; the room starts at 256 tokens
    and doubles, so that a long context costs nothing until it is used.
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
        room = min(capacity, _FIRST_ROOM)
        heads, key, value = cached_shape(config)
        return cls(
            [
                LayerCache(
                    torch.empty((batch_size, heads, room, key), device=device, dtype=dtype),
                    torch.empty((batch_size, heads, room, value), device=device, dtype=dtype),
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
        return KVCache([layer.for_rows(rows) for layer in self.layers])


def elements_per_token(config: ModelConfig) -> int:
    """How many numbers the cache keeps of one token, in all layers."""
    heads, key, value = cached_shape(config)
    return config.num_layers * heads * (key + value)


def _enlarged(buffer: Tensor, used: int, room: int) -> Tensor:
    B, heads, _, width = buffer.shape
    larger = buffer.new_empty(B, heads, room, width)
    larger[:, :, :used] = buffer[:, :, :used]
    return larger


def _repeated(tensor: Tensor, rows: int) -> Tensor:
    return tensor.repeat(rows, 1, 1, 1)
