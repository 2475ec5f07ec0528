"""The command line as one Typer app, and `invoke`, which runs one command line.

Convention: a command lives in `tfcli/cli/<name>.py`, which imports its engine inside the body.
The module exposes either a function `command` (`tfcli <name>`) or a Typer `app` whose commands
are its subcommands (`tfcli <name> <command>`). Its docstring is the help screen, with a last
paragraph `Examples:`. It is listed in `COMMANDS` below, in the order of the help screen.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from tfcli import __version__
from tfcli.cli import crash, frame, settings_files, typing_errors
from tfcli.errors import ExitCode, StorageError, TfcliError
from tfcli.view import console

# In the order of the help screen.
COMMANDS = ("train", "generate", "explain", "explore", "model", "tokenizer", "config", "completion")

FIRST_MINUTE = """\
tfcli trains, runs and looks inside Transformer language models.

  tfcli train --minutes 3      train a small model on a built-in world
  tfcli generate "The cat"     let it go on from a text
  tfcli explain "The cat"      see how it chose the next token

All commands: tfcli --help
"""


def _print_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"tfcli {__version__}\n")
        raise typer.Exit


def _root(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            help="Print the version.",
            is_eager=True,
            allow_from_autoenv=False,
            show_default=False,
            callback=_print_version,
        ),
    ] = False,
) -> None:
    """Train, run and look inside Transformer language models.

    Results go to stdout; progress, hints and errors to stderr. Any option can also be set in
    tfcli.toml or the environment: see `tfcli config show --sources`.

    Examples:
        tfcli train --minutes 3
        tfcli generate "The cat"
        tfcli explain "The cat"
    """
    if ctx.invoked_subcommand is None:
        sys.stdout.write(FIRST_MINUTE)


def build() -> Any:
    """Build the command tree: what Typer makes of the app, with our commands and groups."""
    app = typer.Typer(
        name="tfcli",
        cls=frame.Group,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={
            "help_option_names": ["-h", "--help"],
            "auto_envvar_prefix": "TFCLI",
        },
    )
    app.callback(invoke_without_command=True)(_root)
    _commands(app)
    _dress(app)
    return typer.main.get_command(app)


def _commands(app: typer.Typer) -> None:
    for name in COMMANDS:
        module = import_module(f"tfcli.cli.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(module.command)


def _dress(app: typer.Typer) -> None:
    """Give every command and group of the tree our classes, so that modules need not."""
    for command in app.registered_commands:
        command.cls = frame.Command
    for group in app.registered_groups:
        group.cls = frame.Group
        if group.typer_instance is not None:
            _dress(group.typer_instance)


def invoke(arguments: list[str]) -> int:
    """Run one command line. Returns the exit code.

    Raises:
        TfcliError: for every error that the user can understand; a wrong option is a UsageError.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a test's capture may be no text file
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    console.configure(console.Settings(color=typing_errors.wanted_color(arguments)))
    with _exit_on_sigterm():
        try:
            code = _run(arguments)
            sys.stdout.flush()
        except BrokenPipeError:  # `| head` has seen enough
            _drop_stdout()
            return int(ExitCode.OK)
        except (TfcliError, KeyboardInterrupt):
            raise
        except OSError as error:
            raise StorageError(_os_error_words(error)) from error
        except Exception as error:
            crash.report(error, arguments)
            return int(ExitCode.FAILURE)
    return code


def _run(arguments: Sequence[str]) -> int:
    root = build()
    settings = _settings_for(root, arguments)
    try:
        with root.make_context("tfcli", list(arguments), default_map=settings.values) as context:
            result = root.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort as error:  # a question was answered by Ctrl-C or the end of stdin
        raise KeyboardInterrupt from error
    except TyperException as error:
        raise typing_errors.usage_error(error, arguments) from error
    return result if isinstance(result, int) else int(ExitCode.OK)


def _settings_for(root: Any, arguments: Sequence[str]) -> settings_files.FileSettings:
    """The settings files, but for help, the version and `config`, which work without them."""
    words = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    _, rest = frame.split_leading_globals(words)
    if rest[:1] in ([], ["config"]) or {"-h", "--help", "-V", "--version"} & set(words):
        return settings_files.FileSettings()
    return settings_files.load_settings(root)


@contextmanager
def _exit_on_sigterm() -> Iterator[None]:
    """Leave with code 143 on SIGTERM, through every `finally` on the way."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(int(ExitCode.TERMINATED))

    try:
        before = signal.signal(signal.SIGTERM, leave)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _drop_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush succeeds."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _os_error_words(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    try:
        sys.stdout.flush()
    except OSError:
        _drop_stdout()  # what it still holds must not fail again when the interpreter ends
        return f"The output cannot be written: {reason}."
    return f"{error.filename}: {reason}." if error.filename is not None else f"{reason}."
