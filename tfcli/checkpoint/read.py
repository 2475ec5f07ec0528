"""Read a model directory: config.json, safetensors (one file or sharded), tokenizer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from tfcli_tokenizer import Tokenizer, load_tokenizer
from torch import Tensor, nn

from tfcli.checkpoint.manifest import verify_manifest
from tfcli.checkpoint.mapping import find_target, split_tensor
from tfcli.errors import CheckpointError, NotFoundError, UsageError
from tfcli.families import Family, family
from tfcli.model.config import ModelConfig
from tfcli.model.transformer import Transformer

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
_LARGEST_JSON = 64 * 2**20


@dataclass(frozen=True)
class Checkpoint:
    """A model directory, read.

    Attributes:
        model: the core with its weights, in evaluation mode.
        tokenizer: None where the directory has none.
        family: in whose form it was stored.
        training: what `tfcli train` recorded about it, else None.
        eos_ids: ids that end a text, from generation_config.json or config.json.
    """

    path: Path
    model: Transformer
    tokenizer: Tokenizer | None
    family: Family
    training: dict[str, Any] | None
    eos_ids: tuple[int, ...]


def read_checkpoint(path: Path, device: torch.device, dtype: torch.dtype | None) -> Checkpoint:
    """Read, verify and build the model of a directory.

    Args:
        path: the directory that holds config.json.
        device: where the weights go, straight from the file.
        dtype: their element type; None keeps the file's.

    Raises:
        CheckpointError: something is missing, damaged, or does not belong together.
    """
    manifest = verify_manifest(path)
    hf = read_json(path / "config.json")
    model_family = family(str(hf.get("model_type")))
    config = _config(path / "config.json", model_family, hf)
    files = _weight_files(path)
    with _opened(files) as handles:
        model = _build(path, config, model_family, handles, device, dtype)
    return Checkpoint(
        path=path,
        model=model,
        tokenizer=_tokenizer(path, config, manifest),
        family=model_family,
        training=(manifest or {}).get("training"),
        eos_ids=_eos_ids(path, hf),
    )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file that may hold anything. CheckpointError names the file."""
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise CheckpointError(f"{path} is {path.stat().st_size:,} bytes: no configuration.")
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON: {error}.") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} holds no JSON object.")
    return value


def _config(path: Path, model_family: Family, hf: dict[str, Any]) -> ModelConfig:
    try:
        return model_family.read_config(hf)
    except KeyError as error:
        raise CheckpointError(f"{path} lacks the field {error}.") from error
    except (TypeError, ValueError, ZeroDivisionError, AttributeError) as error:
        raise CheckpointError(f"{path} has a field of the wrong kind: {error}.") from error
    except UsageError as error:
        raise CheckpointError(f"{path}: {error.message}") from error


def _eos_ids(path: Path, hf: dict[str, Any]) -> tuple[int, ...]:
    generation = path / "generation_config.json"
    settings = read_json(generation) if generation.is_file() else {}
    value = settings.get("eos_token_id", hf.get("eos_token_id"))
    values = value if isinstance(value, list) else [value]
    return tuple(i for i in values if isinstance(i, int))


def _weight_files(path: Path) -> list[Path]:
    index = path / INDEX
    if index.is_file():
        names = read_json(index).get("weight_map")
        if not isinstance(names, dict) or not all(isinstance(n, str) for n in names.values()):
            raise CheckpointError(f"{index} has no usable weight_map.")
        shards = sorted(set(names.values()))
        for shard in shards:
            if Path(shard).name != shard:
                raise CheckpointError(f"{index} points outside its directory: “{shard}”.")
        files = [path / shard for shard in shards]
    else:
        files = [path / WEIGHTS]
    for file in files:
        if not file.is_file():
            raise CheckpointError(f"{file} is missing: the checkpoint has no weights there.")
    return files


@contextmanager
def _opened(files: list[Path]) -> Iterator[dict[Path, Any]]:
    handles: dict[Path, Any] = {}
    for file in files:
        try:
            handles[file] = safe_open(file, framework="pt")
        except (SafetensorError, OSError) as error:
            raise CheckpointError(
                f"{file} is damaged: it is not a whole safetensors file ({error})."
            ) from error
    yield handles


def _build(
    path: Path,
    config: ModelConfig,
    model_family: Family,
    handles: dict[Path, Any],
    device: torch.device,
    dtype: torch.dtype | None,
) -> Transformer:
    tensors = sum(len(handle.keys()) for handle in handles.values())
    if config.num_layers > tensors:  # a config that lies must not make us build a million blocks
        raise CheckpointError(
            f"{path / 'config.json'} says {config.num_layers:,} layers, but the weights hold "
            f"only {tensors} tensors."
        )
    with torch.device("meta"):
        model = Transformer(config)
    shapes = {name: p.shape for name, p in model.named_parameters(remove_duplicate=False)}
    loaded: dict[str, Tensor] = {}
    for handle in handles.values():
        for name in handle.keys():  # noqa: SIM118 - a safetensors handle is no mapping
            target = find_target(model_family, name, config.num_layers)
            if target is None:
                continue
            tensor = handle.get_tensor(name)
            for ours, part in split_tensor(name, tensor, target, shapes):
                loaded[ours] = part.to(device=device, dtype=dtype or part.dtype).contiguous()
    if config.tie_embeddings:
        loaded.setdefault("head.weight", loaded.get("embedding.weight"))  # pyright: ignore[reportArgumentType]
    missing = sorted(set(shapes) - {name for name, t in loaded.items() if t is not None})
    if missing:
        raise CheckpointError(
            f"The weights in {path} lack {len(missing)} tensors that config.json asks for, "
            f"first {missing[0]}."
        )
    return _assign(model, loaded)


def _assign(model: Transformer, loaded: dict[str, Tensor]) -> Transformer:
    tied = model.config.tie_embeddings
    for name, tensor in loaded.items():
        if tied and name == "head.weight":
            continue
        module_name, _, leaf = name.rpartition(".")
        module = model.get_submodule(module_name)
        setattr(module, leaf, nn.Parameter(tensor, requires_grad=True))
    if tied:
        model.head.weight = model.embedding.weight
    return model.eval()


def _tokenizer(path: Path, config: ModelConfig, manifest: dict | None) -> Tokenizer | None:
    try:
        tokenizer = load_tokenizer(path)
    except NotFoundError:
        return None
    if tokenizer.vocab_size > config.vocab_size:
        raise CheckpointError(
            f"The tokenizer in {path} does not belong to this model: it has "
            f"{tokenizer.vocab_size:,} tokens, the model knows {config.vocab_size:,}."
        )
    recorded = (manifest or {}).get("tokenizer")
    if recorded and recorded != tokenizer.fingerprint:
        raise CheckpointError(
            f"The tokenizer in {path} does not belong to this model: its fingerprint is "
            f"{tokenizer.fingerprint[:12]}, the model was trained with {str(recorded)[:12]}."
        )
    return tokenizer
