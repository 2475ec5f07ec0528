"""A look at a pickle before it is opened: what it names, how large it is, how it is written.

PyTorch's safe unpickler runs no code of a file's, but it builds what the file asks for, such as
an array of twenty gigabytes. So only the names that files of weights need are let through, and
lengths are held against the file. Without torch.
"""

import pickletools
import re
import zipfile
from io import BytesIO
from pathlib import Path

from tfcli.checkpoint.files import readable
from tfcli.errors import CheckpointError

_LARGEST = 64 * 2**20  # bytes of a pickle without its numbers; real ones have a few hundred kB
_MOST_STEPS = 500_000  # a tensor takes 32
_NAMES = re.compile(
    r"collections OrderedDict|torch\._utils _rebuild_(tensor|tensor_v2|parameter)"
    r"|torch(\.storage)? \w*Storage|torch (Size|device)|torch\.serialization _get_layout"
    r"|torch \w*(float|int|bool|half|double|long|short|bfloat)\w*"
)
_PICKLES, _BEGIN = 5, b"\x80"  # in a file of the old form, before the raw numbers
_READ = 2  # the protocol of PyTorch's own files, which its safe unpickler reads


def check_pickle(path: Path) -> None:
    """Refuse a file that holds more than tensors.

    Raises:
        CheckpointError: it names code, is damaged or too large, or is in a form that PyTorch's
            safe unpickler does not read; the file is named.
    """
    try:
        with readable(path):
            data = _pickle_of(path)
        _check(path, data)
    except (zipfile.BadZipFile, ValueError, KeyError, IndexError, EOFError, OSError) as error:
        raise CheckpointError(f"{path} is damaged: it is no whole file of weights.") from error
    except (NotImplementedError, RuntimeError, MemoryError) as error:  # an odd zip
        raise CheckpointError(f"{path} is damaged: it is no whole file of weights.") from error


def _pickle_of(path: Path) -> bytes:
    """The pickle inside: of a zip its data.pkl, else the beginning of the file."""
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            file.seek(0)
            return file.read(_LARGEST)
    with zipfile.ZipFile(path) as archive:
        entry = next(e for e in archive.infolist() if e.filename.endswith("data.pkl"))
        if entry.file_size > _LARGEST:
            raise ValueError("its pickle is too large")
        return archive.read(entry)


def _check(path: Path, data: bytes) -> None:
    """Walk through the pickle, or through the several of a file in the old form."""
    stream, steps, names = BytesIO(data), 0, []
    for _ in range(_PICKLES):
        for step, argument, _ in pickletools.genops(stream):
            steps += 1
            if step.name == "PROTO" and isinstance(argument, int) and argument > _READ:
                raise CheckpointError(
                    f"{path} is a pickle of protocol {argument}; of pickles only protocol {_READ}, "
                    "that of torch.save, is read.",
                    hint="Save the model as safetensors: save_pretrained(…) in transformers does.",
                )
            if step.name in ("GLOBAL", "STACK_GLOBAL", "INST"):
                names.append(str(argument))
            if names and not _NAMES.fullmatch(names[-1]):
                raise CheckpointError(
                    f"{path} would run code when it is opened ({names[-1][:60]}), which tfcli "
                    "never does.",
                    hint="Save the model as safetensors: save_pretrained(…) in transformers does.",
                )
            if steps > _MOST_STEPS:
                raise ValueError("it is longer than any file of weights")
        if data[stream.tell() : stream.tell() + 1] != _BEGIN:
            return
