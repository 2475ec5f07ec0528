"""What every tokenizer offers, whatever its format."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tfcli.errors import UsageError
from tfcli_tokenizer.streaming import StreamDecoder


class Tokenizer(Protocol):
    """Text to token ids and back.

    Attributes:
        kind: the algorithm, such as "bpe".
        lossless: whether decode(encode(text)) is the text, whatever it holds, by construction.
        vocab_size: one more than the largest id.
        bos_id, eos_id, pad_id, unk_id, mask_id: ids of these roles, or None.
        special_tokens: pieces that stand for a role, with their ids.
        fingerprint: SHA-256 hex of the file, or the files, that hold its vocabulary.
        source: the main file that it was read from; None where it was made in memory.
    """

    kind: str
    lossless: bool
    vocab_size: int
    bos_id: int | None
    eos_id: int | None
    pad_id: int | None
    unk_id: int | None
    mask_id: int | None
    special_tokens: dict[str, int]
    fingerprint: str
    source: Path | None

    def encode(self, text: str, add_special_tokens: bool = False) -> list[int]:
        """The ids of a text."""
        ...

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of several texts, without special tokens."""
        ...

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """The text of these ids; bytes that are no UTF-8 become U+FFFD."""
        ...

    def piece(self, token: int) -> str:
        """The piece as the file stores it: "▁cat", "<0xE8>"."""
        ...

    def token_bytes(self, token: int) -> bytes:
        """The bytes that this id writes."""
        ...

    def stream(self) -> StreamDecoder:
        """A decoder for one generated text."""
        ...

    def save(self, directory: Path) -> None:
        """Write the tokenizer's files into a model directory."""
        ...


def check_id(token: int, vocab_size: int) -> int:
    """The id. UsageError where it is outside the vocabulary."""
    if not 0 <= token < vocab_size:
        raise UsageError(
            f"Token id {token} is outside the vocabulary: ids go from 0 to {vocab_size - 1:,}."
        )
    return token
