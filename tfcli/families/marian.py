"""Marian, the closest to the Transformer of 2017: sines as positions, norms after each sum."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.fields import Fields
from tfcli.families.post_norm_pair import OVERRIDING, read_pair, rules_of, write_pair
from tfcli.model.config import ModelConfig

__all__ = ["OVERRIDING"]
MODEL_TYPE = "marian"
ARCHITECTURE = "MarianMTModel"
PREFIX = "model."
IGNORED = ("*embed_positions.weight",)  # they are computed
OPTIONAL = ("head.bias",)
RULES = rules_of(shared=True)


def rules(config: ModelConfig) -> dict[str, Any]:
    """The names with one embedding for both sides, or with one for each."""
    return rules_of(shared=config.share_embeddings)


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a Marian config.json."""
    f = Fields(hf, activation_function="gelu")
    shared = f.flag("share_encoder_decoder_embeddings", True)
    f.refuse(normalize_before=False, normalize_embedding=False, add_final_layer_norm=False)
    decoder_vocab = f.get("decoder_vocab_size")
    if shared and decoder_vocab is not None:
        f.refuse(decoder_vocab_size=f["vocab_size"])
    return read_pair(
        f,
        decoder_vocab=decoder_vocab,
        position="sinusoidal",
        norm_eps=1e-5,
        share_embeddings=shared,
    )


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a Marian config.json."""
    return {
        **write_pair(config),
        "decoder_vocab_size": config.vocab_size,
        "share_encoder_decoder_embeddings": config.share_embeddings,
        "static_position_embeddings": True,
    }
