"""What the small JSON files beside a vocabulary say: roles, added tokens, options.

tokenizer_config.json comes first. special_tokens_map.json and added_tokens.json, which older
checkpoints have, count only where it has no `added_tokens_decoder`, as in `transformers` 5.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tfcli.errors import CheckpointError
from tfcli_tokenizer.files import (
    ADDED_TOKENS,
    CONFIG,
    MODEL_CONFIG,
    MOST_IDS,
    SPECIAL_TOKENS_MAP,
    read_object,
)

ROLES = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
)
_FLAGS = ("lstrip", "rstrip", "single_word", "normalized", "special")


@dataclass(frozen=True)
class Token:
    """A token's text, with what is said about it; flags that are not said are None."""

    content: str
    lstrip: bool | None = None
    rstrip: bool | None = None
    single_word: bool | None = None
    normalized: bool | None = None
    special: bool | None = None

    @property
    def bare(self) -> bool:
        """Whether it came as a mere text."""
        return all(getattr(self, flag) is None for flag in _FLAGS)


@dataclass(frozen=True)
class Settings:
    """The settings of a folder.

    Attributes:
        folder: where the files are.
        options: tokenizer_config.json, with what older files add.
        model: config.json of the model beside them.
        roles: tokens by role, the seven of ROLES and a model's own; None where one is denied.
        added: tokens by the id that the files give them.
        extra: further special tokens; None where no file speaks of any.
    """

    folder: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[str, Token | None] = field(default_factory=dict)
    added: Mapping[int, Token] = field(default_factory=dict)
    extra: tuple[Token, ...] | None = None

    @property
    def lists_special(self) -> bool:
        """Whether a file lists special tokens beyond the roles."""
        listed = self.options.get("extra_special_tokens", {})
        return not isinstance(listed, dict)

    def flag(self, name: str, default: bool | None) -> bool | None:
        """A yes-or-no option. CheckpointError where it is something else."""
        value = self.options.get(name, default)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(CONFIG, name)
        return value

    def number(self, name: str, default: int) -> int:
        """An option that counts something. CheckpointError where it does not."""
        value = self.options.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_IDS:
            raise self._wrong(CONFIG, name)
        return value

    def with_roles(self, defaults: Mapping[str, str]) -> "Settings":
        """The settings where roles that no file speaks of have these tokens."""
        roles = {name: Token(content) for name, content in defaults.items()}
        return replace(self, roles=roles | dict(self.roles))

    def content(self, role: str) -> str | None:
        """The text of the token in this role."""
        token = self.roles.get(role)
        return None if token is None else token.content

    def ordered_roles(self) -> dict[str, Token]:
        """The roles that have a token, the seven first."""
        names = [*ROLES, *(name for name in self.roles if name not in ROLES)]
        return {name: token for name in names if (token := self.roles.get(name)) is not None}

    def _wrong(self, file: str, name: str) -> CheckpointError:
        return CheckpointError(f"{self.folder / file} is damaged: its “{name}” cannot be used.")


def read_settings(folder: Path, file_added: Mapping[int, Token] | None = None) -> Settings:
    """The settings of a folder. CheckpointError names a file that is damaged.

    Args:
        folder: where the files are; each may be missing.
        file_added: the added tokens that a tokenizer.json there holds, by id; None without one.
    """
    options = read_object(folder / CONFIG)
    if file_added is not None:  # its own template says what goes around a text
        options = {k: v for k, v in options.items() if k not in ("add_bos_token", "add_eos_token")}
    if not options.get("extra_special_tokens") and "additional_special_tokens" in options:
        options["extra_special_tokens"] = options.pop("additional_special_tokens")
    if "added_tokens_decoder" in options:
        added = _by_id(folder / CONFIG, options["added_tokens_decoder"])
    else:
        path = folder / SPECIAL_TOKENS_MAP
        values = read_object(path)
        _tokens(path, values)  # an error then names this file
        options = _with_map(options, values)
        roles, _ = _tokens(folder / CONFIG, options)
        named = [token for name, token in roles.items() if name in ROLES]
        listed = _extra(folder / CONFIG, options.get("extra_special_tokens")) or ()
        special = {token.content for token in [*named, *listed] if token is not None}
        older = _older(folder / ADDED_TOKENS, special)
        added = dict(sorted((older | dict(file_added or {})).items()))
    roles, extra = _tokens(folder / CONFIG, options)
    model = read_object(folder / MODEL_CONFIG)
    return Settings(folder, options, model, roles, added, extra)


