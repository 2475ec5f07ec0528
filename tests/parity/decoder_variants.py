"""The decoder-only families whose feed-forward module is dense."""

from typing import Any

from parity.variants import LLAMA_LIKE, SIZES, WINDOW, Variant, rope

LLAMA = {**LLAMA_LIKE, "head_dim": 24, "hidden_act": "gelu_pytorch_tanh"}
YARN = rope("yarn", factor=4.0, original_max_position_embeddings=512, beta_fast=20.0, beta_slow=2.0)
GPT2: dict[str, Any] = {
    "vocab_size": 250,
    "n_embd": 60,
    "n_layer": 3,
    "n_head": 5,
    "n_inner": 100,
    "n_positions": 128,
    "layer_norm_epsilon": 1e-3,
    "activation_function": "gelu",
    "tie_word_embeddings": False,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
GPT_NEOX: dict[str, Any] = {
    **SIZES,
    "hidden_size": 96,
    "num_attention_heads": 3,
    "intermediate_size": 100,
    "layer_norm_eps": 1e-3,
    "hidden_act": "gelu_new",
    "rope_parameters": rope(partial_rotary_factor=0.5),
}
PHI3 = {**LLAMA_LIKE, "hidden_act": "gelu", "sliding_window": WINDOW}
LONGROPE: dict[str, Any] = {
    **LLAMA_LIKE,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "rope_parameters": rope(
        "longrope",
        partial_rotary_factor=0.5,
        short_factor=[1.0 + 0.1 * i for i in range(8)],
        long_factor=[1.5 + 0.5 * i for i in range(8)],
    ),
}
QWEN2 = {
    **LLAMA_LIKE,
    "num_hidden_layers": 3,
    "use_sliding_window": True,
    "sliding_window": WINDOW,
    "max_window_layers": 1,
}
GLM = {
    **LLAMA_LIKE,
    "head_dim": 32,
    "attention_bias": True,
    "rope_parameters": rope(partial_rotary_factor=0.75),
}
GEMMA2 = {
    **LLAMA_LIKE,
    "num_hidden_layers": 3,
    "head_dim": 24,
    "hidden_activation": "silu",
    "attention_bias": True,
    "query_pre_attn_scalar": 40,
    "sliding_window": WINDOW,
    "attn_logit_softcapping": 1.5,
    "final_logit_softcapping": 1.5,
}
GEMMA3 = {
    **LLAMA_LIKE,
    "num_hidden_layers": 3,
    "head_dim": 24,
    "hidden_activation": "gelu",
    "attention_bias": True,
    "query_pre_attn_scalar": 40,
    "sliding_window": WINDOW,
    "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    "rope_parameters": {
        "sliding_attention": {"rope_type": "default", "rope_theta": 300.0},
        "full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 5000.0},
    },
}

