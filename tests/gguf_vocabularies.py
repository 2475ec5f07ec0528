"""Vocabularies as a GGUF file has them, for the tests."""

import io
from collections.abc import Iterable
from typing import Any

import sentencepiece
from tokenizers import pre_tokenizers

KEY = "tokenizer.ggml."
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
_LETTERS = "aBs1 '/\n\t.+`é"


def byte_level(split: str, *added: tuple[str, int], **keys: Any) -> dict[str, Any]:
    """A byte-level BPE in which any three bytes of a few letters merge: it shows where it splits.

    Args:
        split: llama.cpp's name of how the text is split first.
        added: further tokens with their types.
        keys: further keys, without the prefix.
    """
    spell = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    few = sorted({c for letter in _LETTERS for c in spell.pre_tokenize_str(letter)[0][0]})
    two = [(a, b) for a in few for b in few]
    three = [(a + b, c) for a, b in two for c in few]
    pairs = [*two, *three, *((ab[0], ab[1] + c) for ab, c in three)]
    tokens = [*sorted(spell.alphabet()), *(a + b for a, b in (*two, *three))]
    types = [NORMAL] * len(tokens) + [kind for _, kind in added]
    return {
        f"{KEY}model": "gpt2",
        f"{KEY}pre": split,
        f"{KEY}tokens": (*tokens, *(token for token, _ in added)),
        f"{KEY}token_type": tuple(types),
        f"{KEY}merges": tuple(f"{a} {b}" for a, b in pairs),
        **{KEY + key: value for key, value in keys.items()},
    }


def trained(texts: Iterable[str], **options: Any) -> bytes:
    """A SentencePiece BPE as Llama's: bytes for what it lacks, the text as it is."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        model_type="bpe",
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        minloglevel=2,
        **{"byte_fallback": True, **options},
    )
    return model.getvalue()


def of_sentencepiece(model: bytes, defined: Iterable[str] = (), **keys: Any) -> dict[str, Any]:
    """What llama.cpp's converter writes for a model.

    Args:
        defined: the pieces that are user-defined; they are written with spaces for “▁”, and
            without a real score.
        keys: further keys, without the prefix.
    """
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    size = processor.get_piece_size()
    tokens = [processor.id_to_piece(i) for i in range(size)]
    scores = [processor.get_score(i) for i in range(size)]
    types = [NORMAL] * size
    for i in range(size):
        if processor.is_byte(i):
            types[i] = BYTE
        elif processor.is_control(i):
            types[i] = CONTROL
        elif processor.is_unknown(i):
            types[i] = UNKNOWN
    for piece in defined:
        i = tokens.index(piece)
        tokens[i], types[i], scores[i] = piece.replace("▁", " "), USER_DEFINED, -1000.0
    return {
        f"{KEY}model": "llama",
        f"{KEY}tokens": tuple(tokens),
        f"{KEY}token_type": tuple(types),
        f"{KEY}scores": tuple(scores),
        **{KEY + key: value for key, value in keys.items()},
    }
