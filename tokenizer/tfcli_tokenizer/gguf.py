"""The tokenizer that a GGUF file carries, as a tokenizer.json that gives the same ids.

Two kinds are read (`tokenizer.ggml.model`): “gpt2”, a byte-level BPE with its merges, and “llama”,
a SentencePiece BPE with scores. Keys and defaults are llama.cpp's (src/llama-vocab.cpp in
ggml-org/llama.cpp), and Ollama's where its files leave out more (convert/ in ollama/ollama).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from tfcli.errors import CheckpointError
from tfcli_tokenizer.engine_tokenizer import EngineTokenizer
from tfcli_tokenizer.files import CONFIG, library_errors
from tfcli_tokenizer.gguf_splits import SPLITS
from tfcli_tokenizer.lossless import SPACE
from tfcli_tokenizer.protobuf import CONTROL, NORMAL, UNKNOWN, USER_DEFINED
from tfcli_tokenizer.settings import Settings, Token

_KEY = "tokenizer.ggml."
_ROLES = {
    "bos_token": "bos_token_id",
    "eos_token": "eos_token_id",
    "unk_token": "unknown_token_id",
    "pad_token": "padding_token_id",
    "mask_token": "mask_token_id",
}
_SENTENCEPIECE_ROLES = {"bos_token": 1, "eos_token": 2, "unk_token": 0}
# These end a text or a turn in any vocabulary that has them, whatever type the file gives them.
_ENDS = frozenset(
    (
        *("<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<end_of_turn>"),
        *("<|endoftext|>", "<|end_of_text|>", "<|eom_id|>", "<EOT>", "<｜end▁of▁sentence｜>"),
    )
)


@dataclass(frozen=True)
class Vocabulary:
    """What the metadata say, checked.

    Attributes:
        tokens: the pieces, by id; each is there once.
        types: NORMAL … BYTE of `tfcli_tokenizer.protobuf`, for each piece.
        roles: ids by their names in a tokenizer_config.json, such as "bos_token".
        add_bos, add_eos: a text with special tokens begins or ends with them.
        space_prefix: SentencePiece puts a space before each text.
    """

    tokens: list[str]
    types: list[int]
    roles: dict[str, int]
    add_bos: bool
    add_eos: bool
    space_prefix: bool


class GgufTokenizer(EngineTokenizer):
    """The tokenizer of a GGUF file; saved, it is a tokenizer.json with a tokenizer_config.json."""

    def __init__(self, definition: dict[str, Any], roles: Mapping[str, str], source: Path) -> None:
        """Args:
        definition: what a tokenizer.json would hold.
        roles: pieces by their roles' names in a tokenizer_config.json.
        source: the GGUF file, which messages name.

        CheckpointError, naming the file, where the pieces and merges make no tokenizer.
        """
        from tokenizers import Tokenizer as Engine

        content = json.dumps(definition, ensure_ascii=False)
        settings = Settings(
            source.parent, roles={role: Token(piece) for role, piece in roles.items()}
        )
        with library_errors(source):
            super().__init__(Engine.from_str(content), settings, source, names=())
        config = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "clean_up_tokenization_spaces": False,
            **roles,
        }
        self.files = {
            "tokenizer.json": content.encode(),
            CONFIG: json.dumps(config, ensure_ascii=False, indent=1).encode(),
        }
        self.fingerprint = hashlib.sha256(self.files["tokenizer.json"]).hexdigest()


def read_tokenizer(metadata: Mapping[str, Any], source: Path) -> GgufTokenizer | None:
    """The tokenizer of a GGUF file with this metadata; None where it has none.

    Args:
        source: the file, which messages name.

    Raises:
        CheckpointError: it is damaged, or of a kind that is not supported.
    """
    kind = metadata.get(f"{_KEY}model")
    if kind in (None, "none", "no_vocab"):
        return None
    try:
        if kind == "gpt2":
            vocabulary, rules = _byte_level(metadata)
        elif kind == "llama":
            vocabulary, rules = _sentencepiece(metadata)
        else:
            raise CheckpointError(
                f"its kind is “{kind!s:.80}”, which is not supported",
                hint="Supported kinds: gpt2 (byte-level BPE) and llama (SentencePiece BPE).",
            )
    except CheckpointError as error:
        message = f"{source} has a tokenizer that cannot be used: {error.message}."
        raise CheckpointError(message, error.hint) from error
    roles = {role: vocabulary.tokens[i] for role, i in vocabulary.roles.items()}
    return GgufTokenizer(_definition(vocabulary) | rules, roles, source)


def end_ids(metadata: Mapping[str, Any]) -> tuple[int, ...]:
    """The ids that end a text: the file's end of text, of turn and of message, and known names."""
    tokens = metadata.get(f"{_KEY}tokens")
    if not isinstance(tokens, tuple):
        return ()
    named = (metadata.get(f"{_KEY}{role}_token_id") for role in ("eos", "eot", "eom"))
    several = metadata.get(f"{_KEY}eos_token_ids")
    listed = several if isinstance(several, tuple) else ()
    known = (i for i, token in enumerate(tokens) if token in _ENDS)
    ids: list[int] = [i for i in (*named, *listed, *known) if _is_id(i, len(tokens))]
    return tuple(dict.fromkeys(ids))


