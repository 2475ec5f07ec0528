"""SentencePiece models as vocabularies for `tokenizers`: the pieces, and what is said of them.

The fields are those of sentencepiece_model.proto in google/sentencepiece; the conversion is that
of `transformers` 5.24 (`convert_slow_tokenizer.py`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tfcli_tokenizer import protobuf
from tfcli_tokenizer.charsmap import check_charsmap
from tfcli_tokenizer.lossless import SPACE
from tfcli_tokenizer.protobuf import Piece
from tfcli_tokenizer.recipes import Vocabulary
from tfcli_tokenizer.settings import Settings, Token

_UNIGRAM = 1
# Of all pieces together; the largest vocabularies in use have some 2 million and 20 million.
_MOST_LETTERS, _MOST_SQUARES = 2**22, 2**29


@dataclass(frozen=True)
class SentencePieceFile:
    """A model, read.

    Attributes:
        pieces: the vocabulary, by id.
        unigram: whether it is a unigram model; a BPE one otherwise.
        unk_id, bos_id, eos_id: ids of these roles; negative for none.
        unk, bos, eos: what their pieces are called.
        byte_fallback: whether what it does not know is spelt in bytes.
        charsmap: compiled rules for normalising text; b"" for none.
        dummy_prefix, single_spaces, marked_spaces: whether a text gets a space in front, loses
            spaces at its ends and double ones, and has its spaces written as ▁.
    """

    pieces: tuple[Piece, ...]
    unigram: bool
    unk_id: int
    bos_id: int
    eos_id: int
    unk: str
    bos: str
    eos: str
    byte_fallback: bool
    charsmap: bytes
    dummy_prefix: bool
    single_spaces: bool
    marked_spaces: bool

    def tokens(self, *types: int) -> tuple[Token, ...]:
        """The pieces of these types as added tokens: control pieces are special."""
        return tuple(
            Token(piece.text, normalized=False, special=piece.type == protobuf.CONTROL)
            for piece in self.pieces
            if piece.type in types
        )


def read_sentencepiece(model: bytes) -> SentencePieceFile:
    """Read a model. ValueError or SentencePiece's own errors where it is damaged."""
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    pieces = tuple(protobuf.read_pieces(model))
    if processor.get_piece_size() != len(pieces) or processor.unk_id() < 0:
        raise ValueError("there is no unknown piece")
    trainer = protobuf.read_spec(model, protobuf.TRAINER_SPEC)
    normalizer = protobuf.read_spec(model, protobuf.NORMALIZER_SPEC)
    charsmap = _bytes(normalizer.get(2, b""))
    if charsmap:
        check_charsmap(charsmap)
    return SentencePieceFile(
        pieces=pieces,
        unigram=trainer.get(3, _UNIGRAM) == _UNIGRAM,
        unk_id=_signed(trainer.get(40, 0)),
        bos_id=_signed(trainer.get(41, 1)),
        eos_id=_signed(trainer.get(42, 2)),
        unk=_bytes(trainer.get(45, b"<unk>")).decode(),
        bos=_bytes(trainer.get(46, b"")).decode() or "<s>",
        eos=_bytes(trainer.get(47, b"")).decode() or "</s>",
        byte_fallback=bool(trainer.get(35, 0)),
        charsmap=charsmap,
        dummy_prefix=bool(normalizer.get(3, 1)),
        single_spaces=bool(normalizer.get(4, 1)),
        marked_spaces=bool(normalizer.get(5, 1)),
    )


def class_vocabulary(file: SentencePieceFile, kind: str, extra_ids: int = 0) -> Vocabulary:
    """The vocabulary for a class with rules of its own.

    A pair is merged the earlier the smaller the id of what it makes.

    Args:
        file: the model.
        kind: the kind of model that the class has, "BPE" or "Unigram".
        extra_ids: how many `<extra_id_…>` tokens follow the pieces, the last one first.
    """
    from tokenizers import models

    if kind == "Unigram":
        extra = [(f"<extra_id_{i}>", 0.0) for i in reversed(range(extra_ids))]
        scored = (*((piece.text, piece.score) for piece in file.pieces), *extra)
        return Vocabulary(None, scored, file.charsmap)
    ids = {piece.text: i for i, piece in enumerate(file.pieces)}
    ranked = [(ids[left + right], len(left), left, right) for left, right in _pairs(ids)]
    merges = [(left, right) for _, _, left, right in sorted(ranked)]
    model = models.BPE(
        vocab=ids, merges=merges, continuing_subword_prefix="", end_of_word_suffix=""
    )
    return Vocabulary(model)


def class_tokens(file: SentencePieceFile, settings: Settings) -> Settings:
    """The settings with the model's own tokens, where no file names the special ones."""
    if settings.lists_special:
        return settings
    return replace(settings, extra=file.tokens(protobuf.CONTROL, protobuf.USER_DEFINED))


