"""ERNIE 4.5: Llama's form, with rotated pairs side by side and one switch for all biases."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.decoder import IGNORED, PREFIX, RULES, fields, read_decoder, write_decoder
from tfcli.families.fields import Fields
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX", "RULES"]
MODEL_TYPE = "ernie4_5"
ARCHITECTURE = "Ernie4_5ForCausalLM"
DEFAULTS = {
    "max_position_embeddings": 131_072,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
}


def read_ernie(f: Fields, **fixed: Any) -> ModelConfig:
    """What both ERNIEs share."""
    biases = dict.fromkeys(("qkv_bias", "output_bias", "feed_forward_bias"), f.flag("use_bias"))
    rope = {"theta": 500_000.0, "interleaved": True}
    return read_decoder(f, **biases, rope_options=rope, **fixed)


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read an ERNIE 4.5 config.json."""
    return read_ernie(fields(hf, **DEFAULTS, head_dim=128, num_key_value_heads=2))


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write an ERNIE 4.5 config.json."""
    return write_decoder(config, use_bias=config.qkv_bias)
