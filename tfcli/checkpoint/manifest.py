"""`tfcli.json`: what a model directory of ours consists of, with a checksum for every file.

Other programs ignore it. With it, a truncated or altered file and a tokenizer from another model
are found before they give wrong words; a directory without one (a download) is read as it is.
"""

import json
from pathlib import Path

from tfcli.checkpoint.files import sha256_file, write_atomic
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


def read_manifest(directory: Path) -> dict | None:
    """The manifest, or None where there is none. CheckpointError for an unreadable one."""
    path = directory / NAME
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(manifest["files"], dict):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged: it is not the record that tfcli writes.") from (
            error
        )
    return manifest


def verify_manifest(directory: Path) -> dict | None:
    """Compare the directory with its manifest, and return the manifest (None without one).

    Raises:
        CheckpointError: a file is missing, truncated or altered; the file is named.
    """
    manifest = read_manifest(directory)
    if manifest is None:
        return None
    for name, expected in manifest["files"].items():
        path = directory / Path(str(name)).name
        if not path.is_file():
            raise CheckpointError(f"{path} is missing from the checkpoint.", hint=_HINT)
        size = path.stat().st_size
        if size != expected.get("bytes"):
            raise CheckpointError(
                f"{path} is damaged: it has {size:,} bytes and should have "
                f"{expected.get('bytes'):,}.",
                hint=_HINT,
            )
        if sha256_file(path) != expected.get("sha256"):
            what = (
                "the tokenizer does not belong to this model"
                if path.name.startswith("tokenizer")
                else "its content was altered"
            )
            raise CheckpointError(
                f"{path}: {what} (its checksum is not the one recorded when it was saved).",
                hint=_HINT,
            )
    return manifest


_HINT = "Copy the whole directory again, or train again with `tfcli train`."
