"""`pull` brings a model from a hub into a folder; `find_pulled` finds it there by its name.

A folder holds plain files, and a record of what they are. While a model comes, its files lie in
`.pull/` beside them: what stood there before stays usable until the new one is whole, and an
interrupted pull goes on from what has come.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tfcli.checkpoint.files import storage_errors
from tfcli.checkpoint.hub.files import ModelFiles, RemoteFile, choose_files
from tfcli.checkpoint.hub.record import RECORD, Record, read_record, stands
from tfcli.checkpoint.hub.transfer import Repository, is_whole
from tfcli.errors import StorageError, UsageError
from tfcli.folders import cache_folder

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_STAGE, _LOCK = ".pull", "lock"
_DEFAULT_REVISION = "main"
_NAME = re.compile(r"(?:[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*", re.ASCII)
_REVISION = re.compile(r"\w[\w./-]{0,199}", re.ASCII)


@dataclass(frozen=True)
class PullStarted:
    """What is to come: so many files with so many bytes, into this folder."""

    name: str
    revision: str
    folder: Path
    files: int
    bytes: int


@dataclass(frozen=True)
class FileProgress:
    """So many bytes of a file are there, of so many."""

    file: str
    done: int
    total: int


PullEvent = PullStarted | FileProgress


@dataclass(frozen=True)
class PulledModel:
    """A model that is there, whole.

    Attributes:
        path: what to open: its folder, or its GGUF file.
        name: of the repository.
        revision: the branch, tag or commit that was asked for.
        commit: what that meant.
        files: their names.
        bytes: of all of them.
    """

    path: Path
    name: str
    revision: str
    commit: str
    files: tuple[str, ...]
    bytes: int


def pull(
    name: str,
    revision: str | None = None,
    to: Path | None = None,
    file: str | None = None,
    report: Callable[[PullEvent], None] | None = None,
) -> PulledModel:
    """Fetch a model from the hub that HF_ENDPOINT names (else huggingface.co).

    Only what tfcli reads is fetched, and only what is not there yet; every file's checksum is
    compared with the hub's. HF_TOKEN, or the token of `hf auth login`, is sent along.

    Args:
        name: OWNER/MODEL.
        revision: a branch, tag or commit; None means main.
        to: the folder; None takes one in the cache, where `find_pulled` finds it.
        file: a GGUF file of the repository.
        report: told what is to come and what has come.

    Raises:
        UsageError: a name that cannot be one, a model that is gated, a folder that holds another
            one, several GGUF files and none chosen, another process that pulls it now.
        NotFoundError: there is no such model, revision or file.
        CheckpointError: the hub lists or sends what cannot be a model.
        StorageError: it cannot be written; what has come stays.
        TfcliError: the hub cannot be reached; what has come stays.
    """
    revision = _checked(name, _DEFAULT_REVISION if revision is None else revision)
    tell = report or (lambda _: None)
    repository = Repository(name)
    commit, listed = repository.listing(revision)
    chosen = choose_files(name, listed, file, lambda each: repository.read(each, commit))
    record = Record(name, revision, commit, chosen.gguf, chosen.files)
    folder = Path(to) if to is not None else _cached(name, revision, chosen.gguf)
    with _locked(folder, name) as stage:
        missing = _missing(folder, name, chosen, owned=to is None)
        staged = {each.name: stage / f"{each.name}.{each.digest[:16]}" for each in missing}
        with storage_errors(folder):
            _clear(stage, keep=set(staged.values()))
            _check_space(folder, missing, staged)
        tell(PullStarted(name, revision, folder, len(missing), sum(f.size for f in missing)))
        for each in missing:
            progress = _progress(each, tell)
            repository.fetch(each, commit, staged[each.name], progress)
        with storage_errors(folder):
            _publish(folder, record, staged)
    return PulledModel(
        path=folder / chosen.gguf if chosen.gguf else folder,
        name=name,
        revision=revision,
        commit=commit,
        files=tuple(each.name for each in chosen.files),
        bytes=sum(each.size for each in chosen.files),
    )


def find_pulled(name: str) -> Path | None:
    """Where the model of this name lies, if it was pulled into the cache.

    Args:
        name: OWNER/MODEL, or OWNER/MODEL@REVISION. Of several revisions or GGUF files it is the
            one pulled last.

    Returns:
        its folder, or its GGUF file; None where nothing whole is there.
    """
    wanted, _, revision = name.partition("@")
    if not _NAME.fullmatch(wanted):
        return None
    found: list[tuple[int, Path]] = []
    for file in _models(wanted).glob(f"*/{RECORD}"):
        record = read_record(file.parent)
        if record is None or not record.is_of(wanted):
            continue
        if revision and revision not in (record.revision, record.commit):
            continue
        if all(stands(file.parent, each) for each in record.files):
            with suppress(OSError):
                path = file.parent / record.gguf if record.gguf else file.parent
                found.append((file.stat().st_mtime_ns, path))
    return max(found)[1] if found else None


def _checked(name: str, revision: str) -> str:
    if not _NAME.fullmatch(name) or ".." in name or "--" in name or len(name) > 200:
        raise UsageError(
            f"“{name}” cannot be the name of a model on a hub.",
            hint="A name is OWNER/MODEL, for example Qwen/Qwen3-0.6B.",
        )
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise UsageError(
            f"“{revision}” cannot be a revision.", hint="Give a branch, a tag or a commit."
        )
    return revision


def _models(name: str) -> Path:
    return cache_folder() / "models" / name.replace("/", "--")


def _cached(name: str, revision: str, gguf: str | None) -> Path:
    """The folder in the cache; every GGUF file has its own."""
    place = revision.replace("/", "--")
    return _models(name) / (f"{place}--{gguf}" if gguf else place)


@contextmanager
def _locked(folder: Path, name: str) -> Iterator[Path]:
    """The folder where files are put together, which no other process uses meanwhile."""
    stage = folder / _STAGE
    with storage_errors(folder):
        stage.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks
                lock = stack.enter_context((stage / _LOCK).open("wb"))
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise UsageError(
                        f"Another process is pulling {name} into {folder} now.",
                        hint="Wait for it, or stop it with Ctrl-C first.",
                    ) from None
        try:
            yield stage
        finally:
            with suppress(OSError):  # not empty: the next pull goes on from what has come
                (stage / _LOCK).unlink(missing_ok=True)
                stage.rmdir()
                folder.rmdir()


def _missing(folder: Path, name: str, chosen: ModelFiles, *, owned: bool) -> list[RemoteFile]:
    """The files that do not stand in the folder yet.

    A record's word is taken for what it lists; what a pull left that was interrupted while it
    moved its files into place is compared with the hub's checksums.
    """
    record = read_record(folder)
    if record is not None and not record.is_of(name):
        raise UsageError(
            f"{folder} holds {record.name} already.", hint="Choose another folder with --to."
        )
    known = {file.name: file.digest for file in record.files} if record else {}
    missing = []
    for file in chosen.files:
        if file.name in known:
            if known[file.name] != file.digest or not stands(folder, file):
                missing.append(file)
        elif not is_whole(file, folder / file.name):
            if not owned and (folder / file.name).exists():
                raise UsageError(
                    f"{folder} holds a {file.name} that is not from {name}.",
                    hint="Choose another folder with --to, or an empty one.",
                )
            missing.append(file)
    return missing


def _clear(stage: Path, keep: set[Path]) -> None:
    """Remove parts of files that are no longer wanted."""
    for path in stage.iterdir():
        if path not in keep and path.name != _LOCK:
            path.unlink()


def _check_space(folder: Path, missing: Sequence[RemoteFile], staged: Mapping[str, Path]) -> None:
    there = sum(path.stat().st_size for path in staged.values() if path.is_file())
    needed = sum(file.size for file in missing) - there
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(
            f"The disk has too little space for {folder}: {needed:,} bytes are to come, and "
            f"{free:,} are free.",
            hint="Free some space, or choose another folder: --to DIR, or TFCLI_HOME.",
        )


def _progress(file: RemoteFile, tell: Callable[[PullEvent], None]) -> Callable[[int], None]:
    return lambda done: tell(FileProgress(file.name, done, file.size))


def _publish(folder: Path, record: Record, staged: Mapping[str, Path]) -> None:
    """Move what has come to its place, take away what is no longer part of the model, record it."""
    before = read_record(folder)
    if before == record and not staged:
        os.utime(folder / RECORD)  # it is the one pulled last
        return
    (folder / RECORD).unlink(missing_ok=True)  # nobody takes half-moved files for a model
    for name, path in staged.items():
        path.replace(folder / name)
    names = {file.name for file in record.files}
    for old in before.files if before else ():
        if old.name not in names:
            (folder / old.name).unlink(missing_ok=True)
    record.write(folder)
