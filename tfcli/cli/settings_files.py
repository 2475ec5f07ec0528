"""The two settings files, and what they say for each command.

A flag goes before the environment (`TFCLI_…`), that before `tfcli.toml` in the current folder,
that before the user's `config.toml`, that before the default. Here the two files become the
`default_map` that Typer reads after the flags and the environment.

    model = "runs/shakespeare"        # a shared option: for every command that has it

    [train]
    batch_size = 16                   # an option of one command

    [tokenizer.train]
    vocab_size = 4000
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfcli.cli.options import ENVIRONMENT_PREFIX
from tfcli.cli.toml_values import fit, read_toml, unknown_key, wrong_value
from tfcli.folders import config_folder

PROJECT_FILE = "tfcli.toml"
USER_FILE = "config.toml"

# Their options are questions, not settings; and `model = …` is the option of the other commands.
_WITHOUT_SETTINGS = {"config", "completion", "model"}


@dataclass(frozen=True)
class FileSettings:
    """What the files say.

    Attributes:
        values: command name -> … -> parameter name -> value, as Typer's `default_map`.
        origins: (command names …, parameter name) -> the file that the value comes from.
    """

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[tuple[str, ...], Path] = field(default_factory=dict)


def settings_paths() -> tuple[Path, Path]:
    """The user's settings file and the project's, whether they exist or not."""
    return config_folder() / USER_FILE, Path(PROJECT_FILE)


def load_settings(root: Any) -> FileSettings:
    """Read both files against the command tree. UsageError for a key or value that is wrong."""
    leaves = {path: settable(command) for path, command in walk(root)}
    settings = FileSettings()
    for path in settings_paths():
        if path.is_file():
            for place, value in _read(path, root, leaves):
                _put(settings.values, place, value)
                settings.origins[place] = path
    return settings


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that has settings, with the names that lead to it."""
    for name, child in command.commands.items():
        if not path and name in _WITHOUT_SETTINGS:
            continue
        if hasattr(child, "commands"):
            yield from walk(child, (*path, name))
        else:
            yield (*path, name), child


def settable(command: Any) -> dict[str, Any]:
    """The parameters of a command that a file may set, by name."""
    return {p.name: p for p in command.params if not getattr(p, "is_eager", False)}


def is_shared(parameter: Any) -> bool:
    """Whether the parameter is one of the options that several commands share."""
    return parameter.envvar == f"{ENVIRONMENT_PREFIX}_{parameter.name.upper()}"


def _read(
    path: Path, root: Any, leaves: dict[tuple[str, ...], dict[str, Any]]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The places that a file sets: the top-level keys first, so that a command's own win."""
    table = read_toml(path)
    shared = {
        name: parameter
        for parameters in leaves.values()
        for name, parameter in parameters.items()
        if is_shared(parameter)
    }
    names = sorted({place[0] for place in leaves})
    tables = {key: value for key, value in table.items() if key in names}
    for key, value in table.items():
        name = key.replace("-", "_")
        if key in tables:
            continue
        if name not in shared:
            raise unknown_key(key, [*shared, *names], path)
        fitted = _fitted(key, value, shared[name], path)
        for place, parameters in leaves.items():
            if name in parameters and is_shared(parameters[name]):
                yield (*place, name), fitted
    for key, value in tables.items():
        yield from _read_table(path, (key,), value, root.commands[key])


def _read_table(
    path: Path, place: tuple[str, ...], table: Any, command: Any
) -> Iterator[tuple[tuple[str, ...], Any]]:
    dotted = ".".join(place)
    if not isinstance(table, dict):
        raise wrong_value(dotted, table, f"a table: [{dotted}]", path)
    commands = getattr(command, "commands", {})
    parameters = {} if commands else settable(command)
    for key, value in table.items():
        name = key.replace("-", "_")
        if key in commands:
            yield from _read_table(path, (*place, key), value, commands[key])
        elif name in parameters:
            fitted = _fitted(f"{dotted}.{key}", value, parameters[name], path)
            yield (*place, name), fitted
        else:
            known = [f"{dotted}.{known}" for known in (*commands, *parameters)]
            raise unknown_key(f"{dotted}.{key}", known, path)


def _fitted(key: str, value: Any, parameter: Any, path: Path) -> Any:
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    try:
        return fit(value, parameter.type_descriptor.annotation, minimum=low, maximum=high)
    except ValueError as error:
        raise wrong_value(key, value, str(error), path) from error


def _put(tree: dict[str, Any], place: Sequence[str], value: Any) -> None:
    for name in place[:-1]:
        tree = tree.setdefault(name, {})
    tree[place[-1]] = value
