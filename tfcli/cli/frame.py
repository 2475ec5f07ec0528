"""What all commands have in common: the global options, the help screen, typing errors.

Typer builds every command as a `Command` and every group as a `Group` (see `app.py`). Both take
the global options (`--color`, `--ascii`, `-q`, `-v`) before or after the command's name: a group
hands those that stand before the name on to the command, where they are parsed.
"""

import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from tfcli.cli import help_screen
from tfcli.cli.options import shared_option
from tfcli.errors import UsageError
from tfcli.view import console

GLOBAL_PANEL = "Output"
_PASSED_DOWN = "tfcli.passed_down"


def _global_options(
    color: Annotated[
        console.ColorMode,
        shared_option(
            "--color",
            name="color",
            metavar="auto|always|never",
            help="Colours and bold; auto means on a terminal.",
            rich_help_panel=GLOBAL_PANEL,
        ),
    ] = "auto",
    ascii: Annotated[
        bool,
        shared_option(
            "--ascii",
            name="ascii",
            help="Draw with ASCII characters only.",
            rich_help_panel=GLOBAL_PANEL,
        ),
    ] = False,
    quiet: Annotated[
        bool,
        shared_option(
            "--quiet",
            "-q",
            name="quiet",
            help="No hints and no progress.",
            rich_help_panel=GLOBAL_PANEL,
        ),
    ] = False,
    verbose: Annotated[
        bool,
        shared_option(
            "--verbose",
            "-v",
            name="verbose",
            help="Say more on stderr.",
            rich_help_panel=GLOBAL_PANEL,
        ),
    ] = False,
) -> None:
    pass


def _parameters_of(function: Any) -> list[Any]:
    """The parameters that Typer makes of a function's signature."""
    app = typer.Typer(add_completion=False)
    app.command()(function)
    return list(typer.main.get_command(app).params)


GLOBAL_OPTIONS = _parameters_of(_global_options)
_GLOBAL_NAMES = tuple(option.name for option in GLOBAL_OPTIONS)


class Command(TyperCommand):
    """A command with the global options and our help screen."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        taken = {parameter.name for parameter in self.params}
        self.params = [*self.params, *(o for o in GLOBAL_OPTIONS if o.name not in taken)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, and put the global options in force; the command's function never sees them."""
        if self.no_args_is_help and not args and not ctx.resilient_parsing:
            raise UsageError(f"{ctx.command_path} needs an argument.", f"{ctx.command_path} --help")
        try:
            rest = super().parse_args(ctx, args)
        except TyperException as error:
            if getattr(error, "ctx", ctx) is None:  # so that the message can name the command
                error.ctx = ctx  # type: ignore[attr-defined]
            raise
        values = {name: ctx.params.pop(name) for name in _GLOBAL_NAMES if name in ctx.params}
        if not ctx.resilient_parsing:
            console.configure(console.Settings(**values))
        return rest

    def get_help(self, ctx: Any) -> str:
        """The help screen as text."""
        return _help(self, ctx)


class Group(TyperGroup):
    """A command that only holds commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what stands before the command's name."""
        passed, rest = split_leading_globals(args)
        ctx.meta[_PASSED_DOWN] = passed
        if not rest and not self.invoke_without_command and not ctx.resilient_parsing:
            names = [name for name, command in self.commands.items() if not command.hidden]
            raise UsageError(
                f"{ctx.command_path} needs a command: {', '.join(names)}.",
                f"{ctx.command_path} --help",
            )
        return super().parse_args(ctx, rest)

    def get_help_option(self, ctx: Any) -> Any:
        """The `--help` of a group, with a value before it is typed.

        Typer converts what has no value by pydantic, whose import would take longer than all the
        rest of `tfcli train --help`.
        """
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Find the command, and give it the global options that stood before its name."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise UsageError(
                f"{ctx.command_path} has no command {name!r}.", self._suggestion(ctx, args)
            )
        found, command, rest = super().resolve_command(ctx, args)
        return found, command, [*ctx.meta[_PASSED_DOWN], *rest]

    def _suggestion(self, ctx: Any, args: list[str]) -> str:
        near = get_close_matches(args[0], list(self.commands))
        if near:
            return f"Did you mean: {shlex.join([*ctx.command_path.split(), near[0], *args[1:]])}"
        if " " in args[0] and "generate" in self.commands:
            return f"To go on from a text: {ctx.command_path} generate {shlex.join(args)}"
        return f"All commands: {ctx.command_path} --help"

    def get_help(self, ctx: Any) -> str:
        """The help screen as text."""
        return _help(self, ctx)


def _help(command: Any, ctx: Any) -> str:
    import sys

    bold = console.ansi(sys.stdout)
    ctx.color = bold  # otherwise the writer strips what `--color always` asked for
    return help_screen.render(
        command,
        ctx,
        global_options=GLOBAL_OPTIONS,
        width=min(console.width(sys.stdout), help_screen.WIDEST),
        bold=bold,
    )


def split_leading_globals(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split the global options at the start of a command line from what follows them."""
    flags = {flag for option in GLOBAL_OPTIONS if option.is_flag for flag in option.opts}
    valued = {flag for option in GLOBAL_OPTIONS if not option.is_flag for flag in option.opts}
    position = 0
    while position < len(args):
        word = args[position]
        if word in flags or ("=" in word and word.split("=", 1)[0] in valued) or _bundle(word):
            position += 1
        elif word in valued and position + 1 < len(args):
            position += 2
        else:
            break
    return list(args[:position]), list(args[position:])


def _bundle(word: str) -> bool:
    """Whether the word is short global flags in one, like `-qv`."""
    letters = {flag[1] for option in GLOBAL_OPTIONS for flag in option.opts if flag[1] != "-"}
    return len(word) > 2 and word[0] == "-" and word[1] != "-" and set(word[1:]) <= letters
