"""`tfcli model export`: a model as a directory in Hugging Face form."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tfcli.cli.options import Json
from tfcli.errors import StorageError, UsageError

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([KMGT]?)B?", re.IGNORECASE)


def export(
    model: Annotated[
        str,
        typer.Argument(
            metavar="RUN|FILE",
            help="A run, a model directory, a GGUF file, or a pulled model's name.",
            show_default=False,
        ),
    ],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder to make.")],
    dtype: Annotated[
        Literal["float32", "bfloat16", "float16"] | None,
        typer.Option(
            "--dtype",
            help="The numbers to write the weights in.",
            show_default="as they are; float32 for quantised ones",
        ),
    ] = None,
    max_shard_size: Annotated[
        str,
        typer.Option(
            "--max-shard-size",
            metavar="SIZE",
            help="Larger weights go to several files, with an index: 5GB, 500MB.",
        ),
    ] = "5GB",
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace a model that --to holds.", show_default=False),
    ] = False,
    json: Json = False,
) -> None:
    """Write a model in Hugging Face form: config.json, model.safetensors, tokenizer, chat template.

    transformers, vLLM and llama.cpp's converter read it. A GGUF file is dequantised.

    Examples:
        tfcli model export runs/first --to published --dtype bfloat16
        tfcli model export SmolLM2.gguf --to smollm2
    """
    from tfcli.checkpoint.locate import locate_model
    from tfcli.view import console
    from tfcli.view.model_json import result_document
    from tfcli.view.pull import size

    limit = shard_bytes(max_shard_size)
    source = locate_model(model).path
    target = _folder(to, force, source)
    with console.busy("Loading the model"):
        import torch

        from tfcli.checkpoint.export import export_checkpoint
        from tfcli.checkpoint.read import read_checkpoint

        checkpoint = read_checkpoint(source, torch.device("cpu"), None)
    with console.busy("Writing it"):
        chosen = None if dtype is None else getattr(torch, dtype)
        export_checkpoint(checkpoint, target, chosen, limit)
    files = {file.name: file.stat().st_size for file in sorted(target.iterdir())}
    if json:
        facts: dict[str, Any] = {
            "path": str(to),
            "model_type": checkpoint.family.MODEL_TYPE,
            "dtype": dtype or str(checkpoint.model.dtype).removeprefix("torch."),
            "files": files,
        }
        console.write_json(result_document("export", facts))
    else:
        console.write_line(console.printable(str(to)))
    console.note(f"{', '.join(files)}: {size(sum(files.values()))}. Try:")
    console.note(f"  tfcli model info {to}")


def shard_bytes(text: str) -> int:
    """“5GB” → 5,000,000,000. UsageError for what is no size, or is too small for any file."""
    match = _SIZE.fullmatch(text.strip())
    value = int(float(match[1]) * _UNITS[match[2].upper()]) if match else 0
    if value < 1:
        raise UsageError(f"--max-shard-size {text} is no size.", hint="For example 5GB or 500MB.")
    return value


def _folder(to: Path, force: bool, source: Path) -> Path:
    """Where the new folder will stand, once it is sure that it may.

    Raises:
        UsageError: it is a file, holds something, or holds the model itself.
        StorageError: it cannot be written.
    """
    target = Path(os.path.realpath(to.expanduser()))
    model = Path(os.path.realpath(source))
    if target == model or target in model.parents:
        raise UsageError(f"{to} holds the model itself.", hint="Give a new folder to --to.")
    if target == Path.cwd() or target in Path.cwd().parents:
        raise UsageError(f"{to} is the current folder.", hint="Give a new folder to --to.")
    if target.exists() and not target.is_dir():
        raise UsageError(f"{to} is a file.", hint="Give a new folder to --to.")
    place = next(folder for folder in target.parents if folder.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise StorageError(
            f"{to} cannot be written: {place} is no folder, or may not be changed.",
            hint="Choose another folder, or make this one writable.",
        )
    names = {path.name for path in target.iterdir()} if target.is_dir() else set()
    if names and not force:
        raise UsageError(
            f"{to} is not empty.",
            hint="Give a new folder to --to, or replace the model there with --force.",
        )
    if names and "config.json" not in names:
        raise UsageError(
            f"{to} holds other files and no model: it is not replaced.",
            hint="Give a new folder to --to.",
        )
    return target
