"""The strip of tokens: those around the one that is followed, each with its probability."""

from collections.abc import Sequence

from rich.text import Text

from tfcli.explain.result import Explanation, Token
from tfcli.explain.spot import Spot
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen

_LONGEST = 16


def lines_of(is_pair: bool, causal: bool) -> int:
    """How many lines the strip takes: what an encoder read, the tokens, their probabilities."""
    return int(is_pair) + 1 + int(causal)


def draw_strip(pen: Pen, explanation: Explanation, spot: Spot) -> list[Text]:
    """The tokens in one line, the followed one in brackets; under them what each was expected.

    Before them, in an encoder-decoder, what the encoder read, with the token that asks there.
    """
    lines: list[Text] = []
    if explanation.source is not None:
        asks = (explanation.focus.source or 0) if spot.source is None else spot.source
        lines.append(_line(pen, explanation.source.tokens, asks)[0])
    tokens = explanation.tokens.tokens
    predicted = explanation.tokens.bits_per_token is not None or len(tokens) == 1
    own = _line(pen, tokens, spot.position)
    return lines + own[: 1 + predicted]


def _line(pen: Pen, tokens: Sequence[Token], here: int) -> list[Text]:
    """As many tokens around one as fit."""
    widths = [_width(pen, token) for token in tokens]
    first, end = _window(widths, here, pen.width - 4)
    names = Text(pen.say("… ") if first else "  ")
    chances = Text("  ")
    for token, width in zip(tokens[first:end], widths[first:end], strict=True):
        followed = token.position == here
        open_, close = ("[", "]") if followed else (" ", " ")
        name = f"{token.position} {pen.fit(token.label, _LONGEST)}"
        style = f"{STRONG} {ACCENT} reverse" if followed else ""
        names.append(f"{open_}{name}{close}", style)
        names.append(" " * (width - pen.size(name) - 2))
        chance = "" if token.probability is None else numbers.probability(token.probability)
        chances.append(pen.left(f" {chance}", width), DIM)
    if end < len(tokens):
        names.append(pen.say("…"))
    chances.rstrip()
    if chances.plain.strip():
        chances.append("  p", DIM)
    return [names, chances]


def _width(pen: Pen, token: Token) -> int:
    name = len(str(token.position)) + 1 + min(pen.size(token.label), _LONGEST)
    return max(name + 2, 6)


def _window(widths: Sequence[int], here: int, room: int) -> tuple[int, int]:
    """(first, end) of the tokens that fit, the one looked at in the middle where it can be."""
    first = end = here
    used = 0
    while True:
        left = first > 0 and used + widths[first - 1] <= room
        right = end < len(widths) and used + widths[end] <= room
        if right and (not left or end - here <= here - first):
            used += widths[end]
            end += 1
        elif left:
            first -= 1
            used += widths[first]
        else:
            return first, max(end, here + 1)
