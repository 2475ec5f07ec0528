"""Qwen3: RMSNorm, rotary positions, grouped queries with q/k-norm, SwiGLU."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.fields import activation, activation_name, flag, positive, refuse, section
from tfcli.model.config import ModelConfig, Rope

MODEL_TYPE = "qwen3"
ARCHITECTURE = "Qwen3ForCausalLM"
PREFIX = "model."
IGNORED = ("rotary_emb.inv_freq",)
RULES = {
    "model.embed_tokens.weight": "embedding.weight",
    "model.layers.{i}.input_layernorm.weight": "blocks.{i}.attention_norm.weight",
    "model.layers.{i}.self_attn.q_proj.{w}": "blocks.{i}.attention.q.{w}",
    "model.layers.{i}.self_attn.k_proj.{w}": "blocks.{i}.attention.k.{w}",
    "model.layers.{i}.self_attn.v_proj.{w}": "blocks.{i}.attention.v.{w}",
    "model.layers.{i}.self_attn.o_proj.{w}": "blocks.{i}.attention.o.{w}",
    "model.layers.{i}.self_attn.q_norm.weight": "blocks.{i}.attention.q_norm.weight",
    "model.layers.{i}.self_attn.k_norm.weight": "blocks.{i}.attention.k_norm.weight",
    "model.layers.{i}.post_attention_layernorm.weight": "blocks.{i}.feed_forward_norm.weight",
    "model.layers.{i}.mlp.gate_proj.weight": "blocks.{i}.feed_forward.gate.weight",
    "model.layers.{i}.mlp.up_proj.weight": "blocks.{i}.feed_forward.up.weight",
    "model.layers.{i}.mlp.down_proj.weight": "blocks.{i}.feed_forward.down.weight",
    "model.norm.weight": "final_norm.weight",
    "lm_head.weight": "head.weight",
}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a Qwen3 config.json, in the 4.x or the 5.x style."""
    refuse(hf, use_sliding_window=False)
    for layer in hf.get("layer_types") or ():
        refuse({"layer_types": layer}, layer_types="full_attention")
    heads = hf["num_attention_heads"]
    bias = flag("attention_bias", hf.get("attention_bias", False))
    return ModelConfig(
        vocab_size=hf["vocab_size"],
        hidden_size=hf["hidden_size"],
        num_layers=hf["num_hidden_layers"],
        num_heads=heads,
        num_kv_heads=hf.get("num_key_value_heads", 32) or heads,
        head_dim=hf.get("head_dim", 128),
        intermediate_size=hf["intermediate_size"],
        max_position_embeddings=hf.get("max_position_embeddings", 32768),
        norm_eps=positive("rms_norm_eps", hf.get("rms_norm_eps", 1e-6)),
        rope=Rope(theta=_theta(hf)),
        qk_norm=True,
        qkv_bias=bias,
        output_bias=bias,
        activation=activation("hidden_act", hf.get("hidden_act", "silu")),
        tie_embeddings=flag("tie_word_embeddings", hf.get("tie_word_embeddings", False)),
    )


def write_config(config: ModelConfig) -> dict[str, object]:
    """Write a Qwen3 config.json, readable by transformers 4 and 5."""
    return {
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "intermediate_size": config.intermediate_size,
        "max_position_embeddings": config.max_position_embeddings,
        "rms_norm_eps": config.norm_eps,
        "rope_theta": config.rope.theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope.theta},
        "hidden_act": activation_name(config.activation),
        "attention_bias": config.qkv_bias,
        "tie_word_embeddings": config.tie_embeddings,
        "use_sliding_window": False,
    }


def _theta(hf: Mapping[str, Any]) -> float:
    """The base of the rotation: in `rope_parameters` (5.x), or beside `rope_scaling` (4.x)."""
    rope = section("rope_parameters", hf.get("rope_parameters"))
    for part in (rope, section("rope_scaling", hf.get("rope_scaling"))):
        refuse(part, rope_type="default", type="default", partial_rotary_factor=1.0)
    theta = rope.get("rope_theta") or hf.get("rope_theta", 10_000.0)
    return positive("rope_theta", theta)
