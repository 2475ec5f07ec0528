"""Write a model directory in Hugging Face form, whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tfcli_tokenizer import Tokenizer
from torch import Tensor

from tfcli.checkpoint.files import replace_directory, write_atomic
from tfcli.checkpoint.manifest import write_manifest
from tfcli.checkpoint.mapping import outside_tensors
from tfcli.checkpoint.read import WEIGHTS
from tfcli.families import family_for
from tfcli.model.transformer import Transformer


def write_checkpoint(
    directory: Path,
    model: Transformer,
    tokenizer: Tokenizer | None,
    training: dict[str, Any],
    dtype: torch.dtype | None = None,
) -> None:
    """Write config.json, model.safetensors, the tokenizer's files and the manifest.

    Args:
        directory: replaced as a whole once the new content is on the disk.
        training: how the model came to be; kept in the manifest.
        dtype: element type of the saved weights; None keeps the model's.

    Raises:
        StorageError: the disk is full or the folder cannot be written; the old content stays.
    """
    config = model.config
    model_family = family_for(config)
    saved_dtype = dtype or model.dtype
    hf: dict[str, object] = {
        "architectures": [model_family.ARCHITECTURE],
        "model_type": model_family.MODEL_TYPE,
        **model_family.write_config(config),
        "dtype": str(saved_dtype).removeprefix("torch."),
        "torch_dtype": str(saved_dtype).removeprefix("torch."),
        "bos_token_id": tokenizer.bos_id if tokenizer else None,
        "eos_token_id": tokenizer.eos_id if tokenizer else None,
    }
    generation = {key: hf[key] for key in ("bos_token_id", "eos_token_id") if hf[key] is not None}
    parameters: dict[str, Tensor] = {
        name: p.detach().to("cpu", saved_dtype) for name, p in model.named_parameters()
    }
    tensors = outside_tensors(model_family, parameters, config.num_layers)
    with replace_directory(directory) as folder:
        save_safetensors(tensors, folder / WEIGHTS, {"format": "pt"})
        write_atomic(folder / "config.json", json.dumps(hf, indent=2) + "\n")
        write_atomic(folder / "generation_config.json", json.dumps(generation, indent=2) + "\n")
        if tokenizer is not None:
            tokenizer.save(folder)
        write_manifest(folder, tokenizer.fingerprint if tokenizer else None, training)


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
