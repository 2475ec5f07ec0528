"""`ModelConfig`: everything that distinguishes one architecture of the core from another.

The fields are orthogonal: a family is a set of values, never a branch. This module is free of
torch, so the command line can read, check and plan a configuration in milliseconds.
"""

import dataclasses
from dataclasses import dataclass
from typing import Literal

from tfcli.errors import UsageError


@dataclass(frozen=True)
class Rope:
    """Rotary position embedding (Su et al. 2021): pairs of dimensions turn with the position.

    Attributes:
        theta: base of the geometric row of angular frequencies.
        dim: how many of the head's dimensions are turned; 0 means all of them.
        interleaved: pairs are (0, 1), (2, 3), … instead of (0, d/2), (1, d/2 + 1), …
    """

    theta: float = 10_000.0
    dim: int = 0
    interleaved: bool = False


@dataclass(frozen=True)
class ModelConfig:
    """Shape and flavour of a Transformer.

    Attributes:
        vocab_size: number of token ids, V.
        hidden_size: width of the residual stream, D.
        num_layers: number of blocks.
        num_heads: query heads per block, H.
        num_kv_heads: key/value heads per block; H / num_kv_heads queries share one (GQA).
        head_dim: width of one head, Dh; num_heads * head_dim need not equal hidden_size.
        intermediate_size: inner width of the feed-forward module.
        max_position_embeddings: the longest context, in tokens.
        norm: "rms" (Zhang & Sennrich 2019) or "layer" (Ba et al. 2016, with bias).
        norm_eps: added to the variance (layer) or mean square (rms).
        position: "rope", or "learned" vectors added to the embedding.
        rope: how the rotation goes, where position is "rope".
        qk_norm: an RMS norm on each head's query and key, before the rotation.
        qkv_bias: query, key and value projections have a bias.
        output_bias: the attention's output projection has a bias.
        activation: "silu", "gelu" (erf) or "gelu_tanh".
        gated: act(gate(x)) * up(x) (GLU, Shazeer 2020) instead of act(up(x)).
        feed_forward_bias: the feed-forward projections have a bias.
        tie_embeddings: the output matrix is the embedding matrix.
    """

    vocab_size: int
    hidden_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    intermediate_size: int
    max_position_embeddings: int
    norm: Literal["rms", "layer"] = "rms"
    norm_eps: float = 1e-6
    position: Literal["rope", "learned"] = "rope"
    rope: Rope = Rope()
    qk_norm: bool = False
    qkv_bias: bool = False
    output_bias: bool = False
    activation: Literal["silu", "gelu", "gelu_tanh"] = "silu"
    gated: bool = True
    feed_forward_bias: bool = False
    tie_embeddings: bool = True

    def __post_init__(self) -> None:
        """Refuse, with one error that lists every fault, a shape that cannot be built."""
        faults = [
            f"{name} is {getattr(self, name)!r} and must be a positive integer"
            for name in _SIZES
            if not _is_positive_int(getattr(self, name))
        ]
        if not faults:
            if self.num_heads % self.num_kv_heads:
                faults.append(
                    f"num_heads {self.num_heads} is not a multiple of "
                    f"num_kv_heads {self.num_kv_heads}"
                )
            if self.position == "rope" and self.rotary_dim % 2:
                faults.append(f"the rotary part of a head is {self.rotary_dim} wide, an odd number")
            if self.rotary_dim > self.head_dim:
                faults.append(f"rope.dim {self.rope.dim} is wider than a head ({self.head_dim})")
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                faults.append(f"{name} is {getattr(self, name)!r}; it can be {', '.join(allowed)}")
        if faults:
            raise UsageError("This model cannot be built: " + "; ".join(faults) + ".")

    @property
    def rotary_dim(self) -> int:
        """How many dimensions of a head the rotation turns."""
        return self.rope.dim or self.head_dim

    @property
    def kv_groups(self) -> int:
        """How many query heads share one key/value head."""
        return self.num_heads // self.num_kv_heads

    def to_dict(self) -> dict[str, object]:
        """The configuration as plain data, for TOML and JSON."""
        return dataclasses.asdict(self)


_SIZES = (
    "vocab_size",
    "hidden_size",
    "num_layers",
    "num_heads",
    "num_kv_heads",
    "head_dim",
    "intermediate_size",
    "max_position_embeddings",
)
_CHOICES = {
    "norm": ("rms", "layer"),
    "position": ("rope", "learned"),
    "activation": ("silu", "gelu", "gelu_tanh"),
}


def _is_positive_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
