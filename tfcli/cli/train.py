"""`tfcli train`: train a model on a corpus, or go on with a run."""

from pathlib import Path
from typing import Annotated

import typer

from tfcli.cli.dataclass_options import options_from
from tfcli.cli.options import Device, Dtype, Json, Threads, TokenizerPath
from tfcli.errors import ExitCode, Interrupted, UsageError
from tfcli.train.config import TrainConfig


@options_from(TrainConfig)
def command(
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
    Hugging Face form) and state/ (to resume from). Ctrl-C saves, and says how to go on.

    Examples:
        tfcli train --minutes 3
        tfcli train book.txt --tokenizer-type char --size nano
        tfcli train --resume --run runs/first
    """
    from tfcli.view import console

    if resume and run is None:
        raise UsageError(
            "--resume needs the run to go on with.", hint="tfcli train --resume --run runs/NAME"
        )
    with console.busy("Loading PyTorch"):
        from tfcli.train import session
        from tfcli.train.loop import train
        from tfcli.view.train import TrainView, show_plan

    request = session.Request(
        corpus=tuple(corpus or ()),
        config=config,
        tokenizer=tokenizer,
        run=run,
        device=device,
        dtype=dtype,
        threads=threads,
    )
    if dry_run:
        show_plan(session.plan(request), json)
        return
    with console.busy("Reading the corpus"):
        if resume and run is not None:
            job = session.resumed_job(run, None)
        else:
            job = session.new_job(request, None, console.note)
    view = TrainView(json)
    with _stop_at_signals() as should_stop:
        interrupted = False
        for event in train(job, should_stop):
            view.show(event)
            interrupted = getattr(event, "interrupted", False)
    if interrupted:
        raise typer.Exit(
            int(Interrupted.exit_code if not should_stop.terminated else ExitCode.TERMINATED)
        )


class _Signals:
    """Asked after every step: has the user, or the system, asked to stop?"""

    def __init__(self) -> None:
        self.stopped = False
        self.terminated = False
        self._before: dict[int, object] = {}

    def __call__(self) -> bool:
        return self.stopped

    def __enter__(self) -> "_Signals":
        import signal

        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        import signal

        for number, handler in self._before.items():
            signal.signal(number, handler)  # pyright: ignore[reportArgumentType]

    def _handle(self, number: int, _frame: object) -> None:
        import os
        import signal
        import sys

        if self.stopped:
            os._exit(int(ExitCode.INTERRUPTED))
        self.stopped = True
        self.terminated = number == signal.SIGTERM
        sys.stderr.write("\nStopping after this step; once more to quit at once.\n")


def _stop_at_signals() -> _Signals:
    return _Signals()
