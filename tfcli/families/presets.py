"""Well-known models as the config.json that they are published with, for `tfcli model plan`.

Sizes are those of the papers and of the published files. GPT-3 was never published: its sizes are
those of its paper (Brown et al. 2020, table 2.1), in GPT-2's form; every other layer of it attends
to fewer tokens, which changes no shape.
"""

import difflib
from typing import Any

from tfcli.errors import NotFoundError
from tfcli.families import family
from tfcli.model.config import ModelConfig

_Fields = dict[str, Any]


def _decoder(
    width: int, inner: int, layers: int, heads: int, kv_heads: int, **more: Any
) -> _Fields:
    """Llama's names of the sizes."""
    return {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        **more,
    }


def _gpt2(width: int, layers: int, heads: int, positions: int = 1024) -> _Fields:
    sizes = {"n_embd": width, "n_layer": layers, "n_head": heads, "n_positions": positions}
    return {"model_type": "gpt2", "vocab_size": 50_257, **sizes}


def _pair(model_type: str, width: int, inner: int, layers: int, heads: int, **more: Any) -> _Fields:
    """An encoder and a decoder that are as large."""
    sides = {
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in (("layers", layers), ("attention_heads", heads), ("ffn_dim", inner))
    }
    return {"model_type": model_type, "d_model": width, **sides, **more}


def _t5(width: int, inner: int, head_dim: int, layers: int, heads: int) -> _Fields:
    sizes = {"d_model": width, "d_ff": inner, "d_kv": head_dim, "num_heads": heads}
    return {"model_type": "t5", "vocab_size": 32_128, "num_layers": layers, **sizes}


def _bert(width: int, layers: int, heads: int) -> _Fields:
    return {
        "model_type": "bert",
        "vocab_size": 30_522,
        "max_position_embeddings": 512,
        **_decoder(width, 4 * width, layers, heads, heads),
    }


# Vaswani et al. 2017: 37,000 pieces that both sides share, embeddings scaled by √d
_2017 = {
    "vocab_size": 37_000,
    "max_position_embeddings": 512,
    "activation_function": "relu",
    "scale_embedding": True,
}
_BART = {"vocab_size": 50_265, "max_position_embeddings": 1024, "activation_function": "gelu"}
_LLAMA_2: _Fields = {
    "model_type": "llama",
    "vocab_size": 32_000,
    "max_position_embeddings": 4096,
    "rms_norm_eps": 1e-5,
}
_LLAMA_3: _Fields = {
    "model_type": "llama",
    "vocab_size": 128_256,
    "max_position_embeddings": 8192,
    "rms_norm_eps": 1e-5,
    "rope_theta": 500_000.0,
}


