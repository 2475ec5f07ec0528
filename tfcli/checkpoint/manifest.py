"""`tfcli.json`: what a model directory of ours consists of, with a checksum for every file.

Other programs ignore it. With it, a truncated or altered file and a tokenizer from another model
are found before they give wrong words; a directory without one (a download) is read as it is.
"""

import json
from pathlib import Path
from typing import Any

from tfcli.checkpoint.files import read_json, readable, sha256_file, write_atomic
from tfcli.errors import CheckpointError

NAME = "tfcli.json"
_FORMAT = 1


def write_manifest(directory: Path, tokenizer_fingerprint: str | None, record: dict) -> None:
    """Record every file of the directory, the tokenizer, and how the model came to be."""
    files = {
        path.name: {"bytes": path.stat().st_size, "sha256": sha256_file(path)}
        for path in sorted(directory.iterdir())
        if path.is_file() and path.name != NAME
    }
    manifest = {
        "format": _FORMAT,
        "files": files,
        "tokenizer": tokenizer_fingerprint,
        "training": record,
    }
    write_atomic(directory / NAME, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


def read_manifest(directory: Path) -> dict[str, Any] | None:
    """The manifest, or None where there is none. CheckpointError for an unreadable one."""
    path = directory / NAME
    if not path.is_file():
        return None
    manifest = read_json(path)
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(_is_entry(entry) for entry in files.values()):
        raise CheckpointError(
            f"{path} is damaged: it is not the record that tfcli writes.", hint=_HINT
        )
    return manifest


def verify_manifest(directory: Path) -> dict[str, Any] | None:
    """Compare the directory with its manifest, and return the manifest (None without one).

    Raises:
        CheckpointError: a file is missing, truncated or altered; the file is named.
    """
    manifest = read_manifest(directory)
    if manifest is None:
        return None
    for name, expected in manifest["files"].items():
        path = directory / Path(name).name
        with readable(path):
            if not path.is_file():
                raise CheckpointError(f"{path} is missing from the checkpoint.", hint=_HINT)
            _compare(path, path.stat().st_size, expected)
    return manifest


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("bytes"), int)
        and isinstance(entry.get("sha256"), str)
    )


def _compare(path: Path, size: int, expected: dict[str, Any]) -> None:
    tokenizer = path.name.startswith("tokenizer")
    if size != expected["bytes"]:
        fault = "does not belong to this model" if tokenizer else "is damaged"
        found = f"it has {size:,} bytes and should have {expected['bytes']:,}"
    elif sha256_file(path) != expected["sha256"]:
        fault = "does not belong to this model" if tokenizer else "was altered"
        found = "its checksum is not the one recorded when it was saved"
    else:
        return
    raise CheckpointError(f"{path} {fault}: {found}.", hint=_HINT)


_HINT = "Copy the whole directory again, or train again with `tfcli train`."
