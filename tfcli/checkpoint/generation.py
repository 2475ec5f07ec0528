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
        banned_ids: they never come.
        pad_id: what fills up rows of a batch.
    """

    eos_ids: tuple[int, ...] = ()
    decoder_start_id: int | None = None
    forced_first_id: int | None = None
    forced_last_id: int | None = None
    banned_ids: tuple[int, ...] = ()
    pad_id: int | None = None

    def to_dict(self) -> dict[str, object]:
        """The fields of generation_config.json that say something."""
        eos = list(self.eos_ids) if len(self.eos_ids) > 1 else next(iter(self.eos_ids), None)
        fields: dict[str, object] = {
            "eos_token_id": eos,
            "pad_token_id": self.pad_id,
            "decoder_start_token_id": self.decoder_start_id,
            "forced_bos_token_id": self.forced_first_id,
            "forced_eos_token_id": self.forced_last_id,
            "bad_words_ids": [[token] for token in self.banned_ids] or None,
        }
        return {name: value for name, value in fields.items() if value is not None}


NO_DEFAULTS = GenerationDefaults()


def read_generation(directory: Path, hf: Mapping[str, Any]) -> GenerationDefaults:
    """Read them. CheckpointError, naming the file, for a damaged generation_config.json."""
    file = directory / "generation_config.json"
    settings = read_json(file) if file.is_file() else {}

    def first(*names: str) -> int | None:
        for name in names:
            for source in (settings, hf):
                found = _ids(source.get(name))
                if found:
                    return found[0]
        return None

    return GenerationDefaults(
        eos_ids=_ids(settings.get("eos_token_id", hf.get("eos_token_id"))),
        decoder_start_id=first("decoder_start_token_id", "bos_token_id", "pad_token_id"),
        forced_first_id=first("forced_bos_token_id"),
        forced_last_id=first("forced_eos_token_id"),
        pad_id=first("pad_token_id"),
        banned_ids=_banned(settings.get("bad_words_ids", hf.get("bad_words_ids"))),
    )


def _ids(value: Any) -> tuple[int, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(i for i in values if isinstance(i, int) and not isinstance(i, bool) and i >= 0)


def _banned(value: Any) -> tuple[int, ...]:
    """Of the token sequences that must not come, those of one token."""
    words = value if isinstance(value, list) else []
    return tuple(word[0] for word in map(_ids, words) if len(word) == 1)
