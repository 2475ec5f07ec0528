"""Write a model directory in Hugging Face form, whole or not at all."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tfcli_tokenizer import Tokenizer
from torch import Tensor

from tfcli.checkpoint.chat_template_files import TEMPLATE
from tfcli.checkpoint.files import replace_directory, write_atomic
from tfcli.checkpoint.generation import GenerationDefaults
from tfcli.checkpoint.manifest import write_manifest
from tfcli.checkpoint.mapping import outside_tensors
from tfcli.checkpoint.weight_files import INDEX, WEIGHTS
from tfcli.families import Family, family, family_for
from tfcli.model.transformer import Transformer

SHARD_BYTES = 5_000_000_000
_BLOCK = re.compile(r"(?:encoder\.)?blocks\.\d+\.")
_KEPT_WIDE = "router.correction"  # as when a model is loaded


def write_checkpoint(
    directory: Path,
    model: Transformer,
    tokenizer: Tokenizer | None,
    training: dict[str, Any],
    dtype: torch.dtype | None = None,
    model_family: Family | None = None,
    generation: GenerationDefaults | None = None,
    settings: Mapping[str, object] | None = None,
    chat_template: str | None = None,
    max_shard_bytes: int = SHARD_BYTES,
) -> None:
    """Write config.json, model.safetensors, the tokenizer's files and the manifest.

    Args:
        directory: replaced as a whole once the new content is on the disk.
        training: how the model came to be; kept in the manifest.
        dtype: element type of the saved weights; None keeps the model's.
        model_family: in whose form; None takes the first that can express the configuration.
        generation: where texts begin and end; None takes the tokenizer's roles.
        settings: what generation_config.json says besides, of temperature and the like.
        chat_template: the text of chat_template.jinja; None writes none.
        max_shard_bytes: weights beyond that go to several files, with an index.

    Raises:
        StorageError: the disk is full or the folder cannot be written; the old content stays.
    """
    config = model.config
    model_family = model_family or family_for(config)
    model_family = family(getattr(model_family, "PUBLISHED_AS", model_family.MODEL_TYPE))
    saved_dtype = dtype or model.dtype
    ends = _ends(tokenizer, generation)
    hf: dict[str, object] = {
        "architectures": [model_family.ARCHITECTURE],
        "model_type": model_family.MODEL_TYPE,
        **model_family.write_config(config),
        "dtype": str(saved_dtype).removeprefix("torch."),
        "torch_dtype": str(saved_dtype).removeprefix("torch."),
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": None,  # else a class's default stands, which may lie outside the vocabulary
        **ends,
    }
    with replace_directory(directory) as folder:
        _save_weights(folder, _outside(model, model_family, saved_dtype), max_shard_bytes)
        write_atomic(folder / "config.json", json.dumps(hf, indent=2) + "\n")
        generating = json.dumps({**(settings or {}), **ends}, indent=2)
        write_atomic(folder / "generation_config.json", generating + "\n")
        if tokenizer is not None:
            tokenizer.save(folder)
        if chat_template is not None:
            write_atomic(folder / TEMPLATE, chat_template)
        write_manifest(folder, tokenizer.fingerprint if tokenizer else None, training)


def _ends(tokenizer: Tokenizer | None, generation: GenerationDefaults | None) -> dict[str, object]:
    """Where texts begin and end, as config.json and generation_config.json have it."""
    found: dict[str, object] = {}
    if tokenizer is not None:
        roles = {"bos": tokenizer.bos_id, "eos": tokenizer.eos_id, "pad": tokenizer.pad_id}
        found |= {f"{role}_token_id": i for role, i in roles.items() if i is not None}
    return found if generation is None else found | generation.to_dict()


def _outside(
    model: Transformer, model_family: Family, dtype: torch.dtype
) -> Iterator[tuple[str, Tensor]]:
    """The weights under the family's names and in its layout, one block after the other.

    Each is a copy, so that no more than a block, or a file, is there twice.
    """
    groups: dict[str, dict[str, Tensor]] = {}
    for name, parameter in model.named_parameters():
        block = _BLOCK.match(name)
        groups.setdefault(block[0] if block else "", {})[name] = parameter.detach()
    for parameters in groups.values():
        saved = {
            name: tensor.to("cpu", torch.promote_types(dtype, torch.float32))
            if name.endswith(_KEPT_WIDE)
            else tensor.to("cpu", dtype)
            for name, tensor in parameters.items()
        }
        yield from outside_tensors(model_family, saved, model.config).items()


def _save_weights(folder: Path, tensors: Iterator[tuple[str, Tensor]], max_bytes: int) -> None:
    """Write model.safetensors, or several files and their index."""
    shards: list[list[str]] = []
    held: dict[str, Tensor] = {}
    total = size = 0

    def flush() -> None:
        save_safetensors(held, folder / f"{len(shards)}.partial", {"format": "pt"})
        shards.append(list(held))
        held.clear()

    for name, tensor in tensors:
        if held and size + tensor.nbytes > max_bytes:
            flush()
            size = 0
        held[name] = tensor
        size += tensor.nbytes
        total += tensor.nbytes
    flush()
    if len(shards) == 1:
        (folder / "0.partial").replace(folder / WEIGHTS)
        return
    places: dict[str, str] = {}
    for i, names in enumerate(shards):
        file = WEIGHTS.replace(".", f"-{i + 1:05}-of-{len(shards):05}.")
        (folder / f"{i}.partial").replace(folder / file)
        places |= dict.fromkeys(names, file)
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(places.items()))}
    write_atomic(folder / (WEIGHTS + INDEX), json.dumps(index, indent=2) + "\n")


def save_safetensors(tensors: dict[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Save tensors; a full disk is an OSError here as everywhere else."""
    from safetensors import SafetensorError

    try:
        save_file(tensors, path, metadata=metadata)
        # safetensors lets nobody but the owner read; here the umask decides, as for other files.
        umask = os.umask(0)
        os.umask(umask)
        path.chmod(0o666 & ~umask)
    except SafetensorError as error:
        raise _as_os_error(error, path) from error


def _as_os_error(error: Exception, path: Path) -> OSError:
    """The system's error inside safetensors' own, which keeps it only as text (“os error 28”)."""
    import errno
    import os
    import re

    match = re.search(r"os error (\d+)", str(error))
    code = int(match[1]) if match else errno.EIO
    return OSError(code, os.strerror(code), str(path))
