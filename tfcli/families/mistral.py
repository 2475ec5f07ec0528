"""Mistral: Llama's form without biases, where every layer may see a window only."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.decoder import IGNORED, PREFIX, RULES, fields, read_decoder, write_decoder
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX", "RULES"]
MODEL_TYPE = "mistral"
ARCHITECTURE = "MistralForCausalLM"
DEFAULTS = {"max_position_embeddings": 131_072, "num_key_value_heads": 8}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a Mistral config.json."""
    f = fields(hf, **DEFAULTS, sliding_window=4096)
    return read_decoder(f, **f.windows(lambda layer: True, listed=False))


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a Mistral config.json."""
    return write_decoder(config, sliding_window=config.window or None)
