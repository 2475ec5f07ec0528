"""Help screens: plain text of at most 80 columns, bold headings on a terminal, no Rich.

Rich's help costs 90 ms, which is more than everything else in `tfcli --help` together.

A command's docstring is its help. A paragraph that starts with `Examples:` holds command lines,
one a line, each with an optional `# comment` line above it; tests run them.
"""

import inspect
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

WIDEST = 100
_NAME_COLUMN = 26
_NUMBER_TYPES = {int: "N", float: "X"}


@dataclass(frozen=True)
class Example:
    """One command line of a help screen, with the words above it."""

    command: str
    comment: str | None = None


def split_examples(docstring: str) -> tuple[str, tuple[Example, ...]]:
    """Split a docstring into its text and its examples."""
    text, _, tail = inspect.cleandoc(docstring).partition("\nExamples:\n")
    examples: list[Example] = []
    comment = None
    for raw in tail.splitlines():
        line = raw.strip()
        if line.startswith("#"):
            comment = line
        elif line:
            examples.append(Example(line, comment))
            comment = None
    return text.strip(), tuple(examples)


def render(command: Any, ctx: Any, *, global_options: Sequence[Any], width: int, bold: bool) -> str:
    """Compose the help screen of a command or a group.

    Args:
        command: what Typer built: anything with `.help`, `.get_params` and, for a group,
            `.commands`.
        ctx: the command's context, which knows its path.
        global_options: the options that every command takes.
        width: columns to fill.
        bold: whether headings are set in bold.
    """
    text, examples = split_examples(command.help or "")
    commands = getattr(command, "commands", None)
    parameters = [p for p in command.get_params(ctx) if not getattr(p, "hidden", False)]
    if commands is not None:
        parameters = [*parameters, *global_options]

    sheet = _Sheet(width, bold)
    sheet.usage(ctx.command_path, command.collect_usage_pieces(ctx))
    sheet.text(text)
    if commands is not None:
        shown = [(name, _first_sentence(c)) for name, c in commands.items() if not c.hidden]
        sheet.section("Commands", shown)
    arguments = [p for p in parameters if p.param_type_name == "argument"]
    sheet.section("Arguments", [(_argument_name(p), describe(p)) for p in arguments])
    options = [p for p in parameters if p.param_type_name == "option"]
    for panel in _panels(options):
        members = [p for p in options if _panel(p) == panel]
        sheet.section(panel, [(_option_name(p), describe(p)) for p in members])
    sheet.examples(examples)
    return sheet.result()


class _Sheet:
    """Lines of one help screen."""

    def __init__(self, width: int, bold: bool) -> None:
        self.width = width
        self.bold = bold
        self.lines: list[str] = []

    def result(self) -> str:
        return "\n".join(self.lines).rstrip("\n")

    def heading(self, words: str) -> str:
        return f"\x1b[1m{words}\x1b[0m" if self.bold else words

    def usage(self, path: str, pieces: Iterable[str]) -> None:
        words = " ".join([path, *pieces])
        lines = self._wrap(words, indent=7)
        self.lines += [f"{self.heading('Usage:')} {lines[0].strip()}", *lines[1:], ""]

    def text(self, text: str) -> None:
        for paragraph in text.split("\n\n"):
            if paragraph.startswith(" "):  # a table or a figure: as it is
                self.lines += [*paragraph.splitlines(), ""]
            elif paragraph:
                self.lines += [*self._wrap(" ".join(paragraph.split()), indent=0), ""]

    def section(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        if not rows:
            return
        self.lines.append(self.heading(title))
        limit = min(_NAME_COLUMN, self.width // 3)
        longest = max((len(name) for name, _ in rows if len(name) <= limit), default=10)
        column = longest + 4
        for name, words in rows:
            wrapped = self._wrap(words, indent=column) or [""]
            if len(name) <= longest:
                self.lines.append(f"  {name:{longest}}  {wrapped[0].strip()}".rstrip())
                self.lines += wrapped[1:]
            else:
                self.lines += [f"  {name}", *wrapped]
        self.lines.append("")

    def examples(self, examples: Sequence[Example]) -> None:
        if not examples:
            return
        self.lines.append(self.heading("Examples"))
        for example in examples:
            if example.comment:
                self.lines += self._wrap(example.comment, indent=2)
            self.lines.append(f"  {example.command}")
        self.lines.append("")

    def _wrap(self, words: str, *, indent: int) -> list[str]:
        return textwrap.wrap(
            words,
            width=max(self.width, indent + 20),
            initial_indent=" " * indent,
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
            break_long_words=True,
        )


def describe(parameter: Any) -> str:
    """The help text of a parameter with its choices, limits and default."""
    extra = []
    limits = _limits(parameter)
    if limits:
        extra.append(limits)
    default = _default(parameter)
    if default:
        extra.append(f"default: {default}")
    if parameter.required:
        extra.append("required")
    words = getattr(parameter, "help", None) or ""
    return f"{words} [{'; '.join(extra)}]".strip() if extra else words


def value_name(parameter: Any) -> str:
    """What stands for the value of a parameter: a metavar, its choices, or its type."""
    if parameter.metavar:
        return parameter.metavar
    choices = choices_of(parameter)
    if choices:
        return "|".join(choices)
    annotation = value_element(parameter)
    if isinstance(annotation, type) and issubclass(annotation, Path):
        return "FILE"
    if annotation in _NUMBER_TYPES:
        return " ".join([_NUMBER_TYPES[annotation]] * max(1, parameter.nargs))
    return "TEXT"


def choices_of(parameter: Any) -> tuple[str, ...]:
    """The values that a parameter takes, where they are a fixed set."""
    choices = parameter.type_descriptor.choices or ()
    return tuple(str(c.value) if isinstance(c, Enum) else str(c) for c in choices)


def value_element(parameter: Any) -> Any:
    """The type of one value of a parameter."""
    annotation = parameter.type_descriptor.annotation
    if get_origin(annotation) in (list, tuple):
        return get_args(annotation)[0]
    return annotation


def _option_name(option: Any) -> str:
    flags = [*sorted(option.opts, key=len), *option.secondary_opts]
    name = ", ".join(flags)
    return name if option.is_flag or option.count else f"{name} {value_name(option)}"


def _argument_name(argument: Any) -> str:
    name = (argument.metavar or argument.name.upper()).strip("[]").removesuffix("...")
    return f"{name}..." if argument.nargs != 1 else name


def _panels(options: Sequence[Any]) -> list[str]:
    """The headings in the order of their first option, the general one first."""
    return list(dict.fromkeys(["Options", *(_panel(option) for option in options)]))


def _panel(option: Any) -> str:
    return getattr(option, "rich_help_panel", None) or "Options"


def _first_sentence(command: Any) -> str:
    text, _ = split_examples(command.short_help or command.help or "")
    first = " ".join(text.split("\n\n")[0].split())
    return first.removesuffix(".")


def _limits(parameter: Any) -> str:
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if getattr(parameter, "count", False) or (low is None and high is None):
        return ""
    if high is None:
        return f"at least {low}"
    return f"at most {high}" if low is None else f"{low} to {high}"


def _default(parameter: Any) -> str:
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    value = parameter.default
    if not parameter.show_default or value is None or callable(value):
        return ""
    if isinstance(value, bool):
        if not parameter.secondary_opts:
            return ""
        return (parameter.opts if value else parameter.secondary_opts)[0]
    if isinstance(value, list | tuple):
        return " ".join(str(item) for item in value)
    return str(value.value if isinstance(value, Enum) else value)