def _byte_level(metadata: Mapping[str, Any]) -> tuple[Vocabulary, dict[str, Any]]:
    """The parts of a tokenizer.json that are a byte-level BPE's own."""
    name = metadata.get(f"{_KEY}pre", "default") or "default"
    split = SPLITS.get(name) if isinstance(name, str) else None
    if split is None:
        raise CheckpointError(
            f"its way to split a text, “{name!s:.80}”, is not supported",
            hint=f"Supported are {', '.join(SPLITS)}.",
        )
    vocabulary = _vocabulary(metadata, {}, add_bos=split.add_bos)
    ids = {token: i for i, token in enumerate(vocabulary.tokens)}
    pairs = (merge.partition(" ") for merge in _list(metadata, "merges", str))
    merges = [[a, b] for a, _, b in pairs if a in ids and b in ids and a + b in ids]
    splits = [
        {"type": "Split", "pattern": {"Regex": each}, "behavior": "Isolated", "invert": False}
        for each in split.expressions
    ]
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": False,
        "use_regex": False,
    }
    return vocabulary, {
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [*splits, byte_level]},
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": split.whole_words,
            "vocab": ids,
            "merges": merges,
        },
    }


def _sentencepiece(metadata: Mapping[str, Any]) -> tuple[Vocabulary, dict[str, Any]]:
    """The parts of a tokenizer.json that are a SentencePiece BPE's own."""
    vocabulary = _vocabulary(metadata, _SENTENCEPIECE_ROLES, add_bos=True)
    tokens = vocabulary.tokens
    scores = _list(metadata, "scores", (int, float))
    if len(scores) != len(tokens):
        raise CheckpointError(f"it has {len(tokens):,} tokens and {len(scores):,} scores")
    prefix = vocabulary.space_prefix
    unknown = vocabulary.roles.get("unk_token")
    prepend = [{"type": "Prepend", "prepend": SPACE}] if prefix else []
    strip = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}] if prefix else []
    return vocabulary, {
        "normalizer": {"type": "Sequence", "normalizers": [*prepend, _replace(" ", SPACE)]},
        "decoder": {
            "type": "Sequence",
            "decoders": [
                _replace(SPACE, " "),
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                *strip,
            ],
        },
        "model": {
            "type": "BPE",
            "unk_token": None if unknown is None else tokens[unknown],
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {token: i for i, token in enumerate(tokens)},
            "merges": _merges(vocabulary, scores),
        },
    }


def _merges(vocabulary: Vocabulary, scores: list[float]) -> list[list[str]]:
    """Every split of a piece into two pieces, best score first: SentencePiece's order.

    Where scores are equal the order of the ids decides; some converters write no real scores.
    """
    normal = {
        token: i
        for i, (token, kind) in enumerate(zip(vocabulary.tokens, vocabulary.types, strict=True))
        if kind == NORMAL
    }
    found = [
        (-scores[i], i, token, cut)
        for token, i in normal.items()
        for cut in range(1, len(token))
        if token[:cut] in normal and token[cut:] in normal
    ]
    return [[token[:cut], token[cut:]] for _, _, token, cut in sorted(found)]


