"""Qwen1.5-MoE and Qwen2-MoE: experts beside a shared one that has a gate of its own."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.decoder import IGNORED, PREFIX, expert_rules, fields
from tfcli.families.decoder import RULES as DENSE
from tfcli.families.decoder import read_decoder as read
from tfcli.families.decoder import write_decoder as write
from tfcli.families.fields import Fields, experts_of, read_names, write_names
from tfcli.families.qwen2 import WINDOWS, write_windows
from tfcli.model.config import Experts, ModelConfig

__all__ = ["IGNORED", "PREFIX"]
MODEL_TYPE = "qwen2_moe"
ARCHITECTURE = "Qwen2MoeForCausalLM"
RULES = {**DENSE, **expert_rules(shared="shared_expert")}
NAMES = {
    "num_experts": "count",
    "num_experts_per_tok": "chosen",
    "moe_intermediate_size": "intermediate_size",
    "norm_topk_prob": "normalise",
}
_SHARED = {"shared_expert_intermediate_size": "shared_intermediate_size"}
_SIZES = {"num_experts": 60, "num_experts_per_tok": 4, "moe_intermediate_size": 1408}
_WIDTHS = {"max_position_embeddings": 32_768, "num_key_value_heads": 16}


def layers_with_experts(f: Fields) -> tuple[int, ...]:
    """Every so many layers, but for those that are listed."""
    step, dense = f.whole("decoder_sparse_step", 1, least=1), f.wholes("mlp_only_layers")
    return tuple(i for i in range(f.layers()) if i not in dense and (i + 1) % step == 0)


def write_experts(config: ModelConfig, names: Mapping[str, str] = NAMES) -> dict[str, Any]:
    """The fields of the experts and of their layers."""
    experts = experts_of(config)
    dense = [i for i in range(config.num_layers) if i not in experts.layers]
    return {**write_names(experts, names), "decoder_sparse_step": 1, "mlp_only_layers": dense}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a Qwen2-MoE config.json."""
    f = fields(hf, **_SIZES, **_WIDTHS, **WINDOWS, shared_expert_intermediate_size=5632)
    on, first = f.flag("use_sliding_window"), f.whole("max_window_layers")
    windows = f.windows(lambda layer: layer % 2 == 0 and layer < first) if on else {}
    found = read_names(f, Experts, {**NAMES, **_SHARED})
    experts = Experts(**found, layers=layers_with_experts(f), shared_gate=True)
    return read(f, experts=experts, qkv_bias=f.flag("qkv_bias", True), **windows)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a Qwen2-MoE config.json."""
    experts = write_experts(config, {**NAMES, **_SHARED})
    return write(config, **experts, qkv_bias=config.qkv_bias, **write_windows(config))
