"""The families: how each architecture's config.json and tensor names map onto the one core.

A family is a module of this package with five names:

    MODEL_TYPE     what config.json calls it
    ARCHITECTURE   the class that transformers builds from it
    RULES          tensor-name rules (see tfcli.checkpoint.mapping), outside name -> ours
    read_config    config.json as a dict -> ModelConfig
    write_config   ModelConfig -> config.json as a dict

and optionally PREFIX (a name prefix that some files lack) and IGNORED (name endings to skip).
Adding one means adding its file and its line in MODEL_TYPES.
"""

import importlib
from collections.abc import Mapping
from typing import Protocol, cast

from tfcli.errors import CheckpointError
from tfcli.model.config import ModelConfig

MODEL_TYPES = ("qwen3", "gpt2")


class Family(Protocol):
    """What a family module offers."""

    MODEL_TYPE: str
    ARCHITECTURE: str
    RULES: Mapping[str, str | tuple[str, str]]

    def read_config(self, hf: Mapping[str, object]) -> ModelConfig:
        """Turn a config.json into a ModelConfig. KeyError names a field that is missing."""
        ...

    def write_config(self, config: ModelConfig) -> dict[str, object]:
        """Turn a ModelConfig into the family's part of a config.json."""
        ...


def family(model_type: str) -> Family:
    """The family that a config.json names. Raises CheckpointError for one we cannot run."""
    if model_type not in MODEL_TYPES:
        raise CheckpointError(
            f"Models of type “{model_type}” cannot be run.",
            hint="Supported model types: " + ", ".join(MODEL_TYPES) + ".",
        )
    return cast("Family", importlib.import_module(f"tfcli.families.{model_type}"))


def family_for(config: ModelConfig) -> Family:
    """The family in whose form a model of this configuration can be published.

    It is the first whose config.json, written and read again, gives the same configuration.
    """
    for model_type in MODEL_TYPES:
        candidate = family(model_type)
        if candidate.read_config(candidate.write_config(config)) == config:
            return candidate
    raise CheckpointError(
        "No supported model type can express this configuration, so it cannot be saved in "
        "Hugging Face form."
    )
