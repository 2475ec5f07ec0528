"""What a checkpoint says of generating: where texts begin and end, and what must not come."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfcli.checkpoint.files import read_json


@dataclass(frozen=True)
class GenerationDefaults:
    """Ids of generation_config.json, or of config.json where that says nothing.

    Attributes:
        eos_ids: they end a text.
        decoder_start_id: the first id that the decoder of an encoder-decoder reads.
        forced_first_id, forced_last_id: what the decoder must give first, and last where a text is
            cut off; None for nothing.
        banned_ids: they never come; banned_words: sequences of tokens that do not.
        min_length: no end before so many tokens stand there, the prompt included.
        no_repeat_ngram: no sequence of so many tokens comes twice; 0 for no such rule.
        repetition_penalty: where the user names none.
        pad_id: what fills up rows of a batch.
    """

    eos_ids: tuple[int, ...] = ()
    decoder_start_id: int | None = None
    forced_first_id: int | None = None
    forced_last_id: int | None = None
    banned_ids: tuple[int, ...] = ()
    banned_words: tuple[tuple[int, ...], ...] = ()
    pad_id: int | None = None
    min_length: int = 0
    no_repeat_ngram: int = 0
    repetition_penalty: float | None = None

    def to_dict(self) -> dict[str, object]:
        """The fields of generation_config.json that say something."""
        eos = list(self.eos_ids) if len(self.eos_ids) > 1 else next(iter(self.eos_ids), None)
        fields: dict[str, object] = {
            "eos_token_id": eos,
            "pad_token_id": self.pad_id,
            "decoder_start_token_id": self.decoder_start_id,
            "forced_bos_token_id": self.forced_first_id,
            "forced_eos_token_id": self.forced_last_id,
            "bad_words_ids": [*([i] for i in self.banned_ids), *map(list, self.banned_words)]
            or None,
            "min_length": self.min_length or None,
            "no_repeat_ngram_size": self.no_repeat_ngram or None,
            "repetition_penalty": self.repetition_penalty,
        }
        return {name: value for name, value in fields.items() if value is not None}


NO_DEFAULTS = GenerationDefaults()


def read_generation(directory: Path, hf: Mapping[str, Any]) -> GenerationDefaults:
    """Read them. CheckpointError, naming the file, for a damaged generation_config.json."""
    file = directory / "generation_config.json"
    settings = read_json(file) if file.is_file() else {}

    def said(name: str) -> Any:
        value = settings.get(name)
        return hf.get(name) if value is None else value

    def first(*names: str) -> int | None:
        return next((found[0] for name in names if (found := _ids(said(name)))), None)

    words = [word for word in map(_ids, _list(said("bad_words_ids"))) if word]
    penalty = said("repetition_penalty")
    numeric = isinstance(penalty, int | float) and not isinstance(penalty, bool)
    return GenerationDefaults(
        eos_ids=_ids(said("eos_token_id")),
        decoder_start_id=first("decoder_start_token_id", "bos_token_id", "pad_token_id"),
        forced_first_id=first("forced_bos_token_id"),
        forced_last_id=first("forced_eos_token_id"),
        banned_ids=(*(w[0] for w in words if len(w) == 1), *_ids(said("suppress_tokens"))),
        banned_words=tuple(word for word in words if len(word) > 1),
        pad_id=first("pad_token_id"),
        min_length=first("min_length") or 0,
        no_repeat_ngram=first("no_repeat_ngram_size") or 0,
        repetition_penalty=penalty if numeric and 0 < penalty < 10**6 and penalty != 1 else None,
    )


def _ids(value: Any) -> tuple[int, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(
        i for i in values if isinstance(i, int) and not isinstance(i, bool) and 0 <= i < 2**31
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
