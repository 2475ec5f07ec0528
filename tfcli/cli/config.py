"""`tfcli config`: where settings come from."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from tfcli.cli import settings_files
from tfcli.cli.options import ENVIRONMENT_PREFIX, Json
from tfcli.cli.settings_files import FileSettings, is_shared, settable, walk
from tfcli.cli.toml_values import shown
from tfcli.cli.typing_errors import environment_name, usage_error
from tfcli.errors import UsageError
from tfcli.view import console

# Read by tfcli itself, not through an option.
_OTHER_VARIABLES = {"TFCLI_HOME", "TFCLI_DEBUG", "TFCLI_CORPORA"}

app = typer.Typer(
    help="""Show the settings in force and the files that hold them.

    A flag goes before the environment (TFCLI_...), that before ./tfcli.toml, that before the
    user's config.toml, that before the default.

    Examples:
        tfcli config show --sources
        tfcli config path
    """
)


@dataclass(frozen=True)
class Setting:
    """One option of one command: its value before flags, and where that comes from."""

    command: tuple[str, ...]
    name: str
    value: Any
    source: str
    shared: bool


@app.command()
def show(
    ctx: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="Only this command's settings.", show_default=False),
    ] = None,
    sources: Annotated[
        bool, typer.Option("--sources", help="Say where each value comes from.")
    ] = False,
    json: Json = False,
) -> None:
    """Print every setting as a tfcli.toml that would set it.

    Examples:
        tfcli config show
        # where each value comes from
        tfcli config show train --sources
    """
    root = ctx.find_root().command
    found = list(_settings(root, settings_files.load_settings(root)))
    if command:
        known = [" ".join(path) for path, _ in walk(root)]
        if " ".join(command) not in known:
            near = get_close_matches(" ".join(command), known, n=1)
            hint = f"tfcli config show {near[0]}" if near else f"Commands: {', '.join(known)}."
            raise UsageError(f"There is no command {' '.join(command)!r}.", hint)
        found = [setting for setting in found if setting.command == tuple(command)]
    if json:
        console.write_json(_as_json(found))
    else:
        for line in _as_toml(found, sources=sources):
            console.write_line(line)
    _warn_of_unread_variables(root)


@app.command()
def path(json: Json = False) -> None:
    """Print the settings files that are read, in the order in which they win.

    Examples:
        tfcli config path
    """
    user, project = settings_files.settings_paths()
    rows = [("project", project.absolute()), ("user", user)]
    if json:
        console.write_json(
            {
                "schema": "tfcli.config.path/1",
                "files": [
                    {"scope": scope, "path": str(file), "exists": file.is_file()}
                    for scope, file in rows
                ],
            }
        )
        return
    for scope, file in rows:
        missing = "" if file.is_file() else "  (not there)"
        console.write_line(f"{scope:7}  {file}{missing}")


def _settings(root: Any, files: FileSettings) -> Iterator[Setting]:
    with root.make_context("tfcli", [], resilient_parsing=True, default_map=files.values) as top:
        for place, command in walk(root):
            with _context(root, place, top) as context:
                for name, parameter in settable(command).items():
                    value, source = _value(parameter, context, files.origins, (*place, name))
                    yield Setting(place, name, value, source, is_shared(parameter))


def _context(root: Any, place: tuple[str, ...], parent: Any) -> Any:
    """The context that the command would have, nothing typed."""
    command = root
    for name in place:
        command = command.commands[name]
        parent = command.make_context(name, [], parent=parent, resilient_parsing=True)
    return parent


def _value(
    parameter: Any, context: Any, origins: Mapping[tuple[str, ...], Any], key: tuple[str, ...]
) -> tuple[Any, str]:
    value, source = parameter.consume_value(context, {})
    if source.name == "DEFAULT_MAP":
        return value, str(origins[key])
    if source.name == "ENVIRONMENT":
        from typer.exceptions import TyperException

        try:
            value = parameter.process_value(context, value)
        except TyperException as error:
            context.set_parameter_source(parameter.name, source)
            error.ctx, error.param = context, parameter  # type: ignore[attr-defined]
            raise usage_error(error, []) from error
        return value, f"environment {environment_name(parameter, context)}"
    return value, "default"


def _as_json(found: list[Setting]) -> dict[str, Any]:
    return {
        "schema": "tfcli.config.show/1",
        "settings": [
            {
                "command": " ".join(setting.command),
                "name": setting.name,
                "value": _plain(setting.value),
                "source": setting.source,
            }
            for setting in found
        ],
    }


def _as_toml(found: list[Setting], *, sources: bool) -> Iterator[str]:
    """A shared option once at the top where all commands agree, the rest in tables."""
    top = _agreed(found)
    rows = [_toml_row(setting, sources) for setting in top.values()]
    yield from _aligned(rows)
    tables: dict[tuple[str, ...], list[Setting]] = {}
    for setting in found:
        agreed = top.get(setting.name) if setting.shared else None
        if agreed is None or (agreed.value, agreed.source) != (setting.value, setting.source):
            tables.setdefault(setting.command, []).append(setting)
    for number, (place, members) in enumerate(tables.items()):
        if rows or number:
            yield ""
        yield f"[{'.'.join(place)}]"
        yield from _aligned([_toml_row(setting, sources) for setting in members])


def _agreed(found: list[Setting]) -> dict[str, Setting]:
    """For each shared option the value that most commands have."""
    agreed: dict[str, Setting] = {}
    for name in dict.fromkeys(setting.name for setting in found if setting.shared):
        members = [setting for setting in found if setting.shared and setting.name == name]
        counts = Counter((shown(m.value), m.source) for m in members)
        (most, _), *_ = counts.most_common(1)
        agreed[name] = next(m for m in members if (shown(m.value), m.source) == most)
    return agreed


def _toml_row(setting: Setting, sources: bool) -> tuple[str, str]:
    unset = setting.value is None
    text = f"# {setting.name} =" if unset else f"{setting.name} = {shown(setting.value)}"
    return text, f"# {setting.source}" if sources else ""


def _aligned(rows: list[tuple[str, str]]) -> Iterator[str]:
    column = min(40, max((len(text) for text, _ in rows), default=0))
    for text, comment in rows:
        yield console.printable(f"{text:{column}}  {comment}".rstrip())


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else str(value)


def _warn_of_unread_variables(root: Any) -> None:
    """A misspelt TFCLI_ variable is silent everywhere else."""
    with root.make_context("tfcli", [], resilient_parsing=True) as top:
        read = {
            environment_name(parameter, context)
            for place, command in walk(root)
            for context in [_context(root, place, top)]
            for parameter in settable(command).values()
        }
    for name in sorted(os.environ):
        if name.startswith(f"{ENVIRONMENT_PREFIX}_") and name not in read | _OTHER_VARIABLES:
            near = get_close_matches(name, read, n=1)
            console.warn(f"nothing reads {name}." + (f" Did you mean {near[0]}?" if near else ""))
