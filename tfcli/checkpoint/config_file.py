"""Read a config.json: its family, and what it means. Without torch, so that it is quick."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfcli.checkpoint.files import read_json
from tfcli.errors import CheckpointError, UsageError
from tfcli.families import MODEL_TYPES, Family, family
from tfcli.families.nearest import unsupported
from tfcli.model.config import ModelConfig


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Put the file's name in front of an error of those who see only its content."""
    try:
        yield
    except (CheckpointError, UsageError) as error:
        message = error.message if error.message.endswith(".") else f"{error.message}."
        raise CheckpointError(f"{file}: {message}", error.hint) from error


def read_config(path: Path) -> tuple[Family, ModelConfig, dict[str, Any]]:
    """A config.json: its family, what it means, and what it says. CheckpointError names it."""
    hf = read_json(path)
    with naming(path):
        model_type = hf.get("model_type")
        if model_type not in MODEL_TYPES:
            raise unsupported(hf)
        model_family = family(model_type)
        return model_family, config_of(model_family, hf), hf


def config_of(model_family: Family, hf: Mapping[str, Any]) -> ModelConfig:
    """The configuration that a config.json means. CheckpointError, without the file's name."""
    try:
        return model_family.read_config(hf)
    except KeyError as error:
        raise CheckpointError(f"it lacks the field {error}") from error
    except (TypeError, ValueError, ArithmeticError, AttributeError, IndexError) as error:
        raise CheckpointError(f"it has a field of the wrong kind ({error})") from error