def _llama_3_long(factor: float) -> _Fields:
    scaling = {
        "rope_type": "llama3",
        "factor": factor,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    return {**_LLAMA_3, "max_position_embeddings": 131_072, "rope_scaling": scaling}


_MISTRAL: _Fields = {
    "vocab_size": 32_000,
    "max_position_embeddings": 32_768,
    "rms_norm_eps": 1e-5,
    **_decoder(4096, 14_336, 32, 32, 8),
}
_QWEN_2: _Fields = {
    "model_type": "qwen2",
    "max_position_embeddings": 32_768,
    "rope_theta": 1e6,
    "use_sliding_window": False,
}
_QWEN_3: _Fields = {
    "model_type": "qwen3",
    "vocab_size": 151_936,
    "max_position_embeddings": 40_960,
    "head_dim": 128,
    "rope_theta": 1e6,
}
_QWEN_3_MOE: _Fields = {
    **_QWEN_3,
    "model_type": "qwen3_moe",
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "norm_topk_prob": True,
}
_GEMMA_2: _Fields = {"model_type": "gemma2", "vocab_size": 256_000}
_GEMMA_3: _Fields = {
    "model_type": "gemma3_text",
    "vocab_size": 262_208,
    "max_position_embeddings": 131_072,
    "sliding_window": 1024,
    "rope_scaling": {"rope_type": "linear", "factor": 8.0},
}
_GPT_OSS: _Fields = {
    "model_type": "gpt_oss",
    "vocab_size": 201_088,
    "num_experts_per_tok": 4,
    "head_dim": 64,
}
_GLM_45: _Fields = {
    "model_type": "glm4_moe",
    "vocab_size": 151_552,
    "head_dim": 128,
    "attention_bias": True,
    "rope_theta": 1e6,
}
_DEEPSEEK_YARN = {
    "rope_type": "yarn",
    "factor": 40.0,
    "original_max_position_embeddings": 4096,
    "beta_fast": 32.0,
    "beta_slow": 1.0,
}
_TIED = {"tie_word_embeddings": True}

PRESETS: dict[str, _Fields] = {
    "transformer-2017-base": _pair("marian", 512, 2048, 6, 8, **_2017),
    "transformer-2017-big": _pair("marian", 1024, 4096, 6, 16, **_2017),
    "bert-base": _bert(768, 12, 12),
    "bert-large": _bert(1024, 24, 16),
    "t5-small": _t5(512, 2048, 64, 6, 8),
    "t5-base": _t5(768, 3072, 64, 12, 12),
    "t5-large": _t5(1024, 4096, 64, 24, 16),
    "t5-3b": _t5(1024, 16_384, 128, 24, 32),
    "t5-11b": _t5(1024, 65_536, 128, 24, 128),
    "bart-base": _pair("bart", 768, 3072, 6, 12, **_BART),
    "bart-large": _pair("bart", 1024, 4096, 12, 16, **_BART),
    "gpt2": _gpt2(768, 12, 12),
    "gpt2-medium": _gpt2(1024, 24, 16),
    "gpt2-large": _gpt2(1280, 36, 20),
    "gpt2-xl": _gpt2(1600, 48, 25),
    "gpt3-6.7b": _gpt2(4096, 32, 32, 2048),
    "gpt3-175b": _gpt2(12_288, 96, 96, 2048),
    "pythia-6.9b": {
        "model_type": "gpt_neox",
        "vocab_size": 50_432,
        "max_position_embeddings": 2048,
        "rotary_pct": 0.25,
        **_decoder(4096, 16_384, 32, 32, 32),
    },
    "llama-2-7b": {**_LLAMA_2, **_decoder(4096, 11_008, 32, 32, 32)},
    "llama-2-13b": {**_LLAMA_2, **_decoder(5120, 13_824, 40, 40, 40)},
    "llama-2-70b": {**_LLAMA_2, **_decoder(8192, 28_672, 80, 64, 8)},
    "llama-3-8b": {**_LLAMA_3, **_decoder(4096, 14_336, 32, 32, 8)},
    "llama-3-70b": {**_LLAMA_3, **_decoder(8192, 28_672, 80, 64, 8)},
    "llama-3.1-405b": {**_llama_3_long(8.0), **_decoder(16_384, 53_248, 126, 128, 8)},
    "llama-3.2-1b": {**_llama_3_long(32.0), **_decoder(2048, 8192, 16, 32, 8, **_TIED)},
    "mistral-7b": {**_MISTRAL, "model_type": "mistral", "sliding_window": 4096},
    "mixtral-8x7b": {
        **_MISTRAL,
        "model_type": "mixtral",
        "sliding_window": None,
        "num_local_experts": 8,
        "num_experts_per_tok": 2,
    },
    "qwen2.5-0.5b": {**_QWEN_2, "vocab_size": 151_936, **_decoder(896, 4864, 24, 14, 2, **_TIED)},
    "qwen2.5-7b": {**_QWEN_2, "vocab_size": 152_064, **_decoder(3584, 18_944, 28, 28, 4)},
    "qwen3-0.6b": {**_QWEN_3, **_decoder(1024, 3072, 28, 16, 8, **_TIED)},
    "qwen3-1.7b": {**_QWEN_3, **_decoder(2048, 6144, 28, 16, 8, **_TIED)},
    "qwen3-4b": {**_QWEN_3, **_decoder(2560, 9728, 36, 32, 8, **_TIED)},
    "qwen3-8b": {**_QWEN_3, **_decoder(4096, 12_288, 36, 32, 8)},
    "qwen3-14b": {**_QWEN_3, **_decoder(5120, 17_408, 40, 40, 8)},
    "qwen3-32b": {**_QWEN_3, **_decoder(5120, 25_600, 64, 64, 8)},
    "qwen3-30b-a3b": {
        **_QWEN_3_MOE,
        "moe_intermediate_size": 768,
        **_decoder(2048, 6144, 48, 32, 4),
    },
    "qwen3-235b-a22b": {
        **_QWEN_3_MOE,
        "moe_intermediate_size": 1536,
        **_decoder(4096, 12_288, 94, 64, 4),
    },
    "gemma-2-2b": {**_GEMMA_2, **_decoder(2304, 9216, 26, 8, 4, head_dim=256)},
    "gemma-2-9b": {**_GEMMA_2, **_decoder(3584, 14_336, 42, 16, 8, head_dim=256)},
    "gemma-2-27b": {
        **_GEMMA_2,
        "query_pre_attn_scalar": 144,
        **_decoder(4608, 36_864, 46, 32, 16, head_dim=128),
    },
    "gemma-3-4b": {**_GEMMA_3, **_decoder(2560, 10_240, 34, 8, 4, head_dim=256)},
    "gemma-3-12b": {**_GEMMA_3, **_decoder(3840, 15_360, 48, 16, 8, head_dim=256)},
    "gemma-3-27b": {
        **_GEMMA_3,
        "query_pre_attn_scalar": 168,
        **_decoder(5376, 21_504, 62, 32, 16, head_dim=128),
    },
    "gpt-oss-20b": {**_GPT_OSS, "num_local_experts": 32, **_decoder(2880, 2880, 24, 64, 8)},
    "gpt-oss-120b": {**_GPT_OSS, "num_local_experts": 128, **_decoder(2880, 2880, 36, 64, 8)},
    "glm-4.5": {
        **_GLM_45,
        "moe_intermediate_size": 1536,
        "n_routed_experts": 160,
        "first_k_dense_replace": 3,
        "use_qk_norm": True,
        "routed_scaling_factor": 2.5,
        **_decoder(5120, 12_288, 92, 96, 8),
    },
    "glm-4.5-air": {
        **_GLM_45,
        "moe_intermediate_size": 1408,
        "n_routed_experts": 128,
        "first_k_dense_replace": 1,
        **_decoder(4096, 10_944, 46, 96, 8),
    },
    "deepseek-v2-lite": {
        "model_type": "deepseek_v2",
        "vocab_size": 102_400,
        "max_position_embeddings": 163_840,
        "q_lora_rank": None,
        "moe_intermediate_size": 1408,
        "num_experts_per_tok": 6,
        "first_k_dense_replace": 1,
        "rope_scaling": {**_DEEPSEEK_YARN, "mscale": 0.707, "mscale_all_dim": 0.707},
        **_decoder(2048, 10_944, 27, 16, 16),
    },
    "deepseek-v3": {
        "model_type": "deepseek_v3",
        "vocab_size": 129_280,
        "max_position_embeddings": 163_840,
        "rope_scaling": {**_DEEPSEEK_YARN, "mscale": 1.0, "mscale_all_dim": 1.0},
        **_decoder(7168, 18_432, 61, 128, 128),
    },
}


def preset(name: str) -> tuple[str, ModelConfig] | None:
    """The model type and the configuration of a preset, or None where there is none."""
    fields = PRESETS.get(name.casefold())
    if fields is None:
        return None
    model_type = str(fields["model_type"])
    return model_type, family(model_type).read_config(fields)


def all_presets() -> dict[str, tuple[str, ModelConfig]]:
    """Every preset by its name, as `preset` gives it."""
    return {name: found for name in PRESETS if (found := preset(name)) is not None}


def no_preset(name: str) -> NotFoundError:
    """The error for a name that is no preset, with those that are like it."""
    typed = name.casefold()
    near = [known for known in PRESETS if typed and known.startswith(typed)][:3]
    near = near or difflib.get_close_matches(typed, PRESETS, n=3, cutoff=0.5)
    meant = f" Did you mean {', '.join(near)}?" if near else ""
    return NotFoundError(
        f"“{name}” is no preset, no model and no config.json.{meant}",
        hint="The presets: tfcli model list --presets",
    )
