"""A frozen dataclass as command-line options, so that one class is the single source of the
flags, the help, the TOML keys, the environment variables and the record of a run.

    @dataclass(frozen=True)
    class TrainConfig:
        lr: float = field(default=1e-3, metadata={"help": "Peak learning rate.", "min": 0.0})

    @options_from(TrainConfig)
    def command(corpus: Corpus = None, *, config: TrainConfig) -> None: ...

The metadata of a field may hold:

    help      what the option does
    choices   the values of a text field (a Literal type says the same)
    flag      the flag, or a tuple of flags; None keeps the field out of the command line
    panel     the heading of the help screen that it stands under
    metavar   what stands for the value
    min, max  the limits of a number
    default   words for the help screen in place of the default
    shared    True for an option that several commands share (see options.py)
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import typer

from tfcli.cli.options import shared_option
from tfcli.cli.toml_values import fit, inner, read_toml, unknown_key, wrong_value
from tfcli.errors import UsageError

T = TypeVar("T")

CONFIG_FILE = "config_file"


def options_from(cls: type[Any]) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Replace the parameter annotated with the dataclass by one option a field and `--config`.

    The function is called with the dataclass, built from the flags, the environment, the file of
    `--config`, the settings files and the defaults, in this order.
    """

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        signature = inspect.signature(function, eval_str=True)
        target = next(n for n, p in signature.parameters.items() if p.annotation is cls)
        names = [item.name for item in option_fields(cls)]

        @functools.wraps(function)
        def wrapper(**values: Any) -> T:
            values.pop(CONFIG_FILE, None)
            settings = {name: values.pop(name) for name in names}
            return function(**values, **{target: build(cls, settings)})

        parameters = []
        for name, parameter in signature.parameters.items():
            if name == target:
                parameters += [*_parameters(cls), _config_parameter(cls)]
            else:
                parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
        wrapper.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
        return wrapper

    return decorate


def build(cls: type[T], settings: Mapping[str, Any]) -> T:
    """Make the dataclass. What its own checks refuse is a UsageError."""
    hints = get_type_hints(cls)
    values = {
        name: tuple(value) if isinstance(value, list) and _is_tuple(hints[name]) else value
        for name, value in settings.items()
    }
    try:
        return cls(**values)
    except ValueError as error:
        raise UsageError(str(error)) from error


def read_config_file(cls: type[Any], path: Path) -> dict[str, Any]:
    """Read a TOML file whose keys are fields of the dataclass.

    Raises:
        UsageError: the file is unreadable, or a key or a value is wrong; it names the key, the
            file, and the nearest key that exists.
    """
    if not path.is_file():
        raise UsageError(f"There is no configuration file {path}.")
    return fit_table(cls, read_toml(path), path)


def fit_table(cls: type[Any], table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The values of a TOML table, as the fields of the dataclass take them.

    Raises:
        UsageError: a key or a value is wrong; it names the key, the file that the table comes
            from, and the nearest key that exists.
    """
    hints = get_type_hints(cls)
    known = {item.name: item for item in option_fields(cls)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in known:
            raise unknown_key(key, known, path)
        metadata = known[name].metadata
        annotation = _annotation(hints[name], metadata)
        try:
            values[name] = fit(
                value, annotation, minimum=metadata.get("min"), maximum=metadata.get("max")
            )
        except ValueError as error:
            raise wrong_value(key, value, str(error), path) from error
    return values


def option_fields(cls: type[Any]) -> list[Field[Any]]:
    """The fields that are options: all but those whose metadata says `flag: None`."""
    return [item for item in fields(cls) if item.metadata.get("flag", "") is not None]


def _parameters(cls: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(cls)
    return [
        inspect.Parameter(
            item.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_default(item, hints[item.name]),
            annotation=Annotated[_typer_type(hints[item.name], item.metadata), _option(item)],
        )
        for item in option_fields(cls)
    ]


def _option(item: Field[Any]) -> Any:
    metadata = item.metadata
    flags = metadata.get("flag", ())
    settings: dict[str, Any] = {
        "help": metadata.get("help", ""),
        "rich_help_panel": metadata.get("panel"),
        "metavar": metadata.get("metavar"),
        "min": metadata.get("min"),
        "max": metadata.get("max"),
        "show_default": metadata.get("default", True),
    }
    flags = (flags,) if isinstance(flags, str) else tuple(flags)
    if not metadata.get("shared"):
        return typer.Option(*flags, **settings)
    return shared_option(*(flags or (f"--{item.name}",)), name=item.name, **settings)


def _config_parameter(cls: type[Any]) -> inspect.Parameter:
    def merge(ctx: typer.Context, value: Path | None) -> Path | None:
        if value is not None:
            ctx.default_map = {**(ctx.default_map or {}), **read_config_file(cls, value)}
        return value

    option = typer.Option(
        "--config",
        metavar="FILE",
        help="A TOML file with these options as keys; a flag goes before it.",
        is_eager=True,  # its values must be there before the other options are looked up
        callback=merge,
        show_default=False,
    )
    return inspect.Parameter(
        CONFIG_FILE,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[Path | None, option],
    )


def _default(item: Field[Any], hint: Any) -> Any:
    if item.default_factory is not MISSING:
        value = item.default_factory()
    elif item.default is not MISSING:
        value = item.default
    else:
        raise TypeError(f"{item.name} needs a default to be an option")
    return list(value) if isinstance(value, tuple) and _is_repeatable(hint) else value


def _annotation(hint: Any, metadata: Mapping[str, Any]) -> Any:
    choices = metadata.get("choices")
    # a Literal made at run time, which a type checker cannot follow
    return Literal[tuple(choices)] if choices else hint  # type: ignore[valid-type]


def _typer_type(hint: Any, metadata: Mapping[str, Any]) -> Any:
    """The type as Typer understands it: a tuple of any length is a list there."""
    annotation = _annotation(hint, metadata)
    kind = inner(annotation)
    if _is_repeatable(kind):
        return list[get_args(kind)[0]]
    return annotation


def _is_tuple(hint: Any) -> bool:
    return get_origin(inner(hint)) is tuple


def _is_repeatable(hint: Any) -> bool:
    return _is_tuple(hint) and Ellipsis in get_args(inner(hint))
