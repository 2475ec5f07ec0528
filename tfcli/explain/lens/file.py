"""A tuned lens as a file beside the model: written whole or not at all, read with suspicion."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from tfcli.checkpoint.files import storage_errors, sync
from tfcli.checkpoint.weights import SafetensorsFile
from tfcli.checkpoint.write import save_safetensors
from tfcli.errors import CheckpointError, NotFoundError
from tfcli.explain.lens.translators import TunedLens
from tfcli.explain.result import LensFit
from tfcli.explain.result.codec import encode
from tfcli.model.transformer import Transformer

NAME = "tuned-lens.safetensors"
_FORMAT = "tfcli.tuned-lens/1"
_SAMPLES = 64  # numbers of each weight in the fingerprint
_LONGEST_WORDS = 1000
_MATRICES, _VECTORS = "matrices", "vectors"


def default_path(model: Path) -> Path:
    """Where a model's lens is: in its directory, or beside a file that holds a whole model."""
    return model / NAME if model.is_dir() else model.with_name(f"{model.stem}.{NAME}")


def fingerprint(model: Transformer) -> str:
    """SHA-256 hex of the names and shapes of all weights, and of some numbers of each.

    The numbers are rounded to bfloat16, so a model that runs in a narrower format than it was
    stored in is the same model.
    """
    digest = hashlib.sha256()
    for name, weight in model.named_parameters():
        digest.update(f"{name} {tuple(weight.shape)}\n".encode())
        flat = weight.detach().flatten()
        places = torch.linspace(0, len(flat) - 1, min(len(flat), _SAMPLES)).long()
        some = flat[places.to(flat.device)].to("cpu", torch.bfloat16)
        digest.update(some.view(torch.int16).numpy().tobytes())
    return digest.hexdigest()


def write_lens(path: Path, model: Transformer, lens: TunedLens, fit: LensFit) -> None:
    """Save a lens under a temporary name, sync it, and move it into place.

    Raises:
        StorageError: the disk is full or the folder cannot be written; the old file stays.
    """
    words = {
        "format": _FORMAT,
        "model": fingerprint(model),
        "corpus": lens.corpus,
        "steps": str(lens.steps),
        "fit": json.dumps(encode(fit)),
    }
    tensors = {_MATRICES: lens.matrices, _VECTORS: lens.vectors}
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            whole = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
            save_safetensors(whole, partial, words)
            sync(partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def read_lens(path: Path, model: Transformer) -> TunedLens:
    """The lens in a file, for the model that it was fitted for.

    Raises:
        NotFoundError: there is no such file.
        CheckpointError: it is damaged, no tuned lens, or that of another model.
    """
    if not path.is_file():
        raise NotFoundError(
            f"There is no tuned lens at {path}.",
            hint="Fit one: tfcli explain --fit-lens world, or with a corpus of your own.",
        )
    file = SafetensorsFile(path)
    words = _words(path)
    if words.get("format") != _FORMAT:
        raise CheckpointError(f"{path} is no tuned lens that this tfcli can read.")
    if words.get("model") != fingerprint(model):
        raise CheckpointError(
            f"{path} was fitted for another model, or for this one before it was trained further.",
            hint="Fit it again: tfcli explain --fit-lens world",
        )
    L, D = model.config.num_layers, model.config.hidden_size
    found = {}
    for name, size in ((_MATRICES, (L, D, D)), (_VECTORS, (L, D))):
        found[name] = _tensor(path, file, name, size).to(model.device)
    steps = words.get("steps", "")
    return TunedLens(
        found[_MATRICES],
        found[_VECTORS],
        corpus=words.get("corpus", "")[:_LONGEST_WORDS],
        steps=int(steps) if steps.isascii() and steps.isdecimal() and len(steps) < 10 else 0,
    )


def _words(path: Path) -> dict[str, str]:
    try:
        with safe_open(path, framework="pt") as handle:
            found: Any = handle.metadata()
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}.") from error
    return found or {}


def _tensor(path: Path, file: SafetensorsFile, name: str, size: tuple[int, ...]) -> Tensor:
    """One tensor, copied out of the file, which may be replaced while it is used."""
    if name not in file.names():
        raise CheckpointError(f"{path} is damaged: it has no “{name}”.")
    tensor = file.read(name)
    if tensor.dtype != torch.float32 or tuple(tensor.shape) != size:
        raise CheckpointError(
            f"{path} is damaged: “{name}” is {tuple(tensor.shape)}, and {size} is needed."
        )
    if not bool(tensor.isfinite().all()):
        raise CheckpointError(f"{path} is damaged: “{name}” holds values that are no numbers.")
    return tensor.clone()
