"""BART: learned positions that begin at row 2, a norm on the embeddings, norms after each sum."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.fields import Fields
from tfcli.families.post_norm_pair import OVERRIDING, read_pair, rules_of, write_pair
from tfcli.model.config import ModelConfig

__all__ = ["OVERRIDING"]
MODEL_TYPE = "bart"
ARCHITECTURE = "BartForConditionalGeneration"
PREFIX = "model."
IGNORED = ("*encoder.version", "*decoder.version")
OPTIONAL = ("head.bias",)
RULES = rules_of(shared=True)
# its class has this tensor also where the sides have their own, and computes nothing with it
_UNUSED = {"model.shared.weight": ("embedding.weight", "copy")}


def rules(config: ModelConfig) -> dict[str, Any]:
    """The names with one embedding for both sides, or with one for each."""
    return RULES if config.share_embeddings else {**rules_of(shared=False), **_UNUSED}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a BART config.json."""
    f = Fields(hf, activation_function="gelu")
    f.refuse(normalize_before=False, normalize_embedding=True, add_final_layer_norm=False)
    f.refuse(static_position_embeddings=False)
    return read_pair(f, position="learned", position_offset=2, embedding_norm=True)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a BART config.json."""
    return write_pair(config)
