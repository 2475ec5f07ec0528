"""How a training run looks while it goes on, and what to type next. All on stderr, JSON apart."""

import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tfcli.checkpoint.locate import RUNS
from tfcli.train.events import (
    Event,
    Finished,
    Sampled,
    Saved,
    Snapshot,
    Started,
    Stepped,
    Validated,
)
from tfcli.view import console, live
from tfcli.view.curve import Curve
from tfcli.view.explain.numbers import amount

if TYPE_CHECKING:
    from rich.text import Text

    from tfcli.train.plan import Plan

_REDRAW_SECONDS = 0.2
_LINE_SECONDS = 10.0
_CURVE_ROWS = 4
_SMOOTHED_STEPS = 20


class TrainView:
    """Shows events: on a terminal a live foot under the log, else a plain line now and then.

    Args:
        as_json: also write each event to stdout, as a JSON line.
        prompt: for the commands to type next.
    """

    def __init__(self, as_json: bool, prompt: str) -> None:
        self._json = as_json
        self._prompt = prompt or "The cat"
        on_screen = as_json and console.is_terminal(sys.stdout)
        self._live = live.LiveLines() if live.possible() and not on_screen else None
        self._quiet = on_screen or console.settings().quiet
        self._shown = float("-inf")
        self._losses: list[float] = []
        self._curve = Curve()
        self._step: Stepped | None = None
        self._validation: Validated | None = None

    def show(self, event: Event) -> None:
        """Draw one event."""
        if self._json:
            name = type(event).__name__.lower()
            values = {key: str(v) if key == "run" else v for key, v in vars(event).items()}
            try:
                console.write_json(
                    {"schema": "tfcli.train/1", "event": name, **values}, indent=None
                )
            except BrokenPipeError:
                self._json = False
                raise
        match event:
            case Started():
                self._started(event)
            case Stepped():
                self._stepped(event)
            case Validated():
                self._validated(event)
            case Sampled():
                self._sampled(event)
            case Saved():
                if console.settings().verbose:
                    self._log(lambda: console.detail(f"saved at step {event.step:,}"))
            case Snapshot():
                if console.settings().verbose:
                    self._log(lambda: console.detail(f"kept the model of step {event.step:,}"))
            case Finished():
                self._finished(event)

    def close(self) -> None:
        """Take the live foot away, so that what follows stands under the log."""
        if self._live is not None:
            self._live.erase()
            self._live = None

    def stopping(self) -> str:
        """What to say at once when the run is asked to stop; the next redraw clears it."""
        words = "Stopping after this step; once more to quit at once."
        if self._quiet:
            return ""
        return f"{words}\n" if self._live is None else f"\r{words[: self._live.width]}"

    def _started(self, event: Started) -> None:
        self._curve = Curve(event.progress)
        begun = f", going on from step {event.step:,}" if event.step else ""
        self._note(
            f"training {amount(event.parameters)} parameters on {event.device} in "
            f"{event.dtype}{begun}"
        )
        self._note(event.description)
        self._note(
            f"{event.train_tokens:,} tokens to learn from, {event.validation_tokens:,} held out"
        )
        for line in event.notes:
            self._note(line)

    def _stepped(self, event: Stepped) -> None:
        self._step = event
        self._losses = [*self._losses[1 - _SMOOTHED_STEPS :], event.loss]
        self._curve.add(event.progress, event.loss)
        now = time.monotonic()
        wait = _REDRAW_SECONDS if self._live is not None else _LINE_SECONDS
        if now - self._shown < wait and event.progress < 1:
            return
        self._shown = now
        if self._live is not None:
            self._live.draw(self._foot(event, self._live.width))
        elif not self._quiet:
            console.note(
                f"step {event.step:,}  loss {_mean(self._losses):.3f}  "
                f"{event.tokens_per_second:,.0f} tokens/s  {event.progress:.0%}  {_times(event)}"
            )

    def _validated(self, event: Validated) -> None:
        self._validation = event
        best = "  best" if event.is_best else ""
        self._note(
            f"step {event.step:,}  held out: {event.loss:.3f} nats/token  "
            f"{event.bits_per_byte:.3f} bits/byte  "
            f"{event.loss_per_character:.3f} nats/char{best}"
        )

    def _sampled(self, event: Sampled) -> None:
        from rich.text import Text

        err = console.err_console()
        text = Text(console.printable(" ".join(event.text.split())), style="italic")
        lines = text.wrap(err, max(1, min(err.width, live.WIDEST) - 4))
        if not self._quiet:
            self._log(lambda: err.print(*(Text("  ") + line for line in lines), sep="\n"))

    def _finished(self, event: Finished) -> None:
        self.close()
        what = "stopped" if event.interrupted else "done" if self._step else "already finished"
        console.note(
            f"{what} after {event.step:,} steps, {event.tokens:,} tokens, {clock(event.seconds)}"
        )
        if event.best_step:
            console.note(
                f"best on held-out text: {event.best_loss:.3f} nats/token, "
                f"{event.best_bits_per_byte:.3f} bits/byte, at step {event.best_step:,}"
            )
        if event.interrupted:
            from tfcli.train.run_directory import resume_command

            console.note(f"\nGo on with:\n  {resume_command(event.run)}")
            return
        prompt, model = _quoted(self._prompt), _model_option(event.run)
        console.note(
            f"\nThe model is in {event.run}/best. Try:\n  tfcli generate {prompt}{model}\n"
            f"  tfcli explain {prompt}{model}"
        )

    def _foot(self, event: Stepped, width: int) -> "list[Text]":
        from rich.text import Text

        ascii = not console.unicode(sys.stderr)
        lines = [self._bar(event, width, ascii), self._figures(event, width)]
        if self._room() >= 2 * _CURVE_ROWS:
            rows = self._curve.rows(width, _CURVE_ROWS, ascii=ascii)
            lines += [Text(row, style="cyan") for row in rows]
        return lines

    def _bar(self, event: Stepped, width: int, ascii: bool) -> "Text":
        from rich.text import Text

        left = f"{event.progress:4.0%} "
        right = f" {_times(event)}"
        room = width - len(left) - len(right)
        if room < 4:
            return Text(left + right)
        full = int(room * event.progress)
        marks = "#-" if ascii else "━─"
        return Text.assemble(
            left, (marks[0] * full, "green"), (marks[1] * (room - full), "dim"), right
        )

    def _figures(self, event: Stepped, width: int) -> "Text":
        """The step's figures, as many as the width takes."""
        from rich.text import Text

        figures = [f" loss {_mean(self._losses):.3f}", f"{event.tokens_per_second:,.0f} tokens/s"]
        if self._validation is not None:
            figures.insert(1, f"held out {self._validation.bits_per_byte:.3f} bits/byte")
        figures.append(f"step {event.step:,}")
        while len(figures) > 1 and len("   ".join(figures)) > width:
            figures.pop()
        return Text("   ".join(figures))

    def _room(self) -> int:
        try:
            return os.get_terminal_size(sys.stderr.fileno()).lines - 2
        except (OSError, ValueError):
            return 0

    def _note(self, line: str) -> None:
        if not self._quiet:
            self._log(lambda: console.note(line))

    def _log(self, write: Callable[[], object]) -> None:
        """Write something above the live foot."""
        if self._live is None:
            write()
            return
        self._live.erase()
        write()
        if self._step is not None:
            self._live.draw(self._foot(self._step, self._live.width))


