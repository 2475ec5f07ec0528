"""Where a model directory keeps its chat template, and the special tokens that it names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfcli.checkpoint.files import read_json, readable
from tfcli.errors import CheckpointError

TEMPLATE = "chat_template.jinja"
_LARGEST = 2**20  # bytes; templates in use have up to 30,000
_ROLES = tuple(f"{role}_token" for role in ("bos", "eos", "unk", "sep", "pad", "cls", "mask"))


@dataclass(frozen=True)
class ChatTemplateFiles:
    """A chat template as a directory holds it.

    Attributes:
        source: the template, in Jinja's language.
        special_tokens: the texts of bos_token, eos_token and the like.
        path: the file that holds the template.
    """

    source: str
    special_tokens: Mapping[str, str]
    path: Path


def read_chat_template_files(directory: Path) -> ChatTemplateFiles | None:
    """The template of a directory: chat_template.jinja, else tokenizer_config.json's; else None.

    Raises:
        CheckpointError: a file cannot be read, or is not what its name says.
    """
    config_file = directory / "tokenizer_config.json"
    config = read_json(config_file) if config_file.is_file() else {}
    file = directory / TEMPLATE
    if file.is_file():
        source = _text(file)
    else:
        file, source = config_file, _template_in(config_file, config)
    if source is None:
        return None
    if len(source) > _LARGEST:
        raise CheckpointError(f"{file}: its chat template is larger than any in use.")
    return ChatTemplateFiles(source, _special_tokens(directory, config), file)


def _text(file: Path) -> str:
    with readable(file):
        if file.stat().st_size > _LARGEST:
            raise CheckpointError(f"{file} is larger than any chat template in use.")
        try:
            return file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise CheckpointError(f"{file} is damaged: it is no UTF-8 text.") from error


def _template_in(file: Path, config: Mapping[str, Any]) -> str | None:
    """`chat_template`: a text, or a list of {name, template} with one that is called default."""
    value = config.get("chat_template")
    if value is None or isinstance(value, str):
        return value
    named: dict[str, str] = {}
    for entry in value if isinstance(value, list) else [None]:
        name, template = (
            (entry.get(k) for k in ("name", "template"))
            if isinstance(entry, dict)
            else (None, None)
        )
        if not isinstance(name, str) or not isinstance(template, str):
            raise CheckpointError(f"{file} is damaged: its chat_template is no text.")
        named[name] = template
    if named and "default" not in named:
        raise CheckpointError(
            f"{file} has no default chat template, only {', '.join(sorted(named))}."
        )
    return named.get("default")


def _special_tokens(directory: Path, config: Mapping[str, Any]) -> dict[str, str]:
    """The variables that `transformers` hands to a template: the tokens that have a role.

    special_tokens_map.json has a say only where tokenizer_config.json is of the older form, which
    does not list the added tokens.
    """
    older = directory / "special_tokens_map.json"
    stated = dict(config)
    if "added_tokens_decoder" not in config and older.is_file():
        stated |= read_json(older)
    extra = stated.get("extra_special_tokens")
    stated |= extra if isinstance(extra, dict) else {}
    named = [n for n in stated if n.endswith("_token") or (isinstance(extra, dict) and n in extra)]
    texts = {
        name: _content(stated[name]) for name in dict.fromkeys((*_ROLES, *named)) if name in stated
    }
    return {name: text for name, text in texts.items() if text is not None}


def _content(token: object) -> str | None:
    value = token.get("content") if isinstance(token, dict) else token
    return value if isinstance(value, str) else None
