"""Ranks as the tiktoken library has them, a piece in base64 and its number a line: GLM-4's form.

The pieces come first to last as they were merged in training, so a pair is merged the earlier the
smaller the number of what it makes: `tokenizers` has the same ids with all such pairs as merges.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfcli_tokenizer.assembly import complete
from tfcli_tokenizer.decoding import byte_level_alphabet
from tfcli_tokenizer.engine_tokenizer import EngineTokenizer
from tfcli_tokenizer.files import CONFIG, MOST_IDS, MOST_PIECES, library_errors
from tfcli_tokenizer.recipes import prefix
from tfcli_tokenizer.reference_class import CHATGLM, reference_class
from tfcli_tokenizer.settings import Settings, Token, read_settings

# Words, numbers of up to three digits, runs of other signs, line ends, spaces (cl100k, GLM-4).
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_GLM4_TOKENS = (
    "<|endoftext|>",
    "[MASK]",
    "[gMASK]",
    "[sMASK]",
    "<sop>",
    "<eop>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|observation|>",
    "<|begin_of_image|>",
    "<|end_of_image|>",
    "<|begin_of_video|>",
    "<|end_of_video|>",
)
_PREFIX = ["[gMASK]", "<sop>"]
_MOST_SQUARES = 2**27  # lengths of the pieces in bytes; the largest ranks in use have a tenth


def is_ranks(content: bytes) -> bool:
    """Whether a file begins as one of ranks does."""
    piece, _, rank = content[:4096].partition(b"\n")[0].strip().partition(b" ")
    return rank.isdigit() and _base64(piece) is not None


def open_ranks(path: Path, content: bytes) -> EngineTokenizer:
    """The tokenizer of a file of ranks, with GLM-4's tokens where no other file names any.

    CheckpointError, naming the file, where it is damaged.
    """
    settings = read_settings(path.parent)
    chosen = reference_class(settings.options, settings.model, byte_level=False)
    if not settings.options:
        chosen = CHATGLM
    with library_errors(path):
        ranks = _ranks(content)
        if not settings.options:
            settings = _glm4(settings, len(ranks))
        engine = _engine(ranks)
        engine.add_special_tokens(_numbered(settings, len(ranks)))
        complete(engine, settings)
        if chosen == CHATGLM and all(engine.token_to_id(token) is not None for token in _PREFIX):
            prefix(engine, _PREFIX)
        return EngineTokenizer(engine, settings, path, [path.name], chosen)


def _ranks(content: bytes) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    for line in content.splitlines():
        if not line.strip():
            continue
        piece, _, rank = line.strip().partition(b" ")
        decoded = _base64(piece)
        if decoded is None or not rank.isdigit() or len(rank) > 8 or int(rank) >= MOST_IDS:
            raise ValueError("a line is no piece with its number")
        if decoded in ranks or len(ranks) == MOST_PIECES:
            raise ValueError("it has a piece twice, or more pieces than any vocabulary")
        ranks[decoded] = int(rank)
    if len(set(ranks.values())) < len(ranks):
        raise ValueError("two of its pieces have the same number")
    if any(bytes([byte]) not in ranks for byte in range(256)):
        raise ValueError("it lacks a piece for each byte")
    if sum(len(piece) ** 2 for piece in ranks) > _MOST_SQUARES:
        raise ValueError("its pieces are longer than any tokenizer's")
    return ranks


def _base64(piece: bytes) -> bytes | None:
    try:
        return base64.b64decode(piece, validate=True) or None
    except binascii.Error:
        return None


def _engine(ranks: Mapping[bytes, int]) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors

    letters = {byte: letter for letter, byte in byte_level_alphabet().items()}
    names = {piece: "".join(letters[byte] for byte in piece) for piece in ranks}
    pairs = sorted(
        (rank, ranks[piece[:cut]], ranks[piece[cut:]], names[piece[:cut]], names[piece[cut:]])
        for piece, rank in ranks.items()
        for cut in range(1, len(piece))
        if piece[:cut] in ranks and piece[cut:] in ranks
    )
    engine = Tokenizer(
        models.BPE(
            vocab={names[piece]: rank for piece, rank in ranks.items()},
            merges=[(left, right) for *_, left, right in pairs],
            ignore_merges=True,
        )
    )
    engine.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    engine.decoder = decoders.ByteLevel()
    engine.post_processor = processors.ByteLevel(trim_offsets=False)
    return engine


def _glm4(settings: Settings, first: int) -> Settings:
    tokens = [Token(content, normalized=False, special=True) for content in _GLM4_TOKENS]
    settings = settings.with_roles({"eos_token": _GLM4_TOKENS[0], "pad_token": _GLM4_TOKENS[0]})
    return replace(settings, added=dict(enumerate(tokens, first)))


def _numbered(settings: Settings, first: int) -> list[Any]:
    """A token for each id between the ranks and the last added token."""
    from tokenizers import AddedToken

    last = max(settings.added, default=0)
    if last - first > 2**16:
        raise ValueError(f"{CONFIG} has an added token far beyond it")
    names = {i: token.content for i, token in settings.added.items()}
    return [
        AddedToken(names.get(i, f"<|reserved_token_{i}|>"), normalized=False, special=True)
        for i in range(first, last + 1)
    ]
