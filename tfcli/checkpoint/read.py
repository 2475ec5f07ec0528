"""Read a model directory: config.json, safetensors (one file or sharded), tokenizer."""

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from tfcli_tokenizer import Tokenizer, load_tokenizer
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tfcli.checkpoint.files import read_json, readable
from tfcli.checkpoint.manifest import verify_manifest
from tfcli.checkpoint.mapping import find_target, outside_name, split_tensor
from tfcli.errors import CheckpointError, NotFoundError, UsageError
from tfcli.families import Family, family
from tfcli.model.config import ModelConfig
from tfcli.model.transformer import Transformer

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "model.pth", "consolidated.00.pth")


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
        CheckpointError: something is missing, damaged, or does not belong together; the message
            names the file.
    """
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
    hf = read_json(config_file)
    with _naming(config_file):
        model_family = family(str(hf.get("model_type")))
        config = _config(model_family, hf)
    handles = {file: _opened(file) for file in _weight_files(path)}
    training = (manifest or {}).get("training")
    return Checkpoint(
        path=path,
        model=_build(config_file, config, model_family, handles, device, dtype),
        tokenizer=_tokenizer(path, config, manifest),
        family=model_family,
        training=training if isinstance(training, dict) else None,
        eos_ids=_eos_ids(path, hf),
    )


def _identity(path: Path) -> tuple[int, int] | None:
    """Which folder stands at this name now."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Put the file's name in front of an error of those who see only its content."""
    try:
        yield
    except (CheckpointError, UsageError) as error:
        message = error.message if error.message.endswith(".") else f"{error.message}."
        raise CheckpointError(f"{file}: {message}", error.hint) from error


def _config(model_family: Family, hf: dict[str, Any]) -> ModelConfig:
    try:
        return model_family.read_config(hf)
    except KeyError as error:
        raise CheckpointError(f"it lacks the field {error}") from error
    except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise CheckpointError(f"it has a field of the wrong kind ({error})") from error


def _eos_ids(path: Path, hf: dict[str, Any]) -> tuple[int, ...]:
    generation = path / "generation_config.json"
    settings = read_json(generation) if generation.is_file() else {}
    value = settings.get("eos_token_id", hf.get("eos_token_id"))
    values = value if isinstance(value, list) else [value]
    return tuple(i for i in values if isinstance(i, int) and not isinstance(i, bool))


def _weight_files(path: Path) -> list[Path]:
    index = path / INDEX
    if index.is_file():
        names = read_json(index).get("weight_map")
        if not names or not isinstance(names, dict):
            raise CheckpointError(f"{index} is damaged: it has no weight_map.")
        shards = set(names.values()) if all(isinstance(n, str) for n in names.values()) else {""}
        for shard in shards:
            if not shard or Path(shard).name != shard:
                raise CheckpointError(f"{index} points outside its directory: “{shard}”.")
        files = [path / shard for shard in sorted(shards)]
    else:
        files = [path / WEIGHTS]
    for file in files:
        if not file.is_file():
            raise CheckpointError(
                f"{file} is missing: the checkpoint has no weights there.", _pickle_hint(path)
            )
    return files


def _pickle_hint(path: Path) -> str | None:
    found = next((name for name in _PICKLES if (path / name).is_file()), None)
    if found is None:
        return None
    return (
        f"{found} is there, but it is a pickle, which can run any code when it is opened, so tfcli "
        "does not. Save the model as safetensors: save_pretrained(…) in transformers does."
    )


def _opened(file: Path) -> Any:
    try:
        return safe_open(file, framework="pt")
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{file} is damaged: it is not a whole safetensors file ({error})."
        ) from error


