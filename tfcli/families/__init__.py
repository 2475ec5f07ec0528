"""The families: how each architecture's config.json and tensor names map onto the one core.

A family is a module of this package with five names:

    MODEL_TYPE     what config.json calls it
    ARCHITECTURE   the class that transformers builds from it
    RULES          tensor-name rules (see tfcli.checkpoint.mapping), outside name -> ours
    read_config    config.json as a dict -> ModelConfig
    write_config   ModelConfig -> config.json as a dict

and optionally

    rules          configuration -> its rules, where RULES has names for several kinds
    PREFIX         a name prefix that some files lack
    IGNORED        patterns of names to skip, as in a shell
    OVERRIDING     names whose tensor counts where another stands for the same thing and differs
    FILE_TIES      True: the weights say whether output and embedding are one, not config.json
    OPTIONAL       parameters of ours that are 0 where a file lacks them
    PUBLISHED_AS   the model type that it is written as, where it is read from a part of a file
    EXTRA_LAYERS   True: files hold layers beyond the last one, which are skipped

Adding one means adding its file and its line in MODEL_TYPES.
"""

import difflib
import importlib
from collections.abc import Mapping
from typing import Any, Protocol, cast

from tfcli.errors import CheckpointError, UsageError
from tfcli.model.config import ModelConfig

MODEL_TYPES = (
    "qwen3",
    "gpt2",
    "llama",
    "mistral",
    "mixtral",
    "phi3",
    "qwen2",
    "qwen2_moe",
    "qwen3_moe",
    "gemma",
    "gemma2",
    "gemma3_text",
    "gemma3",
    "gpt_oss",
    "gpt_neox",
    "olmo2",
    "glm",
    "glm4",
    "glm4_moe",
    "chatglm",
    "ernie4_5",
    "ernie4_5_moe",
    "deepseek_v2",
    "deepseek_v3",
    "bert",
    "t5",
    "bart",
    "marian",
)


class Family(Protocol):
    """What a family module offers."""

    MODEL_TYPE: str
    ARCHITECTURE: str
    RULES: Mapping[str, str | tuple[str, str]]

    def read_config(self, hf: Mapping[str, Any]) -> ModelConfig:
        """Turn a config.json into a ModelConfig. KeyError names a field that is missing."""
        ...

    def write_config(self, config: ModelConfig) -> dict[str, Any]:
        """Turn a ModelConfig into the family's part of a config.json.

        CheckpointError where the configuration is of quite another kind.
        """
        ...


def family(model_type: str) -> Family:
    """The family that a config.json names. Raises CheckpointError for one we cannot run."""
    if model_type not in MODEL_TYPES:
        near = difflib.get_close_matches(model_type, MODEL_TYPES, n=3, cutoff=0.5)
        nearest = f" The nearest that can are {', '.join(near)}." if near else ""
        raise CheckpointError(
            f"Models of type “{model_type}” cannot be run.{nearest}",
            hint="Supported model types: " + ", ".join(MODEL_TYPES) + ".",
        )
    return cast("Family", importlib.import_module(f"tfcli.families.{model_type}"))


def described_types() -> dict[str, str]:
    """Every model type, with what its family says of itself in a line."""
    return {name: (family(name).__doc__ or "").partition("\n")[0] for name in MODEL_TYPES}


def family_for(config: ModelConfig) -> Family:
    """The family in whose form a model of this configuration can be published.

    It is the first whose config.json, written and read again, gives the same configuration.
    """
    for model_type in MODEL_TYPES:
        candidate = family(model_type)
        try:
            if candidate.read_config(candidate.write_config(config)) == config:
                return candidate
        except (CheckpointError, UsageError, KeyError):
            continue
    raise CheckpointError(
        "No supported model type can express this configuration, so it cannot be saved in "
        "Hugging Face form."
    )
