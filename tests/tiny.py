"""Tiny models with every weight redrawn, so that no mistake hides behind a 0 or a 1."""

import torch

from tfcli.model.config import ModelConfig, Rope
from tfcli.model.transformer import Transformer

QWEN3 = ModelConfig(
    vocab_size=256,
    hidden_size=48,
    num_layers=3,
    num_heads=4,
    num_kv_heads=2,
    head_dim=16,
    intermediate_size=80,
    max_position_embeddings=64,
    norm_eps=1e-3,
    rope=Rope(theta=500.0),
    qk_norm="head",
    tie_embeddings=False,
)
GPT2 = ModelConfig(
    vocab_size=256,
    hidden_size=48,
    num_layers=3,
    num_heads=4,
    num_kv_heads=4,
    head_dim=12,
    intermediate_size=100,
    max_position_embeddings=64,
    norm="layer",
    norm_eps=1e-3,
    position="learned",
    qkv_bias=True,
    output_bias=True,
    activation="gelu_tanh",
    gated=False,
    feed_forward_bias=True,
)
CONFIGS = {"qwen3": QWEN3, "gpt2": GPT2}


def redraw(module: torch.nn.Module, seed: int = 0) -> None:
    """Give every parameter a random value, norms around 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            drawn = torch.randn(parameter.shape, generator=generator) * 0.2
            parameter.copy_(drawn + (1 if parameter.dim() == 1 else 0))


def tiny_model(family: str, seed: int = 0) -> Transformer:
    """A random model of that family's shape."""
    model = Transformer(CONFIGS[family])
    redraw(model, seed)
    return model.eval()