class Preparing:
    """What is said while a corpus is read and a tokenizer made."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    def say(self, text: str) -> None:
        """Say something that a user should know."""
        console.note(text)
        self._show(f"{text[:1].upper()}{text[1:]}")

    def progress(self, done: int, total: int | None) -> None:
        """Say how many of the corpus's bytes are done."""
        if total:
            self._show(f"Tokenising the corpus: {done / total:.0%} of {_bytes(total)}")
        else:
            self._show(f"Reading the corpus: {_bytes(done)}")


@contextmanager
def preparing() -> Iterator[Preparing]:
    """A spinner with what is going on, where stderr is a terminal."""
    if not live.possible():
        yield Preparing(lambda _: None)
        return
    from rich.text import Text

    spinner = "dots" if console.unicode(sys.stderr) else "line"
    with console.err_console().status(Text("Reading the corpus"), spinner=spinner) as status:
        yield Preparing(lambda text: status.update(Text(console.printable(text))))


def show_plan(plan: "Plan", as_json: bool) -> None:
    """What a run would be: a line a figure, or JSON."""
    if as_json:
        console.write_json({"schema": "tfcli.train.plan/1", **vars(plan)})
        return
    for name, value in _plan_lines(plan):
        console.write_line(f"{name:<11} {value}")


