"""Gemma: norms that multiply by 1 + w, GeGLU, embeddings scaled by √d."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.decoder import IGNORED, PREFIX, RULES, fields, read_decoder, write_decoder
from tfcli.families.fields import Fields
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX", "RULES"]
MODEL_TYPE = "gemma"
ARCHITECTURE = "GemmaForCausalLM"
DEFAULTS = {"head_dim": 256, "max_position_embeddings": 8192, "tie_word_embeddings": True}
_TANH = "gelu_pytorch_tanh"


def read_gemma(f: Fields, **fixed: Any) -> ModelConfig:
    """What all Gemmas share."""
    f.refuse(use_bidirectional_attention=False)
    bias, scale = f.flag("attention_bias"), f.whole("hidden_size", least=1) ** 0.5
    same = {"norm_plus_one": True, "embedding_scale": scale}
    return read_decoder(f, qkv_bias=bias, output_bias=bias, **same, **fixed)


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a Gemma config.json."""
    f = fields(hf, **DEFAULTS, hidden_act=_TANH, num_key_value_heads=16)
    # the first files say “gelu” and mean its tanh form, as transformers takes it
    tanh = {"activation": "gelu_tanh"} if f["hidden_act"] == "gelu" else {}
    return read_gemma(f, **tanh)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a Gemma config.json."""
    return write_decoder(config, attention_bias=config.qkv_bias)
