"""`tfcli train`: train a model on a corpus, or go on with a run."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfcli.cli.dataclass_options import CONFIG_FILE, build, fit_table, options_from
from tfcli.cli.options import Device, Dtype, Json, Threads, TokenizerPath
from tfcli.errors import CheckpointError, ExitCode, UsageError
from tfcli.train.config import TrainConfig

if TYPE_CHECKING:
    from tfcli.train.loop import Job
    from tfcli.train.session import Request, Resume
    from tfcli.view.train import Preparing, TrainView


@options_from(TrainConfig)
def command(
    ctx: typer.Context,
    corpus: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CORPUS]...",
            help="Files, folders or globs; without one, the built-in English and Chinese world.",
            show_default=False,
        ),
    ] = None,
    *,
    config: TrainConfig,
    run: Annotated[
        Path | None,
        typer.Option(
            "--run", metavar="RUN", help="The run's folder.", show_default="runs/<date-time>"
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run of --run.", show_default=False)
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Say what the run would need, and stop.", show_default=False
        ),
    ] = False,
    tokenizer: TokenizerPath = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Train a model on a corpus, or on the built-in world.

    The run's folder holds config.toml, metrics.jsonl, best/ and last/ (model directories in
    Hugging Face form), snapshots/ (models on the way, for
    `tfcli explain --over RUN`) and state/ (to resume from). Ctrl-C saves, and says how to go on.

    Examples:
        tfcli train --minutes 3
        tfcli train book.txt --tokenizer-type char --size nano
        tfcli train --architecture transformer-2017 --minutes 10
        tfcli train --resume --run runs/first
    """
    from tfcli.view import console

    if resume:
        run = _run_to_resume(ctx, run)
    with console.busy("Loading PyTorch"):
        from tfcli.train import session
        from tfcli.view.train import TrainView, preparing

    request = session.Request(tuple(corpus or ()), tokenizer, run, device, dtype, threads)
    if dry_run:
        _plan(request, config, json)
        return
    with preparing() as watch:
        if resume and run is not None:
            job = _resumed(_said_anew(ctx, run, request), watch)
        else:
            job = session.new_job(request, config, watch.say, watch.progress)
    code = _train(job, TrainView(json, job.config.sample))
    if code is not ExitCode.OK:
        raise typer.Exit(int(code))


def _plan(request: "Request", config: TrainConfig, json: bool) -> None:
    from tfcli.train.plan import plan
    from tfcli.train.session import prepared
    from tfcli.view.train import preparing, show_plan

    with preparing() as watch:
        ready = prepared(request, config, watch.say, watch.progress)
        watch.say("measuring a few steps")
        planned = plan(ready)
    show_plan(planned, json)


def _run_to_resume(ctx: typer.Context, run: Path | None) -> Path:
    """The run to go on with. UsageError where there is none, or its choices are to be changed."""
    from tfcli.checkpoint.locate import newest_run

    if run is None:
        raise UsageError(
            "--resume needs the run to go on with.",
            hint=f"tfcli train --resume --run {newest_run() or 'runs/NAME'}",
        )
    fixed = {item.name for item in fields(TrainConfig)} | {"tokenizer", "dry_run", CONFIG_FILE}
    refused = [flag for name, flag in _typed(ctx).items() if name in fixed]
    if refused:
        raise UsageError(
            f"A run goes on as it was begun: {', '.join(refused)} cannot be given with --resume.",
            hint=f"tfcli train --resume --run {run}",
        )
    return run


def _typed(ctx: typer.Context) -> dict[str, str]:
    """The parameters that stand on the command line, by name, with their flags."""
    sources = {p.name: ctx.get_parameter_source(p.name) for p in ctx.command.params if p.name}
    return {
        p.name: p.opts[0]
        for p in ctx.command.params
        if p.name and getattr(sources[p.name], "name", "") == "COMMANDLINE"
    }


def _said_anew(ctx: typer.Context, run: Path, request: "Request") -> "Resume":
    from tfcli.train.session import Resume

    names = {"corpus", "device", "dtype", "threads"} & set(_typed(ctx))
    return Resume(run, **{name: getattr(request, name) for name in names})


def _resumed(resume: "Resume", watch: "Preparing") -> "Job":
    from tfcli.train.run_directory import RunDirectory
    from tfcli.train.session import resumed_job

    directory = RunDirectory(resume.run)
    record = directory.read_record()
    try:
        config = build(TrainConfig, fit_table(TrainConfig, record.train, directory.config_file))
    except UsageError as error:
        raise CheckpointError(error.message, error.hint) from error
    return resumed_job(resume, record, config, watch.progress)


def _train(job: "Job", view: "TrainView") -> ExitCode:
    """Train to the end of the budget, or until the user or the system asks to stop."""
    from tfcli.train.events import Finished
    from tfcli.train.loop import train

    code = ExitCode.OK
    with _Stop(view.stopping) as stop:
        try:
            for event in train(job, stop.asked):
                try:
                    view.show(event)
                except BrokenPipeError:  # `| head` has seen enough: save and end
                    stop.ask(ExitCode.OK)
                    _drop_closed_streams()
                if isinstance(event, Finished) and event.interrupted:
                    code = stop.code
        finally:
            view.close()
    return code


class _Stop:
    """Whether the run is to stop after its step; the second signal ends the process at once."""

    def __init__(self, message: Callable[[], str]) -> None:
        self.code = ExitCode.OK
        self._asked = False
        self._message = message
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "_Stop":
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(ValueError):  # not the main thread
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def asked(self) -> bool:
        return self._asked

    def ask(self, code: ExitCode) -> None:
        self._asked, self.code = True, code

    def _handle(self, number: int, _frame: object) -> None:
        code = ExitCode.TERMINATED if number == signal.SIGTERM else ExitCode.INTERRUPTED
        if self._asked:
            os._exit(int(code))
        self.ask(code)
        with suppress(OSError):  # not through sys.stderr, which may be in the middle of a write
            os.write(2, self._message().encode())


def _drop_closed_streams() -> None:
    """Point the streams that nobody reads any more at nothing, so that later writes succeed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
