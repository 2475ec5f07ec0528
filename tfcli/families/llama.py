"""Llama 2 and 3, and the many models in their form: RMSNorm, RoPE, grouped queries, SwiGLU."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.decoder import IGNORED, PREFIX, RULES, fields, read_decoder, write_decoder
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX", "RULES"]
MODEL_TYPE = "llama"
ARCHITECTURE = "LlamaForCausalLM"


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a Llama config.json."""
    f = fields(hf, max_position_embeddings=2048)
    bias = f.flag("attention_bias")
    return read_decoder(f, qkv_bias=bias, output_bias=bias, feed_forward_bias=f.flag("mlp_bias"))


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a Llama config.json."""
    return write_decoder(config, attention_bias=config.qkv_bias, mlp_bias=config.feed_forward_bias)
