"""How a training run looks while it goes on: lines on stderr, and what to type next."""

import json
import time

from tfcli.train.events import Event, Finished, Sampled, Saved, Started, Stepped, Validated
from tfcli.view import console


class TrainView:
    """Shows events on stderr: a live line on a terminal, else a plain line now and then."""

    def __init__(self, as_json: bool) -> None:
        import sys

        self._json = as_json
        self._live = console.is_terminal(sys.stderr) and not console.settings().quiet
        self._shown = 0.0
        self._losses: list[float] = []

    def show(self, event: Event) -> None:
        """Draw one event."""
        if self._json:
            name = type(event).__name__.lower()
            values = {key: str(v) if key == "run" else v for key, v in vars(event).items()}
            console.write_json({"schema": "tfcli.train/1", "event": name, **values}, indent=None)
        match event:
            case Started():
                self._started(event)
            case Stepped():
                self._stepped(event)
            case Validated():
                best = "  best so far" if event.is_best else ""
                self._note(
                    f"step {event.step:,}  validation loss {event.loss:.3f} nats/token  "
                    f"{event.bits_per_byte:.3f} bits/byte  "
                    f"{event.loss_per_character:.3f} nats/character{best}"
                )
            case Sampled():
                self._note("  " + console.printable(event.text.replace("\n", " ")))
            case Saved():
                console.detail(f"saved at step {event.step:,}")
            case Finished():
                self._finished(event)

    def _started(self, event: Started) -> None:
        verb = f"resuming at step {event.step:,}" if event.step else "training"
        console.note(
            f"{verb}: {event.parameters / 1e6:.1f}M parameters, {event.description}\n"
            f"on {event.device}, {event.dtype}; {event.train_tokens:,} tokens to learn from, "
            f"{event.validation_tokens:,} held out"
        )
        for line in event.notes:
            console.note(line)

    def _stepped(self, event: Stepped) -> None:
        self._losses.append(event.loss)
        now = time.monotonic()
        if now - self._shown < (0.2 if self._live else 10) and event.progress < 1:
            return
        self._shown = now
        left = event.elapsed * (1 - event.progress) / max(event.progress, 1e-6)
        line = (
            f"step {event.step:,}  loss {_mean(self._losses[-20:]):.3f}  "
            f"{event.tokens_per_second:,.0f} tokens/s  {event.progress:.0%}  "
            f"{_clock(event.elapsed)} gone, {_clock(left)} left"
        )
        if self._live:
            import sys

            curve = f"  {sparkline(self._losses)}" if console.unicode(sys.stderr) else ""
            sys.stderr.write("\r\x1b[2K" + (line + curve)[: console.width(sys.stderr) - 1])
            sys.stderr.flush()
        else:
            console.note(line)

    def _finished(self, event: Finished) -> None:
        self._clear()
        console.note(
            f"{'stopped' if event.interrupted else 'done'} after {event.step:,} steps, "
            f"{event.tokens:,} tokens, {_clock(event.seconds)}: best validation "
            f"{event.best_loss:.3f} nats/token, {event.best_bits_per_byte:.3f} bits/byte"
        )
        if event.interrupted:
            console.note(f"\nGo on with:\n  tfcli train --resume --run {event.run}")
            return
        console.note(
            f'\nThe model is in {event.run}/best. Try:\n  tfcli generate "The cat"\n'
            f'  tfcli explain "The cat"'
        )

    def _note(self, line: str) -> None:
        self._clear()
        console.note(line)

    def _clear(self) -> None:
        if self._live:
            import sys

            sys.stderr.write("\r\x1b[2K")


def sparkline(values: list[float], width: int = 16) -> str:
    """The course of a series in `width` characters of rising height."""
    if not values:
        return ""
    step = max(1, len(values) // width)
    means = [_mean(values[i : i + step]) for i in range(0, len(values), step)][:width]
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join("▁▂▃▄▅▆▇█"[int(7 * (m - low) / span)] for m in means)


def show_plan(plan: dict[str, object], as_json: bool) -> None:
    """What a run would be: a line a figure, or JSON."""
    if as_json:
        console.write_json({"schema": "tfcli.train.plan/1", **plan})
        return
    width = max(len(key) for key in plan)
    for key, value in plan.items():
        shown = f"{value:,}" if isinstance(value, int) else value
        if isinstance(value, dict):
            shown = json.dumps(value)
        console.write_line(f"{key.replace('_', ' '):<{width}}  {shown}")


def _mean(values: list[float]) -> float:
    return sum(values) / max(1, len(values))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
