"""GPT-2: LayerNorm, learned positions, one fused q|k|v matrix saved transposed, GELU."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.fields import activation, activation_name, flag, positive, refuse
from tfcli.model.config import ModelConfig

MODEL_TYPE = "gpt2"
ARCHITECTURE = "GPT2LMHeadModel"
PREFIX = "transformer."
IGNORED = (".attn.bias", ".attn.masked_bias")
_QKV = "blocks.{i}.attention."
RULES = {
    "transformer.wte.weight": "embedding.weight",
    "transformer.wpe.weight": "position_embedding.weight",
    "transformer.h.{i}.ln_1.{w}": "blocks.{i}.attention_norm.{w}",
    "transformer.h.{i}.attn.c_attn.weight": (
        f"{_QKV}q.weight|{_QKV}k.weight|{_QKV}v.weight",
        "transpose",
    ),
    "transformer.h.{i}.attn.c_attn.bias": f"{_QKV}q.bias|{_QKV}k.bias|{_QKV}v.bias",
    "transformer.h.{i}.attn.c_proj.weight": ("blocks.{i}.attention.o.weight", "transpose"),
    "transformer.h.{i}.attn.c_proj.bias": "blocks.{i}.attention.o.bias",
    "transformer.h.{i}.ln_2.{w}": "blocks.{i}.feed_forward_norm.{w}",
    "transformer.h.{i}.mlp.c_fc.weight": ("blocks.{i}.feed_forward.up.weight", "transpose"),
    "transformer.h.{i}.mlp.c_fc.bias": "blocks.{i}.feed_forward.up.bias",
    "transformer.h.{i}.mlp.c_proj.weight": ("blocks.{i}.feed_forward.down.weight", "transpose"),
    "transformer.h.{i}.mlp.c_proj.bias": "blocks.{i}.feed_forward.down.bias",
    "transformer.ln_f.{w}": "final_norm.{w}",
    "lm_head.weight": "head.weight",
}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a GPT-2 config.json."""
    refuse(
        hf,
        scale_attn_weights=True,
        scale_attn_by_inverse_layer_idx=False,
        add_cross_attention=False,
    )
    width, heads = hf.get("n_embd", 768), hf.get("n_head", 12)
    return ModelConfig(
        vocab_size=hf["vocab_size"],
        hidden_size=width,
        num_layers=hf.get("n_layer", 12),
        num_heads=heads,
        num_kv_heads=heads,
        head_dim=width // heads,
        intermediate_size=hf.get("n_inner") or 4 * width,
        max_position_embeddings=hf.get("n_positions", 1024),
        norm="layer",
        norm_eps=positive("layer_norm_epsilon", hf.get("layer_norm_epsilon", 1e-5)),
        position="learned",
        qkv_bias=True,
        output_bias=True,
        activation=activation("activation_function", hf.get("activation_function", "gelu_new")),
        gated=False,
        feed_forward_bias=True,
        tie_embeddings=flag("tie_word_embeddings", hf.get("tie_word_embeddings", True)),
    )


def write_config(config: ModelConfig) -> dict[str, object]:
    """Write a GPT-2 config.json."""
    return {
        "vocab_size": config.vocab_size,
        "n_embd": config.hidden_size,
        "n_layer": config.num_layers,
        "n_head": config.num_heads,
        "n_inner": config.intermediate_size,
        "n_positions": config.max_position_embeddings,
        "layer_norm_epsilon": config.norm_eps,
        "activation_function": activation_name(config.activation),
        "tie_word_embeddings": config.tie_embeddings,
        "resid_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "attn_pdrop": 0.0,
    }
