"""What is done to a model after SentencePiece has trained it, so that every library agrees on it.

A unigram or character model's scores are rounded to a grid: sums of multiples of 1/64 are exact in
SentencePiece's float32 (up to 2¹⁸, some 100,000 characters without a line end) and in the float64
of `tokenizers`, so both choose the same pieces also between segmentations that tie.

SentencePiece's own word model spells an unknown word as the bytes of ▁ and the word, which reads
back as ▁, and no model of `tokenizers` cuts as it does. So its words become a unigram model: the
words, and the characters they are written with.
"""

import re
from collections.abc import Iterator

from tfcli_tokenizer import protobuf
from tfcli_tokenizer.lossless import LITERAL_SPACE, SPACE, SPECIAL_TOKENS
from tfcli_tokenizer.protobuf import Field, Piece

GRID = 64
WORD_MARK = b"word"  # stands in trainer_spec.model_prefix, which a model made in memory leaves out

_MODEL_TYPES = {1: "unigram", 2: "bpe", 3: "word", 4: "char"}
_MODEL_PREFIX, _MODEL_TYPE, _VOCAB_SIZE = 2, 3, 4
_WORST = -64.0
_RARE = "\u2585"  # what the trainer writes for characters that it leaves out
_TAB = "\t"  # and for special tokens
_BYTE_NAME = re.compile("<0x[0-9A-F]{2}>")


def model_kind(model: bytes) -> str:
    """ "bpe", "unigram", "char" or "word"."""
    spec = protobuf.read_spec(model, protobuf.TRAINER_SPEC)
    if spec.get(_MODEL_PREFIX) == WORD_MARK:
        return "word"
    type_ = spec.get(_MODEL_TYPE, 1)  # protobuf may leave a default value out
    return _MODEL_TYPES.get(type_ if isinstance(type_, int) else 1, "unigram")


def finished(model: bytes, kind: str, vocab_size: int) -> bytes:
    """The model in its last form; for "word" with at most `vocab_size` pieces."""
    if kind in ("unigram", "char"):
        return protobuf.replace_pieces(model, map(_on_grid, protobuf.read_pieces(model)))
    if kind == "word":
        return _word_model(model, vocab_size)
    return model


def _on_grid(piece: Piece) -> Piece:
    if piece.text == LITERAL_SPACE:
        # The best score: special tokens are scored by it, and so always win over their letters.
        return Piece(piece.text, 0.0, piece.type)
    if piece.type != protobuf.NORMAL:
        return piece
    score = max(piece.score, _WORST)  # a required character that never occurs has -infinity
    return Piece(piece.text, min(round(score * GRID), -1) / GRID, piece.type)


def _word_model(model: bytes, vocab_size: int) -> bytes:
    pieces = list(_word_pieces(protobuf.read_pieces(model), vocab_size))
    changes = [
        Field(_MODEL_PREFIX, protobuf.LENGTH, WORD_MARK),
        Field(_MODEL_TYPE, protobuf.VARINT, 1),
        Field(_VOCAB_SIZE, protobuf.VARINT, len(pieces)),
    ]
    model = protobuf.replace_in_spec(model, protobuf.TRAINER_SPEC, changes)
    return protobuf.replace_pieces(model, map(_on_grid, pieces))


def _word_pieces(trained: list[Piece], vocab_size: int) -> Iterator[Piece]:
    """The meta pieces, then the most frequent words with their characters, as many as fit in."""
    yield Piece("<unk>", 0.0, protobuf.UNKNOWN)
    yield from (Piece(token, 0.0, protobuf.USER_DEFINED) for token in SPECIAL_TOKENS)
    yield from (Piece(f"<0x{byte:02X}>", 0.0, protobuf.BYTE) for byte in range(256))
    words, characters = _that_fit(trained, vocab_size - 1 - len(SPECIAL_TOKENS) - 256)
    yield from words
    # A character costs more than any word, so a text is cut into the fewest pieces that spell it.
    cost = min((word.score for word in words), default=0.0) - 1
    yield from (Piece(character, cost, protobuf.NORMAL) for character in sorted(characters))


def _that_fit(trained: list[Piece], room: int) -> tuple[list[Piece], set[str]]:
    """Words and characters, `room` in all where there are so many.

    A word comes in whole, with the characters that it is written with; what room then is left is
    for the characters of words that did not fit in.
    """
    words: list[Piece] = []
    characters = {LITERAL_SPACE, SPACE}
    left_out: list[str] = []
    for piece in filter(_is_word, trained):
        longer = len(piece.text) > 1
        new = characters | set(piece.text)
        if len(words) + longer + len(new) <= room:
            words += [piece] * longer
            characters = new
        else:
            left_out.append(piece.text)
    for character in dict.fromkeys("".join(left_out)):
        if len(words) + len(characters) < room:
            characters.add(character)
    return words, characters


def _is_word(piece: Piece) -> bool:
    if piece.type != protobuf.NORMAL or _BYTE_NAME.search(piece.text):
        return False
    return _RARE not in piece.text and _TAB not in piece.text