def _plan_lines(plan: "Plan") -> Iterator[tuple[str, str]]:
    share = plan.parameters_in_blocks / plan.parameters
    about = ("about ", "") if plan.timed else ("", "about ")
    threads = f", {plan.threads} threads" if plan.device == "cpu" else ""
    yield "model", plan.description
    yield "vocabulary", f"{plan.vocab_size:,}"
    yield "parameters", f"{plan.parameters:,}; {share:.0%} of them in the blocks"
    yield "corpus", f"{plan.train_tokens:,} tokens, and {plan.validation_tokens:,} held out"
    yield (
        "step",
        f"{plan.sequences_per_step} sequences x {plan.context} = {plan.tokens_per_step:,} tokens, "
        f"{_scaled(plan.flops_per_token * plan.tokens_per_step)}FLOP",
    )
    yield "memory", f"{_bytes(plan.memory_fixed)} for weights, gradients and optimiser"
    yield "", f"{_bytes(plan.memory_activations)} for activations"
    among = f", {plan.snapshots} snapshots on the way among it" if plan.snapshots else ""
    yield "disk", f"{_bytes(plan.disk)}{among}"
    yield "machine", f"{plan.device}{threads}, {plan.dtype}"
    yield (
        "speed",
        f"{_seconds(plan.seconds_per_step)} a step, {_scaled(plan.flops_per_second)}FLOP/s, "
        "measured just now",
    )
    yield (
        "run",
        f"{about[0]}{plan.steps:,} steps, {plan.tokens:,} tokens, "
        f"{plan.epochs:,.{1 if plan.epochs < 10 else 0}f} times the corpus",
    )
    yield "time", f"{about[1]}{clock(plan.seconds)}"


def _model_option(run: Path) -> str:
    """What makes `generate` find this run: nothing, where the newest in ./runs is it."""
    if run.absolute().parent == RUNS.absolute() and not os.environ.get("TFCLI_MODEL"):
        return ""
    return f" --model {shlex.quote(str(run))}"


def _quoted(text: str) -> str:
    plain = not any(c in '"$`\\!' or not c.isprintable() for c in text)
    return f'"{text}"' if plain else shlex.quote(text)


def _mean(values: list[float]) -> float:
    return sum(values) / max(1, len(values))


def _times(event: Stepped) -> str:
    left = event.elapsed * (1 - event.progress) / max(event.progress, 1e-6)
    return f"{clock(event.elapsed)} gone, {clock(left)} left"


def clock(seconds: float) -> str:
    """Minutes and seconds, or hours too: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _seconds(value: float) -> str:
    return f"{value:.2g} seconds" if value < 10 else f"{value:.0f} seconds"


def _bytes(value: int) -> str:
    return f"{_scaled(value)}B"


def _scaled(value: float) -> str:
    """Three digits and the unit's prefix: 12.3 M."""
    prefixes = ("", "k", "M", "G", "T", "P", "E")
    place = 0
    while value >= 999.5 and place < len(prefixes) - 1:
        value, place = value / 1000, place + 1
    return f"{value:.3g} {prefixes[place]}"