VARIANTS: dict[str, Variant] = {
    "gpt2": Variant("gpt2", GPT2),
    "gpt2-tied": Variant(
        "gpt2",
        {
            **GPT2,
            "n_inner": None,
            "activation_function": "gelu_new",
            "tie_word_embeddings": True,
            "scale_attn_by_inverse_layer_idx": True,
        },
    ),
    "gpt2-unscaled": Variant("gpt2", {**GPT2, "scale_attn_weights": False}),
    "gpt_neox": Variant("gpt_neox", GPT_NEOX),
    "gpt_neox-serial": Variant(
        "gpt_neox",
        {
            **GPT_NEOX,
            "use_parallel_residual": False,
            "attention_bias": False,
            "tie_word_embeddings": True,
            "hidden_act": "gelu",
        },
    ),
    "llama": Variant("llama", {**LLAMA, "attention_bias": True, "mlp_bias": True}),
    "llama-tied": Variant("llama", {**LLAMA, "tie_word_embeddings": True, "hidden_act": "silu"}),
    "llama-llama3": Variant(
        "llama",
        {
            **LLAMA,
            "rope_parameters": rope(
                "llama3",
                factor=8.0,
                low_freq_factor=1.5,
                high_freq_factor=3.5,
                original_max_position_embeddings=64,
            ),
        },
    ),
    "llama-linear": Variant("llama", {**LLAMA, "rope_parameters": rope("linear", factor=3.0)}),
    "llama-dynamic": Variant(
        "llama",
        {
            **LLAMA,
            "max_position_embeddings": 16,
            "rope_parameters": rope("dynamic", factor=4.0),
        },
        steady=False,
    ),
    "llama-yarn": Variant("llama", {**LLAMA, "rope_parameters": YARN}),
    "llama-yarn-attention": Variant(
        "llama",
        {**LLAMA, "rope_parameters": {**YARN, "attention_factor": 1.3, "truncate": False}},
    ),
    "mistral": Variant("mistral", {**LLAMA, "sliding_window": WINDOW}),
    "mistral-full": Variant("mistral", {**LLAMA, "sliding_window": None, "hidden_act": "silu"}),
    "phi3": Variant("phi3", PHI3),
    "phi3-partial": Variant(
        "phi3",
        {
            **PHI3,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "sliding_window": None,
            "rope_parameters": rope(partial_rotary_factor=0.5),
            "tie_word_embeddings": True,
        },
    ),
    "phi3-short": Variant("phi3", {**LONGROPE, "original_max_position_embeddings": 64}),
    "phi3-long": Variant("phi3", {**LONGROPE, "original_max_position_embeddings": 16}),
    "qwen2": Variant("qwen2", QWEN2),
    "qwen2-full": Variant(
        "qwen2", {**LLAMA_LIKE, "tie_word_embeddings": True, "hidden_act": "gelu"}
    ),
    "qwen3": Variant(
        "qwen3",
        {**QWEN2, "head_dim": 24, "attention_bias": True, "hidden_act": "gelu_pytorch_tanh"},
    ),
    "qwen3-full": Variant("qwen3", {**LLAMA, "tie_word_embeddings": True, "hidden_act": "silu"}),
    "glm": Variant("glm", GLM),
    "glm-plain": Variant(
        "glm",
        {
            **GLM,
            "attention_bias": False,
            "hidden_act": "gelu",
            "tie_word_embeddings": True,
            "rope_parameters": rope(partial_rotary_factor=0.5),
        },
    ),
    "glm4": Variant("glm4", {**GLM, "hidden_act": "gelu"}),
    "ernie4_5": Variant("ernie4_5", {**LLAMA, "use_bias": True}),
    "ernie4_5-untied": Variant(
        "ernie4_5", {**LLAMA, "tie_word_embeddings": False, "hidden_act": "silu"}
    ),
    "gemma": Variant(
        "gemma",
        {
            **LLAMA_LIKE,
            "head_dim": 24,
            "num_key_value_heads": 1,
            "attention_bias": True,
            "hidden_act": "gelu",
        },
    ),
    "gemma2": Variant("gemma2", GEMMA2),
    "gemma2-uncapped": Variant(
        "gemma2",
        {
            **GEMMA2,
            "attn_logit_softcapping": None,
            "final_logit_softcapping": None,
            "attention_bias": False,
            "tie_word_embeddings": False,
        },
    ),
    "gemma3_text": Variant("gemma3_text", GEMMA3),
    "gemma3_text-capped": Variant(
        "gemma3_text",
        {
            **GEMMA3,
            "attention_bias": False,
            "final_logit_softcapping": 9.0,
            "tie_word_embeddings": False,
            "rope_parameters": {
                "sliding_attention": rope(),
                "full_attention": rope(),
            },
        },
    ),
    "gemma3": Variant(
        "gemma3",
        {
            "text_config": GEMMA3,
            "vision_config": {
                "hidden_size": 16,
                "intermediate_size": 24,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "image_size": 28,
                "patch_size": 14,
            },
            "mm_tokens_per_image": 4,
            "image_token_index": 249,
            "boi_token_index": 248,
            "eoi_token_index": 247,
        },
    ),
    "olmo2": Variant("olmo2", {**LLAMA, "attention_bias": True}),
    "olmo2-tied": Variant(
        "olmo2", {**LLAMA_LIKE, "num_key_value_heads": 4, "tie_word_embeddings": True}
    ),
    "chatglm": Variant(
        "chatglm", {**GLM, "rope_parameters": rope(partial_rotary_factor=0.5)}, reference="glm"
    ),
    "chatglm-plain": Variant(
        "chatglm",
        {
            **GLM,
            "num_key_value_heads": 4,
            "attention_bias": False,
            "rope_parameters": rope(partial_rotary_factor=0.5),
        },
        reference="glm",
    ),
}
