"""`.tfcli-pull.json`: what a folder's files are, so that a model is found by its name."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tfcli.checkpoint.files import read_json, write_atomic
from tfcli.checkpoint.hub.files import RemoteFile
from tfcli.errors import CheckpointError

RECORD = ".tfcli-pull.json"


@dataclass(frozen=True)
class Record:
    """A model that was pulled, whole.

    Attributes:
        name: of the repository.
        revision: the branch, tag or commit that was asked for.
        commit: what that meant.
        gguf: the GGUF file that is the model, or None where it is the folder.
        files: all that belongs to it.
    """

    name: str
    revision: str
    commit: str
    gguf: str | None
    files: tuple[RemoteFile, ...]

    def is_of(self, name: str) -> bool:
        """Whether it is this repository's: a hub takes no notice of capital letters."""
        return self.name.casefold() == name.casefold()

    def write(self, folder: Path) -> None:
        """Put it into the folder. StorageError where that fails."""
        write_atomic(folder / RECORD, json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n")


def read_record(folder: Path) -> Record | None:
    """The record of a folder; None where there is none, or a damaged one."""
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        values = read_json(path)
        files = tuple(RemoteFile(**file) for file in values.pop("files"))
        record = Record(**values, files=files)
    except (CheckpointError, TypeError, KeyError, AttributeError):
        return None
    texts = [record.name, record.revision, record.commit, *(file.path for file in files)]
    sound = (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(file.size, int) for file in files)
        and (record.gguf is None or record.gguf in {file.name for file in files})
    )
    return record if sound else None


def stands(folder: Path, file: RemoteFile) -> bool:
    """Whether a file of this name and size is in the folder."""
    try:
        return (folder / file.name).stat().st_size == file.size
    except OSError:
        return False
