"""The tuned lens: progress while it is fitted, and how much nearer it is to the model's end."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.text import Text

from tfcli.explain.result import LensFit
from tfcli.view import console, live, stdout
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, margin, on_one_line
from tfcli.view.train import clock

_LINES = 10  # of progress, where it is not redrawn in place


@contextmanager
def fitting(steps: int) -> Iterator[Callable[[int, float], None]]:
    """Progress on stderr: redrawn in place on a terminal, else some lines."""
    start = time.monotonic()

    def words(done: int, kl: float) -> str:
        left = (time.monotonic() - start) / done * (steps - done)
        return (
            f"step {done:,} of {steps:,}, KL {numbers.number(kl)} bits a layer, {clock(left)} left"
        )

    if not live.possible():
        every = max(steps // _LINES, 1)

        def note(done: int, kl: float) -> None:
            if done % every == 0:
                console.note(words(done, kl))

        yield note
        return
    spinner = "dots" if console.unicode(sys.stderr) else "line"
    with console.err_console().status(Text("Reading the corpus"), spinner=spinner) as status:
        yield lambda done, kl: status.update(Text(f"Fitting the lens: {words(done, kl)}"))


def show_fit(fit: LensFit) -> None:
    """Draw the table on stdout, and say on stderr where the lens is."""
    pen = stdout.pen()
    stdout.write(pen, draw_fit(pen, fit))
    console.note(f"saved as {fit.file}")


def draw_fit(pen: Pen, fit: LensFit) -> list[Text]:
    """A line a layer: the logit lens, the tuned lens, and what share of its distance is left."""
    lines = [
        margin(pen, "LENS").append_text(
            pen.line(
                f"KL to the end, bits a token, on {numbers.count(fit.held_out)} held-out tokens"
            )
        ),
        pen.line(
            " " * 9,
            (pen.left("layer", 8), DIM),
            (pen.right("logit lens", 11), DIM),
            (pen.right("tuned lens", 13), DIM),
            (pen.right("left", 8), DIM),
        ),
    ]
    bar = min(pen.width - 9 - 8 - 11 - 13 - 8 - 2, 24)
    for row in fit.rows:
        left = row.tuned_kl / row.logit_kl if row.logit_kl else 0.0
        lines.append(
            pen.line(
                " " * 9,
                pen.left("E" if row.layer is None else str(row.layer), 8),
                pen.right(numbers.number(row.logit_kl), 11),
                (pen.right(numbers.number(row.tuned_kl), 13), STRONG),
                pen.right(numbers.percent(left), 8),
                "  ",
                (pen.bar(left, bar), ACCENT),
            )
        )
    steps = f"{numbers.count(fit.steps)} step" + ("" if fit.steps == 1 else "s")
    fitted = f"{steps}, {numbers.count(fit.tokens)} tokens of {on_one_line(fit.corpus)}"
    lines.append(pen.line(" " * 9, (fitted, DIM)))
    return lines
