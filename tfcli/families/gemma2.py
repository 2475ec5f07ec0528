"""Gemma 2: norms before and after each module, soft-caps, a window in every other layer."""

from collections.abc import Mapping
from typing import Any

from tfcli.families import gemma
from tfcli.families.decoder import ATTENTION, ENDS, IGNORED, MLP, PREFIX, fields, write_decoder
from tfcli.families.fields import activation_name, layer_types
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX"]
MODEL_TYPE = "gemma2"
ARCHITECTURE = "Gemma2ForCausalLM"
_FROM, _TO = "model.layers.{i}.", "blocks.{i}."
NORMS = {
    f"{_FROM}input_layernorm.weight": f"{_TO}attention_norm.weight",
    f"{_FROM}post_attention_layernorm.weight": f"{_TO}attention_branch_norm.weight",
    f"{_FROM}pre_feedforward_layernorm.weight": f"{_TO}feed_forward_norm.weight",
    f"{_FROM}post_feedforward_layernorm.weight": f"{_TO}feed_forward_branch_norm.weight",
}
RULES = {**ENDS, **NORMS, **ATTENTION, **MLP}
DEFAULTS = {"num_key_value_heads": 4, "query_pre_attn_scalar": 256, "sliding_window": 4096}
TANH = {"hidden_activation": "gelu_pytorch_tanh"}
_CAPS = {"attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a Gemma 2 config.json."""
    f = fields(hf, **gemma.DEFAULTS, **DEFAULTS, **TANH, **_CAPS)
    attention, final = (None if f[cap] is None else f.number(cap) for cap in _CAPS)
    return gemma.read_gemma(
        f,
        branch_norm=True,
        attention_scale=f.number("query_pre_attn_scalar") ** -0.5,
        attention_softcap=attention,
        logit_softcap=final,
        **f.windows(lambda layer: layer % 2 == 0),
    )


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a Gemma 2 config.json."""
    return write_decoder(
        config,
        **write_more(config),
        attn_logit_softcapping=config.attention_softcap,
        sliding_window=config.window or 4096,
    )


def write_more(config: ModelConfig) -> dict[str, Any]:
    """What Gemma 2 and 3 write besides Llama's fields."""
    scalar = config.head_dim if config.attention_scale is None else config.attention_scale**-2
    return {
        "attention_bias": config.qkv_bias,
        "hidden_activation": activation_name(config.activation),
        # whole where it was a whole one
        "query_pre_attn_scalar": round(scalar) if round(scalar, 6) == round(scalar) else scalar,
        "final_logit_softcapping": config.logit_softcap,
        "layer_types": layer_types(config),
    }
