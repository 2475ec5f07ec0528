"""What DeepSeek's families share: latent attention and its experts, in names and in fields."""

from typing import Any

from tfcli.errors import CheckpointError
from tfcli.families.decoder import Rules, read_decoder, write_decoder
from tfcli.families.fields import Fields, experts_of, read_names, write_names
from tfcli.families.rope import read_rope
from tfcli.model.config import Experts, LatentAttention, ModelConfig

_FROM, _TO = "model.layers.{i}.self_attn.", "blocks.{i}.attention."
LATENT: Rules = {
    f"{_FROM}q_proj.weight": f"{_TO}q.weight",
    f"{_FROM}q_a_proj.{{w}}": f"{_TO}q_down.{{w}}",
    f"{_FROM}q_a_layernorm.weight": f"{_TO}q_norm.weight",
    f"{_FROM}q_b_proj.weight": f"{_TO}q_up.weight",
    f"{_FROM}kv_a_proj_with_mqa.{{w}}": f"{_TO}kv_down.{{w}}",
    f"{_FROM}kv_a_layernorm.weight": f"{_TO}kv_norm.weight",
    f"{_FROM}kv_b_proj.weight": f"{_TO}kv_up.weight",
    f"{_FROM}o_proj.{{w}}": f"{_TO}o.{{w}}",
}
_RANKS = {"kv_lora_rank": "kv_rank", "qk_rope_head_dim": "rope_dim", "v_head_dim": "value_dim"}
_EXPERTS = {
    "n_routed_experts": "count",
    "num_experts_per_tok": "chosen",
    "moe_intermediate_size": "intermediate_size",
    "routed_scaling_factor": "scale",
}
_GROUPS = {"n_group": "groups", "topk_group": "chosen_groups"}
_NORMALISED = {"norm_topk_prob": "normalise"}
WIDTHS = {"kv_lora_rank": 512, "q_lora_rank": 1536, "v_head_dim": 128}
HEADS = {"qk_nope_head_dim": 128, "qk_rope_head_dim": 64}


def read_latent_decoder(f: Fields, *, interleaved: bool, **fixed: Any) -> ModelConfig:
    """Llama's fields, with those of latent attention."""
    turned, bias = f.whole("qk_rope_head_dim", least=1), f.flag("attention_bias")
    rank = 0 if f["q_lora_rank"] is None else f.whole("q_lora_rank", least=1)
    latent = LatentAttention(q_rank=rank, **read_names(f, LatentAttention, _RANKS))
    return read_decoder(
        f,
        head_dim=f.whole("qk_nope_head_dim", least=1) + turned,
        # every head has keys and values of its own, once they are made
        num_kv_heads=f.whole("num_attention_heads", least=1),
        latent=latent,
        qkv_bias=bias,
        output_bias=bias,
        rope=read_rope(f, turned, interleaved=interleaved),
        **fixed,
    )


def write_latent_decoder(config: ModelConfig, **more: Any) -> dict[str, Any]:
    """The fields that `read_latent_decoder` reads."""
    latent = config.latent
    if latent is None:
        raise CheckpointError("This model has no latent attention.")
    fields = write_decoder(
        config,
        **write_names(latent, _RANKS),
        q_lora_rank=latent.q_rank or None,
        qk_nope_head_dim=config.head_dim - latent.rope_dim,
        attention_bias=config.qkv_bias,
        **more,
    )
    del fields["head_dim"]  # there it is the width of the part that turns
    return fields


def read_experts(f: Fields, *, grouped: bool, **fixed: Any) -> Experts:
    """The fields of the experts, of which the first layers have none."""
    names = {**_EXPERTS, **(_GROUPS if grouped else {})}
    found = read_names(f, Experts, names)
    return Experts(
        **found,
        layers=tuple(range(f.whole("first_k_dense_replace"), f.layers())),
        shared_intermediate_size=found["intermediate_size"] * f.whole("n_shared_experts"),
        **fixed,
    )


def read_sigmoid_experts(f: Fields) -> Experts:
    """Experts that are scored by a sigmoid, and chosen in groups with a correction."""
    f.refuse(moe_layer_freq=1, scoring_func="sigmoid", topk_method="noaux_tc")
    return read_experts(
        f,
        grouped=True,
        **read_names(f, Experts, _NORMALISED),
        score="sigmoid",
        normalise_eps=1e-20,
        group_score="top2",
        correction=True,
    )


def write_experts(config: ModelConfig) -> dict[str, Any]:
    """The fields of the experts."""
    experts = experts_of(config)
    return {
        **write_names(experts, {**_EXPERTS, **_GROUPS, **_NORMALISED}),
        "n_shared_experts": experts.shared_intermediate_size // experts.intermediate_size,
        "first_k_dense_replace": min(experts.layers, default=config.num_layers),
    }
