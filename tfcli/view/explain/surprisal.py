"""The section that shows a text as heat: how many bits each token was worth."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from tfcli.explain.result import Explanation, Surprisal, Surprise, Token
from tfcli.explain.text.labels import SPACE
from tfcli.view.explain import heat, numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, margin

_HOTTEST = 16  # bits: one token in 65,536
_LABEL, _WIDEST = 18, 21


def draw_surprisal(pen: Pen, explanation: Explanation) -> list[Text]:
    """The text with its bits under every token; then the most surprising ones."""
    found = explanation.surprisal
    if found is None:
        return []
    lines = _summary(pen, found)
    tokens = explanation.tokens.tokens
    if explanation.tokens.window is not None:
        tokens = tokens[slice(*explanation.tokens.window)]
    lines += _heated(pen, tokens, len(str(len(explanation.tokens.tokens) - 1)))
    if found.largest:
        lines += [Text(), *_table(pen, found.largest)]
    return lines


def _summary(pen: Pen, found: Surprisal) -> list[Text]:
    head = margin(pen, "SURPRISAL", 12)
    if found.bits is None:
        words = "no token has one before it to be expected from"
        return [head.append(pen.say(words), DIM)]
    items: list[list[Piece]] = [
        [(numbers.number(found.bits), ACCENT), " bits"],
        [(numbers.number(found.bits_per_token), ACCENT), " a token"],
    ]
    if found.bits_per_byte is not None:
        items.append([(numbers.number(found.bits_per_byte), ACCENT), " a byte"])
    share = f"{numbers.count(found.expected)} of {numbers.counted(found.predicted, 'token')}"
    items.append([f"{share} as expected"])
    lines = pen.flow(items, " · ", head=head, indent=12, room=pen.width)
    legend = pen.line("   ", ("bits (-log2 p) under each token; in colour ", DIM))
    for bits in range(0, _HOTTEST + 1, 2):
        legend.append(f" {bits} ", _style(float(bits)))
    return [*lines, legend]


def _style(bits: float | None) -> str:
    return "" if bits is None else heat.style(min(bits / _HOTTEST, 1.0))


def _heated(pen: Pen, tokens: Sequence[Token], digits: int) -> list[Text]:
    """Pairs of lines: the text, and under the first letter of each token its bits."""
    indent = 3 + digits + 2
    lines: list[Text] = []
    for row in _rows(pen, tokens, pen.width - indent):
        text = pen.line("   ", (str(row[0].position).rjust(digits), DIM), "  ")
        under = Text(" " * indent)
        for token, following in zip(row, [*row[1:], None], strict=True):
            shown, bits, width = _cell(pen, token, following)
            text.append(shown, _style(token.surprisal))
            text.append(" " * (width - pen.size(shown)))
            under.append(bits.ljust(width), DIM)
        under.rstrip()
        lines += [text, under]
    return lines


def _rows(pen: Pen, tokens: Sequence[Token], room: int) -> Iterator[list[Token]]:
    """As many tokens as fit on a line; a new one behind a line's end in the text."""
    row: list[Token] = []
    used = 0
    for i, token in enumerate(tokens):
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        width = _cell(pen, token, following)[2]
        if row and used + width > room:
            yield row
            row, used = [], 0
        row.append(token)
        used += width
        if token.label.endswith("\\n"):
            yield row
            row, used = [], 0
    if row:
        yield row


def _cell(pen: Pen, token: Token, following: Token | None) -> tuple[str, str, int]:
    """A token's text with its spaces, its bits, and the columns that both need.

    Two numbers never touch: a token whose number is as wide as itself gets a space behind it.
    """
    lead = _lead(token)
    shown = pen.fit(" " * lead + token.label[lead:], pen.width // 2)
    bits = numbers.NONE if token.surprisal is None else f"{token.surprisal:.0f}"
    bits = " " * lead + pen.say(bits)
    touches = following is not None and _lead(following) == 0
    return shown, bits, max(pen.size(shown), len(bits) + touches)


def _lead(token: Token) -> int:
    """How many spaces stand before a token's first letter; none where it is all spaces."""
    rest = token.label.lstrip(SPACE)
    return len(token.label) - len(rest) if rest else 0


def _table(pen: Pen, largest: Sequence[Surprise]) -> list[Text]:
    place = len(str(max(row.position for row in largest)))
    label = min(max(_LABEL, *(pen.size(row.label) + place + 1 for row in largest)), _WIDEST)
    header = pen.line(
        "   ",
        (pen.left("most surprising", label), DIM),
        (pen.right("bits", 7), DIM),
        (pen.right("p", 8), DIM),
        (pen.right("rank", 9), DIM),
        (pen.left("   expected instead", label + 3), DIM),
        (pen.right("p", 7), DIM),
    )
    lines = [header]
    for row in largest:
        lines.append(
            pen.line(
                "   ",
                (f"{row.position:>{place}} ", DIM),
                (pen.left(row.label, label - place - 1), STRONG),
                (pen.right(numbers.number(row.surprisal, 1), 7), _style(row.surprisal)),
                pen.right(numbers.probability(row.probability), 8),
                pen.right(numbers.count(row.rank), 9),
                "   ",
                pen.left(row.expected_label, label),
                pen.right(numbers.probability(row.expected_probability), 7),
            )
        )
    return lines
