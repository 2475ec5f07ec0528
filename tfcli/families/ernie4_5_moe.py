"""ERNIE 4.5 with experts, chosen by their probability and a correction."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tfcli.families import decoder
from tfcli.families.decoder import PREFIX, fields
from tfcli.families.ernie4_5 import DEFAULTS, read_ernie
from tfcli.families.fields import Fields, experts_of, read_names, write_names
from tfcli.model.config import Experts, ModelConfig

__all__ = ["PREFIX"]
MODEL_TYPE = "ernie4_5_moe"
ARCHITECTURE = "Ernie4_5_MoeForCausalLM"
IGNORED = (*decoder.IGNORED, "*mtp*")
_CORRECTION = ("blocks.{i}.feed_forward.router.correction", "flat")
RULES = {
    **decoder.RULES,
    "model.layers.{i}.mlp.moe_statics.e_score_correction_bias": _CORRECTION,
    "model.layers.{i}.mlp.gate.moe_statics.e_score_correction_bias": _CORRECTION,
    **decoder.expert_rules(),
}
_NAMES = {
    "moe_num_experts": "count",
    "moe_k": "chosen",
    "moe_intermediate_size": "intermediate_size",
    "moe_norm_min": "normalise_min",
}
_SIZES = {"moe_num_experts": 64, "moe_k": 6, "moe_intermediate_size": 1536, "moe_norm_min": 1e-12}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read an ERNIE 4.5 MoE config.json."""
    f = fields(hf, **DEFAULTS, **_SIZES, num_key_value_heads=4)
    found = read_names(f, Experts, _NAMES)
    shared = found["intermediate_size"] * f.whole("moe_num_shared_experts", 2)
    own = {"normalise": True, "correction": True, "shared_intermediate_size": shared}
    experts = Experts(**found, **own, layers=_layers(f))
    return read_ernie(f, experts=experts, head_bias=f.flag("use_bias"))


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write an ERNIE 4.5 MoE config.json."""
    experts = experts_of(config)
    layers = experts.layers
    return decoder.write_decoder(
        config,
        **write_names(experts, _NAMES),
        moe_num_shared_experts=experts.shared_intermediate_size // experts.intermediate_size,
        moe_layer_start_index=min(layers, default=config.num_layers),
        moe_layer_end_index=max(layers, default=-1),
        moe_layer_interval=min({b - a for a, b in pairwise(layers)}, default=1),
        use_bias=config.qkv_bias,
    )


def _layers(f: Fields) -> tuple[int, ...]:
    every, first = f.whole("moe_layer_interval", 1, least=1), f.whole("moe_layer_start_index", 1)
    last = f.whole("moe_layer_end_index", -1, least=-1)
    end = f.layers() if last == -1 else min(last + 1, f.layers())
    return tuple(i for i in range(first, end) if (i + 1) % every == 0)
