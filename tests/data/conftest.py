"""What the tests of tfcli/data share: a tokenizer that needs no training."""

import hashlib

import pytest


class ByteTokenizer:
    """Each byte of UTF-8 is a token; 256 ends a document. Counts the characters it has encoded."""

    vocab_size = 257
    eos_id = 256
    bos_id = None
    pad_id = None
    unk_id = None
    special_tokens = {"<|endoftext|>": 256}  # noqa: RUF012
    fingerprint = hashlib.sha256(b"bytes").hexdigest()

    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, text: str, add_special_tokens: bool = False) -> list[int]:
        self.encoded += len(text)
        return list(text.encode())

    def token_bytes(self, id: int) -> bytes:
        return b"<|endoftext|>" if id == self.eos_id else bytes([id])


@pytest.fixture
def tokenizer() -> ByteTokenizer:
    return ByteTokenizer()
