"""What the user named -> the files to read, in a fixed order.

A source is a file, a folder, a glob pattern, or "-" for standard input.
"""

from __future__ import annotations

import difflib
import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfcli.data.compression import split_compression
from tfcli.errors import DataError

STANDARD_INPUT = "-"
FORMATS = (".txt", ".md", ".jsonl", ".csv", ".tsv", ".parquet")


@dataclass(frozen=True)
class SourceFile:
    """One file of a corpus.

    Attributes:
        path: where it is, or None for standard input.
        name: what messages call it.
        format: one of FORMATS; a file that was named itself and has another suffix is .txt.
        compression: one of compression.COMPRESSIONS, or "".
    """

    path: Path | None
    name: str
    format: str
    compression: str

    @property
    def is_stream(self) -> bool:
        """Whether it can be read only once: standard input or a pipe."""
        return self.path is None or not self.path.is_file()


def find_files(source: str | Path) -> list[SourceFile]:
    """The files that one source stands for: sorted by path within a folder or a glob.

    A folder gives the files in it and below it with a known suffix, hidden ones left out; links
    are followed, each folder entered once. A glob gives what a shell would give.

    Raises:
        DataError: nothing is there; names that are near are suggested.
    """
    if str(source) == STANDARD_INPUT:
        return [SourceFile(None, "standard input", ".txt", "")]
    path = Path(source).expanduser()
    if not os.path.lexists(path) and glob.has_magic(str(source)):
        # Not Path.glob: that one takes no absolute pattern, and gives hidden files.
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207
        files = [file for match in matches for file in _named(Path(match))]
        if not files:
            raise DataError(f"No file matches {source}.", hint="Look at what is there with: ls")
        return files
    return _named(path)


def _named(path: Path) -> list[SourceFile]:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise _missing(path) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    if stat.S_ISDIR(mode):
        files = sorted(_below(path), key=lambda file: file.parts)
        if not files:
            known = ", ".join(FORMATS)
            raise DataError(
                f"The folder {path} holds no text: no file in it or below it ends in {known}.",
                hint=f"Name the files themselves, for example: {path}/*",
            )
        return [_as_source(file) for file in files]
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise DataError(f"{path} is a device, not a text file.")
    return [_as_source(path)]


def _as_source(path: Path) -> SourceFile:
    stem, compression = split_compression(path.name)
    suffix = Path(stem).suffix.lower()
    return SourceFile(path, str(path), suffix if suffix in FORMATS else ".txt", compression)


def _below(folder: Path) -> Iterator[Path]:
    entered: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, followlinks=True, onerror=_unreadable):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in entered:  # a link that leads back, or here again
            folders.clear()
            continue
        entered.add((status.st_dev, status.st_ino))
        # The order decides which of two ways into one folder is the one that is taken.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            known = Path(split_compression(name)[0]).suffix.lower() in FORMATS
            path = Path(place, name)
            # A link to nothing is kept, so that reading it says so; sockets and pipes are not text.
            if known and not name.startswith(".") and (path.is_file() or not path.exists()):
                yield path


def _unreadable(error: OSError) -> None:
    raise DataError(f"{error.filename} cannot be read: {error.strerror}.") from error


def _missing(path: Path) -> DataError:
    if path.is_symlink():
        return DataError(f"{path} is a link to a file that does not exist.")
    folder = path.parent
    if not folder.is_dir():
        return DataError(f"{path} does not exist, nor does the folder {folder}.")
    names = sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))
    near = [name for name in names if Path(split_compression(name)[0]).stem == path.name]
    near += difflib.get_close_matches(path.name, names, n=3)
    hint = None
    if near:
        hint = "Did you mean " + " or ".join(str(folder / name) for name in dict.fromkeys(near))
        hint += "?"
    return DataError(f"{path} does not exist.", hint=hint)


def find_all(sources: Sequence[str | Path]) -> list[list[SourceFile]]:
    """The files of every source, a list for each, in the order given.

    Raises:
        DataError: a source that is not there, or no source at all.
    """
    if not sources:
        raise DataError("The corpus is empty: no file was named.")
    return [find_files(source) for source in sources]
