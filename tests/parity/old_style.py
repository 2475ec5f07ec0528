"""The same configuration as transformers 4 wrote it, or as a family's first files have it."""

from collections.abc import Callable
from typing import Any

Config = dict[str, Any]


def old_style(config: Config) -> Config:
    """A config.json in the style of transformers 4; the given one, in that of 5, stays as it is."""
    old = {key: value for key, value in config.items() if key not in ("dtype", "layer_types")}
    old["transformers_version"] = "4.40.0"
    if "dtype" in config:
        old["torch_dtype"] = config["dtype"]
    if "rope_parameters" in config:
        _flatten(old, old.pop("rope_parameters"))
    return _OWN.get(str(config.get("model_type")), lambda old, config: old)(old, config)


def _flatten(old: Config, rope: Config) -> None:
    """`rope_theta` and `rope_scaling` side by side, instead of one section."""
    scaling = {k: v for k, v in rope.items() if k not in ("rope_theta", "partial_rotary_factor")}
    kind = scaling.pop("rope_type", "default")
    old["rope_theta"] = rope.get("rope_theta", 10_000.0)
    if "partial_rotary_factor" in rope:
        old["partial_rotary_factor"] = rope["partial_rotary_factor"]
    # the first files said "type"; llama3 came when it was "rope_type" already
    name = "rope_type" if kind == "llama3" else "type"
    old["rope_scaling"] = None if kind == "default" else {name: kind, **scaling}


def _gpt_neox(old: Config, config: Config) -> Config:
    old["rotary_emb_base"] = old.pop("rope_theta")
    old["rotary_pct"] = old.pop("partial_rotary_factor")
    return old


def _phi3(old: Config, config: Config) -> Config:
    if old["rope_scaling"]:
        old["rope_scaling"].pop("original_max_position_embeddings", None)
    return old


def _qwen_moe(old: Config, config: Config) -> Config:
    if "num_local_experts" in old:
        old["num_experts"] = old.pop("num_local_experts")
    return old


def _with_layer_types(old: Config, config: Config) -> Config:
    """Where the pattern of layers is not the family's own, the last files of 4.x list it."""
    window, full = "sliding_attention", "full_attention"
    count = config["num_hidden_layers"]
    if config["layer_types"] != [full if i % 2 else window for i in range(count)]:
        old["layer_types"] = config["layer_types"]
    return old


def _gpt_oss(old: Config, config: Config) -> Config:
    """Its files say twice how many experts and how long a context, and their SwiGLU is fixed."""
    old["experts_per_token"] = old["num_experts_per_tok"]
    old["initial_context_length"] = config["rope_parameters"]["original_max_position_embeddings"]
    return _with_layer_types(old, config)


def _gemma3(old: Config, config: Config) -> Config:
    rope, kinds = config["rope_parameters"], config["layer_types"]
    for name in ("rope_theta", "rope_scaling", "_sliding_window_pattern"):
        old.pop(name, None)
    full = {**rope["full_attention"]}
    old["rope_theta"] = full.pop("rope_theta")
    old["rope_scaling"] = None if full["rope_type"] == "default" else full
    old["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
    old["sliding_window_pattern"] = kinds.index("full_attention") + 1
    return old


def _gemma3_wrapper(old: Config, config: Config) -> Config:
    old["text_config"] = old_style(config["text_config"])
    return old


def _latent(old: Config, config: Config) -> Config:
    """The first files carry what their own code read, beside what is still read."""
    for name in ("head_dim", "qk_head_dim"):
        old.pop(name, None)
    third = config["model_type"] == "deepseek_v3"
    if third and old.get("rope_interleave"):
        del old["rope_interleave"]
    return {
        **({"topk_method": "noaux_tc"} if third else {}),
        "scoring_func": "sigmoid" if third else "softmax",
        "moe_layer_freq": 1,
        "aux_loss_alpha": 0.001,
        "seq_aux": True,
        "ep_size": 1,
        **old,
    }


def _ernie_moe(old: Config, config: Config) -> Config:
    return {**old, "moe_use_aux_free": True, "moe_capacity": [64, 64, 64], "moe_gate": "topk"}


def _t5(old: Config, config: Config) -> Config:
    """There is no `scale_decoder_outputs`: an output of its own says the same."""
    if not old.pop("scale_decoder_outputs"):
        old["tie_word_embeddings"] = False
    else:
        del old["tie_word_embeddings"]
    return {**old, "output_past": True, "n_positions": 512}


def _absolute(old: Config, config: Config) -> Config:
    return {"position_embedding_type": "absolute", "gradient_checkpointing": False, **old}


def _translation(old: Config, config: Config) -> Config:
    if old["tie_word_embeddings"]:
        del old["tie_word_embeddings"]
    return {
        "add_bias_logits": False,
        "add_final_layer_norm": False,
        "normalize_before": False,
        "normalize_embedding": config["model_type"] == "bart",
        "static_position_embeddings": config["model_type"] == "marian",
        "num_hidden_layers": old["encoder_layers"],
        "num_beams": 4,
        **old,
    }


def _gpt2(old: Config, config: Config) -> Config:
    if old["tie_word_embeddings"]:
        del old["tie_word_embeddings"]
    return {**old, "n_ctx": old["n_positions"]}


_OWN: dict[str, Callable[[Config, Config], Config]] = {
    "gpt2": _gpt2,
    "gpt_neox": _gpt_neox,
    "phi3": _phi3,
    "qwen3_moe": _qwen_moe,
    "gemma2": _with_layer_types,
    "gpt_oss": _gpt_oss,
    "gemma3_text": _gemma3,
    "gemma3": _gemma3_wrapper,
    "deepseek_v2": _latent,
    "deepseek_v3": _latent,
    "ernie4_5_moe": _ernie_moe,
    "t5": _t5,
    "bert": _absolute,
    "bart": _translation,
    "marian": _translation,
}
