"""BART: learned positions that begin at row 2, a norm on the embeddings, norms after each sum."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.fields import Fields
from tfcli.families.post_norm_pair import read_pair, rules_of, write_pair
from tfcli.model.config import ModelConfig

MODEL_TYPE = "bart"
ARCHITECTURE = "BartForConditionalGeneration"
PREFIX = "model."
IGNORED = ("*encoder.version", "*decoder.version")
OPTIONAL = ("head.bias",)
RULES = rules_of(shared=True)


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a BART config.json."""
    f = Fields(hf, activation_function="gelu")
    f.refuse(normalize_before=False, normalize_embedding=True, add_final_layer_norm=False)
    f.refuse(static_position_embeddings=False)
    return read_pair(f, position="learned", position_offset=2, embedding_norm=True)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a BART config.json."""
    return write_pair(config)
