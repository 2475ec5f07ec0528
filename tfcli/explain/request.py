"""What to explain: the user's wishes, checked against the model and the prompt. Free of torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from tfcli.errors import UsageError
from tfcli.generate.config import SamplingConfig

SECTIONS = (
    "model",
    "tokens",
    "shapes",
    "block",
    "qkv",
    "attention",
    "heads",
    "lens",
    "credit",
    "next",
    "parameters",
    "audit",
)
MEASURES = ("delta", "entropy", "sink", "previous", "credit")

GREEDY = SamplingConfig(temperature=0)

Measure = Literal["delta", "entropy", "sink", "previous", "credit"]
Choice = tuple[int, ...] | Literal["all", "top"]


@dataclass(frozen=True)
class Request:
    """What to measure, and how much of it to keep.

    Attributes:
        sections: names out of SECTIONS.
        layers: which blocks to open; "top" is the one whose attention moves the token most.
        heads: likewise, in each of those blocks.
        position: whose vector is followed; negative counts from the end.
        top_k: rows of a next-token table.
        measure: what the grid of heads shows.
        window: (first, end) of the tokens to show, as in a Python slice; None for all.
        all_keys: list every key of a ledger, not only those with the largest weights.
        sampling: the temperature and filters of the next-token tables, and how the loop takes a
            token from them.
        steps: turns of the loop.
        seed: of the loop's random choices.
    """

    sections: tuple[str, ...] = SECTIONS
    layers: Choice = "top"
    heads: Choice = "top"
    position: int = -1
    top_k: int = 5
    measure: Measure = "delta"
    window: tuple[int | None, int | None] | None = None
    all_keys: bool = False
    sampling: SamplingConfig = GREEDY
    steps: int = 0
    seed: int = 0


def parse_sections(text: str) -> tuple[str, ...]:
    """Read "qkv,next" or "all" as section names, in the order of the screen.

    Raises:
        UsageError: there is no such section; the message lists those there are.
    """
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if names == ["all"]:
        return SECTIONS
    for name in names:
        if name not in SECTIONS:
            near = get_close_matches(name, SECTIONS, n=1)
            raise UsageError(
                f"There is no section “{name}”." + (f" Did you mean {near[0]}?" if near else ""),
                hint="Sections: " + ", ".join(SECTIONS) + ", or all.",
            )
    if not names:
        raise UsageError(
            "No section is named.", hint="Sections: " + ", ".join(SECTIONS) + ", or all."
        )
    return tuple(name for name in SECTIONS if name in names)


def parse_choice(text: str, what: str) -> Choice:
    """Read "5", "0,3", "all" or "top" as a choice of layers or heads. UsageError otherwise."""
    word = text.strip().lower()
    if word in ("all", "top"):
        return "all" if word == "all" else "top"
    return parse_numbers(text, f"--{what}", f"`--{what}` takes 5, 0,3, all or top.")


def parse_numbers(text: str, option: str, hint: str) -> tuple[int, ...]:
    """Read "5,17,3" as numbers of 0 and more. UsageError names the option."""
    words = [word.strip() for word in text.split(",")]
    # the bound keeps int() from the time and the limit of absurdly long digit strings
    if not all(word.isascii() and word.isdecimal() and len(word) <= 18 for word in words):
        raise UsageError(f"“{text}” is no value for `{option}`.", hint=hint)
    return tuple(int(word) for word in words)


def parse_window(text: str) -> tuple[int | None, int | None]:
    """Read "10:40", "10:", ":-5" as a slice of the prompt. UsageError otherwise."""
    first, colon, end = text.partition(":")
    try:
        bounds = [int(word) if word.strip() else None for word in (first, end)]
    except ValueError:
        bounds, colon = [None, None], ""
    if not colon:
        raise UsageError(
            f"“{text}” is no value for `--window`.",
            hint="`--window 10:40` shows the tokens 10 to 39; `-20:` the last twenty.",
        )
    return bounds[0], bounds[1]


def resolve_position(position: int, length: int) -> int:
    """A position from 0, of a prompt of `length` tokens. UsageError when it is outside."""
    if not -length <= position < length:
        raise UsageError(
            f"There is no position {position}: the prompt has {_count(length, 'token')}.",
            hint=f"`--pos` takes 0 to {length - 1}, or -1 to -{length} from the end.",
        )
    return position % length


def resolve_window(
    window: tuple[int | None, int | None] | None, length: int
) -> tuple[int, int] | None:
    """(first, end) within a prompt of `length` tokens. UsageError when it holds none."""
    if window is None:
        return None
    first, end, _ = slice(*window).indices(length)
    if first >= end:
        shown = ":".join("" if bound is None else str(bound) for bound in window)
        raise UsageError(
            f"The window {shown} holds no token: the prompt has {_count(length, 'token')}.",
            hint=f"For example --window 0:{min(length, 20)}.",
        )
    return first, end


def resolve_choice(
    choice: Choice, count: int, norms: Sequence[float], what: str
) -> tuple[int, ...]:
    """The chosen layers or heads as indices below `count`.

    Args:
        norms: ‖ΔE‖ of each, for "top".
        what: "layer" or "head", for the message.

    Raises:
        UsageError: one does not exist; the message says which do.
    """
    if choice == "all":
        return tuple(range(count))
    if choice == "top":
        return (max(range(count), key=lambda i: norms[i]),)
    for index in choice:
        if index >= count:
            raise UsageError(
                f"There is no {what} {index}: this model has {_count(count, what)}"
                + (" in a block." if what == "head" else "."),
                hint=f"`--{what}` takes 0 to {count - 1}, several as 0,{count - 1}, all, or top.",
            )
    return tuple(sorted(set(choice)))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
