"""DeepSeek-V3 and R1: latent attention, and a router that keeps its experts busy by a bias."""

from collections.abc import Mapping
from typing import Any

from tfcli.families import latent
from tfcli.families.decoder import IGNORED, PREFIX, fields
from tfcli.families.deepseek_v2 import RULES
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX", "RULES"]
MODEL_TYPE = "deepseek_v3"
ARCHITECTURE = "DeepseekV3ForCausalLM"
EXTRA_LAYERS = True
_EXPERTS = {"n_routed_experts": 256, "moe_intermediate_size": 2048, "n_shared_experts": 1}
_CHOICE = {"num_experts_per_tok": 8, "n_group": 8, "topk_group": 4, "norm_topk_prob": True}
_MORE = {"first_k_dense_replace": 3, "routed_scaling_factor": 2.5, "rope_interleave": True}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a DeepSeek-V3 config.json."""
    defaults = {**latent.WIDTHS, **latent.HEADS, **_EXPERTS, **_CHOICE, **_MORE}
    f = fields(hf, **defaults, max_position_embeddings=4096)
    interleaved, experts = f.flag("rope_interleave"), latent.read_sigmoid_experts(f)
    return latent.read_latent_decoder(f, interleaved=interleaved, experts=experts)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a DeepSeek-V3 config.json."""
    return latent.write_latent_decoder(
        config,
        **latent.write_experts(config),
        rope_interleave=config.rope.interleaved,
        num_nextn_predict_layers=0,
    )
