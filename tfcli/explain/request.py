"""What to explain: the user's wishes, checked against the model and the prompt. Free of torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, get_args

from tfcli.errors import UsageError
from tfcli.explain.edits.request import NO_EDITS, EditRequest
from tfcli.explain.text.formula import Formula
from tfcli.generate.config import SamplingConfig

# What the screen shows where nothing is named.
SCREEN = (
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
# Those that are shown when they are named, or by a flag of their own.
FURTHER: tuple[str, ...] = (
    "edits",
    "ledger",
    "sources",
    "lens_grid",
    "residual",
    "neighbors",
    "analogy",
    "memories",
    "experts",
    "sampling",
    "surprisal",
    "norms",
    "cost",
)
SECTIONS = (*SCREEN[:-1], *FURTHER, "audit")

# The widest matrix that a screen of 200 columns can hold. A longer prompt gets one when the user
# names a window: all rows of one head are T² numbers.
LARGEST_MATRIX = 94
KEYS_LISTED = 10  # of a ledger that is not shown in full
TOKENS_LISTED = 24  # of the sources of a vector, where no window is named
LENS_POSITIONS = 32  # of the lens of every position, where no window is named

GREEDY = SamplingConfig(temperature=0.0)
PLAIN = SamplingConfig(temperature=1.0)

LensKind = Literal["logit", "tuned"]
Measure = Literal[
    "delta",
    "entropy",
    "sink",
    "previous",
    "credit",
    "norm",
    "duplicate",
    "prefix",
    "induction",
    "copying",
    "ablation",
    "patching",
]
MEASURES: tuple[Measure, ...] = get_args(Measure)
Choice = tuple[int, ...] | Literal["all", "top"]


@dataclass(frozen=True)
class Request:
    """What to measure, and how much of it to keep.

    Attributes:
        sections: names out of SECTIONS.
        layers: which blocks to open; "top" is the one whose attention moves the token most.
        heads: likewise, in each of those blocks.
        position: whose vector is followed; negative counts from the end; None for the last token,
            or in an encoder the first masked one.
        top_k: rows of a next-token table.
        measure: what the grid of heads shows.
        window: (first, end) of the tokens to show, as in a Python slice; None for all.
        all_keys: list every key of a ledger, not only those with the largest weights.
        sampling: the temperature and filters of the next-token tables, and how the loop takes a
            token from them; None for the model's own distribution, and a loop that takes the
            likeliest.
        steps: turns of the loop.
        seed: of the loop's random choices, and of the random tokens of a measure.
        answer: the token that lens and credit follow; None for the likeliest.
        against: a second token: the credit is then that of the difference of the two logits.
        neighbors: a word whose nearest tokens to show; None for those of the token that is
            followed.
        analogy: a sum of words whose nearest tokens to show.
        edits: what to change in the model.
    """

    sections: tuple[str, ...] = SCREEN
    layers: Choice = "top"
    heads: Choice = "top"
    position: int | None = None
    top_k: int = 5
    measure: Measure = "delta"
    window: tuple[int | None, int | None] | None = None
    all_keys: bool = False
    sampling: SamplingConfig | None = None
    steps: int = 0
    seed: int = 0
    answer: int | None = None
    against: int | None = None
    neighbors: str | None = None
    analogy: Formula | None = None
    edits: EditRequest = NO_EDITS


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
    """Read "5", "0,3", "-1", "all" or "top" as a choice of layers or heads.

    Raises:
        UsageError: it is none of these.
    """
    word = text.strip().lower()
    if word in ("all", "top"):
        return "all" if word == "all" else "top"
    numbers = [_whole_number(part) for part in text.split(",")]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        raise UsageError(
            f"“{_shortened(text)}” is no value for `--{what}`.",
            hint=f"`--{what}` takes 5, 0,3, -1 for the last, all or top.",
        )
    return tuple(known)


def parse_window(text: str) -> tuple[int | None, int | None]:
    """Read "10:40", "10:", ":-5" as a slice of the prompt. UsageError otherwise."""
    words = text.split(":")
    bounds = [_whole_number(word) for word in words]
    if len(words) != 2 or any(w.strip() and _whole_number(w) is None for w in words):
        raise UsageError(
            f"“{_shortened(text)}” is no value for `--window`.",
            hint="`--window 10:40` shows the tokens 10 to 39; `-20:` the last twenty.",
        )
    return bounds[0], bounds[1]


def resolve_position(position: int, length: int) -> int:
    """A position from 0, of a prompt of `length` tokens. UsageError when it is outside."""
    if not -length <= position < length:
        raise UsageError(
            f"There is no position {position}: the prompt has {_count(length, 'token')}.",
            hint=f"`--pos` takes 0 to {length - 1}, or -1 to -{length} from the end."
            if length > 1
            else "`--pos` takes 0.",
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


def matrix_window(
    window: tuple[int | None, int | None] | None, length: int
) -> tuple[int, int] | None:
    """The tokens that a matrix of attention shows; None for no matrix, where there are too many."""
    found = resolve_window(window, length)
    return found or ((0, length) if length <= LARGEST_MATRIX else None)


def listed_tokens(
    giving: Sequence[float], prompt: int, window: tuple[int, int] | None
) -> list[int]:
    """The sources of a vector that are listed, in order: those of the window, or that give most.

    Args:
        giving: how much each gives.
        prompt: how many of them are the prompt's. Those behind it were written beside an encoder:
            a window is of the prompt, and leaves them in.
    """
    count = len(giving)
    if window is not None:
        inside = range(window[0], min(window[1], prompt))
        return [*inside, *_largest(giving, range(prompt, count))]
    return _largest(giving, range(count))


def _largest(giving: Sequence[float], tokens: range) -> list[int]:
    # “1 more” would take as much room as the one
    if len(tokens) <= TOKENS_LISTED + 1:
        return list(tokens)
    return sorted(sorted(tokens, key=lambda token: -giving[token])[:TOKENS_LISTED])


def lens_window(
    window: tuple[int | None, int | None] | None, length: int, position: int
) -> tuple[int, int]:
    """The tokens that the lens of every position shows: those named, or the last up to one."""
    end = position + 1
    return resolve_window(window, length) or (max(end - LENS_POSITIONS, 0), end)


def resolve_choice(
    choice: Choice, count: int, norms: Sequence[float], what: str
) -> tuple[int, ...]:
    """The chosen layers or heads as indices below `count`; negative ones count from the end.

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
        if not -count <= index < count:
            raise UsageError(
                f"There is no {what} {index}: this model has {_count(count, what)}"
                + (" in a block." if what == "head" else "."),
                hint=f"`--{what}` takes {_range(count)}, all, or top.",
            )
    return tuple(sorted({index % count for index in choice}))


def _whole_number(text: str) -> int | None:
    """The number, or None where it is none.

    The bound keeps int() from the time and the limit of absurdly long digit strings.
    """
    word = text.strip()
    digits = word.removeprefix("-")
    return int(word) if digits.isascii() and digits.isdecimal() and len(digits) <= 18 else None


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def _range(count: int) -> str:
    """The indices from both ends: “0 to 3 (or -1 to -4 from the end), several as 0,3”."""
    if count == 1:
        return "0"
    last = count - 1
    return f"0 to {last} (or -1 to -{count} from the end), several as 0,{last}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
