"""What SentencePiece's pieces write, one at a time, as its own decoder writes them all at once."""

from typing import Any

from tfcli_tokenizer import protobuf
from tfcli_tokenizer.lossless import SPACE


class PieceWriter:
    """The bytes that the pieces of one text write.

    A space that SentencePiece put in front of the text is taken away again, which the pieces
    before decide. (`SentencePieceProcessor::Decode` in google/sentencepiece.)
    """

    def __init__(self, processor: Any, model: bytes) -> None:
        """Start a text.

        Args:
            processor: the library's own object.
            model: the bytes of the model that it has.
        """
        normalizer = protobuf.read_spec(model, protobuf.NORMALIZER_SPEC)
        self._processor = processor
        self._drops_all = bool(normalizer.get(4, 1))
        self._drops = self._drops_all or bool(normalizer.get(3, 1))
        self.restart()

    def restart(self) -> None:
        """Begin another text."""
        self._at_start = True
        self._dropped = False

    def write(self, piece: str) -> bytes:
        """The bytes of the next piece, which may be one that the model does not have."""
        token = self._processor.piece_to_id(piece)
        if self._processor.is_byte(token):
            self._at_start = False
            return bytes([int(piece[3:5], 16)])
        if self._dropped:
            self._at_start = False
        self._dropped = False
        written = piece
        if self._processor.is_control(token):
            written = ""
        elif self._processor.is_unknown(token):
            written = self._unknown(piece)
        else:
            if self._at_start and self._drops and piece.startswith(SPACE):
                written = piece[len(SPACE) :]
                self._dropped = not self._drops_all
            written = written.replace(SPACE, " ")
        if written:
            self._at_start = False
        return written.encode()

    def _unknown(self, piece: str) -> str:
        """The unknown piece itself is shown as the model says, ⁇ mostly."""
        if piece != self._processor.id_to_piece(self._processor.unk_id()):
            return piece
        return self._processor.decode([self._processor.unk_id()])
