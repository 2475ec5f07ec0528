"""A SentencePiece model as `tokenizer.json`: the same ids from the `tokenizers` library."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfcli_tokenizer.lossless import DECODING_RULES, ENCODING_RULES, SPACE

if TYPE_CHECKING:
    from tfcli_tokenizer.sentencepiece_tokenizer import SentencePieceTokenizer

# `tokenizers` would take a written-out "<0x41>" for the byte. No piece of ours joins "<" and a
# digit, so a cut between the two changes nothing else.
_BYTE_NAMES_APART = {
    "type": "Split",
    "pattern": {"Regex": "<(?=0x[0-9A-F]{2}>)"},
    "behavior": "MergedWithPrevious",
    "invert": False,
}
# No text holds a space when its pieces are looked up, so a written-out "<unk>" is not the piece.
_UNKNOWN_APART = "<unk> "


def write_hugging_face(tokenizer: "SentencePieceTokenizer", directory: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json into a model directory."""
    definition = tokenizer_json(tokenizer)
    _write_json(directory / "tokenizer.json", definition)
    pieces = {tokenizer.piece(i): i for i in tokenizer.special_tokens.values()}
    config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "added_tokens_decoder": {
            str(entry["id"]): {key: entry[key] for key in entry if key != "id"}
            for entry in definition["added_tokens"]
        },
        "model_max_length": 10**9,
    }
    for role, token in (
        ("bos_token", tokenizer.bos_id),
        ("eos_token", tokenizer.eos_id),
        ("pad_token", tokenizer.pad_id),
    ):
        if token is not None and tokenizer.piece(token) in pieces:
            config[role] = tokenizer.piece(token)
    _write_json(directory / "tokenizer_config.json", config)


def tokenizer_json(tokenizer: "SentencePieceTokenizer") -> dict[str, Any]:
    """The definition that `tokenizers` reads.

    BPE: every split of a piece into two known pieces is a merge, and merges are ordered by the
    merged piece's score, so that the same pair wins at every step. Unigram: pieces with scores.
    """
    processor = tokenizer.processor
    size = tokenizer.vocab_size
    pieces = [tokenizer.piece(i) for i in range(size)]
    scores = [processor.get_score(i) for i in range(size)]
    plain = [
        not (processor.is_control(i) or processor.is_unknown(i) or processor.is_byte(i))
        and pieces[i] not in tokenizer.special_tokens
        for i in range(size)
    ]
    is_bpe = tokenizer.kind == "bpe"
    encoding, decoding = (ENCODING_RULES, DECODING_RULES) if tokenizer.lossless else ((), ())
    model: dict[str, Any]
    if is_bpe:
        model = {
            "type": "BPE",
            "unk_token": "<unk>",
            "fuse_unk": False,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {piece: i for i, piece in enumerate(pieces)},
            "merges": _merges(pieces, scores, plain),
        }
    else:
        model = {
            "type": "Unigram",
            "unk_id": tokenizer.unk_id,
            "byte_fallback": True,
            "vocab": [
                [_UNKNOWN_APART if i == tokenizer.unk_id else piece, score]
                for i, (piece, score) in enumerate(zip(pieces, scores, strict=True))
            ],
        }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": token,
                "content": piece,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for piece, token in sorted(tokenizer.special_tokens.items(), key=lambda item: item[1])
        ],
        "normalizer": _replacements([*encoding, (" ", SPACE)]),
        "pre_tokenizer": None if is_bpe else _BYTE_NAMES_APART,
        "post_processor": None,
        "decoder": {
            "type": "Sequence",
            "decoders": [
                *([] if is_bpe else [_replace(_UNKNOWN_APART, "<unk>")]),
                _replace(SPACE, " "),
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                *(_replace(*rule) for rule in decoding),
            ],
        },
        "model": model,
    }


def _replace(before: str, after: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"String": before}, "content": after}


def _replacements(rules: Iterable[tuple[str, str]]) -> dict[str, Any]:
    return {"type": "Sequence", "normalizers": [_replace(*rule) for rule in rules]}


def _merges(pieces: list[str], scores: list[float], plain: list[bool]) -> list[list[str]]:
    known = {piece for piece, is_plain in zip(pieces, plain, strict=True) if is_plain}
    ids = {piece: i for i, piece in enumerate(pieces)}
    merges = [
        (-scores[i], ids[piece[:cut]], ids[piece[cut:]], piece, cut)
        for i, piece in enumerate(pieces)
        if plain[i]
        for cut in range(1, len(piece))
        if piece[:cut] in known and piece[cut:] in known
    ]
    return [[piece[:cut], piece[cut:]] for *_, piece, cut in sorted(merges)]


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
