"""The decoder-only families with a mixture of experts."""

from typing import Any

from parity.variants import LLAMA_LIKE, WINDOW, Variant, rope

QWEN_MOE: dict[str, Any] = {
    **LLAMA_LIKE,
    "num_hidden_layers": 3,
    "moe_intermediate_size": 40,
    "num_experts_per_tok": 2,
    "num_experts": 5,
    "norm_topk_prob": True,
    "mlp_only_layers": [1],
    "use_sliding_window": True,
    "sliding_window": WINDOW,
}
QWEN2_MOE = {
    **QWEN_MOE,
    "shared_expert_intermediate_size": 56,
    "max_window_layers": 2,
    "hidden_act": "gelu",
}
SPARSER: dict[str, Any] = {
    "norm_topk_prob": False,
    "mlp_only_layers": [],
    "decoder_sparse_step": 2,
    "use_sliding_window": False,
}
GLM4_MOE: dict[str, Any] = {
    **LLAMA_LIKE,
    "head_dim": 32,
    "attention_bias": True,
    "rope_parameters": rope(partial_rotary_factor=0.75),
    "moe_intermediate_size": 40,
    "n_routed_experts": 8,
    "num_experts_per_tok": 3,
    "n_shared_experts": 2,
    "routed_scaling_factor": 1.7,
    "n_group": 4,
    "topk_group": 2,
    "use_qk_norm": True,
}
ERNIE_MOE: dict[str, Any] = {
    **LLAMA_LIKE,
    "num_hidden_layers": 5,
    "use_bias": True,
    "moe_intermediate_size": 40,
    "moe_num_experts": 6,
    "moe_k": 2,
    "moe_num_shared_experts": 2,
    "moe_layer_start_index": 1,
    "moe_layer_end_index": 3,
    "moe_layer_interval": 2,
    "moe_norm_min": 0.6,
}
LATENT: dict[str, Any] = {
    **LLAMA_LIKE,
    "num_key_value_heads": 4,
    "attention_bias": True,
    "q_lora_rank": 48,
    "kv_lora_rank": 32,
    "qk_nope_head_dim": 24,
    "qk_rope_head_dim": 16,
    "v_head_dim": 20,
    "first_k_dense_replace": 1,
    "moe_intermediate_size": 40,
    "n_routed_experts": 8,
    "num_experts_per_tok": 3,
    "n_shared_experts": 2,
    "n_group": 4,
    "topk_group": 2,
    "routed_scaling_factor": 1.7,
}
LATENT_YARN = rope(
    "yarn", factor=4.0, original_max_position_embeddings=512, mscale=0.7, mscale_all_dim=1.3
)
GREEDY: dict[str, Any] = {
    "topk_method": "greedy",
    "n_group": None,
    "topk_group": None,
    "q_lora_rank": None,
    "attention_bias": False,
    "first_k_dense_replace": 0,
    "n_shared_experts": 1,
}
GPT_OSS: dict[str, Any] = {
    **LLAMA_LIKE,
    "num_hidden_layers": 3,
    "head_dim": 24,
    "intermediate_size": 40,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "sliding_window": WINDOW,
    "rope_parameters": rope(
        "yarn",
        factor=4.0,
        original_max_position_embeddings=512,
        beta_fast=20.0,
        beta_slow=2.0,
        truncate=False,
    ),
}

VARIANTS: dict[str, Variant] = {
    "mixtral": Variant(
        "mixtral",
        {
            **LLAMA_LIKE,
            "head_dim": 24,
            "intermediate_size": 40,
            "num_local_experts": 5,
            "num_experts_per_tok": 3,
            "sliding_window": WINDOW,
        },
    ),
    "mixtral-full": Variant(
        "mixtral",
        {
            **LLAMA_LIKE,
            "num_local_experts": 4,
            "tie_word_embeddings": True,
            "hidden_act": "gelu",
        },
    ),
    "qwen2_moe": Variant("qwen2_moe", QWEN2_MOE),
    "qwen2_moe-sparse": Variant(
        "qwen2_moe", {**QWEN2_MOE, **SPARSER, "qkv_bias": False, "hidden_act": "silu"}
    ),
    "qwen3_moe": Variant("qwen3_moe", {**QWEN_MOE, "head_dim": 24, "attention_bias": True}),
    "qwen3_moe-sparse": Variant(
        "qwen3_moe", {**QWEN_MOE, **SPARSER, "hidden_act": "gelu", "tie_word_embeddings": True}
    ),
    "glm4_moe": Variant("glm4_moe", GLM4_MOE),
    "glm4_moe-plain": Variant(
        "glm4_moe",
        {
            **GLM4_MOE,
            "attention_bias": False,
            "use_qk_norm": False,
            "norm_topk_prob": False,
            "n_group": 1,
            "topk_group": 1,
            "hidden_act": "gelu",
        },
    ),
    "ernie4_5_moe": Variant("ernie4_5_moe", ERNIE_MOE),
    "ernie4_5_moe-plain": Variant(
        "ernie4_5_moe",
        {
            **ERNIE_MOE,
            "num_hidden_layers": 2,
            "use_bias": False,
            "moe_layer_interval": 1,
            "moe_layer_end_index": -1,
            "moe_num_shared_experts": 0,
            "tie_word_embeddings": False,
        },
    ),
    "deepseek_v2": Variant(
        "deepseek_v2", {**LATENT, "topk_method": "group_limited_greedy", "mlp_bias": True}
    ),
    "deepseek_v2-greedy": Variant("deepseek_v2", {**LATENT, **GREEDY, "hidden_act": "gelu"}),
    "deepseek_v2-yarn": Variant(
        "deepseek_v2", {**LATENT, **GREEDY, "rope_parameters": LATENT_YARN}
    ),
    "deepseek_v3": Variant("deepseek_v3", LATENT),
    "deepseek_v3-direct": Variant(
        "deepseek_v3",
        {
            **LATENT,
            "q_lora_rank": None,
            "attention_bias": False,
            "norm_topk_prob": False,
            "hidden_act": "gelu",
        },
    ),
    "deepseek_v3-halves": Variant("deepseek_v3", {**LATENT, "rope_interleave": False}),
    "deepseek_v3-yarn": Variant("deepseek_v3", {**LATENT, "rope_parameters": LATENT_YARN}),
    "gpt_oss": Variant("gpt_oss", {**GPT_OSS, "swiglu_limit": 0.8, "swiglu_alpha": 1.2}),
    "gpt_oss-plain": Variant(
        "gpt_oss",
        {
            **GPT_OSS,
            "attention_bias": False,
            "layer_types": ["full_attention", "sliding_attention", "full_attention"],
        },
    ),
}
