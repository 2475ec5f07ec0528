"""The section that shows from which tokens a vector comes, by several measures side by side."""

from rich.text import Text

from tfcli.explain.result import LETTERS, Explanation, Sources, SourceShares
from tfcli.view.explain import heat, numbers
from tfcli.view.explain.attention import CAVEAT
from tfcli.view.explain.lines import ACCENT, DIM, STRONG, Pen, Piece, heading

_CELL = 10
_LABEL, _WIDEST = 12, 24
_NAMES = {
    "rollout": "rollout",
    "flow": "flow",
    "alti": "ALTI",
    "zeroing": "zeroing",
    "norm": "norm",
}


def draw_sources(pen: Pen, explanation: Explanation) -> list[Text]:
    """A row for each token, a column for each measure; then what came from others by layer."""
    found = explanation.sources
    if found is None:
        return []
    rest = f"{numbers.count(found.others_count)} more"
    named = {token: f"{token.position} {token.label}" for token in found.tokens}
    label = min(max(_LABEL, len(rest), *map(pen.size, named.values())) + 1, _WIDEST)
    shown = [name for name in _NAMES if name not in found.left_out]
    layer = LETTERS["self"] + str(len(found.context) - 1)
    who = pen.fit(found.label, 16)
    lines = [
        heading(pen, "SOURCES", f"of {found.position} “{who}” behind {layer}, % by each measure"),
        pen.line(
            "   ",
            (pen.left("from", label), DIM),
            *((pen.right(_NAMES[name], _CELL - 1) + " ", DIM) for name in shown),
        ),
    ]
    most = _most(found)
    for written in (False, True) if found.sides is not None else (False,):
        lines += _side(pen, found, written, label, shown)
        for token in found.tokens:
            if token.written != written:
                continue
            best = {key for key in shown if found.largest[key] == found.number(token)}
            line = pen.line("   ", (pen.left(named[token], label), STRONG if best else ""))
            lines.append(line.append_text(_cells(pen, token.shares, shown, most, best)))
    if found.others is not None:
        line = pen.line("   ", pen.left(rest, label))
        lines.append(line.append_text(_cells(pen, found.others, shown, {}, set())))
    if found.sinks is not None:
        taken = pen.right(numbers.percent(found.sinks), _CELL - 1)
        lines.append(pen.line("   ", pen.left("learned sinks", label), taken))
    others = "other tokens" if found.sides is None else "other written tokens"
    lines += _context(pen, others, LETTERS["self"], found.context)
    if found.sides is not None:
        lines += _context(pen, "the prompt", LETTERS["cross"], found.sides.context)
    for name, reason in found.left_out.items():
        lines += _said(pen, f"{_NAMES[name]} is left out: {reason}")
    causal = explanation.model.mask == "causal" and found.sides is None
    piled = causal and found.largest.get("rollout") == 0 != found.position
    why = ": rollouts pile up on token 0, which sees only itself" if piled else ""
    return [*lines, *_said(pen, f"The measures disagree{why}."), *_said(pen, CAVEAT)]


def _side(pen: Pen, found: Sources, written: bool, label: int, shown: list[str]) -> list[Text]:
    """What the prompt gives a decoder beside an encoder, or what is written gives, in all."""
    if found.sides is None:
        return []
    shares = found.sides.written if written else found.sides.prompt
    count = found.position + 1 if written else found.count - found.position - 1
    name = f"{'written' if written else 'the prompt'}, {numbers.count(count)}"
    line = pen.line("   ", (pen.left(name, label), ACCENT))
    return [line.append_text(_cells(pen, shares, shown, {}, set()))]


def _said(pen: Pen, text: str) -> list[Text]:
    words: list[list[Piece]] = [[(word, DIM)] for word in text.split(" ")]
    return pen.flow(words, " ", head=Text("   "), indent=3, room=pen.width)


def _most(found: Sources) -> dict[str, float]:
    """The largest listed share by each measure, which colours are in parts of."""
    return {
        name: max((getattr(token.shares, name) or 0.0 for token in found.tokens), default=0.0)
        for name in _NAMES
    }


def _cells(
    pen: Pen, shares: SourceShares, shown: list[str], most: dict[str, float], best: set[str]
) -> Text:
    pieces: list[Piece] = []
    for name in shown:
        share = getattr(shares, name)
        text = pen.right(numbers.percent(share), _CELL - 3)
        scale = most.get(name)
        colours = heat.style(share / scale) if scale and share is not None else ""
        pieces += ["  ", (text, colours), "*" if name in best else " "]
    return pen.line(*pieces)


def _context(pen: Pen, others: str, letter: str, context: tuple[float | None, ...]) -> list[Text]:
    """By layer, how much of what an attention leaves at the position is others'."""
    head = pen.line("   ", (f"from {others}, by layer:", DIM), " ")
    items: list[list[Piece]] = [
        [(f"{letter}{layer} ", DIM), (numbers.percent(share), ACCENT)]
        for layer, share in enumerate(context)
    ]
    return pen.flow(items, " · ", head=head, indent=6, room=pen.width)
