"""gpt-oss: experts with biases and a clamped gate, a sink in every head, windows by turns."""

from collections.abc import Mapping
from typing import Any

from tfcli.families import decoder
from tfcli.families.decoder import IGNORED, PREFIX, fields
from tfcli.families.fields import experts_of, layer_types, read_names, write_names
from tfcli.model.config import Experts, ModelConfig

__all__ = ["IGNORED", "PREFIX"]
MODEL_TYPE = "gpt_oss"
ARCHITECTURE = "GptOssForCausalLM"
_FROM, _TO = "model.layers.{i}.mlp.", "blocks.{i}.feed_forward."
_GATED, _BIASES = (f"{_TO}experts.gate{x}|{_TO}experts.up{x}" for x in ("", "_bias"))
RULES = {
    **decoder.ENDS,
    **decoder.ATTENTION,
    "model.layers.{i}.self_attn.sinks": "blocks.{i}.attention.sinks",
    **decoder.NORMS,
    f"{_FROM}router.{{w}}": f"{_TO}router.{{w}}",
    f"{_FROM}experts.gate_up_proj": (_GATED, "transpose alternating dim1"),
    f"{_FROM}experts.gate_up_proj_bias": (_BIASES, "alternating dim1"),
    f"{_FROM}experts.down_proj": (f"{_TO}experts.down", "transpose"),
    f"{_FROM}experts.down_proj_bias": f"{_TO}experts.down_bias",
}
_YARN = {"rope_type": "yarn", "factor": 32.0, "truncate": False}
_SIZES = {"head_dim": 64, "max_position_embeddings": 131_072, "num_key_value_heads": 8}
_EXPERTS = {"num_local_experts": 128, "num_experts_per_tok": 4, "swiglu_limit": 7.0}
_MORE = {"attention_bias": True, "rms_norm_eps": 1e-5, "sliding_window": 128, "swiglu_alpha": 1.702}
_NAMES = {
    "num_local_experts": "count",
    "num_experts_per_tok": "chosen",
    "swiglu_limit": "limit",
    "swiglu_alpha": "alpha",
}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a gpt-oss config.json."""
    if not (hf.get("rope_scaling") or hf.get("rope_parameters")):
        hf = {**hf, "rope_parameters": {**_YARN, "original_max_position_embeddings": 4096}}
    f = fields(hf, **_SIZES, **_EXPERTS, **_MORE)
    bias, shared = f.flag("attention_bias"), {"intermediate_size": "intermediate_size"}
    experts = Experts(
        **read_names(f, Experts, {**_NAMES, **shared}),
        layers=tuple(range(f.layers())),
        score="topk_softmax",
        router_bias=True,
        bias=True,
    )
    theta, windows = {"theta": 150_000.0}, f.windows(lambda layer: layer % 2 == 0)
    same = {"attention_sinks": True, "experts": experts, "rope_options": theta, **windows}
    return decoder.read_decoder(f, qkv_bias=bias, output_bias=bias, **same)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a gpt-oss config.json."""
    experts = write_names(experts_of(config), _NAMES)
    windows = {"sliding_window": config.window or 128, "layer_types": layer_types(config)}
    return decoder.write_decoder(config, **experts, **windows, attention_bias=config.qkv_bias)
