"""Read a model: config.json, weights and tokenizer of a directory, or one GGUF file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tfcli_tokenizer import Tokenizer, load_tokenizer

from tfcli.checkpoint.build import build_model
from tfcli.checkpoint.config_file import config_of, naming, read_config
from tfcli.checkpoint.files import readable
from tfcli.checkpoint.generation import GenerationDefaults, read_generation
from tfcli.checkpoint.manifest import verify_manifest
from tfcli.checkpoint.quantised import dequantised
from tfcli.checkpoint.weights import open_weights
from tfcli.errors import CheckpointError, NotFoundError
from tfcli.families import Family, family
from tfcli.model.config import ModelConfig
from tfcli.model.transformer import Transformer


@dataclass(frozen=True)
class Checkpoint:
    """A model directory or a GGUF file, read.

    Attributes:
        path: the directory, or the file.
        model: the core with its weights, in evaluation mode.
        tokenizer: None where the directory has none.
        family: in whose form it was stored.
        training: what `tfcli train` recorded about it, else None.
        generation: where texts begin and end.
        chat_template: of a GGUF file, the text of its chat template, if it has one.
    """

    path: Path
    model: Transformer
    tokenizer: Tokenizer | None
    family: Family
    training: dict[str, Any] | None
    generation: GenerationDefaults
    chat_template: str | None = None


def read_checkpoint(path: Path, device: torch.device, dtype: torch.dtype | None) -> Checkpoint:
    """Read, verify and build a model.

    Args:
        path: the directory that holds config.json, or a GGUF file.
        device: where the weights go, straight from the file.
        dtype: their element type; None keeps the file's.

    Raises:
        CheckpointError: something is missing, damaged, or does not belong together; the message
            names the file.
    """
    if path.is_file():
        return _read_gguf(path, device, dtype)
    before = _identity(path)
    try:
        return _read(path, device, dtype)
    except CheckpointError:
        if _identity(path) == before:
            raise
        return _read(path, device, dtype)  # a training run put a newer one in its place meanwhile


def _read(path: Path, device: torch.device, dtype: torch.dtype | None) -> Checkpoint:
    manifest = verify_manifest(path)
    config_file = path / "config.json"
    model_family, config, hf = read_config(config_file)
    training = (manifest or {}).get("training")
    files = open_weights(path)
    with naming(config_file):
        files = dequantised(files, hf)
    return Checkpoint(
        path=path,
        model=build_model(
            config_file,
            config,
            model_family,
            files,
            device,
            dtype,
            untied=_untied(model_family, hf),
        ),
        tokenizer=_tokenizer(path, config, manifest),
        family=model_family,
        training=training if isinstance(training, dict) else None,
        generation=_generation(path, hf, config),
    )


def _generation(path: Path, hf: Mapping[str, Any], config: ModelConfig) -> GenerationDefaults:
    """What the directory says of generating, with a first token that the decoder has."""
    found = read_generation(path, hf)
    if config.encoder is not None and (found.decoder_start_id or 0) >= config.vocab_size:
        raise CheckpointError(
            f"{path}: decoder_start_token_id is {str(found.decoder_start_id)[:20]}, outside the "
            f"vocabulary of {config.vocab_size:,}."
        )
    return found


def _untied(model_family: Family, hf: Mapping[str, Any]) -> bool:
    """Whether config.json says outright that the output matrix is not the embedding."""
    says_so = hf.get("tie_word_embeddings") is False
    return says_so and not getattr(model_family, "FILE_TIES", False)


def _read_gguf(path: Path, device: torch.device, dtype: torch.dtype | None) -> Checkpoint:
    from tfcli.checkpoint.gguf.file import open_gguf

    file = open_gguf(path)
    with naming(path):
        model_family = family(str(file.config["model_type"]))
        config = config_of(model_family, file.config)
    tokenizer = file.tokenizer()
    return Checkpoint(
        path=path,
        model=build_model(path, config, model_family, [file], device, dtype or file.dtype),
        tokenizer=tokenizer,
        family=model_family,
        training=None,
        generation=GenerationDefaults(eos_ids=file.eos_ids),
        chat_template=file.chat_template,
    )


def _identity(path: Path) -> tuple[int, int] | None:
    """Which folder stands at this name now."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _tokenizer(
    path: Path, config: ModelConfig, manifest: Mapping[str, Any] | None
) -> Tokenizer | None:
    try:
        with readable(path):
            tokenizer = load_tokenizer(path)
    except NotFoundError:
        return None
    file = tokenizer.source or path
    known = (config.encoder or config).vocab_size
    size = getattr(tokenizer, "source_vocab_size", tokenizer.vocab_size)
    named = set(tokenizer.special_tokens.values())
    # roles that only a class of transformers has, such as a token for padding, come on top
    if size - known > len(named) or not named.issuperset(range(known, size)):
        raise CheckpointError(
            f"{file} does not belong to this model: it has {size:,} tokens, the model knows "
            f"{known:,}."
        )
    recorded = (manifest or {}).get("tokenizer")
    if recorded and recorded != tokenizer.fingerprint:
        raise CheckpointError(
            f"{file} does not belong to this model: its fingerprint is "
            f"{tokenizer.fingerprint[:12]}, the model was trained with {str(recorded)[:12]}."
        )
    return tokenizer
