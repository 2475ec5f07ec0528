"""GLM-4 (2024): half of each head turns, pair beside pair; biases on q, k and v."""

from collections.abc import Mapping
from typing import Any

from tfcli.families import decoder
from tfcli.families.decoder import IGNORED, PREFIX, fields
from tfcli.families.fields import Fields
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX"]
MODEL_TYPE = "glm"
ARCHITECTURE = "GlmForCausalLM"
RULES = {**decoder.ENDS, **decoder.ATTENTION, **decoder.NORMS, **decoder.FUSED_MLP}
DEFAULTS = {"head_dim": 128, "max_position_embeddings": 131_072, "num_key_value_heads": 2}


def read_glm(f: Fields, **fixed: Any) -> ModelConfig:
    """What the dense GLMs share."""
    rope = {"partial": 0.5, "interleaved": True}
    bias = f.flag("attention_bias", True)
    return decoder.read_decoder(f, qkv_bias=bias, rope_options=rope, **fixed)


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a GLM config.json."""
    return read_glm(fields(hf, **DEFAULTS, rms_norm_eps=1.5625e-7))


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a GLM config.json."""
    return decoder.write_decoder(config, attention_bias=config.qkv_bias)
