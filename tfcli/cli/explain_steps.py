"""`tfcli explain --by-key`: the loop, each step at a key."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from tfcli.cli.keys import goes_on, key_by_key
from tfcli.errors import UsageError
from tfcli.view import console

if TYPE_CHECKING:
    from tfcli.explain.result import Explanation
    from tfcli.model.config import ModelConfig

_UNTIL_STOPPED = 1000
_HINT = " Space: the next step   q: stop"


def asked_steps(steps: int, by_key: bool, json: bool) -> int:
    """How many steps the loop has at most.

    Raises:
        UsageError: keys are asked for where none can be pressed.
    """
    if not by_key:
        return steps
    if json:
        raise UsageError("--by-key shows the steps to a person: --json has them all at once.")
    if not all(s is not None and console.is_terminal(s) for s in (sys.stdin, sys.stdout)):
        raise UsageError(
            "--by-key needs a terminal to read keys from and to show the steps on.",
            hint="All steps at once: --steps 5",
        )
    return steps or _UNTIL_STOPPED


def refuse_encoder(steps: int, config: "ModelConfig") -> None:
    """UsageError for a loop of a model that has none."""
    if steps and not config.causal:
        raise UsageError(
            "This model is an encoder: it reads a text at once, and there is no loop to show.",
            hint="Without --steps and --by-key, explain shows what it reads.",
        )


def show_by_key(
    parts: "Iterator[Explanation]", brief: bool, language: Literal["en", "zh"] | None
) -> "Explanation":
    """Draw the explanation, then a step of its loop at each key."""
    from tfcli.view.explain.screen import show_by_step

    with key_by_key() as read_key:

        def next_is_wanted() -> bool:
            with console.passing(_HINT):
                return goes_on(read_key)

        return show_by_step(parts, brief, language, next_is_wanted)
