"""Marian: a SentencePiece model for each language, and ids from vocab.json.

The rules are those of `transformers` 5.24 (`models/marian/tokenization_marian.py`): added tokens
are cut out of a text first; a language code such as `>>fra<<` may lead what is left; a piece that
vocab.json lacks is unknown; `</s>` ends a text.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfcli.errors import CheckpointError
from tfcli_tokenizer.files import LARGEST_PART, read_bytes
from tfcli_tokenizer.lossless import SPACE
from tfcli_tokenizer.piece_writer import PieceWriter
from tfcli_tokenizer.protocol import check_id
from tfcli_tokenizer.reference_class import MARIAN
from tfcli_tokenizer.saving import kept_files, write_files
from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer
from tfcli_tokenizer.settings import ROLES, Settings, Token, read_settings
from tfcli_tokenizer.streaming import Replace, StreamDecoder, Trim, cleaning
from tfcli_tokenizer.vocabulary_files import VOCABULARY, read_vocabulary

SOURCE, TARGET, TARGET_VOCABULARY = "source.spm", "target.spm", "target_vocab.json"
_ROLES = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


@dataclass(frozen=True)
class _Side:
    """One language: its SentencePiece model and the ids of its pieces."""

    pieces: SentencePieceTokenizer
    ids: Mapping[str, int]
    unknown: int


class MarianTokenizer:
    """The tokenizer of a translation model: it encodes the source, and decodes the target.

    Attributes, beside the protocol's:
        files: the files that define the tokenizer, by name.
        source_vocab_size, target_vocab_size: one more than the largest id on either side; they
            differ where there are two vocabularies.
    """

    def __init__(self, folder: Path) -> None:
        """Read a folder's files. CheckpointError names the one that is missing or damaged."""
        settings = read_settings(folder).with_roles(_ROLES)
        separate = bool(settings.flag("separate_vocabs", False))
        names = [VOCABULARY, SOURCE, TARGET] + [TARGET_VOCABULARY] * separate
        self.files = kept_files(folder, names)
        self.fingerprint = hashlib.sha256(b"".join(self.files[n] for n in names)).hexdigest()
        self._source = _side(folder, SOURCE, VOCABULARY, settings)
        self._target = _side(folder, TARGET, names[-1] if separate else VOCABULARY, settings)
        self._writing = self._target if separate else self._source
        self._added = _added(settings, self._source.ids)
        self._whole = not settings.flag("split_special_tokens", False)
        self._cut = _cut([*self._added])
        self._names = {i: piece for piece, i in self._writing.ids.items()}
        self._names |= {number: token.content for number, token in self._added.values()}
        self._cleans = bool(settings.flag("clean_up_tokenization_spaces", False))

        self.source: Path | None = folder / VOCABULARY
        self.kind = self._source.pieces.kind
        self.lossless = False
        added = [number for number, _ in self._added.values()]
        self.source_vocab_size = 1 + max(*self._source.ids.values(), *added)
        self.target_vocab_size = 1 + max(self._names)
        self.vocab_size = max(self.source_vocab_size, self.target_vocab_size)
        roles = settings.ordered_roles()
        special = [*roles.values(), *(settings.extra or ())]
        self.special_tokens = {t.content: self._added[t.content][0] for t in special if t.content}
        known = {name: self.special_tokens.get(t.content) for name, t in roles.items()}
        self.bos_id, self.eos_id, self.unk_id, _, self.pad_id, _, self.mask_id = map(
            known.get, ROLES
        )

    def encode(self, text: str, add_special_tokens: bool = False) -> list[int]:
        """The ids of a text in the source language."""
        return self._encode(text, self._source, add_special_tokens)

    def encode_target(self, text: str, add_special_tokens: bool = False) -> list[int]:
        """The ids of a text in the target language."""
        return self._encode(text, self._target, add_special_tokens)

    @property
    def reading_side(self) -> "MarianTokenizer":
        """The same tokenizer with the source's pieces behind the ids: what the encoder reads."""
        side = copy(self)
        side._writing = self._source
        side._names = {i: piece for piece, i in self._source.ids.items()}
        side._names |= {number: token.content for number, token in self._added.values()}
        return side

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of several source texts, without special tokens."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """The text of these ids of the target. UsageError for an id outside the vocabulary."""
        processor = self._writing.pieces.processor
        text, run = "", []
        for token in ids:
            name = self.piece(token)
            if name not in self.special_tokens:
                run.append(name)
                continue
            if not skip_special_tokens:
                text += f"{processor.decode_pieces(run)}{name} "
                run = []
        text = (text + processor.decode_pieces(run)).replace(SPACE, " ").strip()
        for each in cleaning(self._cleans):
            text = each.push(text, final=True)
        return text

    def piece(self, token: int) -> str:
        """The target's piece with this id, as vocab.json has it."""
        if token in self._names:
            return self._names[token]
        check_id(token, self.vocab_size)
        pieces = self._writing.pieces
        return pieces.piece(token) if token < pieces.vocab_size else ""

    def token_bytes(self, token: int) -> bytes:
        """The bytes that this id writes."""
        return self.piece(token).replace(SPACE, " ").encode()

    def stream(self) -> StreamDecoder:
        """A decoder for one generated text."""
        pieces = self._writing.pieces
        writer = PieceWriter(pieces.processor, pieces.model)

        def written(token: int) -> bytes:
            name = self.piece(token)
            if name not in self.special_tokens:
                return writer.write(name)
            writer.restart()
            return name.encode() + b" "

        filters = [Replace(SPACE, " "), Trim(), *cleaning(self._cleans)]
        return StreamDecoder(written, filters=filters)

    def save(self, directory: Path) -> None:
        """Write the files that define it, byte for byte."""
        write_files(directory, self.files, MARIAN, {"tokenizer_class": MARIAN})

    def _encode(self, text: str, side: _Side, add_special_tokens: bool) -> list[int]:
        ids: list[int] = []
        for part in self._parts(text):
            if part in self._added:
                ids.append(self._added[part][0])
            elif part:
                ids += self._pieces(part, side)
        if add_special_tokens and self.eos_id is not None:
            ids.append(self.eos_id)
        return ids

    def _pieces(self, text: str, side: _Side) -> list[int]:
        end = text.find("<<") if text.startswith(">>") else -1
        code = [text[: end + 2]] if end != -1 else []
        rest = text[end + 2 :] if code else text
        tokens = side.pieces.encode(rest)
        names = code + [side.pieces.piece(token) for token in tokens]
        return [self._id(name, side) for name in names]

    def _id(self, name: str, side: _Side) -> int:
        if name in self._added:
            return self._added[name][0]
        return side.ids.get(name, side.unknown)

    def _parts(self, text: str) -> list[str]:
        """The text cut at added tokens, which may take the spaces around them."""
        if not self._whole or self._cut is None:
            return [text]
        parts = self._cut.split(text)
        for i in range(1, len(parts), 2):
            token = self._added[parts[i]][1]
            if token.rstrip:
                parts[i + 1] = parts[i + 1].lstrip()
            if token.lstrip:
                parts[i - 1] = parts[i - 1].rstrip()
        return parts


def _side(folder: Path, model: str, vocabulary: str, settings: Settings) -> _Side:
    path = folder / model
    ids = read_vocabulary(folder / vocabulary)
    unknown = ids.get(settings.content("unk_token") or "")
    if unknown is None:
        raise CheckpointError(f"{folder / vocabulary} is damaged: it lacks the unknown token.")
    pieces = SentencePieceTokenizer(read_bytes(path, LARGEST_PART), str(path), path)
    return _Side(pieces, ids, unknown)


def _added(settings: Settings, ids: Mapping[str, int]) -> dict[str, tuple[int, Token]]:
    """The tokens that are cut out of a text, with their ids: new ones follow the vocabulary."""
    added = {token.content: (i, token) for i, token in settings.added.items()}
    free = len({*ids, *added})
    for token in [*settings.ordered_roles().values(), *(settings.extra or ())]:
        if token.content and token.content not in added:
            number = ids.get(token.content)
            added[token.content] = (free if number is None else number, Token(token.content))
            free += number is None
    return added


def _cut(tokens: Sequence[str]) -> Any:
    longest_first = sorted(filter(None, tokens), key=len, reverse=True)
    if not longest_first:
        return None
    return re.compile(f"({'|'.join(map(re.escape, longest_first))})")
