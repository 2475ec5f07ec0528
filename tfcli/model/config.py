"""`ModelConfig`: everything that distinguishes one architecture of the core from another.

The fields are orthogonal: a family is a set of values, never a branch. This module is free of
torch, so the command line can read, check and plan a configuration in milliseconds.
"""

import dataclasses
from dataclasses import dataclass
from typing import Literal, get_args

from tfcli.errors import UsageError
from tfcli.model.config_parts import Experts, LatentAttention, Rope

Architecture = Literal["decoder", "encoder", "encoder-decoder"]
Activation = Literal["silu", "gelu", "gelu_tanh", "quick_gelu", "relu", "relu2", "tanh"]
NormKind = Literal["rms", "layer"]
Position = Literal["rope", "learned", "sinusoidal", "relative", "none"]
QKNorm = Literal["none", "head", "full"]

__all__ = ["Activation", "Experts", "LatentAttention", "ModelConfig", "Rope"]

_PLAIN = Rope()


@dataclass(frozen=True)
class ModelConfig:
    """Shape and flavour of a Transformer, or of one side of an encoder-decoder.

    Attributes:
        vocab_size: number of token ids, V.
        hidden_size: width of the residual stream, D.
        num_layers: number of blocks.
        num_heads: query heads per block, H.
        num_kv_heads: key/value heads per block; H / num_kv_heads queries share one (GQA).
        head_dim: width of one head, Dh; num_heads * head_dim need not equal hidden_size.
        intermediate_size: inner width of the feed-forward module.
        max_position_embeddings: the longest context, in tokens.
        architecture: "decoder" (causal), "encoder" (every token sees every other), or
            "encoder-decoder": then these fields are the decoder's.
        encoder: the encoder's own configuration, where there are both.
        share_embeddings: encoder and decoder have one embedding matrix.
        norm: "rms" (Zhang & Sennrich 2019) or "layer" (Ba et al. 2016, with bias).
        norm_eps: added to the variance (layer) or mean square (rms).
        norm_plus_one: an RMS norm multiplies by 1 + weight.
        pre_norm: each module reads the residual stream through a norm.
        branch_norm: what a module gives passes a norm before it is added.
        post_norm: the sum passes a norm (the 2017 Transformer). The three can be combined:
            y = post(x + branch(f(pre(x)))).
        parallel: attention and feed-forward both read the block's input, and both are added to it.
        final_norm: a norm before the output matrix.
        embedding_norm: a norm on the sum of the embeddings.
        position: "rope"; "learned" or "sinusoidal" vectors added to the embedding; "relative": a
            learned number for each bucket of distances and head, added to the scores (Raffel et
            al. 2020); or "none".
        position_offset: the first learned vector's position is this many rows down.
        rope: how the rotation goes, where position is "rope".
        window_rope: the same for layers with a window, where it differs.
        relative_buckets, relative_max_distance: number of buckets, and where they end.
        qkv_bias: query, key and value projections have a bias.
        output_bias: the attention's output projection has a bias.
        qk_norm: an RMS norm on queries and keys before the rotation: on each "head", or on the
            "full" projection.
        attention_scale: what q·k is multiplied with; None for 1/√Dh.
        scale_by_layer: and divided by the layer's number, counted from 1.
        attention_softcap: scores become c·tanh(scores / c); None for no cap.
        attention_sinks: each head has a learned score that takes weight and gives nothing.
        window: in the layers of `window_layers` a token sees so many tokens, itself included.
        latent: queries, keys and values through low-rank latents; None for plain attention.
        activation: of the feed-forward module.
        gated: act(gate(x)) * up(x) (GLU, Shazeer 2020) instead of act(up(x)).
        feed_forward_bias: the feed-forward projections have a bias.
        experts: several feed-forward modules with a router; None for one.
        embedding_scale: what the token's embedding is multiplied with.
        token_types: number of segment embeddings; 0 for none.
        output_scale: what the last vectors are multiplied with before the output matrix.
        head: there is an output matrix; without it a model gives vectors.
        head_bias: the output matrix has a bias.
        head_transform: a dense layer, an activation and a norm stand before it.
        logit_softcap: logits become c·tanh(logits / c); None for no cap.
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
    architecture: Architecture = "decoder"
    encoder: "ModelConfig | None" = None
    share_embeddings: bool = False
    norm: NormKind = "rms"
    norm_eps: float = 1e-6
    norm_plus_one: bool = False
    pre_norm: bool = True
    branch_norm: bool = False
    post_norm: bool = False
    parallel: bool = False
    final_norm: bool = True
    embedding_norm: bool = False
    position: Position = "rope"
    position_offset: int = 0
    rope: Rope = _PLAIN
    window_rope: Rope | None = None
    relative_buckets: int = 32
    relative_max_distance: int = 128
    qkv_bias: bool = False
    output_bias: bool = False
    qk_norm: QKNorm = "none"
    attention_scale: float | None = None
    scale_by_layer: bool = False
    attention_softcap: float | None = None
    attention_sinks: bool = False
    window: int = 0
    window_layers: tuple[int, ...] = ()
    latent: LatentAttention | None = None
    activation: Activation = "silu"
    gated: bool = True
    feed_forward_bias: bool = False
    experts: Experts | None = None
    embedding_scale: float = 1.0
    token_types: int = 0
    output_scale: float = 1.0
    head: bool = True
    head_bias: bool = False
    head_transform: bool = False
    logit_softcap: float | None = None
    tie_embeddings: bool = True

    def __post_init__(self) -> None:
        """Refuse, with one error that lists every fault, a shape that cannot be built."""
        faults = [
            f"{name} is {str(getattr(self, name))[:40]!r} and must be a positive integer"
            for name in _SIZES
            if not _is_positive_int(getattr(self, name))
        ]
        faults += _choice_faults(self)
        if not faults:
            faults = _shape_faults(self)
        if faults:
            raise UsageError("This model cannot be built: " + "; ".join(faults) + ".")

    @property
    def causal(self) -> bool:
        """Whether a token sees only itself and what stands before it."""
        return self.architecture != "encoder"

    @property
    def context(self) -> int:
        """The most tokens that a text may have.

        Rotations that are scaled may reach further than the file's number, which is that of the
        first training in some; distances in buckets reach as far as memory does.
        """
        if self.position == "relative":
            return _UNBOUNDED
        if self.position != "rope":
            return self.max_position_embeddings
        rope, longest = self.rope, self.max_position_embeddings
        if rope.scaling in ("linear", "dynamic"):
            return max(longest, int(longest * rope.factor))
        if rope.scaling == "yarn":
            return max(longest, int(rope.original * rope.factor))
        return longest

    @property
    def rotary_dim(self) -> int:
        """How many dimensions of a head the rotation turns."""
        return self.latent.rope_dim if self.latent else self.rope.dim or self.head_dim

    @property
    def kv_groups(self) -> int:
        """How many query heads share one key/value head."""
        return self.num_heads // self.num_kv_heads

    @property
    def value_dim(self) -> int:
        """The width of a head's value vector."""
        return self.latent.value_dim if self.latent else self.head_dim

    def has_window(self, layer: int) -> bool:
        """Whether a token sees only the last `window` tokens in this layer."""
        return self.window > 0 and layer in self.window_layers

    def rope_of(self, layer: int) -> Rope:
        """The rotation in this layer."""
        own = self.window_rope if self.has_window(layer) else None
        return self.rope if own is None else own

    def experts_in(self, layer: int) -> Experts | None:
        """The experts of this layer; None where it has one feed-forward module."""
        return self.experts if self.experts is not None and layer in self.experts.layers else None

    def to_dict(self) -> dict[str, object]:
        """The configuration as plain data, for TOML and JSON."""
        return dataclasses.asdict(self)


