"""Small random models of every kind, in which no weight is 0 or 1, so that no mistake can hide
behind one."""

from typing import Any

import torch
from tiny import redraw

from tfcli.model.config import Experts, LatentAttention, ModelConfig, Rope
from tfcli.model.trace import Trace
from tfcli.model.transformer import Transformer

IDS = [5, 17, 3, 9, 44, 2, 8, 17, 3]
WRITTEN = [4, 12, 7, 30, 12]  # what a decoder beside an encoder has written

_SIZES: dict[str, Any] = {
    "vocab_size": 61,
    "hidden_size": 24,
    "num_layers": 3,
    "num_heads": 4,
    "num_kv_heads": 4,
    "head_dim": 6,
    "intermediate_size": 40,
    "max_position_embeddings": 64,
}
_WITH_BIASES: dict[str, Any] = {
    "norm": "layer",
    "norm_eps": 1e-5,
    "qkv_bias": True,
    "output_bias": True,
    "activation": "gelu",
    "gated": False,
    "feed_forward_bias": True,
}
_2017: dict[str, Any] = {  # the norm stands on the sum, as in the first Transformer
    **_WITH_BIASES,
    "activation": "relu",
    "pre_norm": False,
    "post_norm": True,
    "final_norm": False,
}
_BART: dict[str, Any] = {"position": "learned", "position_offset": 2, "embedding_norm": True}
_T5: dict[str, Any] = {
    "position": "relative",
    "relative_buckets": 8,
    "relative_max_distance": 12,
    "attention_scale": 1.0,
    "activation": "gelu_tanh",
}


def _encoder(**fields: Any) -> ModelConfig:
    return ModelConfig(**_SIZES | fields | {"architecture": "encoder", "num_layers": 2})


_BERT: dict[str, Any] = _2017 | {
    "architecture": "encoder",
    "position": "learned",
    "embedding_norm": True,
    "token_types": 2,
    "activation": "gelu",
}
SHAPES: dict[str, dict[str, Any]] = {
    "qwen3": {"num_kv_heads": 2, "qk_norm": "head"},
    "qwen3-untied": {"num_kv_heads": 1, "qk_norm": "head", "tie_embeddings": False},
    "gpt2": _WITH_BIASES | {"position": "learned", "activation": "gelu_tanh"},
    "gemma2": {
        "num_kv_heads": 2,
        "branch_norm": True,
        "norm_plus_one": True,
        "attention_scale": 0.25,
        "attention_softcap": 2.0,
        "window": 4,
        "window_layers": (0, 2),
        "activation": "gelu_tanh",
        "embedding_scale": 24**0.5,
        "logit_softcap": 4.0,
    },
    "olmo2": {
        "num_kv_heads": 2,
        "pre_norm": False,
        "branch_norm": True,
        "qk_norm": "full",
        "tie_embeddings": False,
    },
    "gpt_neox": _WITH_BIASES | {"parallel": True, "rope": Rope(dim=4), "tie_embeddings": False},
    "gpt_oss": {
        "num_kv_heads": 2,
        "qkv_bias": True,
        "output_bias": True,
        "attention_sinks": True,
        "window": 4,
        "window_layers": (0, 2),
        "experts": Experts(
            count=4,
            chosen=2,
            intermediate_size=16,
            layers=(0, 1, 2),
            score="topk_softmax",
            router_bias=True,
            bias=True,
            limit=7.0,
        ),
        "tie_embeddings": False,
    },
    "deepseek": {
        "head_dim": 10,
        "rope": Rope(interleaved=True),
        "latent": LatentAttention(q_rank=10, kv_rank=8, rope_dim=4, value_dim=5),
        "experts": Experts(
            count=8,
            chosen=3,
            intermediate_size=12,
            layers=(1, 2),
            score="sigmoid",
            normalise=True,
            scale=2.5,
            groups=4,
            chosen_groups=2,
            group_score="top2",
            correction=True,
            shared_intermediate_size=16,
        ),
        "tie_embeddings": False,
    },
    # y = post(x + branch(f(pre(x)))), each norm with a bias
    "every-norm": _WITH_BIASES
    | {
        "num_kv_heads": 2,
        "branch_norm": True,
        "post_norm": True,
        "embedding_norm": True,
        "position": "sinusoidal",
        "scale_by_layer": True,
    },
    "bert": _BERT | {"head_bias": True, "head_transform": True},
    "vectors": _BERT | {"head": False},  # a sentence encoder: no output matrix
    "marian": _2017
    | {
        "architecture": "encoder-decoder",
        "encoder": _encoder(**_2017, position="sinusoidal", embedding_scale=24**0.5),
        "share_embeddings": True,
        "position": "sinusoidal",
        "embedding_scale": 24**0.5,
        "head_bias": True,
    },
    "bart": _2017
    | {
        "architecture": "encoder-decoder",
        "encoder": _encoder(**_2017, **_BART),
        "share_embeddings": True,
        **_BART,
    },
    "t5": _T5
    | {
        "architecture": "encoder-decoder",
        "encoder": _encoder(**_T5),
        "share_embeddings": True,
        "output_scale": 24**-0.5,
    },
}


def build(shape: str, dtype: torch.dtype = torch.float32, **sizes: Any) -> Transformer:
    """A model of this shape; `sizes` are fields of its configuration."""
    model = Transformer(ModelConfig(**_SIZES | SHAPES[shape] | sizes))
    redraw(model)
    return model.to(dtype).eval()


def written(model: Transformer) -> dict[str, list[int]]:
    """What a decoder beside an encoder has written, as arguments of `explain`; else none."""
    return {} if model.encoder is None else {"decoder_ids": list(WRITTEN)}


@torch.inference_mode()
def run(model: Transformer, ids: list[int]) -> Trace:
    """A model's run on these ids."""
    read = {name: torch.tensor([tokens]) for name, tokens in written(model).items()}
    return model.trace(torch.tensor([ids]), **read)


def positions(trace: Trace) -> list[int]:
    """The first token, one in the middle, the last."""
    last = trace.ids.shape[1] - 1
    return [0, last // 2, last]
