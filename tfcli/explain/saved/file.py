"""The file of a saved explanation: a JSON document of columns, compressed with gzip. Free of torch.

A document of `tfcli explain --json` is read as well, compressed or not.
"""

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from tfcli.checkpoint.files import write_atomic
from tfcli.errors import DataError, NotFoundError, UsageError
from tfcli.explain.result import Explanation, SavedExplanation, SavedMeasure
from tfcli.explain.result.documents import document, read_document
from tfcli.explain.saved.fits import misfit

# Bytes of a file, and of the document in it: a few bytes can be compressed from terabytes. What is
# written at all the bounds of `whole` has 25 MB.
LARGEST = 2**26
# JSON values in it: each takes up to 64 bytes of memory, and two of the text (“[],”).
MOST_VALUES = 2**22
_GZIP = b"\x1f\x8b"


def write_saved(path: Path, saved: SavedExplanation) -> int:
    """Write the file, complete or not at all. Returns its size in bytes.

    Raises:
        UsageError: there is more than a reader would take.
        StorageError: it cannot be written.
    """
    text = json.dumps(document(saved), allow_nan=False, separators=(",", ":")).encode()
    if len(text) > LARGEST:
        raise UsageError(
            f"The explanation has {len(text) >> 20} MB, too many for a file of --save.",
            hint="Explain a shorter prompt.",
        )
    packed = gzip.compress(text, compresslevel=6, mtime=0)  # 9 takes twice as long for 0.2%
    write_atomic(path, packed)
    return len(packed)


def read_saved(path: Path) -> SavedExplanation:
    """Read a file of `write_saved`, or a document of `tfcli explain --json`.

    Raises:
        NotFoundError: there is no such file.
        DataError: it cannot be read, is neither, is damaged, or of another tfcli.
    """
    value = _json(path, _content(path))
    try:
        found = read_document(value)
    except DataError as error:
        raise DataError(f"{path} cannot be drawn. {error.message}", hint=error.hint) from error
    if isinstance(found, Explanation):
        found = _of_screen(found)
    if not isinstance(found, SavedExplanation):
        raise DataError(
            f"{path} holds {value['schema']}: --from draws an explanation of one prompt."
        )
    section = misfit(found)
    if section is not None:
        raise DataError(f"{path} is damaged: in its {section}, numbers do not fit together.")
    return found


def _content(path: Path) -> bytes:
    """What the file holds, unpacked; never more than LARGEST bytes."""
    try:
        with path.open("rb") as file:
            packed = file.read(LARGEST + 1)
        if packed.startswith(_GZIP) and len(packed) <= LARGEST:
            with gzip.open(path) as file:
                packed = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise NotFoundError(
            f"There is no file {path}.",
            hint='Save an explanation first: tfcli explain "The cat" --save FILE',
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged: it cannot be unpacked ({error}).") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(packed) > LARGEST:
        raise DataError(f"{path} holds more than {LARGEST >> 20} MB: no file of --save does.")
    return packed


def _json(path: Path, content: bytes) -> Any:
    if sum(map(content.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise DataError(f"{path} holds more than {MOST_VALUES:,} values: no file of --save does.")
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path} is no saved explanation: it is neither JSON nor JSON packed with gzip.",
            hint='tfcli explain "The cat" --save FILE writes one.',
        ) from error


def _of_screen(found: Explanation) -> SavedExplanation:
    """An explanation that was made for one screen, with the measure of heads that it shows."""
    grids = tuple(g for g in (found.heads, found.cross_heads, found.encoder_heads) if g is not None)
    if grids:
        return SavedExplanation(found, measures={grids[0].measure: SavedMeasure(grids)})
    reason = found.omitted.get("heads")
    measures = {"delta": SavedMeasure((), reason)} if reason is not None else {}
    return SavedExplanation(found, measures=measures)
