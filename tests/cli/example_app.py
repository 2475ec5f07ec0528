"""The real command line with one more command, `demo`, whose options are a dataclass.

Tests run it as a process; `add_demo` adds the command in a test's own process.
"""

import sys
import time
import types
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from tfcli.cli.dataclass_options import options_from
from tfcli.cli.options import Device, Json, Model
from tfcli.errors import DataError
from tfcli.view import console


@dataclass(frozen=True)
class DemoConfig:
    """One field of every type that an option can have."""

    lr: float = field(
        default=1e-3,
        metadata={"help": "Peak learning rate.", "min": 0.0, "panel": "Optimiser", "metavar": "X"},
    )
    steps: int | None = field(default=None, metadata={"help": "Steps to take.", "min": 1})
    size: str = field(
        default="micro", metadata={"help": "A preset.", "choices": ("nano", "micro", "small")}
    )
    betas: tuple[float, float] = field(default=(0.9, 0.95), metadata={"help": "Decay rates."})
    labels: tuple[str, ...] = field(default=(), metadata={"help": "A label.", "flag": "--label"})
    compile: bool = field(default=True, metadata={"help": "Compile the model."})
    folder: Path = field(default=Path("runs"), metadata={"help": "Runs.", "metavar": "DIR"})
    seed: int | None = field(
        default=None, metadata={"help": "The seed.", "shared": True, "flag": ("--seed", "-s")}
    )
    secret: int = field(default=7, metadata={"flag": None})

    def __post_init__(self) -> None:
        if self.steps == 13:
            raise ValueError("13 steps bring bad luck.")


@options_from(DemoConfig)
def command(
    corpus: Annotated[list[str] | None, typer.Argument(metavar="CORPUS", help="Files.")] = None,
    *,
    config: DemoConfig,
    model: Model = None,
    device: Device = "auto",
    do: Annotated[str, typer.Option("--do", help="What to do.")] = "print",
    json: Json = False,
) -> None:
    """Show what the options came to.

    Examples:
        tfcli demo --lr 0.1
    """
    if do == "crash":
        raise RuntimeError("no one\nforesaw this")
    if do == "wait":
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        time.sleep(60)
    if do == "fail":
        raise DataError("It is [bold]not[/bold] text: \x1b[31mred\x1b[0m.", "tfcli demo --do print")
    if do == "text":
        console.write_text("[bold]苹果\x1b[31m\n")
        console.note("a hint")
        return
    result = asdict(config) | {"corpus": corpus, "model": model, "device": device, "json": json}
    console.write_json(result | {"folder": str(config.folder)})


def add_demo() -> types.ModuleType:
    """Make `demo` a command of tfcli in this process. Returns the app's module."""
    from tfcli.cli import app

    module = types.ModuleType("tfcli.cli.demo")
    module.command = command  # type: ignore[attr-defined]
    sys.modules["tfcli.cli.demo"] = module
    if "demo" not in app.COMMANDS:
        app.COMMANDS = (*app.COMMANDS, "demo")
    return app


if __name__ == "__main__":
    from tfcli.main import main

    add_demo()
    main()