def _build(
    config_file: Path,
    config: ModelConfig,
    model_family: Family,
    handles: Mapping[Path, Any],
    device: torch.device,
    dtype: torch.dtype | None,
) -> Transformer:
    tensors = sum(len(handle.keys()) for handle in handles.values())
    if config.num_layers > tensors:  # a config that lies must not make us build a million blocks
        raise CheckpointError(
            f"{config_file} says {config.num_layers:,} layers, but the weights hold only "
            f"{tensors} tensors."
        )
    model = _empty(config_file, config)
    shapes = {name: p.shape for name, p in model.named_parameters(remove_duplicate=False)}
    loaded: dict[str, Tensor] = {}
    for file, handle in handles.items():
        with _naming(file):
            _load(handle, config, model_family, shapes, loaded, device, dtype)
    if config.tie_embeddings:
        _tie(loaded)
    missing = sorted(set(shapes) - set(loaded))
    if missing:
        first = outside_name(model_family, missing[0], config.num_layers)
        index = config_file.with_name(INDEX)
        where = index if index.is_file() else config_file.with_name(WEIGHTS)
        raise CheckpointError(
            f"{where}: the weights lack {len(missing)} of {len(shapes)} tensors that config.json "
            f"asks for, the first “{first}”."
        )
    if config.tie_embeddings and loaded["head.weight"] is not loaded["embedding.weight"]:
        model = _empty(config_file, dataclasses.replace(config, tie_embeddings=False))
    return _assign(model, loaded)


def _empty(config_file: Path, config: ModelConfig) -> Transformer:
    """The model without memory for its weights."""
    try:
        with torch.device("meta"), _WithoutDraws():
            return Transformer(config)
    except (RuntimeError, TypeError, ValueError, OverflowError, MemoryError) as error:
        raise CheckpointError(f"{config_file} asks for matrices that no memory holds.") from error


class _WithoutDraws(TorchFunctionMode):
    """Leave out the first values of new weights, which the file's replace.

    On the meta device they cost more than all the rest of the loading: PyTorch imports its
    compiler for them, which takes longer than importing PyTorch.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run what is called, unless it is one of torch.nn.init."""
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def _load(
    handle: Any,
    config: ModelConfig,
    model_family: Family,
    shapes: Mapping[str, torch.Size],
    loaded: dict[str, Tensor],
    device: torch.device,
    dtype: torch.dtype | None,
) -> None:
    """Put the tensors of one file where they belong, under our names."""
    for name in handle.keys():  # noqa: SIM118 - a safetensors handle is no mapping
        target = find_target(model_family, name, config.num_layers)
        if target is None:
            continue
        try:
            tensor = handle.get_tensor(name)
        except (SafetensorError, OSError, RuntimeError, ValueError, AttributeError) as error:
            raise CheckpointError(f"its tensor “{name}” cannot be read ({error}).") from error
        if not tensor.is_floating_point():
            raise CheckpointError(
                f"its tensor “{name}” is {str(tensor.dtype).removeprefix('torch.')}; quantised "
                "weights are not supported."
            )
        for ours, part in split_tensor(name, tensor, target, shapes):
            loaded[ours] = part.to(device=device, dtype=dtype or part.dtype).contiguous()


def _tie(loaded: dict[str, Tensor]) -> None:
    """Let output and embedding be one matrix, unless the file has two that differ.

    Configurations err here (a class default stands for the file), so the file decides, as it
    does in transformers.
    """
    head, embedding = loaded.get("head.weight"), loaded.get("embedding.weight")
    one = embedding if embedding is not None else head
    if one is not None and (head is None or embedding is None or torch.equal(head, embedding)):
        loaded["head.weight"] = loaded["embedding.weight"] = one


def _assign(model: Transformer, loaded: Mapping[str, Tensor]) -> Transformer:
    for name, tensor in loaded.items():
        module_name, _, leaf = name.rpartition(".")
        setattr(model.get_submodule(module_name), leaf, nn.Parameter(tensor))
    if model.config.tie_embeddings:
        model.head.weight = model.embedding.weight
    return model.eval()


def _tokenizer(
    path: Path, config: ModelConfig, manifest: Mapping[str, Any] | None
) -> Tokenizer | None:
    try:
        with readable(path):
            tokenizer = load_tokenizer(path)
    except NotFoundError:
        return None
    file = next(path / n for n in ("tokenizer.model", "tokenizer.json") if (path / n).is_file())
    if tokenizer.vocab_size > config.vocab_size:
        raise CheckpointError(
            f"{file} does not belong to this model: it has {tokenizer.vocab_size:,} tokens, the "
            f"model knows {config.vocab_size:,}."
        )
    recorded = (manifest or {}).get("tokenizer")
    if recorded and recorded != tokenizer.fingerprint:
        raise CheckpointError(
            f"{file} does not belong to this model: its fingerprint is "
            f"{tokenizer.fingerprint[:12]}, the model was trained with {str(recorded)[:12]}."
        )
    return tokenizer
