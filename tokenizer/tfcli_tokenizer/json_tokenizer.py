"""`tokenizer.json` files, run by the `tokenizers` library, behind the protocol."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfcli.errors import CheckpointError, DataError, UsageError
from tfcli_tokenizer.decoding import read_decoding
from tfcli_tokenizer.lossless import END_OF_TEXT, refuse_half_characters
from tfcli_tokenizer.streaming import Replace, StreamDecoder, unescaping

_LARGEST = 256 * 2**20  # bytes
_MOST_IDS = 2**24  # an id beyond them is damage: no model has a row for it


class JsonTokenizer:
    """A tokenizer.json, with the roles that tokenizer_config.json beside it names.

    Attributes, beside the protocol's:
        definition: the bytes of the file.
    """

    def __init__(self, path: Path) -> None:
        """Read the file. CheckpointError, naming it, where it is damaged."""
        self._path = path
        self.definition = _content(path)
        self.fingerprint = hashlib.sha256(self.definition).hexdigest()
        try:
            self._engine = _engine(self.definition)
            definition: dict[str, Any] = json.loads(self.definition)
            self._decoding = read_decoding(definition.get("decoder"))
            self.lossless = self._decoding.filters() == unescaping()
            model = definition["model"]
            self.kind = str(model.get("type", "bpe")).lower()
            ids = self._engine.get_vocab(with_added_tokens=True).values()
            self.vocab_size = 1 + max(ids, default=-1)
            if not 0 < self.vocab_size <= _MOST_IDS:
                raise ValueError(f"its ids end at {self.vocab_size - 1:,}")
        except Exception as error:  # the library raises bare Exception
            detail = f": {error}" if isinstance(error, ValueError) else ""
            detail = "" if isinstance(error, json.JSONDecodeError) else detail
            raise CheckpointError(
                f"{path} is damaged, or no tokenizer.json{detail}.",
                hint="Restore the file, or train a tokenizer: `tfcli tokenizer train --help`.",
            ) from error
        added = self._engine.get_added_tokens_decoder()
        self.special_tokens = {t.content: i for i, t in sorted(added.items()) if t.special}
        self._roles = _roles(path.with_name("tokenizer_config.json"))
        self.bos_id = self._role("bos_token")
        self.eos_id = self._role("eos_token")
        self.pad_id = self._role("pad_token")
        self.unk_id = self._role("unk_token")
        if self.eos_id is None:
            self.eos_id = self.special_tokens.get(END_OF_TEXT)
        if self.unk_id is None:
            self.unk_id = self._unknown(model)
        self._written: dict[int, bytes] = {}

    def encode(self, text: str, add_special_tokens: bool = False) -> list[int]:
        """The ids of a text. DataError for one that the tokenizer has no ids for."""
        try:
            return self._engine.encode(text, add_special_tokens=add_special_tokens).ids
        except Exception as error:
            raise self._refused([text], error) from error

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of several texts."""
        try:
            encodings = self._engine.encode_batch(list(texts), add_special_tokens=False)
        except Exception as error:
            raise self._refused(texts, error) from error
        return [encoding.ids for encoding in encodings]

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """The text of these ids. UsageError for an id outside the vocabulary."""
        skipped = set(self.special_tokens.values()) if skip_special_tokens else set()
        return self.stream().decode(i for i in ids if i not in skipped)

    def piece(self, token: int) -> str:
        """The piece as the file stores it; "" for an id that the file leaves out."""
        if not 0 <= token < self.vocab_size:
            raise UsageError(
                f"Token id {token} is outside the vocabulary: ids go from 0 to "
                f"{self.vocab_size - 1:,}."
            )
        return self._engine.id_to_token(token) or ""

    def token_bytes(self, token: int) -> bytes:
        """The bytes that this id writes."""
        written = self._bytes(token)
        try:
            text = written.decode()
        except UnicodeDecodeError:
            return written
        for each in self._decoding.filters():
            if isinstance(each, Replace):  # the others are about the ends of a whole text
                text = each.push(text, final=True)
        return text.encode()

    def stream(self) -> StreamDecoder:
        """A decoder for one generated text."""
        return StreamDecoder(
            self._bytes,
            first=lambda token: self._decoding.first(self.piece(token)),
            filters=self._decoding.filters(),
        )

    def save(self, directory: Path) -> None:
        """Write tokenizer.json and tokenizer_config.json."""
        (directory / "tokenizer.json").write_bytes(self.definition)
        config = json.dumps(self._roles or self._own_roles(), ensure_ascii=False, indent=1)
        (directory / "tokenizer_config.json").write_text(config + "\n", encoding="utf-8")

    def _refused(self, texts: Sequence[str], error: Exception) -> DataError:
        for text in texts:
            refuse_half_characters(text)
        return DataError(f"{self._path} cannot encode this text: {error}.")

    def _bytes(self, token: int) -> bytes:
        if token not in self._written:
            self._written[token] = self._decoding.written(self.piece(token))
        return self._written[token]

    def _role(self, name: str) -> int | None:
        value = self._roles.get(name)
        content = value.get("content") if isinstance(value, dict) else value
        return self._engine.token_to_id(content) if isinstance(content, str) else None

    def _own_roles(self) -> dict[str, Any]:
        """What tokenizer_config.json must say for `transformers`, where there was none."""
        config: dict[str, Any] = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "clean_up_tokenization_spaces": False,
        }
        return config if self.eos_id is None else config | {"eos_token": self.piece(self.eos_id)}

    def _unknown(self, model: dict[str, Any]) -> int | None:
        if isinstance(model.get("unk_id"), int):
            return model["unk_id"]
        name = model.get("unk_token")
        return self._engine.token_to_id(name) if isinstance(name, str) else None


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise CheckpointError(f"{path} is damaged: it is larger than any tokenizer.json.")
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error


def _engine(definition: bytes) -> Any:
    """The library's tokenizer, which never cuts or fills up what it encodes."""
    from tokenizers import Tokenizer as Engine

    engine = Engine.from_str(definition.decode("utf-8"))
    engine.no_truncation()
    engine.no_padding()
    return engine


def _roles(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged: it is no JSON file.") from error
    return value if isinstance(value, dict) else {}
