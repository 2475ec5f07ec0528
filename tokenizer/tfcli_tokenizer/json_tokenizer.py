"""`tokenizer.json` files, run by the `tokenizers` library, behind the protocol."""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfcli.errors import CheckpointError, UsageError
from tfcli_tokenizer.protocol import StreamDecoder

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_LARGEST = 256 * 2**20


class JsonTokenizer:
    """A tokenizer.json, with the roles that tokenizer_config.json beside it names."""

    def __init__(self, path: Path) -> None:
        """Read the file. CheckpointError, naming it, where it is damaged."""
        from tokenizers import Tokenizer as Engine

        self._path = path
        try:
            if path.stat().st_size > _LARGEST:
                raise ValueError("it is too large")
            content = path.read_bytes()
            self._engine = Engine.from_str(content.decode("utf-8"))
            self._definition: dict[str, Any] = json.loads(content)
        except Exception as error:  # the library raises bare Exception
            raise CheckpointError(f"{path} is damaged: it is no tokenizer.json.") from error
        self.fingerprint = hashlib.sha256(content).hexdigest()
        self.vocab_size = self._engine.get_vocab_size(with_added_tokens=True)
        added = self._engine.get_added_tokens_decoder()
        self.special_tokens = {t.content: i for i, t in sorted(added.items()) if t.special}
        self._added = {i: t.content for i, t in added.items()}
        self._byte_level = "ByteLevel" in json.dumps(self._definition.get("decoder"))
        self._roles = _roles(path.with_name("tokenizer_config.json"))
        self.bos_id = self._role("bos_token")
        self.eos_id = self._role("eos_token")
        self.pad_id = self._role("pad_token")
        self.unk_id = self._role("unk_token")
        if self.eos_id is None and "<|endoftext|>" in self.special_tokens:
            self.eos_id = self.special_tokens["<|endoftext|>"]

    def encode(self, text: str, add_special_tokens: bool = False) -> list[int]:
        """The ids of a text."""
        return self._engine.encode(text, add_special_tokens=add_special_tokens).ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of several texts."""
        encodings = self._engine.encode_batch(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """The text of these ids. UsageError for an id outside the vocabulary."""
        skipped = set(self.special_tokens.values()) if skip_special_tokens else set()
        written = (self.token_bytes(i) for i in ids if i not in skipped)
        return b"".join(written).decode("utf-8", "replace")

    def piece(self, token: int) -> str:
        """The piece as the file stores it."""
        piece = self._engine.id_to_token(token) if 0 <= token < self.vocab_size else None
        if piece is None:
            raise UsageError(
                f"Token id {token} is outside the vocabulary: ids go from 0 to "
                f"{self.vocab_size - 1:,}."
            )
        return piece

    def token_bytes(self, token: int) -> bytes:
        """The bytes that this id writes."""
        piece = self.piece(token)
        if token in self._added:
            return piece.encode()
        if self._byte_level:
            return bytes(_BYTE_LEVEL[c] for c in piece if c in _BYTE_LEVEL)
        match = _BYTE.fullmatch(piece)
        return bytes([int(match[1], 16)]) if match else piece.replace("▁", " ").encode()

    def stream(self) -> StreamDecoder:
        """A decoder for one generated text."""
        return StreamDecoder(self.token_bytes)

    def save(self, directory: Path) -> None:
        """Write tokenizer.json and tokenizer_config.json."""
        (directory / "tokenizer.json").write_bytes(self._path.read_bytes())
        config = json.dumps(self._roles, ensure_ascii=False, indent=1)
        (directory / "tokenizer_config.json").write_text(config + "\n", encoding="utf-8")

    def _role(self, name: str) -> int | None:
        value = self._roles.get(name)
        content = value.get("content") if isinstance(value, dict) else value
        return self._engine.token_to_id(content) if isinstance(content, str) else None


def _roles(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged: it is no JSON file.") from error
    return value if isinstance(value, dict) else {}


def _byte_level_alphabet() -> dict[str, int]:
    """GPT-2's printable stand-ins for bytes (Radford et al. 2019)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {chr(byte): byte for byte in printable}
    others = [byte for byte in range(256) if byte not in set(printable)]
    return table | {chr(256 + i): byte for i, byte in enumerate(others)}


_BYTE_LEVEL = _byte_level_alphabet()
