"""Qwen2 and Qwen2.5: Llama's form with biases on q, k and v, and windows in the upper layers."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.decoder import IGNORED, PREFIX, RULES, fields, read_decoder, write_decoder
from tfcli.families.fields import Fields, layer_types
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX", "RULES"]
MODEL_TYPE = "qwen2"
ARCHITECTURE = "Qwen2ForCausalLM"
WINDOWS = {"max_window_layers": 28, "sliding_window": 4096}
DEFAULTS = {"max_position_embeddings": 32_768, "num_key_value_heads": 32, **WINDOWS}


def upper_windows(f: Fields) -> dict[str, Any]:
    """Windows as Qwen has them: from a layer on, where they are switched on."""
    on, first = f.flag("use_sliding_window"), f.whole("max_window_layers")
    return f.windows(lambda layer: layer >= first) if on else {}


def write_windows(config: ModelConfig) -> dict[str, Any]:
    """The fields that `upper_windows` reads."""
    return {
        "use_sliding_window": bool(config.window),
        "sliding_window": config.window or None,
        "max_window_layers": min(config.window_layers, default=config.num_layers),
        "layer_types": layer_types(config),
    }


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a Qwen2 config.json."""
    f = fields(hf, **DEFAULTS)
    return read_decoder(f, qkv_bias=True, **upper_windows(f))


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a Qwen2 config.json."""
    return write_decoder(config, **write_windows(config))
