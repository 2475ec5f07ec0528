"""GLM-4 (2025): GLM with a second norm, on what each module gives."""

from collections.abc import Mapping
from typing import Any

from tfcli.families import glm
from tfcli.families.decoder import IGNORED, PREFIX, fields
from tfcli.families.glm import write_config
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX", "write_config"]
MODEL_TYPE = "glm4"
ARCHITECTURE = "Glm4ForCausalLM"
RULES = {
    **glm.RULES,
    "model.layers.{i}.post_self_attn_layernorm.weight": "blocks.{i}.attention_branch_norm.weight",
    "model.layers.{i}.post_mlp_layernorm.weight": "blocks.{i}.feed_forward_branch_norm.weight",
}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a GLM-4 config.json."""
    return glm.read_glm(fields(hf, **glm.DEFAULTS, rms_norm_eps=1.5625e-7), branch_norm=True)
