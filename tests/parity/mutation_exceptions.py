"""Which changes of a field are not seen, or not computed, and why."""

_LIMIT = "a limit of the length, not a number in the sum"
_FILE = "whether the file holds a matrix for the output decides (test_files.py)"
_UNREAD = "transformers does not read it either"
_START = "where decoding starts (test_decoding.py), not what a given text gives"
# What gives the same numbers, and why; by family, "" for all of them.
_SHARE = dict.fromkeys(
    ("partial_rotary_factor", "rope_parameters.partial_rotary_factor"),
    "this family turns whole heads, and transformers passes it over",
)
_WHOLE_HEADS = ("llama", "mistral", "mixtral", "qwen2", "qwen3", "qwen2_moe", "qwen3_moe", "olmo2")
_WHOLE_HEADS += ("ernie4_5", "ernie4_5_moe", "deepseek_v2", "deepseek_v3", "gpt_oss")
_WHOLE_HEADS += ("gemma", "gemma2", "gemma3_text", "gemma3")
_LATENT_KEYS = {"num_key_value_heads": "every head has its own; transformers runs nothing else"}
WITHOUT_EFFECT: dict[str, dict[str, str]] = {family: {**_SHARE} for family in _WHOLE_HEADS}
WITHOUT_EFFECT[""] = {
    "max_position_embeddings": _LIMIT,
    "tie_word_embeddings": _FILE,
    "rope_parameters.type": "rope_type, its name of today, wins",
    "rope_scaling.rope_type": "the name of today for type",
    "original_max_position_embeddings": "no scaling that needs it",
    "rope_parameters.original_max_position_embeddings": "no scaling that needs it",
    "decoder_start_token_id": _START,
    "pad_token_id": _START,
}
WITHOUT_EFFECT["bert"] = {"architectures": "whether there is a head (test_forward.py)"}
WITHOUT_EFFECT["gpt2"] = {"reorder_and_upcast_attn": "float32 is what it casts to"}
WITHOUT_EFFECT["chatglm"] = {"seq_length": _LIMIT, "original_rope": _UNREAD}
WITHOUT_EFFECT["t5"] = {"n_positions": _LIMIT}
WITHOUT_EFFECT["phi3"] = {
    "rope_scaling.original_max_position_embeddings": "the one beside the section wins"
}
WITHOUT_EFFECT["deepseek_v2"] |= {**_LATENT_KEYS, "norm_topk_prob": _UNREAD}
WITHOUT_EFFECT["deepseek_v3"] |= _LATENT_KEYS
WITHOUT_EFFECT["gemma3_text"] |= {"attn_logit_softcapping": _UNREAD}
WITHOUT_EFFECT["gpt_oss"] |= {"hidden_act": _UNREAD}
# The variants in which they matter nevertheless.
MATTERS: dict[str, tuple[str, ...]] = {
    "max_position_embeddings": ("llama-dynamic", "phi3-short"),
    "original_max_position_embeddings": ("phi3-short", "phi3-long"),
    "rope_parameters.original_max_position_embeddings": (
        "llama-llama3",
        "llama-yarn",
        "deepseek_v2-yarn",
        "deepseek_v3-yarn",
        "gpt_oss",
    ),
}
# Where transformers' own numbers are not the measure, by (variant, field); "" for all of them.
UNCOMPARED: dict[tuple[str, str], str] = {
    ("", "tie_word_embeddings"): _FILE,
    ("qwen2_moe", "use_sliding_window"): "its window is then 0, where layer_types still lists some",
    ("t5", "feed_forward_proj"): "what was once derived from it is in the file too, and wins there",
    ("t5-1.1", "feed_forward_proj"): "likewise",
}
_PATTERN = "its code takes one pattern of norms and positions only"
_ENCODER = "an encoder in a decoder's form"
_ONE_KIND = "passed over: the code of the first files knew more than one kind"
# Fields that transformers computes with and we refuse, by (variant, field).
REFUSED: dict[tuple[str, str], str] = {
    ("", "rope_parameters.partial_rotary_factor"): "passed over where a family turns whole heads",
    ("", "moe_layer_freq"): _ONE_KIND,
    ("", "scoring_func"): _ONE_KIND,
    ("deepseek_v3", "topk_method"): _ONE_KIND,
    ("glm4_moe", "topk_method"): _ONE_KIND,
    ("t5", "scale_decoder_outputs"): "in the old style it says that there is a head in the file",
    **{
        (name, field): _PATTERN
        for name in ("bart", "marian")
        for field in (
            "add_final_layer_norm",
            "normalize_before",
            "normalize_embedding",
            "static_position_embeddings",
        )
    },
    ("bert", "is_decoder"): "a mask that belongs to another kind of model",
    ("bert", "position_embedding_type"): _ONE_KIND,
    ("gemma", "use_bidirectional_attention"): _ENCODER,
    ("gemma2", "use_bidirectional_attention"): _ENCODER,
    ("gemma3_text", "use_bidirectional_attention"): _ENCODER,
}
