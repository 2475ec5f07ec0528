"""ChatGLM 2 and 3, and GLM-4 as first published: GLM under other names."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.fields import Fields, read_names, write_names
from tfcli.model.config import ModelConfig, Rope

MODEL_TYPE = "chatglm"
ARCHITECTURE = "ChatGLMForConditionalGeneration"
IGNORED = ("*rotary_pos_emb.inv_freq",)
_FROM, _TO = "transformer.encoder.layers.{i}.", "blocks.{i}."
_AT, _MLP = f"{_TO}attention.", f"{_TO}feed_forward."
RULES = {
    "transformer.embedding.word_embeddings.weight": "embedding.weight",
    f"{_FROM}input_layernorm.weight": f"{_TO}attention_norm.weight",
    f"{_FROM}self_attention.query_key_value.{{w}}": f"{_AT}q.{{w}}|{_AT}k.{{w}}|{_AT}v.{{w}}",
    f"{_FROM}self_attention.dense.{{w}}": f"{_AT}o.{{w}}",
    f"{_FROM}post_attention_layernorm.weight": f"{_TO}feed_forward_norm.weight",
    f"{_FROM}mlp.dense_h_to_4h.{{w}}": f"{_MLP}gate.{{w}}|{_MLP}up.{{w}}",
    f"{_FROM}mlp.dense_4h_to_h.{{w}}": f"{_MLP}down.{{w}}",
    "transformer.encoder.final_layernorm.weight": "final_norm.weight",
    "transformer.output_layer.weight": "head.weight",
}
_THETA = 10_000.0
_NAMES = {
    "padded_vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "num_layers": "num_layers",
    "num_attention_heads": "num_heads",
    "kv_channels": "head_dim",
    "ffn_hidden_size": "intermediate_size",
    "seq_length": "max_position_embeddings",
    "layernorm_epsilon": "norm_eps",
    "add_bias_linear": "feed_forward_bias",
    "tie_word_embeddings": "tie_embeddings",
}
_FIXED = {"rmsnorm": True, "post_layer_norm": True, "original_rope": True}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a ChatGLM config.json."""
    f = Fields(hf, kv_channels=128, seq_length=2048, layernorm_epsilon=1e-5)
    f.refuse(**_FIXED, apply_residual_connection_post_layernorm=False, pre_seq_len=None)
    found = read_names(f, ModelConfig, _NAMES)
    grouped, heads = f.flag("multi_query_attention"), found["num_heads"]
    theta = _THETA * f.number("rope_ratio", 1.0)
    return ModelConfig(
        **found,
        num_kv_heads=f.whole("multi_query_group_num", 1, least=1) if grouped else heads,
        rope=Rope(theta=theta, dim=max(found["head_dim"] // 2, 2), interleaved=True),
        qkv_bias=f.flag("add_qkv_bias") or found["feed_forward_bias"],
        output_bias=found["feed_forward_bias"],
    )


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a ChatGLM config.json."""
    return {
        **write_names(config, _NAMES),
        "multi_query_attention": config.num_kv_heads != config.num_heads,
        "multi_query_group_num": config.num_kv_heads,
        "rope_ratio": config.rope.theta / _THETA,
        "add_qkv_bias": config.qkv_bias,
        **_FIXED,
    }
