"""GPT-2: LayerNorm, learned positions, one fused q|k|v matrix saved transposed, GELU."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.fields import Fields, read_names, write_names
from tfcli.model.config import ModelConfig

MODEL_TYPE = "gpt2"
ARCHITECTURE = "GPT2LMHeadModel"
PREFIX = "transformer."
IGNORED = ("*.attn.bias", "*.attn.masked_bias")
_FROM, _TO = "transformer.h.{i}.", "blocks.{i}."
_QKV = {w: "|".join(f"{_TO}attention.{x}.{w}" for x in "qkv") for w in ("weight", "bias")}
RULES = {
    "transformer.wte.weight": "embedding.weight",
    "transformer.wpe.weight": "position_embedding.weight",
    f"{_FROM}ln_1.{{w}}": f"{_TO}attention_norm.{{w}}",
    f"{_FROM}attn.c_attn.weight": (_QKV["weight"], "transpose"),
    f"{_FROM}attn.c_attn.bias": _QKV["bias"],
    f"{_FROM}attn.c_proj.{{w}}": (f"{_TO}attention.o.{{w}}", "transpose"),
    f"{_FROM}ln_2.{{w}}": f"{_TO}feed_forward_norm.{{w}}",
    f"{_FROM}mlp.c_fc.{{w}}": (f"{_TO}feed_forward.up.{{w}}", "transpose"),
    f"{_FROM}mlp.c_proj.{{w}}": (f"{_TO}feed_forward.down.{{w}}", "transpose"),
    "transformer.ln_f.{w}": "final_norm.{w}",
    "lm_head.weight": "head.weight",
}
_NAMES = {
    "vocab_size": "vocab_size",
    "n_embd": "hidden_size",
    "n_layer": "num_layers",
    "n_head": "num_heads",
    "n_positions": "max_position_embeddings",
    "layer_norm_epsilon": "norm_eps",
    "activation_function": "activation",
    "scale_attn_by_inverse_layer_idx": "scale_by_layer",
    "tie_word_embeddings": "tie_embeddings",
}
_SIZES = {"n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024}
_MORE = {"activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "tie_word_embeddings": True}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a GPT-2 config.json."""
    f = Fields(hf, **_SIZES, **_MORE)
    f.refuse(add_cross_attention=False)
    heads, found = f.whole("n_head", least=1), read_names(f, ModelConfig, _NAMES)
    width, inner = found["hidden_size"], f.get("n_inner") or 4 * found["hidden_size"]
    scale = None if f.flag("scale_attn_weights", True) else 1.0
    biases = dict.fromkeys(("qkv_bias", "output_bias", "feed_forward_bias"), True)
    shape = {"num_kv_heads": heads, "head_dim": width // heads, "intermediate_size": inner}
    same = {"norm": "layer", "position": "learned", "gated": False, "attention_scale": scale}
    return ModelConfig(**found, **shape, **biases, **same)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a GPT-2 config.json."""
    dropout = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    plain = config.attention_scale is None
    own = {"n_inner": config.intermediate_size, "scale_attn_weights": plain}
    return {**write_names(config, _NAMES), **own, **dropout}
