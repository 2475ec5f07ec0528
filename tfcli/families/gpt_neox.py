"""GPT-NeoX and Pythia: attention and feed-forward side by side, a quarter of each head turns."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.fields import Fields, read_names, write_names
from tfcli.families.rope import read_rope, write_rope
from tfcli.model.config import ModelConfig

MODEL_TYPE = "gpt_neox"
ARCHITECTURE = "GPTNeoXForCausalLM"
PREFIX = "gpt_neox."
IGNORED = ("*.attention.bias", "*.attention.masked_bias", "*rotary_emb.inv_freq")
_FROM, _TO = "gpt_neox.layers.{i}.", "blocks.{i}."
_QKV = "|".join(f"{_TO}attention.{x}.{{w}}" for x in "qkv")
RULES = {
    "gpt_neox.embed_in.weight": "embedding.weight",
    f"{_FROM}input_layernorm.{{w}}": f"{_TO}attention_norm.{{w}}",
    f"{_FROM}attention.query_key_value.{{w}}": (_QKV, "per_head"),
    f"{_FROM}attention.dense.{{w}}": f"{_TO}attention.o.{{w}}",
    f"{_FROM}post_attention_layernorm.{{w}}": f"{_TO}feed_forward_norm.{{w}}",
    f"{_FROM}mlp.dense_h_to_4h.{{w}}": f"{_TO}feed_forward.up.{{w}}",
    f"{_FROM}mlp.dense_4h_to_h.{{w}}": f"{_TO}feed_forward.down.{{w}}",
    "gpt_neox.final_layer_norm.{w}": "final_norm.{w}",
    "embed_out.weight": "head.weight",
    "lm_head.weight": "head.weight",
}
_NAMES = {
    "vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "num_hidden_layers": "num_layers",
    "num_attention_heads": "num_heads",
    "intermediate_size": "intermediate_size",
    "max_position_embeddings": "max_position_embeddings",
    "layer_norm_eps": "norm_eps",
    "use_parallel_residual": "parallel",
    "attention_bias": "qkv_bias",
    "hidden_act": "activation",
    "tie_word_embeddings": "tie_embeddings",
}
_SIZES = {"max_position_embeddings": 2048, "layer_norm_eps": 1e-5, "hidden_act": "gelu"}
_ROPE = {"rope_theta": "rotary_emb_base", "partial_rotary_factor": "rotary_pct"}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a GPT-NeoX config.json."""
    f = Fields(hf, **_SIZES, use_parallel_residual=True, attention_bias=True)
    heads, found = f.whole("num_attention_heads", least=1), read_names(f, ModelConfig, _NAMES)
    head_dim = found["hidden_size"] // heads
    rope = read_rope(f, head_dim, partial=0.25, names=_ROPE)
    same = {"norm": "layer", "gated": False, "feed_forward_bias": True, "rope": rope}
    shape = {"num_kv_heads": heads, "head_dim": head_dim, "output_bias": found["qkv_bias"]}
    return ModelConfig(**found, **shape, **same)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a GPT-NeoX config.json."""
    rope = write_rope(config)
    old = {theirs: rope[name] for name, theirs in _ROPE.items()}
    return {**write_names(config, _NAMES), **rope, **old, "hidden_dropout": 0.0}
