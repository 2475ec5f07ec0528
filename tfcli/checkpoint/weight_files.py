"""Where a model directory keeps its weights: one file, or several that an index lists."""

from pathlib import Path

from tfcli.checkpoint.files import read_json, readable
from tfcli.errors import CheckpointError

WEIGHTS = "model.safetensors"
PICKLE = "pytorch_model.bin"
INDEX = ".index.json"


def index_of(directory: Path) -> Path | None:
    """The index of a directory's shards, where it has one."""
    names = (WEIGHTS + INDEX, PICKLE + INDEX)
    return next((directory / name for name in names if (directory / name).is_file()), None)


def listed_files(directory: Path, name: str) -> list[Path]:
    """The one file of that name, or the shards that its index lists; empty for neither.

    Raises:
        CheckpointError: a shard is missing, or outside the directory; it is named.
    """
    index = directory / (name + INDEX)
    if not index.is_file():
        file = directory / name
        return [file] if file.is_file() else []
    names = read_json(index).get("weight_map")
    if not names or not isinstance(names, dict):
        raise CheckpointError(f"{index} is damaged: it has no weight_map.")
    shards = set(names.values()) if all(isinstance(n, str) for n in names.values()) else {""}
    for shard in sorted(shards):
        if not shard or Path(shard).name != shard or shard in (".", ".."):
            raise CheckpointError(f"{index} points outside its directory: “{shard}”.")
    files = [directory / shard for shard in sorted(shards)]
    for file in files:
        with readable(file):
            if not file.is_file():
                raise CheckpointError(
                    f"{file} is missing: {index.name} lists it.",
                    hint="Copy or download the whole directory again.",
                )
    return files