def _replace(before: str, after: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"String": before}, "content": after}


def _vocabulary(
    metadata: Mapping[str, Any], default_roles: Mapping[str, int], *, add_bos: bool
) -> Vocabulary:
    tokens = [token or f"[EMPTY_{i}]" for i, token in enumerate(_list(metadata, "tokens", str))]
    if not tokens:
        raise CheckpointError("it has no tokens")
    if len(set(tokens)) < len(tokens):
        raise CheckpointError(f"its token “{_repeated(tokens):.80}” is there twice")
    types = _list(metadata, "token_type", int) or [NORMAL] * len(tokens)
    if len(types) != len(tokens):
        raise CheckpointError(f"it has {len(tokens):,} tokens and {len(types):,} types")
    found = {
        role: metadata.get(_KEY + key, default_roles.get(role)) for role, key in _ROLES.items()
    }
    return Vocabulary(
        tokens=tokens,
        types=[CONTROL if t in _ENDS else kind for t, kind in zip(tokens, types, strict=True)],
        roles={role: i for role, i in found.items() if _is_id(i, len(tokens))},
        add_bos=_flag(metadata, "add_bos_token", add_bos),
        add_eos=_flag(metadata, "add_eos_token", False),
        space_prefix=_flag(metadata, "add_space_prefix", not _is_gemma(metadata)),
    )


def _repeated(tokens: Iterable[str]) -> str:
    seen: set[str] = set()
    return next(token for token in tokens if token in seen or seen.add(token))


def _list(metadata: Mapping[str, Any], key: str, kind: type | tuple[type, ...]) -> list[Any]:
    values = metadata.get(_KEY + key, ())
    if not isinstance(values, tuple) or not all(isinstance(each, kind) for each in values):
        raise CheckpointError(f"its list “{_KEY}{key}” holds other things than it should")
    return list(values)


def _flag(metadata: Mapping[str, Any], key: str, default: bool) -> bool:
    value = metadata.get(_KEY + key, default)
    if not isinstance(value, bool):
        raise CheckpointError(f"“{_KEY}{key}” is not true or false")
    return value


def _is_gemma(metadata: Mapping[str, Any]) -> bool:
    return str(metadata.get("general.architecture")).startswith("gemma")


def _is_id(value: Any, size: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < size


def _definition(vocabulary: Vocabulary) -> dict[str, Any]:
    """The parts of a tokenizer.json that both kinds share."""
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": i,
                "content": token,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                # as SentencePiece does: “▁▁” is found in two spaces, but not across the prefix
                "normalized": kind == USER_DEFINED and not vocabulary.space_prefix,
                "special": kind != USER_DEFINED,
            }
            for i, (token, kind) in enumerate(zip(vocabulary.tokens, vocabulary.types, strict=True))
            if kind in (CONTROL, UNKNOWN, USER_DEFINED)
        ],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": _template(vocabulary),
    }


def _template(vocabulary: Vocabulary) -> dict[str, Any] | None:
    """The special tokens that go around a text."""
    roles = vocabulary.roles
    before = ["bos_token"] if vocabulary.add_bos and "bos_token" in roles else []
    after = ["eos_token"] if vocabulary.add_eos and "eos_token" in roles else []
    if not before and not after:
        return None

    def around(sequence: str, type_id: int) -> list[dict[str, Any]]:
        special = {
            role: {"SpecialToken": {"id": vocabulary.tokens[roles[role]], "type_id": type_id}}
            for role in (*before, *after)
        }
        text = {"Sequence": {"id": sequence, "type_id": type_id}}
        return [*(special[role] for role in before), text, *(special[role] for role in after)]

    used = {roles[role] for role in (*before, *after)}
    return {
        "type": "TemplateProcessing",
        "single": around("A", 0),
        "pair": around("A", 0) + around("B", 1),
        "special_tokens": {
            vocabulary.tokens[i]: {
                "id": vocabulary.tokens[i],
                "ids": [i],
                "tokens": [vocabulary.tokens[i]],
            }
            for i in sorted(used)
        },
    }
