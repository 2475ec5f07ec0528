"""GGUF files for the tests: written with the `gguf` package, converted as llama.cpp converts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from transformers import AutoModelForCausalLM

Tensors = Mapping[str, np.ndarray]

SIZES: dict[str, Any] = {
    "vocab_size": 96,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-3,
}
WIDER = {"head_dim": 16}  # four heads of 16 are wider than the model
GEMMA = {**SIZES, **WIDER, "sliding_window": 4, "query_pre_attn_scalar": 16}

PARTS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
GEMMA_PARTS = PARTS | {
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}


def write_gguf(
    path: Path,
    arch: str,
    metadata: Mapping[str, Any],
    tensors: Tensors,
    types: Mapping[str, Type] | None = None,
) -> Path:
    """Write a file. An array of bytes holds blocks of the type that `types` names."""
    writer = gguf.GGUFWriter(path, arch)
    for key, value in metadata.items():
        _add(writer, key, value)
    for name, values in tensors.items():
        kind = (types or {}).get(name, Type.F32)
        stored = values if values.dtype == np.uint8 else gguf.quants.quantize(values, kind)
        raw = kind if stored.dtype == np.uint8 else None
        writer.add_tensor(name, np.ascontiguousarray(stored), raw_dtype=raw)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, list(value))


def converted(model: torch.nn.Module, arch: str) -> dict[str, np.ndarray]:
    """The tensors of a model of transformers, as llama.cpp's converter writes them."""
    config = model.config
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    gemma = arch.startswith("gemma")
    tensors = {}
    for name, parameter in model.named_parameters():
        outside, _, kind = name.rpartition(".")
        values = parameter.detach()
        if outside.startswith("model.layers."):
            layer, _, part = outside.removeprefix("model.layers.").partition(".")
            ours = (GEMMA_PARTS if gemma else PARTS)[part]
            if arch == "llama" and ours in heads:
                values = turned(values, heads[ours])
            outside = f"blk.{layer}.{ours}"
        else:
            whole = {"model.embed_tokens": "token_embd", "model.norm": "output_norm"}
            outside = whole.get(outside, "output")
        if gemma and outside.endswith("norm"):
            values = values + 1
        tensors[f"{outside}.{kind}"] = values.float().numpy()
    return tensors


def turned(values: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows of each head from halves (transformers) to pairs side by side (llama.cpp)."""
    halves = values.unflatten(0, (heads, 2, -1))
    return halves.transpose(1, 2).flatten(0, 2).contiguous()


def metadata_of(config: Any, arch: str) -> dict[str, Any]:
    """The keys that llama.cpp's converter writes for a config of transformers."""
    keys = {
        "block_count": config.num_hidden_layers,
        "context_length": config.max_position_embeddings,
        "embedding_length": config.hidden_size,
        "feed_forward_length": config.intermediate_size,
        "attention.head_count": config.num_attention_heads,
        "attention.head_count_kv": config.num_key_value_heads,
        "attention.layer_norm_rms_epsilon": config.rms_norm_eps,
    }
    if arch != "qwen2":
        keys |= {"attention.key_length": config.head_dim, "attention.value_length": config.head_dim}
    return {f"{arch}.{key}": value for key, value in keys.items()}


def drawn(config: Any) -> Any:
    """A model of transformers with every weight drawn."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    for parameter in model.parameters():
        size = 0.2 if parameter.dim() > 1 else 0.3
        parameter.data = torch.randn_like(parameter) * size
    return model
