"""The little of protobuf's wire format that a SentencePiece model needs, read and written.

A model is a message of pieces (field 1: string 1, score 2, type 3), trainer_spec (2),
normalizer_spec (3) and denormalizer_spec (5): sentencepiece_model.proto in google/sentencepiece.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Value = int | bytes

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
PIECE, TRAINER_SPEC, NORMALIZER_SPEC, DENORMALIZER_SPEC = 1, 2, 3, 5
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)


@dataclass(frozen=True)
class Field:
    """One field of a message: an int for a varint, else its bytes."""

    number: int
    wire_type: int
    value: Value


@dataclass(frozen=True)
class Piece:
    """An entry of the vocabulary; `type` is one of NORMAL … BYTE."""

    text: str
    score: float
    type: int


def read_fields(message: bytes) -> Iterator[Field]:
    """The fields of a message, in order. ValueError where it is no message."""
    for number, wire_type, start, end in _spans(message):
        if wire_type == VARINT:
            yield Field(number, wire_type, _read_varint(message, start)[0])
        else:
            yield Field(number, wire_type, message[start:end])


def write_fields(fields: Iterable[Field]) -> bytes:
    """The message that `read_fields` reads back."""
    message = bytearray()
    for field in fields:
        message += _varint(field.number << 3 | field.wire_type)
        if isinstance(field.value, int):
            message += _varint(field.value)
            continue
        if field.wire_type == LENGTH:
            message += _varint(len(field.value))
        message += field.value
    return bytes(message)


def read_pieces(model: bytes) -> list[Piece]:
    """The vocabulary of a model, in the order of its ids."""
    return [
        _piece(model[start:end])
        for number, wire_type, start, end in _spans(model)
        if number == PIECE and wire_type == LENGTH
    ]


def replace_pieces(model: bytes, pieces: Iterable[Piece]) -> bytes:
    """The model with another vocabulary, and everything else as it was."""
    others = (field for field in read_fields(model) if field.number != PIECE)
    return write_fields([*map(_piece_field, pieces), *others])


def read_spec(model: bytes, spec: int) -> dict[int, Value]:
    """The fields of trainer_spec, normalizer_spec or denormalizer_spec; the last of each number."""
    for number, wire_type, start, end in _spans(model):
        if number == spec and wire_type == LENGTH:
            return {field.number: field.value for field in read_fields(model[start:end])}
    return {}


def replace_in_spec(model: bytes, spec: int, changes: Iterable[Field]) -> bytes:
    """The model with some fields of a spec set anew."""
    new = list(changes)
    numbers = {field.number for field in new}

    def changed(field: Field) -> Field:
        if field.number != spec or not isinstance(field.value, bytes):
            return field
        kept = [inner for inner in read_fields(field.value) if inner.number not in numbers]
        return Field(spec, LENGTH, write_fields(sorted([*kept, *new], key=lambda f: f.number)))

    return write_fields(changed(field) for field in read_fields(model))


def _spans(message: bytes) -> Iterator[tuple[int, int, int, int]]:
    """The number, the wire type, the start and the end of each field's value."""
    at, size = 0, len(message)
    while at < size:
        key, at = (message[at], at + 1) if message[at] < 0x80 else _read_varint(message, at)
        wire_type = key & 7
        if wire_type == LENGTH:
            length, start = _read_varint(message, at)
            end = start + length
        elif wire_type == VARINT:
            start, end = at, _read_varint(message, at)[1]
        else:
            start, end = at, at + {EIGHT_BYTES: 8, FOUR_BYTES: 4}.get(wire_type, size + 1)
        if end > size:
            raise ValueError("a field runs past the end of the message")
        yield key >> 3, wire_type, start, end
        at = end


def _piece(message: bytes) -> Piece:
    text, score, type_ = "", 0.0, NORMAL
    for number, wire_type, start, end in _spans(message):
        if wire_type == VARINT:
            type_ = _read_varint(message, start)[0] if number == 3 else type_
        elif number == 1:
            text = message[start:end].decode()
        elif number == 2:
            (score,) = struct.unpack("<f", message[start:end])
    return Piece(text, score, type_)


def _piece_field(piece: Piece) -> Field:
    fields = [
        Field(1, LENGTH, piece.text.encode()),
        Field(2, FOUR_BYTES, struct.pack("<f", piece.score)),
    ]
    if piece.type != NORMAL:  # the default value is left out, as protobuf does
        fields.append(Field(3, VARINT, piece.type))
    return Field(PIECE, LENGTH, write_fields(fields))


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    if at < len(message) and message[at] < 0x80:  # most are short
        return message[at], at + 1
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number is cut short")


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
