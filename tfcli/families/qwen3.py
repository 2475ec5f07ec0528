"""Qwen3: RMSNorm, rotary positions, grouped queries with q/k-norm, SwiGLU."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.decoder import IGNORED, PREFIX, RULES, fields, read_decoder, write_decoder
from tfcli.families.qwen2 import DEFAULTS, upper_windows, write_windows
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX", "RULES"]
MODEL_TYPE = "qwen3"
ARCHITECTURE = "Qwen3ForCausalLM"


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a Qwen3 config.json."""
    f = fields(hf, **DEFAULTS, head_dim=128)
    bias = f.flag("attention_bias")
    return read_decoder(f, qk_norm="head", qkv_bias=bias, output_bias=bias, **upper_windows(f))


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a Qwen3 config.json."""
    return write_decoder(config, attention_bias=config.qkv_bias, **write_windows(config))
