"""The form of ChatGLM 2 and 3, which transformers does not run: a GLM under other names.

The layout is that of the checkpoints that came before GLM was taken into transformers: q, k and v
stand in one matrix, and the base of the rotation is 10,000 · `rope_ratio`.
"""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

_LAYER = "transformer.encoder.layers."
_NAMES = {
    "model.embed_tokens.": "transformer.embedding.word_embeddings.",
    "model.norm.": "transformer.encoder.final_layernorm.",
    "lm_head.": "transformer.output_layer.",
    "model.layers.": _LAYER,
    ".self_attn.o_proj.": ".self_attention.dense.",
    ".mlp.gate_up_proj.": ".mlp.dense_h_to_4h.",
    ".mlp.down_proj.": ".mlp.dense_4h_to_h.",
}
_FIELDS = {
    "padded_vocab_size": "vocab_size",
    "num_layers": "num_hidden_layers",
    "hidden_size": "hidden_size",
    "ffn_hidden_size": "intermediate_size",
    "kv_channels": "head_dim",
    "num_attention_heads": "num_attention_heads",
    "multi_query_group_num": "num_key_value_heads",
    "seq_length": "max_position_embeddings",
    "layernorm_epsilon": "rms_norm_eps",
    "add_qkv_bias": "attention_bias",
    "eos_token_id": "eos_token_id",
    "pad_token_id": "pad_token_id",
}
GLM_FIELDS = {*_FIELDS, "multi_query_attention", "rope_ratio"}
_BASE = 10_000.0


def chatglm_config(glm: Mapping[str, Any]) -> dict[str, Any]:
    """A GLM's config.json as ChatGLM 2 and 3 wrote theirs."""
    return {
        "model_type": "chatglm",
        "architectures": ["ChatGLMModel"],
        "torch_dtype": "float32",
        **{ours: glm[theirs] for ours, theirs in _FIELDS.items()},
        "multi_query_attention": glm["num_key_value_heads"] != glm["num_attention_heads"],
        "rope_ratio": glm["rope_parameters"]["rope_theta"] / _BASE,
        "add_bias_linear": False,
        "apply_query_key_layer_scaling": True,
        "apply_residual_connection_post_layernorm": False,
        "attention_dropout": 0.0,
        "attention_softmax_in_fp32": True,
        "bias_dropout_fusion": True,
        "fp32_residual_connection": False,
        "hidden_dropout": 0.0,
        "original_rope": True,
        "post_layer_norm": True,
        "rmsnorm": True,
        "tie_word_embeddings": False,
        "use_cache": True,
    }


def glm_config(chatglm: Mapping[str, Any]) -> dict[str, Any]:
    """The way back: what GLM computes the same numbers with."""
    glm = {theirs: chatglm[ours] for ours, theirs in _FIELDS.items()}
    if not chatglm["multi_query_attention"]:
        glm["num_key_value_heads"] = glm["num_attention_heads"]
    return {
        **glm,
        "model_type": "glm",
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": _BASE * chatglm["rope_ratio"],
            "partial_rotary_factor": 0.5,
        },
    }


def chatglm_tensors(glm: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A GLM's tensors under ChatGLM's names, with the leftover that its files hold."""
    tensors = {"transformer.rotary_pos_emb.inv_freq": torch.ones(8)}
    for name, tensor in glm.items():
        part = re.fullmatch(r"model\.layers\.(\d+)\.self_attn\.([qkv])_proj\.(\w+)", name)
        if part is None:
            for theirs, ours in _NAMES.items():
                name = name.replace(theirs, ours)  # noqa: PLW2901
            tensors[name] = tensor
        elif part[2] == "q":
            qkv = [glm[name.replace(".q_proj.", f".{p}_proj.")] for p in "qkv"]
            tensors[f"{_LAYER}{part[1]}.self_attention.query_key_value.{part[3]}"] = torch.cat(qkv)
    return tensors
