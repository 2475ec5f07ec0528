"""What most decoder-only families share: Llama's field names, and Llama's tensor names."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.fields import Fields, read_names, write_names
from tfcli.families.rope import read_rope, write_rope
from tfcli.model.config import ModelConfig

Rules = dict[str, str | tuple[str, str]]
PREFIX = "model."
IGNORED = ("*rotary_emb.inv_freq",)
_LAYER, _ATTENTION, _MLP = "model.layers.{i}.", "blocks.{i}.attention.", "blocks.{i}.feed_forward."
ENDS: Rules = {
    "model.embed_tokens.weight": "embedding.weight",
    "model.norm.weight": "final_norm.weight",
    "lm_head.{w}": "head.{w}",
}
ATTENTION: Rules = {
    **{
        f"{_LAYER}self_attn.{name}_proj.{{w}}": f"{_ATTENTION}{name}.{{w}}"
        for name in ("q", "k", "v", "o")
    },
    f"{_LAYER}self_attn.q_norm.weight": f"{_ATTENTION}q_norm.weight",
    f"{_LAYER}self_attn.k_norm.weight": f"{_ATTENTION}k_norm.weight",
}
NORMS: Rules = {
    f"{_LAYER}input_layernorm.{{w}}": "blocks.{i}.attention_norm.{w}",
    f"{_LAYER}post_attention_layernorm.{{w}}": "blocks.{i}.feed_forward_norm.{w}",
}
MLP: Rules = {
    f"{_LAYER}mlp.{name}_proj.{{w}}": f"{_MLP}{name}.{{w}}" for name in ("gate", "up", "down")
}
FUSED_MLP: Rules = {
    f"{_LAYER}mlp.gate_up_proj.weight": f"{_MLP}gate.weight|{_MLP}up.weight",
    f"{_LAYER}mlp.down_proj.weight": f"{_MLP}down.weight",
}
RULES: Rules = {**ENDS, **ATTENTION, **NORMS, **MLP}

NAMES = {
    "vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "num_hidden_layers": "num_layers",
    "num_attention_heads": "num_heads",
    "intermediate_size": "intermediate_size",
    "max_position_embeddings": "max_position_embeddings",
    "rms_norm_eps": "norm_eps",
    "hidden_act": "activation",
    "tie_word_embeddings": "tie_embeddings",
}
_DEFAULTS = {"hidden_act": "silu", "rms_norm_eps": 1e-6, "tie_word_embeddings": False}


def expert_rules(
    module: str = "mlp",
    router: str = "gate",
    shared: str = "shared_experts",
    names: tuple[str, str, str] = ("gate_proj", "up_proj", "down_proj"),
) -> Rules:
    """Names of a block's experts, one by one or in one tensor, its router and its shared one."""
    at, ours = f"{_LAYER}{module}.", f"{_MLP}experts."
    each = dict(zip(("gate", "up", "down"), names, strict=True))
    return {
        f"{at}{router}.weight": f"{_MLP}router.weight",
        f"{at}{router}.e_score_correction_bias": f"{_MLP}router.correction",
        **{
            f"{at}experts.{{e}}.{theirs}.weight": f"{ours}{name}[{{e}}]"
            for name, theirs in each.items()
        },
        f"{_LAYER}mlp.experts.gate_up_proj": (f"{ours}gate|{ours}up", "dim1"),
        f"{_LAYER}mlp.experts.down_proj": f"{ours}down",
        **{
            f"{at}{shared}.{name}_proj.{{w}}": f"{_MLP}shared.{name}.{{w}}"
            for name in ("gate", "up", "down")
        },
        f"{at}{shared}_gate.weight": f"{_MLP}shared_gate.weight",
    }


def fields(hf: Mapping[str, Any], **defaults: Any) -> Fields:
    """A config.json in Llama's form, with what the family's files may leave out."""
    return Fields(hf, **{**_DEFAULTS, **defaults})


def read_decoder(f: Fields, **fixed: Any) -> ModelConfig:
    """Llama's fields.

    Args:
        fixed: what the family sets otherwise, by ModelConfig's names; `rope_options` are for
            `read_rope`.
    """
    f.layers()
    names = {_alias(f, name): own for name, own in NAMES.items() if own not in fixed}
    found = read_names(f, ModelConfig, names)
    heads = f.whole("num_attention_heads", least=1)
    options = fixed.pop("rope_options", {})
    head_dim = fixed.get("head_dim") or f.get("head_dim") or found["hidden_size"] // heads
    if "rope" not in fixed:
        found["rope"] = read_rope(f, head_dim, **options)
    found |= {"num_kv_heads": f.get("num_key_value_heads", heads), "head_dim": head_dim}
    return ModelConfig(**{**found, **fixed})


def write_decoder(config: ModelConfig, **more: Any) -> dict[str, Any]:
    """Llama's fields of a configuration, and more."""
    fields = write_names(config, NAMES)
    heads = {"num_key_value_heads": config.num_kv_heads, "head_dim": config.head_dim}
    return {**fields, **heads, **write_rope(config), **more}


def _alias(f: Fields, name: str) -> str:
    """Gemma's files of today have another name for the activation."""
    return (
        "hidden_activation" if name == "hidden_act" and "hidden_activation" in f.defaults else name
    )
