"""Where a token stands: rotary angles, sinusoidal vectors, and buckets of distances."""

import math

import torch
from torch import Tensor, nn

from tfcli.model.config import ModelConfig, Rope
from tfcli.model.config_parts import magnitude

Rotary = tuple[Tensor, Tensor]


class RotaryTable:
    """Cosines and sines of every position's angles, computed once and grown when needed.

    Kept in float32 whatever the model's dtype, and outside the module's buffers, so that
    `module.to(torch.bfloat16)` cannot round the frequencies.
    """

    def __init__(self, config: ModelConfig, rope: Rope) -> None:
        self._config, self._rope = config, rope
        self._cos = self._sin = torch.empty(0, 0)
        self._frequencies: Tensor | None = None

    def at(self, positions: Tensor, dtype: torch.dtype, longest: int) -> Rotary:
        """cos, sin of integer positions [T] or [B, T], each [..., T, R/2]; all < `longest`."""
        if self._rope.depends_on_length:
            longest = int(positions.max()) + 1
        if self._cos.shape[0] < longest or self._cos.device != positions.device or self._changes:
            frequencies = rotary_frequencies(self._config, self._rope, longest)
            self._frequencies = frequencies
            length = max(longest, min(self._config.max_position_embeddings, 2 * longest))
            angles = torch.arange(length).float()[:, None] * frequencies
            factor = rotary_magnitude(self._config, self._rope)
            self._cos = (angles.cos() * factor).to(positions.device)
            self._sin = (angles.sin() * factor).to(positions.device)
        return self._cos[positions].to(dtype), self._sin[positions].to(dtype)

    @property
    def _changes(self) -> bool:
        return self._rope.depends_on_length


def rotary_frequencies(config: ModelConfig, rope: Rope, length: int = 0) -> Tensor:
    """Angular frequency of each rotated pair: [rotary_dim / 2].

    θ^(-2i/d) (Su et al. 2021), changed as `rope.scaling` says.

    Args:
        length: of the text at hand, in tokens, where the scaling depends on it.
    """
    dim = config.rotary_dim
    steps = torch.arange(0, dim, 2, dtype=torch.float32) / dim
    theta = rope.theta
    if rope.scaling == "dynamic":
        trained = config.max_position_embeddings
        growth = rope.factor * max(length, trained) / trained - (rope.factor - 1)
        theta *= growth ** (dim / (dim - 2))
    plain = 1.0 / theta**steps
    if rope.scaling == "linear":
        return plain / rope.factor
    if rope.scaling == "llama3":
        return _between_wavelengths(plain, rope)
    if rope.scaling == "yarn":
        return _by_turns(plain, rope, dim)
    if rope.scaling in ("longrope", "factors"):
        beyond = rope.scaling == "longrope" and length > rope.original
        return plain / torch.tensor(rope.long if beyond else rope.short)
    return plain


def rotary_magnitude(config: ModelConfig, rope: Rope) -> float:
    """What cosines and sines are multiplied with (YaRN, LongRoPE); else 1."""
    if rope.attention_factor is not None:
        return rope.attention_factor
    if rope.scaling == "yarn":
        if rope.mscale and rope.mscale_all:
            return magnitude(rope.factor, rope.mscale) / magnitude(rope.factor, rope.mscale_all)
        return magnitude(rope.factor)
    if rope.scaling == "longrope" and rope.factor > 1:
        return math.sqrt(1 + math.log(rope.factor) / math.log(rope.original))
    return 1.0


def _between_wavelengths(frequencies: Tensor, rope: Rope) -> Tensor:
    """Llama 3.1: long waves are slowed by the factor, short ones kept, those between blended."""
    turns = rope.original * frequencies / (2 * math.pi)  # in the original context
    keep = ((turns - rope.low) / (rope.high - rope.low)).clamp(0, 1)
    return (1 - keep) * frequencies / rope.factor + keep * frequencies


def _by_turns(frequencies: Tensor, rope: Rope, dim: int) -> Tensor:
    """YaRN (Peng et al. 2023): pairs that turn often are kept, slow ones are interpolated."""

    def pair_with(turns: float) -> float:
        return dim * math.log(rope.original / (turns * 2 * math.pi)) / (2 * math.log(rope.theta))

    first, last = pair_with(rope.high), pair_with(rope.low)
    if rope.truncate:
        first, last = math.floor(first), math.ceil(last)
    first, last = max(first, 0), min(last, dim - 1)
    if first == last:
        last += 0.001
    ramp = ((torch.arange(dim // 2, dtype=torch.float32) - first) / (last - first)).clamp(0, 1)
    return frequencies / rope.factor * ramp + frequencies * (1 - ramp)


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


def sinusoids(positions: Tensor, size: int, dtype: torch.dtype) -> Tensor:
    """The 2017 Transformer's position vectors, sines in the first half and cosines in the second.

    Of an odd size, one more is a sine.

    Angle of pair i: position / 10000^(2i / size) (Vaswani et al. 2017).

    Args:
        positions: [T] or [B, T].

    Returns:
        [..., T, size].
    """
    steps = torch.arange(0, size, 2, dtype=torch.float64, device=positions.device) / size
    angles = positions[..., None].double() / 10_000.0**steps
    return torch.cat((angles.sin(), angles[..., : size // 2].cos()), dim=-1).to(dtype)


class RelativeBias(nn.Module):
    """T5's position: a learned number for each head and bucket of distances, added to the scores.

    Near distances have a bucket each, far ones share buckets that grow with the logarithm of the
    distance (Raffel et al. 2020).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.buckets = nn.Embedding(config.relative_buckets, config.num_heads)
        self._largest = config.relative_max_distance
        self._causal = config.causal

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        """The bias of query positions [T] and key positions [S]: [1, H, T, S]."""
        distance = keys[None, :] - queries[:, None]
        return self.buckets(self._bucket(distance)).permute(2, 0, 1)[None]

    def _bucket(self, distance: Tensor) -> Tensor:
        count = self.buckets.num_embeddings
        first = torch.zeros_like(distance)
        if self._causal:
            distance = (-distance).clamp(min=0)
        else:  # half of the buckets are for what stands behind
            count //= 2
            first = (distance > 0).long() * count
            distance = distance.abs()
        exact = count // 2
        grown = torch.log(distance.float().clamp(min=1) / exact) / math.log(self._largest / exact)
        far = (exact + (grown * (count - exact)).long()).clamp(max=count - 1)
        return first + torch.where(distance < exact, distance, far)
