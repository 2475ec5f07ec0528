"""The architectures that can be trained, and the sizes that they come in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfcli.errors import UsageError
from tfcli.model.config import ModelConfig, Rope


@dataclass(frozen=True)
class Size:
    """A preset: a model's shape, and how many tokens a step is given by default.

    Attributes:
        layers: blocks; of an encoder-decoder, on each side.
        kv_heads, intermediate_size: of an architecture with shared key/value heads and a gated
            feed-forward module. The others have a key/value head for each query head, and an
            inner width of 4 times the outer one, which takes as many parameters.
    """

    layers: int
    heads: int
    kv_heads: int
    hidden_size: int
    intermediate_size: int
    context: int
    step_tokens: int


# A CPU learns most in a few minutes from a small model and small steps; a GPU wants large ones.
# `base` and `big` are those of Vaswani et al. 2017 (table 3), with its 25,000 tokens a step.
SIZES = {
    "nano": Size(4, 4, 4, 128, 352, 256, 1536),
    "micro": Size(4, 8, 4, 256, 704, 256, 2048),
    "tiny": Size(6, 6, 3, 384, 1024, 256, 4096),
    "mini": Size(8, 8, 4, 512, 1408, 512, 16_384),
    "base": Size(6, 8, 4, 512, 1408, 512, 24_576),
    "small": Size(12, 12, 4, 768, 2048, 1024, 32_768),
    "big": Size(6, 16, 4, 1024, 2816, 512, 24_576),
    "medium": Size(24, 16, 4, 1024, 2816, 1024, 32_768),
}


@dataclass(frozen=True)
class Shape:
    """The sizes of a model: a preset's, and those that were chosen apart from it.

    Attributes:
        vocab_size, layers, heads, hidden_size, context: as they are to be.
        kv_heads, intermediate_size: None where they were not chosen.
        preset: what they come from otherwise.
    """

    vocab_size: int
    layers: int
    heads: int
    hidden_size: int
    context: int
    kv_heads: int | None
    intermediate_size: int | None
    preset: Size


def qwen3(shape: Shape) -> ModelConfig:
    """RMSNorm, rotary positions, grouped queries with a norm on q and k, SwiGLU."""
    preset, hidden = shape.preset, shape.hidden_size
    shared = preset.kv_heads if shape.heads == preset.heads else shape.heads
    inner = preset.intermediate_size
    if hidden != preset.hidden_size:
        inner = -(-hidden * 11 // 4 // 8) * 8
    return ModelConfig(
        **_sizes(shape),
        num_kv_heads=shape.kv_heads or shared,
        intermediate_size=shape.intermediate_size or inner,
        qk_norm="head",
        rope=Rope(theta=10_000.0),
    )


def gpt2(shape: Shape) -> ModelConfig:
    """LayerNorm before each module, learned positions, GELU."""
    return ModelConfig(**_plain(shape), position="learned", activation="gelu_tanh")


def transformer_2017(shape: Shape) -> ModelConfig:
    """The encoder-decoder of Vaswani et al. 2017, in Marian's form.

    A LayerNorm after each sum, ReLU, sines as positions, and one matrix that embeds on both sides,
    multiplied by √d there, and makes the logits (section 3.4). Biases are where Marian has them.
    """
    side: dict[str, Any] = {
        **_plain(shape),
        "pre_norm": False,
        "post_norm": True,
        "final_norm": False,
        "position": "sinusoidal",
        "activation": "relu",
        "embedding_scale": shape.hidden_size**0.5,
    }
    return ModelConfig(
        **side,
        architecture="encoder-decoder",
        encoder=ModelConfig(**side, architecture="encoder", head=False),
        share_embeddings=True,
        head_bias=True,
    )


@dataclass(frozen=True)
class Rates:
    """Peak learning rates: of Muon for matrices, of AdamW beside it, and of AdamW alone.

    Attributes:
        warmup, warmup_alone: the share of the budget to reach them in, with Muon and without.
    """

    muon: float
    adamw: float
    alone: float
    warmup: float = 0.02
    warmup_alone: float = 0.02


_BEFORE_MODULES = Rates(muon=0.03, adamw=0.01, alone=0.01)
# Norms after the sums let less of the stream through the larger the matrices' steps are, and above
# these rates the decoder does not learn to listen to the encoder.
# AdamW alone needs a long warm-up besides (Xiong et al. 2020): docs/notes.md has what was measured.
_AFTER_SUMS = Rates(muon=0.01, adamw=0.01, alone=0.001, warmup_alone=0.3)
RATES = {"qwen3": _BEFORE_MODULES, "gpt2": _BEFORE_MODULES, "transformer-2017": _AFTER_SUMS}
ARCHITECTURES: dict[str, Callable[[Shape], ModelConfig]] = {
    "qwen3": qwen3,
    "gpt2": gpt2,
    "transformer-2017": transformer_2017,
}


def _sizes(shape: Shape) -> dict[str, Any]:
    if shape.hidden_size % shape.heads:
        raise UsageError(
            f"--hidden-size {shape.hidden_size} is not a multiple of --heads {shape.heads}."
        )
    return {
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.hidden_size,
        "num_layers": shape.layers,
        "num_heads": shape.heads,
        "head_dim": shape.hidden_size // shape.heads,
        "max_position_embeddings": shape.context,
    }


def _plain(shape: Shape) -> dict[str, Any]:
    """LayerNorm, keys and values for every query head, biases, and no gate."""
    if shape.kv_heads not in (None, shape.heads):
        raise UsageError(
            f"--kv-heads {shape.kv_heads}: in this architecture each of the {shape.heads} query "
            "heads has its own keys and values."
        )
    return {
        **_sizes(shape),
        "num_kv_heads": shape.heads,
        "intermediate_size": shape.intermediate_size or 4 * shape.hidden_size,
        "norm": "layer",
        "norm_eps": 1e-5,
        "qkv_bias": True,
        "output_bias": True,
        "gated": False,
        "feed_forward_bias": True,
    }
