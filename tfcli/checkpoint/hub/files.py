"""Which files of a hub's repository are a model that tfcli reads."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tfcli.errors import CheckpointError, NotFoundError, UsageError

_SMALL = re.compile(
    r"(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab"
    r"|target_vocab)\.json|(vocab|merges)\.txt|chat_template\.jinja|.+\.(spm|model)"
)
_WEIGHTS = (  # what is there first is taken
    ("model.safetensors.index.json", "model.safetensors"),
    ("pytorch_model.bin.index.json", "pytorch_model.bin"),
)
_PART = re.compile(r"(.+)-\d{5}-of-(\d{5})\.gguf")
_LEADS_OUT = re.compile(r"(?:^|/)(?:\.{0,2})(?:/|$)|[\\\x00-\x1f\x7f]")
_NO_NAME = re.compile(r'[:*?"<>|]')  # of a file, on Windows
_MOST_SHOWN = 20


@dataclass(frozen=True)
class RemoteFile:
    """One file of a repository.

    Attributes:
        path: inside the repository, with slashes.
        size: bytes.
        sha256: of its content, in hexadecimal; None where the hub keeps it in git itself.
        git_id: SHA-1 of git's blob, in hexadecimal, or None.
    """

    path: str
    size: int
    sha256: str | None
    git_id: str | None

    @property
    def name(self) -> str:
        """Its name in the model's folder."""
        return PurePosixPath(self.path).name

    @property
    def digest(self) -> str:
        """What tells its content from every other."""
        return self.sha256 or self.git_id or f"size-{self.size}"


@dataclass(frozen=True)
class ModelFiles:
    """The files to fetch, and the name of the one that is the model, where it is a GGUF file."""

    files: tuple[RemoteFile, ...]
    gguf: str | None = None


def check_paths(repository: str, paths: Iterable[str]) -> None:
    """CheckpointError for a listing with a path that leads out of a folder, on any system."""
    for path in paths:
        if not isinstance(path, str) or _LEADS_OUT.search(path):
            raise CheckpointError(
                f"{repository} lists a file outside its folder: “{str(path)[:200]}”."
            )


def choose_files(
    repository: str,
    files: Sequence[RemoteFile],
    gguf: str | None,
    read: Callable[[RemoteFile], bytes],
) -> ModelFiles:
    """The files of a model: configuration, tokenizer and weights; or one GGUF file.

    Args:
        repository: its name, for messages.
        files: all that it holds.
        gguf: which GGUF file; None takes safetensors where there are any.
        read: fetches a small file, for the index of weights in several files.

    Raises:
        NotFoundError: it holds no model that tfcli reads, or not this file.
        UsageError: it holds several GGUF files, and none was named.
        CheckpointError: an index names what is not there.
    """
    named = [file for file in files if not _NO_NAME.search(file.name)]
    top = {file.path: file for file in named if "/" not in file.path}
    ggufs = [file for file in named if file.name.endswith(".gguf") and "mmproj" not in file.name]
    if gguf is not None:
        return _gguf(repository, ggufs, gguf)
    weights = _weights(repository, top, read) if "config.json" in top else []
    if weights:
        small = [file for name, file in top.items() if _SMALL.fullmatch(name)]
        return ModelFiles((*sorted(small, key=lambda file: file.path), *weights))
    if not ggufs:
        raise NotFoundError(
            f"{repository} holds no model that tfcli reads.",
            hint="It reads config.json with model.safetensors or pytorch_model.bin, or GGUF files.",
        )
    return _gguf(repository, ggufs, None)


def _weights(
    repository: str, top: dict[str, RemoteFile], read: Callable[[RemoteFile], bytes]
) -> list[RemoteFile]:
    for index, single in _WEIGHTS:
        if index in top:
            shards = _shards(f"{index} of {repository}", read(top[index]))
            missing = sorted(shards - set(top))
            if missing:
                raise CheckpointError(
                    f"{index} of {repository} names “{missing[0][:200]}”, which is not there."
                )
            return [top[name] for name in (index, *sorted(shards))]
        if single in top:
            return [top[single]]
    return []


def _shards(name: str, content: bytes) -> set[str]:
    try:
        index: Any = json.loads(content)
        shards = set(index["weight_map"].values())
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{name} is damaged: it has no weight_map.") from error
    if not shards or not all(isinstance(shard, str) for shard in shards):
        raise CheckpointError(f"{name} is damaged: it has no weight_map.")
    return shards


def _gguf(repository: str, ggufs: Sequence[RemoteFile], wanted: str | None) -> ModelFiles:
    """The GGUF file with that name or path, or the only one; all its parts, if it has several."""
    models: dict[str, list[RemoteFile]] = {}
    for file in sorted(ggufs, key=lambda file: file.path):
        part = _PART.fullmatch(file.path)
        models.setdefault(f"{part[1]} {part[2]}" if part else file.path, []).append(file)
    if wanted is None and len(models) == 1:
        found = list(models.values())
    else:
        found = [m for m in models.values() if any(wanted in (f.path, f.name) for f in m)]
    if len(found) == 1:
        return ModelFiles(tuple(found[0]), found[0][0].name)
    firsts = [model[0].path for model in models.values()]
    more = ["…"] if len(firsts) > _MOST_SHOWN else []
    shown = "\n".join(f"  {path}" for path in firsts[:_MOST_SHOWN] + more)
    if wanted is None:
        raise UsageError(
            f"{repository} holds {len(firsts)} GGUF files; say which one you want:\n{shown}",
            hint=f"For example `--file {firsts[0]}`.",
        )
    if found:
        raise UsageError(f"{repository} holds several files {wanted}; give its path:\n{shown}")
    there = f"It holds:\n{shown}" if firsts else "It holds no GGUF file."
    raise NotFoundError(f"{repository} holds no GGUF file {wanted}. {there}")
