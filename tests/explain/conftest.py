"""Small random models in which no weight is 0 or 1, so that no mistake can hide behind one."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from tiny import redraw

from tfcli.model.config import ModelConfig
from tfcli.model.transformer import Transformer

IDS = [5, 17, 3, 9, 44, 2, 8, 17, 3]

SHAPES = {
    "qwen3": {"num_kv_heads": 2, "qk_norm": True},
    "qwen3-untied": {"num_kv_heads": 1, "qk_norm": True, "tie_embeddings": False},
    "gpt2": {
        "num_kv_heads": 4,
        "norm": "layer",
        "norm_eps": 1e-5,
        "position": "learned",
        "qkv_bias": True,
        "output_bias": True,
        "activation": "gelu_tanh",
        "gated": False,
        "feed_forward_bias": True,
    },
}


def build(shape: str, dtype: torch.dtype = torch.float32, **sizes: Any) -> Transformer:
    common = {
        "vocab_size": 61,
        "hidden_size": 24,
        "num_layers": 3,
        "num_heads": 4,
        "head_dim": 6,
        "intermediate_size": 40,
        "max_position_embeddings": 64,
    }
    config = ModelConfig(**{**common, **SHAPES[shape], **sizes})
    model = Transformer(config)
    redraw(model)
    return model.to(dtype).eval()


@pytest.fixture(params=list(SHAPES))
def shape(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def make_model() -> Callable[..., Transformer]:
    return build


@pytest.fixture
def ids() -> list[int]:
    return list(IDS)