def generic_settings(file: SentencePieceFile, settings: Settings) -> Settings:
    """The settings of a model that no class has rules for: roles and tokens as it names them."""
    named = {"bos_token": (file.bos_id, file.bos), "eos_token": (file.eos_id, file.eos)}
    named["unk_token"] = (file.unk_id, file.unk or "<unk>")
    roles = {role: piece for role, (number, piece) in named.items() if number >= 0}
    settings = settings.with_roles(roles)
    if not settings.lists_special:
        settings = replace(settings, extra=file.tokens(protobuf.CONTROL))
    if file.dummy_prefix:  # each stretch between added tokens then gets its own
        added = {i: replace(token, normalized=False) for i, token in settings.added.items()}
        settings = replace(settings, added=added)
    return settings


def generic_engine(file: SentencePieceFile, settings: Settings) -> Any:
    """The model as an engine that encodes as SentencePiece itself does."""
    from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers

    legacy = settings.flag("legacy", True)
    if file.unigram:
        names = [piece.text for piece in file.pieces]
        engine = Tokenizer(_unigram(file))
    else:
        names = _renamed(file, settings)
        engine = Tokenizer(_scored_bpe(file, names))
    whole = [n for n, p in zip(names, file.pieces, strict=True) if p.type == protobuf.USER_DEFINED]

    steps: list[Any] = [normalizers.Precompiled(file.charsmap)] if file.charsmap else []
    if file.single_spaces:
        steps.append(normalizers.Replace(Regex(r"\A +| +\z"), ""))
        steps.append(normalizers.Replace(Regex(" {2,}"), " "))
    if file.marked_spaces:
        steps.append(normalizers.Replace(" ", SPACE))
    if file.dummy_prefix and legacy:  # Metaspace would take a ▁ of the text for its own
        steps.append(normalizers.Replace(Regex(rf"\A{SPACE}"), SPACE * 2))
    engine.normalizer = normalizers.Sequence(steps)

    cuts: list[Any] = []
    if file.dummy_prefix:
        scheme = "always" if legacy else "first"
        cuts.append(pre_tokenizers.Metaspace(SPACE, prepend_scheme=scheme, split=False))
    if whole:
        either = "|".join(re.escape(piece) for piece in sorted(whole, key=len, reverse=True))
        cuts.append(pre_tokenizers.Split(Regex(either), behavior="isolated"))
    if cuts:
        engine.pre_tokenizer = pre_tokenizers.Sequence(cuts)

    written: list[Any] = [decoders.Replace(SPACE, " ")]
    written += [decoders.ByteFallback()] * file.byte_fallback
    written += [decoders.Fuse()] * (file.dummy_prefix or file.byte_fallback)
    written += [decoders.Strip(" ", 1, 0)] * file.dummy_prefix
    engine.decoder = decoders.Sequence(written)
    return engine


def _unigram(file: SentencePieceFile) -> Any:
    from tokenizers import models

    scored = [(piece.text, piece.score) for piece in file.pieces]
    return models.Unigram(scored, unk_id=file.unk_id, byte_fallback=file.byte_fallback)


def _scored_bpe(file: SentencePieceFile, names: Sequence[str]) -> Any:
    """A pair is merged the earlier the better the score of what it makes."""
    from tokenizers import models

    normal = {
        name: (-piece.score, i)
        for i, (name, piece) in enumerate(zip(names, file.pieces, strict=True))
        if piece.type == protobuf.NORMAL
    }
    ranked = sorted((*normal[left + right], left, right) for left, right in _pairs(normal))
    return models.BPE(
        vocab={name: i for i, name in enumerate(names)},
        merges=[(left, right) for *_, left, right in ranked],
        unk_token=file.unk,
        fuse_unk=True,
        byte_fallback=file.byte_fallback,
        ignore_merges=any(piece.type == protobuf.USER_DEFINED for piece in file.pieces),
    )


def _renamed(file: SentencePieceFile, settings: Settings) -> list[str]:
    """The pieces, with the names that added tokens give to placeholders among them."""
    names = {i: token.content for i, token in settings.added.items()}
    kept = {piece.text for i, piece in enumerate(file.pieces) if i not in names}
    return [
        names[i] if i in names and names[i] not in kept else piece.text
        for i, piece in enumerate(file.pieces)
    ]


def _pairs(known: dict[str, Any]) -> list[tuple[str, str]]:
    """Every split of a piece into two that are known too."""
    lengths = [len(piece) for piece in known]
    if sum(lengths) > _MOST_LETTERS or sum(n * n for n in lengths) > _MOST_SQUARES:
        raise ValueError("its pieces are longer than any tokenizer's")
    return [
        (piece[:cut], piece[cut:])
        for piece in known
        for cut in range(1, len(piece))
        if piece[:cut] in known and piece[cut:] in known
    ]


def _signed(value: int | bytes) -> int:
    """A varint that holds an int32, whose negative values protobuf writes as 64 bits."""
    if not isinstance(value, int):
        raise ValueError("an id is no number")
    return value - 2**64 if value >= 2**63 else value


def _bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a text is a number")
    return value
