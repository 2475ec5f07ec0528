"""Phi-3: Llama's form with fused projections, and a long context by two sets of factors."""

from collections.abc import Mapping
from typing import Any

from tfcli.families import decoder
from tfcli.families.decoder import IGNORED, PREFIX, fields
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX"]
MODEL_TYPE = "phi3"
ARCHITECTURE = "Phi3ForCausalLM"
_AT = "blocks.{i}.attention."
RULES = {
    **decoder.ENDS,
    "model.layers.{i}.self_attn.qkv_proj.weight": f"{_AT}q.weight|{_AT}k.weight|{_AT}v.weight",
    "model.layers.{i}.self_attn.o_proj.weight": f"{_AT}o.weight",
    **decoder.NORMS,
    **decoder.FUSED_MLP,
}
DEFAULTS = {"max_position_embeddings": 4096, "original_max_position_embeddings": 4096}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a Phi-3 config.json."""
    f = fields(_with_present_names(hf), **DEFAULTS, rms_norm_eps=1e-5)
    windows = f.windows(lambda layer: True, listed=False)
    return decoder.read_decoder(f, rope_options={"partial": 1.0}, **windows)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a Phi-3 config.json."""
    return decoder.write_decoder(
        config,
        original_max_position_embeddings=config.rope.original or config.max_position_embeddings,
        sliding_window=config.window or None,
    )


def _with_present_names(hf: Mapping[str, Any]) -> Mapping[str, Any]:
    """LongRoPE was called “su”, then “yarn”, in the first of these files."""
    for place in ("rope_scaling", "rope_parameters"):
        part = hf.get(place)
        if isinstance(part, dict) and part.get("rope_type", part.get("type")) in ("su", "yarn"):
            return {**hf, place: {**part, "rope_type": "longrope"}}
    return hf
