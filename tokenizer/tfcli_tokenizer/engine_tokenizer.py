"""A tokenizer that the `tokenizers` library runs, behind the protocol."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfcli.errors import DataError
from tfcli_tokenizer.assembly import role_ids
from tfcli_tokenizer.decoding import read_decoding
from tfcli_tokenizer.files import MOST_IDS, is_library_error
from tfcli_tokenizer.lossless import END_OF_TEXT, refuse_half_characters
from tfcli_tokenizer.protocol import check_id
from tfcli_tokenizer.reference_class import CHATGLM, GENERIC
from tfcli_tokenizer.saving import kept_files, write_files
from tfcli_tokenizer.settings import Settings
from tfcli_tokenizer.streaming import Replace, StreamDecoder, cleaning, unescaping

_MASKS = ("[MASK]", "<mask>")


class EngineTokenizer:
    """A tokenizer as the library runs it, with the roles that its settings give.

    Attributes, beside the protocol's:
        engine: the library's own object; it never cuts or fills up what it encodes.
        files: the files that define the tokenizer, by name.
    """

    def __init__(
        self,
        engine: Any,
        settings: Settings,
        source: Path,
        names: Sequence[str],
        chosen: str = GENERIC,
        unknown: int | None = None,
    ) -> None:
        """Look at an engine that is complete. ValueError where it cannot be used.

        Args:
            engine: the library's tokenizer.
            settings: the roles, and whether decoded text is cleaned.
            source: the main file.
            names: the files beside it that hold the vocabulary, the main one first.
            chosen: the class whose rules the engine follows.
            unknown: the id of the unknown token, where the engine's model does not say it.
        """
        engine.no_truncation()
        engine.no_padding()
        self.engine = engine
        self.source: Path | None = source
        self.kind = type(engine.model).__name__.lower()
        self.files = kept_files(source.parent, names)
        self.fingerprint = hashlib.sha256(b"".join(self.files[n] for n in names)).hexdigest()
        self._settings, self._chosen = settings, chosen
        self._decoding = read_decoding(_state(engine.decoder))
        self._cleans = self.kind != "bpe" and bool(
            settings.flag("clean_up_tokenization_spaces", False)
        )
        self.lossless = self._decoding.filters() == unescaping()
        self.vocab_size = _size(engine)
        added = engine.get_added_tokens_decoder()
        self.special_tokens = {t.content: i for i, t in sorted(added.items()) if t.special}
        roles = role_ids(engine, settings)
        self.bos_id = roles.get("bos_token")
        self.eos_id = roles.get("eos_token", self.special_tokens.get(END_OF_TEXT))
        self.pad_id = roles.get("pad_token")
        self.unk_id = roles.get("unk_token", self._unknown(unknown))
        masks = [self.special_tokens[mask] for mask in _MASKS if mask in self.special_tokens]
        self.mask_id = roles.get("mask_token", next(iter(masks), None))
        self._written: dict[int, bytes] = {}

    def encode(self, text: str, add_special_tokens: bool = False) -> list[int]:
        """The ids of a text. DataError for one that the tokenizer has no ids for."""
        with self._refusing([text]):
            return self.engine.encode(text, add_special_tokens=add_special_tokens).ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of several texts, without special tokens."""
        with self._refusing(texts):
            encodings = self.engine.encode_batch(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """The text of these ids. UsageError for an id outside the vocabulary."""
        ids = [self._checked(token) for token in ids]
        if self.lossless:  # bytes that are no UTF-8 then read as they stream
            skipped = set(self.special_tokens.values()) if skip_special_tokens else set()
            return self.stream().decode(i for i in ids if i not in skipped)
        text = self.engine.decode(ids, skip_special_tokens=skip_special_tokens)
        for each in cleaning(self._cleans):
            text = each.push(text, final=True)
        return text

    def piece(self, token: int) -> str:
        """The piece as the file stores it; "" for an id that the file leaves out."""
        return self.engine.id_to_token(self._checked(token)) or ""

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
        """A decoder for one generated text.

        It shows a character as soon as its last byte is there. Should a byte that fits nowhere
        follow, `decode` gives up that character too, and writes U+FFFD for each of its bytes.
        """
        return StreamDecoder(
            self._bytes,
            first=lambda token: self._decoding.first(self.piece(token)),
            filters=[*self._decoding.filters(), *cleaning(self._cleans)],
        )

    def save(self, directory: Path) -> None:
        """Write the files that define it, byte for byte; see `saving.write_files`."""
        write_files(directory, self.files, self._chosen, self._own_config())

    @contextmanager
    def _refusing(self, texts: Sequence[str]) -> Iterator[None]:
        """Let what the library has against a text be a DataError; see `files.library_errors`."""
        try:
            yield
        except BaseException as error:
            if not is_library_error(error):
                raise
            for text in texts:
                refuse_half_characters(text)
            raise DataError(f"{self.source} cannot encode this text: {error}.") from error

    def _bytes(self, token: int) -> bytes:
        if token not in self._written:
            self._written[token] = self._decoding.written(self.piece(token))
        return self._written[token]

    def _checked(self, token: int) -> int:
        return check_id(token, self.vocab_size)

    def _own_config(self) -> dict[str, Any] | None:
        """What tokenizer_config.json must say where there was none."""
        if self._chosen == CHATGLM:
            return None  # that its file stands alone says it
        config: dict[str, Any] = {
            "tokenizer_class": (
                "PreTrainedTokenizerFast" if self._chosen == GENERIC else self._chosen
            ),
            "clean_up_tokenization_spaces": False,
        }
        return config if self.eos_id is None else config | {"eos_token": self.piece(self.eos_id)}

    def _unknown(self, number: int | None) -> int | None:
        name = getattr(self.engine.model, "unk_token", None)
        return number if name is None else self.engine.token_to_id(name)


def _state(part: Any) -> Any:
    """A part of a pipeline, as JSON has it."""
    return None if part is None else json.loads(part.__getstate__())


def _size(engine: Any) -> int:
    """One more than the largest id. ValueError where the ids cannot be a model's rows."""
    ids: Mapping[str, int] = engine.get_vocab(with_added_tokens=True)
    size = 1 + max(ids.values(), default=-1)
    if not 0 < size <= MOST_IDS:
        raise ValueError(f"its ids end at {size - 1:,}")
    if len(set(ids.values())) < len(ids):
        raise ValueError("two of its tokens have the same id")
    if any(token >= size for token in engine.encode("", add_special_tokens=True).ids):
        raise ValueError("it puts a token around texts that is not in its vocabulary")
    return size
