"""Qwen3-MoE: Qwen3's attention, and many small experts without a shared one."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.decoder import IGNORED, PREFIX, expert_rules, fields
from tfcli.families.decoder import RULES as DENSE
from tfcli.families.decoder import read_decoder as read
from tfcli.families.decoder import write_decoder as write
from tfcli.families.fields import Fields, read_names
from tfcli.families.qwen2_moe import NAMES, layers_with_experts, write_experts
from tfcli.model.config import Experts, ModelConfig

__all__ = ["IGNORED", "PREFIX"]
MODEL_TYPE = "qwen3_moe"
ARCHITECTURE = "Qwen3MoeForCausalLM"
RULES = {**DENSE, **expert_rules()}
_SIZES = {"num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 768}
_WIDTHS = {"max_position_embeddings": 32_768, "num_key_value_heads": 4, "sliding_window": 4096}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a Qwen3-MoE config.json."""
    f = fields(hf, **_SIZES, **_WIDTHS)
    on, bias = f.flag("use_sliding_window"), f.flag("attention_bias")
    names = dict(NAMES)
    if f.get("num_local_experts") is not None:  # what some versions of transformers write
        names = {"num_local_experts": names.pop("num_experts"), **names}
    return read(
        f,
        qk_norm="head",
        qkv_bias=bias,
        output_bias=bias,
        experts=_experts(f, names),
        **f.windows(lambda layer: on, listed=False),
    )


def _experts(f: Fields, names: Mapping[str, str]) -> Experts | None:
    found = read_names(f, Experts, names)
    return Experts(**found, layers=layers_with_experts(f)) if found["count"] else None


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a Qwen3-MoE config.json."""
    windows = {"use_sliding_window": bool(config.window), "sliding_window": config.window or None}
    experts = write_experts(config) if config.experts is not None else {"num_experts": 0}
    return write(config, **experts, attention_bias=config.qkv_bias, **windows)
