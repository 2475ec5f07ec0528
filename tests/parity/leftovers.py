"""What files of a family hold beside the weights, and the names that others give the same."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from parity.checkpoints import reference_model
from torch import Tensor

Tensors = dict[str, Tensor]


def tied_copies(name: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """The copies of a tied matrix that older files hold beside it."""
    copies = dict(reference_model(name).all_tied_weights_keys)
    if name.startswith("gemma3") and "language_model.model.embed_tokens.weight" in tensors:
        copies = {"language_model.lm_head.weight": "language_model.model.embed_tokens.weight"}
    if name.startswith("gpt_neox"):
        copies = {copy.replace("lm_head.", "embed_out."): first for copy, first in copies.items()}
    return {
        copy: tensors[first].clone()
        for copy, first in copies.items()
        if copy not in tensors and first in tensors
    }


def _each_layer(**shapes: tuple[str, Tensor]) -> Tensors:
    return {
        pattern.format(i=i): tensor.clone() for pattern, tensor in shapes.values() for i in range(2)
    }


def _next_tokens(layer: int) -> Tensors:
    """A layer for predicting more than one token ahead, after the last of the model's own."""
    at = f"model.layers.{layer}."
    names = ("embed_tokens", "enorm", "hnorm", "eh_proj", "shared_head.norm", "shared_head.head")
    names += ("self_attn.q_proj", "self_attn.o_proj", "mlp.gate", "mlp.experts.0.gate_proj")
    names += ("input_layernorm", "post_attention_layernorm")
    return {f"{at}{name}.weight": torch.ones(4, 4) for name in names}


def _sinusoids(positions: int, width: int) -> Tensor:
    """Marian's positions: all sines, then all cosines."""
    half = torch.arange(0, width, 2, dtype=torch.float64) / width
    angles = torch.arange(positions, dtype=torch.float64)[:, None] / 10_000**half
    return torch.cat((angles.sin(), angles.cos()), dim=1).float()


_CAUSAL = torch.ones(1, 1, 8, 8)
# By variant: tensors that say nothing of their own.
LEFTOVERS: dict[str, Tensors] = {
    "gpt2": _each_layer(
        mask=("transformer.h.{i}.attn.bias", _CAUSAL),
        masked=("transformer.h.{i}.attn.masked_bias", torch.tensor(-1e4)),
    ),
    "gpt_neox": _each_layer(
        mask=("gpt_neox.layers.{i}.attention.bias", _CAUSAL.bool()),
        masked=("gpt_neox.layers.{i}.attention.masked_bias", torch.tensor(-1e9)),
        angles=("gpt_neox.layers.{i}.attention.rotary_emb.inv_freq", torch.ones(8)),
    ),
    "llama": _each_layer(angles=("model.layers.{i}.self_attn.rotary_emb.inv_freq", torch.ones(12))),
    "bert": {
        "bert.embeddings.position_ids": torch.arange(40)[None],
        "bert.pooler.dense.weight": torch.ones(64, 64),
        "bert.pooler.dense.bias": torch.ones(64),
        "cls.seq_relationship.weight": torch.ones(2, 64),
        "cls.seq_relationship.bias": torch.ones(2),
    },
    "t5": {
        "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight": torch.ones(12, 4)
    },
    "bart": {
        "model.encoder.version": torch.tensor([2.0]),
        "model.decoder.version": torch.tensor([2.0]),
    },
    "marian": {
        "model.encoder.embed_positions.weight": _sinusoids(40, 64),
        "model.decoder.embed_positions.weight": _sinusoids(40, 64),
    },
    "deepseek_v3": _next_tokens(2),
    "glm4_moe": _next_tokens(2),
    "ernie4_5_moe": {
        "model.mtp_block.0.self_attn.q_proj.weight": torch.ones(4, 4),
        "model.mtp_emb_norm.0.weight": torch.ones(64),
        "model.mtp_hidden_norm.0.weight": torch.ones(64),
        "model.mtp_linear_proj.0.weight": torch.ones(64, 128),
    },
}


def _without(prefix: str) -> Callable[[str], str]:
    return lambda name: name.removeprefix(prefix)


def _replaced(*pairs: tuple[str, str]) -> Callable[[str], str]:
    def rename(name: str) -> str:
        for old, new in pairs:
            name = name.replace(old, new)
        return name

    return rename


# By (variant, what is different): the same weights under the names of other files.
RENAMED: dict[tuple[str, str], Callable[[str], str]] = {
    ("gpt2-tied", "bare"): _without("transformer."),
    ("llama-tied", "bare"): _without("model."),
    ("bart", "bare"): _without("model."),
    ("bert", "gamma and beta"): _replaced(
        ("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta")
    ),
    ("bert-headless", "prefixed"): lambda name: f"bert.{name}",
    ("gpt_neox", "lm_head"): _replaced(("embed_out.", "lm_head.")),
    ("gemma3", "language model inside"): _replaced(
        ("language_model.model.", "model.language_model."),
        ("vision_tower.", "model.vision_tower."),
        ("multi_modal_projector.", "model.multi_modal_projector."),
    ),
}


def renamed(variant: str, difference: str) -> Callable[[Tensors], dict[str, Any]]:
    """The change of names as a change of a file's tensors."""
    rename = RENAMED[variant, difference]
    return lambda tensors: {rename(name): tensor for name, tensor in tensors.items()}
