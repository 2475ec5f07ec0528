"""SentencePiece models (`tokenizer.model`) behind the protocol."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tfcli.errors import CheckpointError
from tfcli_tokenizer import protobuf
from tfcli_tokenizer.finishing import model_kind
from tfcli_tokenizer.lossless import (
    END_OF_TEXT,
    SPACE,
    SPECIAL_TOKENS,
    refuse_half_characters,
    unescape,
)
from tfcli_tokenizer.protocol import check_id
from tfcli_tokenizer.streaming import StreamDecoder, Strip, unescaping

# A text is encoded in portions of about this many characters: SentencePiece's memory, and the
# size of the sums in a unigram model, then do not grow with the text.
PORTION = 50_000
# In denormalizer_spec: the name of the file that our trainer takes its rules from.
MARK = b"unescape.tsv"
# No piece of ours holds a line end, or a space behind another character.
_CUT = re.compile("\n|(?<! )(?= )")


class SentencePieceTokenizer:
    """A SentencePiece model: one that tfcli trained, or a foreign one.

    Attributes, beside the protocol's:
        processor: the library's own object.
        model: the bytes of the file.
    """

    def __init__(self, model: bytes, name: str, source: Path | None = None) -> None:
        """Parse the bytes of a model. CheckpointError, naming it, for anything else."""
        import sentencepiece

        try:
            self.processor = sentencepiece.SentencePieceProcessor(model_proto=model)
            self.kind = model_kind(model)
            normalizer = protobuf.read_spec(model, protobuf.NORMALIZER_SPEC)
            denormalizer = protobuf.read_spec(model, protobuf.DENORMALIZER_SPEC)
            self.vocab_size = self.processor.get_piece_size()
            if not model or not self.vocab_size or self.processor.unk_id() < 0:
                raise ValueError("there is no unknown piece")
            self._pieces = [self.processor.id_to_piece(i) for i in range(self.vocab_size)]
        except (RuntimeError, ValueError, TypeError, OSError) as error:
            raise CheckpointError(
                f"{name} is damaged: it is no SentencePiece model.",
                hint="Restore the file, or train a tokenizer: `tfcli tokenizer train --help`.",
            ) from error
        processor = self.processor
        self.source = source
        self.model = model
        self.fingerprint = hashlib.sha256(model).hexdigest()
        self.lossless = denormalizer.get(6) == MARK
        self._drops_first_space = bool(normalizer.get(3, 1) or normalizer.get(4, 1))
        ids = {piece: i for i, piece in enumerate(self._pieces)}
        controls = {p: i for p, i in ids.items() if processor.is_control(i)}
        self.special_tokens = controls | {p: ids[p] for p in SPECIAL_TOKENS if p in ids}
        self.bos_id = _known(processor.bos_id())
        self.eos_id = self.special_tokens.get(END_OF_TEXT, _known(processor.eos_id()))
        self.pad_id = _known(processor.pad_id())
        self.unk_id = _known(processor.unk_id())
        self.mask_id: int | None = None
        self._written = [self._bytes(i, piece) for i, piece in enumerate(self._pieces)]

    def encode(self, text: str, add_special_tokens: bool = False) -> list[int]:
        """The ids of a text; a bos comes first where the model has one and it is asked for.

        DataError for a text with a lone surrogate, which no UTF-8 can hold.
        """
        ids = [self.bos_id] if add_special_tokens and self.bos_id is not None else []
        try:
            for portion in self._portions(text):
                ids += self.processor.encode(portion)
        except (UnicodeEncodeError, RuntimeError):  # the binding's, version by version
            refuse_half_characters(text)
            raise
        return ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of several texts."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """The text of these ids. UsageError for an id outside the vocabulary."""
        skipped = set(self.special_tokens.values()) if skip_special_tokens else set()
        return self.stream().decode(i for i in ids if i not in skipped)

    def piece(self, token: int) -> str:
        """The piece as the model stores it."""
        return self._pieces[self._checked(token)]

    def token_bytes(self, token: int) -> bytes:
        """The bytes that this id writes."""
        written = self._written[self._checked(token)]
        if self.lossless and not self.processor.is_byte(token):
            return unescape(written.decode()).encode()
        return written

    def stream(self) -> StreamDecoder:
        """A decoder for one generated text."""
        filters = unescaping() if self.lossless else []
        if self._drops_first_space:
            filters.append(Strip(" ", 1, 0))
        return StreamDecoder(lambda token: self._written[self._checked(token)], filters=filters)

    def save(self, directory: Path) -> None:
        """Write tokenizer.model and, for a model of ours, its equals for other libraries.

        A foreign model's rules for normalising have no certain equal in `tokenizers`, and a
        tokenizer.json that gives other ids would be worse than none.
        """
        from tfcli_tokenizer.hugging_face import write_hugging_face

        if self.lossless:
            write_hugging_face(self, directory)
        (directory / "tokenizer.model").write_bytes(self.model)

    def _portions(self, text: str) -> Iterator[str]:
        start = 0
        while self.lossless and len(text) - start > PORTION:
            cut = _CUT.search(text, start + PORTION)
            if cut is None:
                break
            yield text[start : cut.end()]
            start = cut.end()
        yield text[start:] if start else text

    def _checked(self, token: int) -> int:
        return check_id(token, self.vocab_size)

    def _bytes(self, token: int, piece: str) -> bytes:
        if self.processor.is_byte(token):
            return bytes([int(piece[3:5], 16)])
        return piece.replace(SPACE, " ").encode()


def _known(token: int) -> int | None:
    return token if token >= 0 else None
