"""DeepSeek-V2: latent attention, shared experts, and groups of routed ones."""

from collections.abc import Mapping
from typing import Any

from tfcli.families import decoder, latent
from tfcli.families.decoder import IGNORED, PREFIX, fields
from tfcli.families.fields import experts_of
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX"]
MODEL_TYPE = "deepseek_v2"
ARCHITECTURE = "DeepseekV2ForCausalLM"
RULES = {
    **decoder.ENDS,
    **latent.LATENT,
    **decoder.NORMS,
    **decoder.MLP,
    **decoder.expert_rules(),
}
_EXPERTS = {"n_routed_experts": 64, "moe_intermediate_size": 1407, "n_shared_experts": 2}
_MORE = {"first_k_dense_replace": 0, "routed_scaling_factor": 1.0, "topk_method": "greedy"}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a DeepSeek-V2 config.json."""
    defaults = {**latent.WIDTHS, **latent.HEADS, **_EXPERTS, **_MORE}
    f = fields(hf, **defaults, max_position_embeddings=2048)
    f.refuse(moe_layer_freq=1, scoring_func="softmax")
    grouped = f["topk_method"] == "group_limited_greedy"
    if not grouped:
        f.refuse(topk_method="greedy")
    experts, bias = latent.read_experts(f, grouped=grouped), f.flag("mlp_bias")
    return latent.read_latent_decoder(f, interleaved=True, experts=experts, feed_forward_bias=bias)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a DeepSeek-V2 config.json."""
    grouped = experts_of(config).groups > 1
    return latent.write_latent_decoder(
        config,
        **latent.write_experts(config),
        topk_method="group_limited_greedy" if grouped else "greedy",
        mlp_bias=config.feed_forward_bias,
    )
