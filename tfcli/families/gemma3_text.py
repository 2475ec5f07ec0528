"""Gemma 3: q/k-norm, five layers with a window for one without, a rotation for each kind."""

from collections.abc import Mapping
from typing import Any

from tfcli.families import gemma, gemma2
from tfcli.families.decoder import IGNORED, PREFIX, fields, write_decoder
from tfcli.families.gemma2 import RULES
from tfcli.families.rope import read_rope, rope_section
from tfcli.model.config import ModelConfig

__all__ = ["IGNORED", "PREFIX", "RULES"]
MODEL_TYPE = "gemma3_text"
ARCHITECTURE = "Gemma3ForCausalLM"
_SIZES = {"hidden_size": 2304, "intermediate_size": 9216, "vocab_size": 262_208}
_COUNTS = {"num_attention_heads": 8, "num_hidden_layers": 26}
_DEFAULTS = {**gemma.DEFAULTS, **gemma2.DEFAULTS, **gemma2.TANH, **_SIZES, **_COUNTS}
_DEFAULTS["max_position_embeddings"] = 131_072


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a Gemma 3 config.json. Its `attn_logit_softcapping` has no effect in the reference."""
    f = fields(hf, **_DEFAULTS)
    every, width = f.whole("sliding_window_pattern", 6, least=1), f["head_dim"]
    # in the style of transformers 4 only the layers without a window are scaled
    local = fields({k: v for k, v in hf.items() if k != "rope_scaling"}, **_DEFAULTS)
    names = {"rope_theta": "rope_local_base_freq"}
    return gemma.read_gemma(
        f,
        branch_norm=True,
        qk_norm="head",
        attention_scale=f.number("query_pre_attn_scalar") ** -0.5,
        logit_softcap=f.optional("final_logit_softcapping"),
        rope=read_rope(f, width, theta=1e6, nested="full_attention"),
        window_rope=read_rope(local, width, names=names, nested="sliding_attention"),
        **f.windows(lambda layer: (layer + 1) % every != 0),
    )


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a Gemma 3 config.json, in the style that only transformers 5 reads."""
    local = config.window_rope or config.rope
    kinds = {"full_attention": config.rope, "sliding_attention": local}
    found = write_decoder(
        config,
        **gemma2.write_more(config),
        sliding_window=config.window or 4096,
        rope_local_base_freq=local.theta,
        rope_parameters={kind: rope_section(config, rope) for kind, rope in kinds.items()},
    )
    del found["partial_rotary_factor"], found["rope_scaling"]
    return found
