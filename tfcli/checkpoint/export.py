"""Export: a model as a directory in Hugging Face form, whatever form it has now."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from tfcli.checkpoint.chat_template_files import read_chat_template_files
from tfcli.checkpoint.files import read_json
from tfcli.checkpoint.read import Checkpoint
from tfcli.checkpoint.write import SHARD_BYTES, write_checkpoint
from tfcli.errors import CheckpointError
from tfcli.model.config import ModelConfig, Rope
from tfcli.model.position import rotary_frequencies

# Of Llama 3.1 and all that came after it; GGUF files keep the divisors that follow from them.
_LLAMA_3 = {"low": 1.0, "high": 4.0, "original": 8192}
_EXACT = 1e-4  # the divisors are stored in float32


def export_checkpoint(
    checkpoint: Checkpoint,
    directory: Path,
    dtype: torch.dtype | None = None,
    max_shard_bytes: int = SHARD_BYTES,
) -> None:
    """Write config.json, weights, the tokenizer's files, chat template and generation settings.

    Args:
        directory: replaced as a whole.
        dtype: element type of the weights; None keeps the model's.

    Raises:
        CheckpointError: the form of Hugging Face cannot express the model.
        StorageError: it cannot be written.
    """
    model = checkpoint.model
    model.config = exportable(model.config)
    source = checkpoint.path
    write_checkpoint(
        directory,
        model,
        checkpoint.tokenizer,
        checkpoint.training or {},
        dtype=dtype,
        model_family=checkpoint.family,
        generation=checkpoint.generation,
        settings=_generation_settings(source),
        chat_template=checkpoint.chat_template or _chat_template(source),
        max_shard_bytes=max_shard_bytes,
    )


def exportable(config: ModelConfig) -> ModelConfig:
    """The configuration in fields that other programs know.

    Raises:
        CheckpointError: the rotation's divisors are of no known kind.
    """
    rope = config.rope
    if rope.scaling != "factors":
        return config
    named = dataclasses.replace(
        rope, scaling="llama3", factor=round(max(rope.short)), short=(), **_LLAMA_3
    )
    if not _same_angles(config, rope, named):
        raise CheckpointError(
            "This model divides the frequencies of its rotation by numbers of its own, which the "
            "form of Hugging Face has no place for."
        )
    return dataclasses.replace(config, rope=named)


def _same_angles(config: ModelConfig, one: Rope, other: Rope) -> bool:
    a, b = (rotary_frequencies(config, rope) for rope in (one, other))
    return torch.allclose(a, b, rtol=_EXACT, atol=0.0)


def _chat_template(source: Path) -> str | None:
    found = read_chat_template_files(source) if source.is_dir() else None
    return None if found is None else found.source


def _generation_settings(source: Path) -> Mapping[str, Any]:
    """What a directory's generation_config.json says besides ids: temperature and the like."""
    file = source / "generation_config.json"
    if not source.is_dir() or not file.is_file():
        return {}
    beside = ("transformers_version", "bad_words_ids", "_from_model_config")
    return {
        name: value
        for name, value in read_json(file).items()
        if not name.endswith("_token_id") and name not in beside
    }