_UNBOUNDED = 2**31 - 1
_LARGEST, _MOST_LAYERS = 2**40, 100_000
_SIZES = (
    "vocab_size",
    "hidden_size",
    "num_layers",
    "num_heads",
    "num_kv_heads",
    "head_dim",
    "intermediate_size",
    "max_position_embeddings",
    "relative_buckets",
    "relative_max_distance",
)
_CHOICES: dict[str, tuple[str, ...]] = {
    "architecture": get_args(Architecture),
    "norm": get_args(NormKind),
    "position": get_args(Position),
    "qk_norm": get_args(QKNorm),
    "activation": get_args(Activation),
}


def _choice_faults(config: ModelConfig) -> list[str]:
    return [
        f"{name} is {getattr(config, name)!r}; it can be {', '.join(allowed)}"
        for name, allowed in _CHOICES.items()
        if getattr(config, name) not in allowed
    ]


def _shape_faults(config: ModelConfig) -> list[str]:
    """What is wrong with sizes that are each whole numbers above 0."""
    faults = []
    if config.num_layers > _MOST_LAYERS:
        return [f"num_layers is {config.num_layers:,}; no model has so many"]
    if config.num_heads % config.num_kv_heads:
        faults.append(
            f"num_heads {config.num_heads} is not a multiple of num_kv_heads {config.num_kv_heads}"
        )
    faults += _position_faults(config)
    if (config.architecture == "encoder-decoder") != (config.encoder is not None):
        faults.append("an encoder-decoder has an encoder, and nothing else has")
    if config.encoder is not None:
        encoder = config.encoder
        if encoder.architecture != "encoder" or encoder.hidden_size != config.hidden_size:
            faults.append("encoder and decoder are not as wide as each other")
        if config.share_embeddings and encoder.vocab_size != config.vocab_size:
            faults.append("encoder and decoder share an embedding but not a vocabulary")
    if config.experts is not None:
        faults += config.experts.faults()
    if config.latent is not None:
        faults += config.latent.faults(config.head_dim)
    return faults


def _position_faults(config: ModelConfig) -> list[str]:
    if config.position == "relative":
        exact = config.relative_buckets // (2 if config.causal else 4)
        if 0 < exact < config.relative_max_distance:
            return []
        return [
            f"{config.relative_buckets} buckets do not divide distances up to "
            f"{config.relative_max_distance}"
        ]
    if config.position != "rope":
        return []
    faults, turned = [], config.rotary_dim
    turned += turned % 2  # an odd width is turned in one pair more
    if config.rotary_dim == config.head_dim and turned > config.head_dim:
        faults.append(f"a head that turns as a whole is {config.head_dim} wide, an odd number")
    elif turned > config.head_dim:
        faults.append(f"rope.dim {config.rope.dim} is wider than a head ({config.head_dim})")
    ropes = (config.rope, config.window_rope)
    return faults + [f for rope in ropes if rope is not None for f in rope.faults(turned)]


def _is_positive_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST
