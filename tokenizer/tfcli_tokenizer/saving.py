"""A foreign tokenizer's files, kept byte for byte and written into another directory."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfcli_tokenizer.files import ADDED_TOKENS, CONFIG, SPECIAL_TOKENS_MAP, read_bytes
from tfcli_tokenizer.reference_class import reference_class


def kept_files(folder: Path, names: Sequence[str]) -> dict[str, bytes]:
    """The files with these names, and those beside them that hold settings, by name."""
    settings = [n for n in (CONFIG, SPECIAL_TOKENS_MAP, ADDED_TOKENS) if (folder / n).is_file()]
    return {name: read_bytes(folder / name) for name in (*names, *settings)}


def write_files(
    directory: Path, files: Mapping[str, bytes], chosen: str, own: Mapping[str, Any] | None = None
) -> None:
    """Write the files, so that they open by the rules of the same class elsewhere.

    tokenizer_config.json is another where it does not name that class: what a model's config.json
    decided must still be decided.

    Args:
        directory: where to.
        files: what to write, by name.
        chosen: the class whose rules the tokenizer follows.
        own: tokenizer_config.json where there was none; None where none is needed.
    """
    for name, content in files.items():
        (directory / name).write_bytes(content)
    config = own
    if CONFIG in files:
        options = json.loads(files[CONFIG])
        byte_level = b'"ByteLevel"' in files.get("tokenizer.json", b"")
        same = reference_class(options, {}, byte_level=byte_level) == chosen
        config = None if same else options | {"tokenizer_class": chosen}
    if config is not None:
        text = json.dumps(config, ensure_ascii=False, indent=1) + "\n"
        (directory / CONFIG).write_text(text, encoding="utf-8")