def _with_map(options: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The options, where special_tokens_map.json has the last word on roles."""
    merged = options | {name: _as_special(value) for name, value in values.items()}
    both = [each.get("extra_special_tokens") for each in (options, merged)]
    if isinstance(both[0], list) and isinstance(both[1], list) and both[0] is not both[1]:
        merged["extra_special_tokens"] = both[0] + both[1]
    return merged


def _as_special(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_special(each) for each in value]
    return value | {"special": True} if isinstance(value, dict) and "content" in value else value


def _tokens(
    path: Path, options: Mapping[str, Any]
) -> tuple[dict[str, Token | None], tuple[Token, ...] | None]:
    """Tokens by role, the seven and then a model's own; further special ones, if any are listed."""
    roles: dict[str, Token | None] = {}
    for name in (n for n in ROLES if n in options):
        roles[name] = None if options[name] is None else _token(path, options[name])
    own = {n: v for n, v in options.items() if n.endswith("_token") and n not in ROLES}
    extra = options.get("extra_special_tokens")
    objects = {n: v for n, v in own.items() if isinstance(v, dict) and "content" in v}
    texts = {n: v for n, v in own.items() if isinstance(v, str)}
    for name, value in [*objects.items(), *texts.items()]:
        roles[name] = _token(path, value)
    if isinstance(extra, dict):
        roles |= {name: _token(path, value) for name, value in extra.items()}
    listed = options.get("extra_special_tokens", options.get("additional_special_tokens"))
    return roles, _extra(path, listed)


def _extra(path: Path, value: Any) -> tuple[Token, ...] | None:
    if value is None or isinstance(value, dict):
        return None
    if not isinstance(value, list):
        raise CheckpointError(f"{path} is damaged: its list of special tokens is no list.")
    return tuple(_token(path, each) for each in value)


def _by_id(path: Path, value: Any) -> dict[int, Token]:
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} is damaged: its “added_tokens_decoder” is no object.")
    try:
        numbered = {int(number): _token(path, token) for number, token in value.items()}
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged: an added token's id is no number.") from error
    return _checked(path, numbered)


def _older(path: Path, special: set[str]) -> dict[int, Token]:
    """added_tokens.json: a token's text and its id."""
    found: dict[int, Token] = {}
    for content, number in read_object(path).items():
        if isinstance(number, bool) or not isinstance(number, int) or number in found:
            raise CheckpointError(f"{path} is damaged: the id of “{content}” cannot be used.")
        is_special = content in special
        found[number] = Token(content, False, False, False, not is_special, is_special)
    return _checked(path, found)


def _checked(path: Path, tokens: dict[int, Token]) -> dict[int, Token]:
    if tokens and not 0 <= min(tokens) <= max(tokens) < MOST_IDS:
        raise CheckpointError(f"{path} is damaged: an added token has an impossible id.")
    if len({token.content for token in tokens.values()}) < len(tokens):
        raise CheckpointError(f"{path} is damaged: an added token has two ids.")
    return dict(sorted(tokens.items()))


def _token(path: Path, value: Any) -> Token:
    """A token as JSON has it: its text, or an object with its text and its flags."""
    if isinstance(value, str):
        return Token(value)
    if isinstance(value, dict) and isinstance(value.get("content"), str):
        flags = {flag: value[flag] for flag in _FLAGS if flag in value}
        if all(isinstance(each, bool) for each in flags.values()):
            return Token(value["content"], **({"special": False} | flags))
    raise CheckpointError(f"{path} is damaged: it has a token that is neither text nor object.")
