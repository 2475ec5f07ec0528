"""What was wrong with a command line, in words: Typer's exceptions become UsageErrors."""

import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from tfcli.cli.help_screen import split_examples
from tfcli.cli.toml_values import expectation
from tfcli.errors import UsageError

_MATCHING_LENGTH = 3
_SHORT = len("-s")


def usage_error(error: Any, arguments: Sequence[str]) -> UsageError:
    """The UsageError that says what a Typer exception means, and what to type instead.

    Args:
        error: a `typer.exceptions.TyperException`; what it is about is read from its attributes.
        arguments: the command line, from which the mended one is made.
    """
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "tfcli"
    option = getattr(error, "option_name", None)
    if hasattr(error, "possibilities"):
        return _no_such_option(str(option), context, path, arguments)
    parameter = getattr(error, "param", None)
    if parameter is not None and hasattr(error, "param_type"):
        return _missing(parameter, context, path)
    if parameter is not None:
        bundled = _mistaken_bundle(error, parameter, arguments)
        if bundled is not None:
            return _no_such_option(bundled, context, path, arguments)
        return _bad_value(error, parameter, context, path)
    return UsageError(_sentence(error.format_message()), f"{path} --help")


def wanted_color(arguments: Sequence[str]) -> Any:
    """The colour mode that the command line asks for, found without parsing it.

    A wrong option is reported before the line is parsed to its end, and that panel should
    already look as `--color` says.
    """
    import os

    modes = ("auto", "always", "never")
    found = os.environ.get("TFCLI_COLOR")
    for position, word in enumerate(arguments):
        if word == "--":
            break
        if word == "--color" and position + 1 < len(arguments):
            found = arguments[position + 1]
        elif word.startswith("--color="):
            found = word.removeprefix("--color=")
    return found if found in modes else "auto"


def _no_such_option(option: str, context: Any, path: str, arguments: Sequence[str]) -> UsageError:
    word = next((a for a in arguments if a.split("=", 1)[0] == option), None)
    if word is None:  # `-steps` reaches us as the short option `-s` or `-t`
        word = next((a for a in arguments if a.startswith(option)), option)
    typed = word.split("=", 1)[0]
    near = _nearest_option(typed, _flags(context))
    if near is None:
        return UsageError(f"{path} has no option {typed}.", f"All options: {path} --help")
    mended = [near + a[len(typed) :] if a == word else a for a in arguments]
    return UsageError(
        f"{path} has no option {typed}.", f"Did you mean: {shlex.join(['tfcli', *mended])}"
    )


def _flags(context: Any) -> list[str]:
    if context is None:
        return []
    parameters = context.command.get_params(context)
    return [flag for p in parameters for flag in (*p.opts, *p.secondary_opts) if flag[0] == "-"]


def _nearest_option(typed: str, flags: Sequence[str]) -> str | None:
    if f"-{typed}" in flags:  # `-steps` for `--steps`
        return f"-{typed}"
    long_flags = [flag for flag in flags if flag.startswith("--")]
    if len(typed) > _MATCHING_LENGTH:
        starts = [flag for flag in long_flags if flag.startswith(typed)]
        if len(starts) == 1:
            return starts[0]
    near = get_close_matches(typed.replace("_", "-"), long_flags, n=1)
    return near[0] if near else None


def _missing(parameter: Any, context: Any, path: str) -> UsageError:
    name = _name(parameter)
    examples = split_examples(context.command.help or "")[1] if context is not None else ()
    hint = f"For example: {examples[0].command}" if examples else f"{path} --help"
    return UsageError(f"{path} needs {name}.", hint)


def _bad_value(error: Any, parameter: Any, context: Any, path: str) -> UsageError:
    name, hint = _name(parameter), f"{path} --help"
    source = context.get_parameter_source(parameter.name) if context is not None else None
    if source is not None and source.name == "ENVIRONMENT":
        variable = environment_name(parameter, context)
        name, hint = f"{variable} in the environment", f"unset {variable}"
    descriptor = parameter.type_descriptor
    typed = _input(error)
    if typed is None or descriptor.annotation is str or descriptor.is_path:
        return UsageError(f"{name}: {_sentence(error.message)}", hint)
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    words = expectation(descriptor.annotation, minimum=low, maximum=high)
    return UsageError(f"{name} must be {words}, not {typed!r}.", hint)


def _input(error: Any) -> Any:
    """The value that a type refused; None where something else refused it."""
    cause = error.__cause__
    return cause.errors()[0]["input"] if type(cause).__name__ == "ValidationError" else None


def _mistaken_bundle(error: Any, parameter: Any, arguments: Sequence[str]) -> str | None:
    """The word typed where `-steps` was read as `-s teps`."""
    rest = _input(error)
    words = [f"{flag}{rest}" for flag in parameter.opts if len(flag) == _SHORT]
    return next((word for word in words if word in arguments and word[_SHORT:].isalpha()), None)


def environment_name(parameter: Any, context: Any) -> str:
    """The environment variable that a parameter is read from."""
    if parameter.envvar:
        return parameter.envvar if isinstance(parameter.envvar, str) else parameter.envvar[0]
    return f"{context.auto_envvar_prefix}_{parameter.name.upper()}"


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return (parameter.metavar or parameter.name.upper()).strip("[]").removesuffix("...")
    return max(parameter.opts, key=len)


def _sentence(words: str) -> str:
    words = " ".join(words.split())
    return words if words.endswith((".", "!", "?")) else f"{words}."
