"""GLM-4.5: GLM's attention with pairs half a head apart, and DeepSeek-V3's router."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.decoder import IGNORED, PREFIX, expert_rules, fields
from tfcli.families.decoder import RULES as DENSE
from tfcli.families.decoder import read_decoder as read
from tfcli.families.decoder import write_decoder as write
from tfcli.families.latent import read_sigmoid_experts, write_experts
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX"]
MODEL_TYPE = "glm4_moe"
ARCHITECTURE = "Glm4MoeForCausalLM"
RULES = {**DENSE, **expert_rules()}
EXTRA_LAYERS = True
_EXPERTS = {"n_routed_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 1408}
_GROUPS = {"n_group": 1, "topk_group": 1, "n_shared_experts": 1, "first_k_dense_replace": 1}
_SIZES = {"max_position_embeddings": 131_072, "num_key_value_heads": 8, "rms_norm_eps": 1e-5}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a GLM-4.5 config.json."""
    f = fields(hf, **_EXPERTS, **_GROUPS, **_SIZES, norm_topk_prob=True, routed_scaling_factor=1.0)
    return read(
        f,
        qkv_bias=f.flag("attention_bias"),
        qk_norm="head" if f.flag("use_qk_norm") else "none",
        experts=read_sigmoid_experts(f),
        rope_options={"partial": 0.5},
    )


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a GLM-4.5 config.json."""
    own = {"use_qk_norm": config.qk_norm == "head", "num_nextn_predict_layers": 0}
    return write(config, **write_experts(config), attention_bias=config.qkv_bias, **own)
