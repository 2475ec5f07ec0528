"""GGUF files, as llama.cpp and Ollama keep models: one file with config, tokenizer and weights.

A file is opened as if it were a model directory in Hugging Face form: a config.json as a dict, and
tensors under Hugging Face's names, one at a time, dequantised.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfcli_tokenizer import Tokenizer
from torch import Tensor

from tfcli.checkpoint.gguf.config import architecture, read_config, rope_factors
from tfcli.checkpoint.gguf.header import MAGIC, open_header
from tfcli.checkpoint.gguf.tensors import default_dtype, find_places, read_tensor
from tfcli.errors import CheckpointError


class GgufFile:
    """A GGUF file, checked; the weights are still in the file.

    Attributes:
        config: what a config.json would say, in Hugging Face's field names.
        dtype: the element type to keep the weights in, where none is asked for: the matrices' own,
            float32 where they are quantised.
        chat_template: the Jinja text that the file carries, else None.
        eos_ids: ids that end a text.
    """

    def __init__(self, path: Path) -> None:
        """Check all that the header says, without reading the weights.

        Raises:
            CheckpointError: it is damaged, or holds what cannot be run; the message names the file.
        """
        from tfcli_tokenizer.gguf import end_ids

        self.path = path
        with _naming(path):
            header = open_header(path)
            arch = architecture(header)
            self.config: dict[str, Any] = read_config(header, rope_factors(path, header))
            heads, kv_heads = (self.config[f"num_{k}_heads"] for k in ("attention", "key_value"))
            self._places = find_places(header, arch, heads, kv_heads)
        self._metadata = header.metadata
        self.dtype = default_dtype(self._places)
        self.eos_ids = end_ids(header.metadata)
        template = header.metadata.get("tokenizer.chat_template")
        self.chat_template = template if isinstance(template, str) else None

    def names(self) -> list[str]:
        """The tensors' Hugging Face names."""
        return list(self._places)

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape, without reading it."""
        return self._places[name].info.shape

    def read(self, name: str) -> Tensor:
        """A tensor's values in Hugging Face's layout: float32 if quantised, else as stored.

        Raises:
            CheckpointError: it is damaged; the caller knows the file.
        """
        return read_tensor(self.path, self._places[name])

    def forget(self, name: str) -> None:
        """Nothing is kept of what was read."""

    def tokenizer(self) -> Tokenizer | None:
        """The tokenizer that the file carries, or None.

        Raises:
            CheckpointError: it is damaged, or of a kind that is not supported.
        """
        from tfcli_tokenizer.gguf import read_tokenizer

        return read_tokenizer(self._metadata, self.path)


def is_gguf(path: Path) -> bool:
    """Whether a file is GGUF by its first bytes; Ollama's have no ending that says so."""
    try:
        if not path.is_file():  # a pipe would wait for its writer
            return False
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def open_gguf(path: Path) -> GgufFile:
    """Open a GGUF file. CheckpointError, naming it, where it is damaged or cannot be run."""
    return GgufFile(path)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Put the file's name in front of an error of those who see only its content."""
    try:
        yield
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error.message}.", error.hint) from error
