"""OLMo 2: norms on what each module gives, not on what it reads; q and k normed whole."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.decoder import ATTENTION, ENDS, IGNORED, MLP, PREFIX, fields
from tfcli.families.decoder import read_decoder as read
from tfcli.families.decoder import write_decoder as write
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX"]
MODEL_TYPE = "olmo2"
ARCHITECTURE = "Olmo2ForCausalLM"
_FROM, _TO = "model.layers.{i}.", "blocks.{i}."
RULES = {
    **ENDS,
    **ATTENTION,
    f"{_FROM}post_attention_layernorm.weight": f"{_TO}attention_branch_norm.weight",
    f"{_FROM}post_feedforward_layernorm.weight": f"{_TO}feed_forward_branch_norm.weight",
    **MLP,
}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read an OLMo 2 config.json."""
    f = fields(hf, max_position_embeddings=2048, rms_norm_eps=1e-5)
    bias = f.flag("attention_bias")
    norms = {"pre_norm": False, "branch_norm": True, "qk_norm": "full"}
    return read(f, qkv_bias=bias, output_bias=bias, **norms)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write an OLMo 2 config.json."""
    return write(config, attention_bias=config.qkv_bias)
