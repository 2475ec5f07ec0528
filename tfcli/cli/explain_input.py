"""What `tfcli explain` and `tfcli explore` look at: the prompt, its ids, the model's name."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tfcli.cli.prompt import parse_ids, read_prompt
from tfcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

    from tfcli.api import LanguageModel
    from tfcli.explain.request import Request

_LARGEST_FILE = 16 * 2**20


def prompt_text(
    prompt: list[str] | None, file: Path | None, ids: str | None, command: str
) -> str | None:
    """The prompt, or None where --ids stands in for it."""
    if file is None:
        return read_prompt(prompt, ids, command)
    if prompt or ids is not None:
        raise UsageError(f"Give --file or {'a prompt' if prompt else '--ids'}, not both.")
    try:
        with file.open("rb") as stream:
            raw = stream.read(_LARGEST_FILE + 1)
        if len(raw) > _LARGEST_FILE:
            raise DataError(f"{file} is larger than {_LARGEST_FILE >> 20} MB: no prompt.")
        text = raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8: byte {error.start:,} cannot be decoded.") from error
    if not text:
        raise DataError(f"{file} is empty: there is no token to start from.")
    return text


def prompt_ids(language_model: "LanguageModel", text: str | None, ids: str | None) -> list[int]:
    """The ids of the prompt. UsageError where they cannot be one."""
    if ids is not None:
        return language_model.as_batch(parse_ids(ids))[0].tolist()
    if language_model.tokenizer is None:
        raise UsageError(
            f"The model in {language_model.path} has no tokenizer.",
            hint="Give token ids instead of a prompt: --ids 5,17,3",
        )
    return language_model.as_batch(_encoded(language_model.tokenizer, text))[0].tolist()


def _encoded(tokenizer: "Tokenizer", text: str | None) -> list[int]:
    return tokenizer.encode(text or "", add_special_tokens=True)


def token_named(language_model: "LanguageModel", text: str | None, flag: str) -> int | None:
    """The id of the token that an option names."""
    if text is None:
        return None
    from tfcli.explain.text.answer import one_token

    return one_token(text, language_model.tokenizer, language_model.config.vocab_size, flag)


def words_ids(language_model: "LanguageModel", request: "Request") -> list[int]:
    """Without a prompt, the words whose vectors are looked at are what the model reads."""
    words = [] if request.neighbors is None else [("--neighbors", request.neighbors)]
    words += [("--analogy", word) for _, word in request.analogy.terms] if request.analogy else []
    from tfcli.explain.text.answer import one_token

    reader = language_model.config.encoder or language_model.config
    tokenizer, rows = language_model.tokenizer, reader.vocab_size
    ids = [one_token(word, tokenizer, rows, flag, reads=True) for flag, word in words]
    return language_model.as_batch(ids)[0].tolist()


def decoder_ids(language_model: "LanguageModel", text: str | None) -> list[int] | None:
    """What an encoder-decoder's decoder has read: its first token, and the text behind it."""
    if language_model.config.encoder is None:
        if text is not None:
            raise UsageError("--decoder is for models with an encoder beside a decoder.")
        return None
    start, tokenizer = language_model.decoder_start, language_model.tokenizer
    if text is None:
        return start
    if tokenizer is None:
        raise UsageError("--decoder needs text, and this model has no tokenizer.")
    written = getattr(tokenizer, "encode_target", tokenizer.encode)(text)
    return language_model.as_decoder_batch([[*start, *written]], 1)[0].tolist()


def taught_language(lang: Literal["en", "zh"] | None) -> Literal["en", "zh"]:
    """The language to teach in: the one that was named, else that of the locale."""
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((name for name in names if name), "")
    return lang or ("zh" if locale.lower().startswith("zh") else "en")


def model_name(path: Path) -> str:
    """A run's name for its best/ or last/, else the directory's own."""
    path = path.resolve()
    return path.parent.name if path.name in ("best", "last") else path.name
