"""`tfcli explore`: what happens inside a model, full-screen, key by key."""

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import typer

from tfcli.cli.explain_input import (
    decoder_ids,
    model_name,
    prompt_ids,
    prompt_text,
    taught_language,
)
from tfcli.cli.explain_options.what import Lang
from tfcli.cli.explain_options.where import Decoder, Position, PromptFile
from tfcli.cli.open_model import open_model
from tfcli.cli.options import Device, Dtype, Ids, Model, Prompt, Threads
from tfcli.cli.prompt import parse_ids
from tfcli.errors import ExitCode, UsageError
from tfcli.view import console

if TYPE_CHECKING:
    from tfcli.api import LanguageModel
    from tfcli.view.explore.app import ExploreApp

# A line of an editor holds no line end; these are typed as they are in a program.
_ESCAPES = (("\\", "\\\\"), ("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r"))


def command(
    ctx: typer.Context,
    prompt: Prompt = None,
    *,
    model: Model = None,
    file: PromptFile = None,
    ids: Ids = None,
    pos: Position = None,
    decoder: Decoder = None,
    lang: Lang = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    threads: Threads = None,
) -> None:
    """Walk through a model with the arrow keys, on the whole screen.

    The numbers are those of `tfcli explain`. The arrows choose the token and the layer, h and l
    the head; a takes the head away and shows what the next token becomes, g goes on with the
    text, / edits it, ? lists all keys. It needs the package textual, the extra `explore`.

    Examples:
        tfcli explore "The cat"
        tfcli explore "The cat" --model runs/first
    """
    _require_screen()
    text = prompt_text(prompt, file, ids, "explore")
    language_model = open_model(ctx, model, device, dtype, threads)
    from tfcli.explain.explorer import Explorer

    explorer = Explorer(
        language_model.model,
        tokenizer=language_model.tokenizer,
        name=model_name(language_model.path),
        family=language_model.family,
        eos_ids=language_model.eos_ids,
        generation=language_model.generation,
    )
    start = tuple(decoder_ids(language_model, decoder) or ())
    with console.busy("Running the model"):
        spot = explorer.first(prompt_ids(language_model, text, ids), start, pos)
    from tfcli.view.explore.app import ExploreApp

    app = ExploreApp(
        explorer,
        spot,
        encode=lambda line: _encoded(language_model, line),
        decode=lambda tokens: _line(language_model, tokens),
        start=start,
        ascii=not console.unicode(sys.stdout),
        colored=console.colored(sys.stdout),
        language=taught_language(lang),
    )
    _show(app)
    if app.failure is not None:
        raise app.failure


def _show(app: "ExploreApp") -> None:
    """Run the application, and leave with it: also where a thread is still computing.

    A thread cannot be stopped, and Python waits for it at its end; nothing that it would find is
    wanted any more. The terminal is as it was by then.
    """
    import asyncio

    async def shown() -> None:
        await app.run_async(mouse=False)
        if app.computing and app.failure is None:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(int(ExitCode.OK))

    asyncio.run(shown())


def _require_screen() -> None:
    """A terminal on both sides, and what draws on it."""
    streams: tuple[Any, ...] = (sys.stdin, sys.stdout, sys.stderr)
    if any(stream is None or not console.is_terminal(stream) for stream in streams):
        raise UsageError(
            "`tfcli explore` needs a terminal to show its screen and to read its keys.",
            hint="In a pipe or a script: tfcli explain",
        )
    if find_spec("textual") is None:
        raise UsageError(
            "`tfcli explore` needs the package textual.", hint="pip install 'tfcli[explore]'"
        )


def _encoded(language_model: "LanguageModel", line: str) -> list[int]:
    """The ids of an edited line: text with \\n for a line end, or ids where there is no tokenizer.

    Raises:
        UsageError: it is empty, too long, or holds no such ids.
    """
    if not line:
        raise UsageError("The prompt is empty: there is no token to start from.")
    if language_model.tokenizer is None:
        return language_model.as_batch(parse_ids(line))[0].tolist()
    return prompt_ids(language_model, _unescaped(line), None)


def _line(language_model: "LanguageModel", tokens: tuple[int, ...]) -> str:
    """The text of the prompt on one line."""
    tokenizer = language_model.tokenizer
    if tokenizer is None:
        return ",".join(map(str, tokens))
    reader = getattr(tokenizer, "reading_side", tokenizer)
    text = reader.decode(_without_ends(reader, tokens))
    for character, escape in _ESCAPES:
        text = text.replace(character, escape)
    return console.printable(text)


def _without_ends(tokenizer: Any, tokens: tuple[int, ...]) -> list[int]:
    """The tokens without those that encoding puts around a text."""
    found = list(tokens)
    empty = tokenizer.encode("", add_special_tokens=True)
    while found and found[0] in empty:
        del found[0]
    while found and found[-1] in empty:
        del found[-1]
    return found


def _unescaped(line: str) -> str:
    text, rest = "", line
    marks = {escape: character for character, escape in _ESCAPES}
    while rest:
        mark = rest[:2]
        text += marks.get(mark, rest[:1])
        rest = rest[2 if mark in marks else 1 :]
    return text
