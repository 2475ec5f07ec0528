"""The section that shows where the router of a mixture of experts sent the tokens."""

from collections.abc import Sequence

from rich.text import Text

from tfcli.explain.result import (
    AskedExpert,
    Explanation,
    RoutedLayer,
    RoutedText,
    RoutedToken,
    Routing,
)
from tfcli.view.explain import heat, numbers
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, margin

_LAYER = 7
_CELL = 3
_TOKEN = 16
_ROWS = 24
_BUSIEST = 5


def draw_experts(pen: Pen, explanation: Explanation) -> list[Text]:
    """Which experts the token asks in every layer, how busy each is, and every token's at one."""
    found = explanation.experts
    if found is None:
        return []
    token = explanation.tokens.tokens[found.position]
    shared = " and the shared one" if found.shared else ""
    words = (
        f"at {token.position} “{pen.fit(token.label, 16)}”: each token asks {found.chosen} of "
        f"{found.count}{shared}; weights are {found.rule}"
    )
    head = margin(pen, "EXPERTS", 11)
    items: list[list[Piece]] = [[word] for word in words.split(" ")]
    lines = pen.flow(items, " ", head=head, indent=11, room=pen.width)
    for layer in found.layers:
        lines += _asked_line(pen, f"L{layer.layer}", _LAYER, layer.asked, _beside(layer))
    lines += [Text(), *_load(pen, explanation, found)]
    for text in found.texts:
        lines += [Text(), *_text(pen, explanation, found.position, text)]
    return lines


def _beside(layer: RoutedLayer) -> list[Piece]:
    """What the token gets beside the experts it asks."""
    if layer.shared_weight is None:
        return []
    return ["shared ", (numbers.number(layer.shared_weight), ACCENT)]


def _asked_line(
    pen: Pen, name: str, width: int, asked: Sequence[AskedExpert], beside: list[Piece]
) -> list[Text]:
    items: list[list[Piece]] = [
        [f"E{expert.expert} ", (numbers.number(expert.weight), ACCENT)] for expert in asked
    ]
    if beside:
        items.append(beside)
    head = pen.line("   ", pen.left(name, width), " ")
    return pen.flow(items, "  ", head=head, indent=4 + width, room=pen.width)


def _load(pen: Pen, explanation: Explanation, found: Routing) -> list[Text]:
    """How many of the tokens each expert was asked by: a cell each, or the busiest."""
    tokens = len(explanation.tokens.tokens)
    title = f"load: % of the {numbers.counted(tokens, 'token')} that ask an expert, ** = 100"
    if 3 + _LAYER + _CELL * found.count <= pen.width:
        header = Text(" " * (3 + _LAYER) + _numbers(found.count), DIM)
        lines = [pen.line("   ", (title, DIM)), header]
        for layer in found.layers:
            line = pen.line("   ", pen.left(f"L{layer.layer}", _LAYER))
            for piece in heat.cells([count / tokens for count in layer.load], _CELL):
                line.append(*piece)
            lines.append(line)
        return lines
    lines = [pen.line("   ", (f"{title}; the busiest", DIM))]
    for layer in found.layers:
        busiest = sorted(range(found.count), key=lambda e: (-layer.load[e], e))[:_BUSIEST]
        items: list[list[Piece]] = [
            [f"E{expert} ", (numbers.percent(layer.load[expert] / tokens), ACCENT)]
            for expert in busiest
        ]
        items.append([(f"{numbers.count(layer.idle)} of {found.count} idle", DIM)])
        head = pen.line("   ", pen.left(f"L{layer.layer}", _LAYER), " ")
        lines += pen.flow(items, "  ", head=head, indent=4 + _LAYER, room=pen.width)
    return lines


def _numbers(count: int) -> str:
    """The experts' numbers over their cells; every second where they would touch."""
    step = 1 if count <= 100 else 2
    return "".join((str(i) if i % step == 0 else "").rjust(_CELL) for i in range(count))


def _text(pen: Pen, explanation: Explanation, position: int, text: RoutedText) -> list[Text]:
    """Every token at one layer; of a long text those up to the one that is followed."""
    rows: Sequence[RoutedToken] = text.tokens
    window = explanation.tokens.window
    if window is not None:
        rows = rows[slice(*window)]
    elif len(rows) > _ROWS:
        first = max(0, min(position - _ROWS * 3 // 4, len(rows) - _ROWS))
        rows = rows[first : first + _ROWS]
    part = ""
    if len(rows) < len(text.tokens):
        part = f", tokens {rows[0].position}–{rows[-1].position} of {len(text.tokens):,}"
    lines = [pen.line("   ", (f"every token at layer {text.layer}{part}", DIM))]
    for row in rows:
        name = f"{row.position} {row.label}"
        drawn = _asked_line(pen, name, _TOKEN, row.asked, [])
        if row.position == position:
            drawn[0].stylize(STRONG, 0, 3 + _TOKEN)
        lines += drawn
    return lines
