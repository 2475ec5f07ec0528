"""The screen of `tfcli explain --compare`: one word in two prompts."""

from dataclasses import replace

from rich.text import Text

from tfcli.explain.result import ComparedLayer, ComparedSide, Comparison, ContextToken, Pull
from tfcli.view.explain import numbers
from tfcli.view.explain.lines import ACCENT, BAD, DIM, STRONG, Pen, Piece, beside, margin
from tfcli.view.explain.pairs import INDENT, distances_line, next_table, stacked
from tfcli.view.teach import lesson_of_two

_TWO_COLUMNS = 164
_GAP = 4
_BEFORE, _BEHIND = 40, 8  # tokens shown around the one that is followed
_LAYER_ROWS = 13
_CONTEXT_ROWS = 4
_TOKEN = 16
_BAR = 15

_WARNINGS = {
    "same": "The prompts are the same: nothing differs.",
    "unseen": "Up to the word the prompts are the same, and this model is causal: a word cannot "
    "see what stands on its right. Put the context before the word.",
    "alone-first": "In prompt 1 nothing stands on the word's left, and this model is causal: the "
    "word sees only itself. Put the context before it.",
    "alone-second": "In prompt 2 nothing stands on the word's left, and this model is causal: the "
    "word sees only itself. Put the context before it.",
    "position": "The positions differ, and their vectors are added to E: what differs there comes "
    "from position alone.",
    "other-tokens": "The prompts end in different tokens, so E differs before anything is read: "
    "--word names one that both have.",
}


def screen(pen: Pen, found: Comparison) -> list[Text]:
    """Both prompts, where the word's vectors part, what drew them apart, and what comes next."""
    wide = pen.width >= _TWO_COLUMNS and found.pull is not None
    half = replace(pen, width=(pen.width - _GAP) // 2) if wide else pen
    head = _taught(pen, found, "prompts", title(pen, found))
    left = [
        _taught(half, found, "layers", _layers(half, found)),
        _taught(half, found, "next", _next(half, found)),
    ]
    right = [
        _taught(half, found, "pulled", _pulled(half, found)),
        _taught(half, found, "heads", _heads(half, found)),
    ]
    if wide:
        return stacked([head, beside(stacked(left), stacked(right), half.width + _GAP)])
    return stacked([head, left[0], *right, left[1]])


def _taught(pen: Pen, found: Comparison, part: str, lines: list[Text]) -> list[Text]:
    """A part, and what teaches it."""
    return [*lines, *lesson_of_two(pen, found, part)] if lines else []


def title(pen: Pen, found: Comparison) -> list[Text]:
    """Both prompts, and what must be known to read the rest."""
    return [*_prompts(pen, found), *_warnings(pen, found)]


def sides(found: Comparison) -> list[tuple[str, ComparedSide]]:
    """Both, with their numbers."""
    return [("1", found.first), ("2", found.second)]


def _flow(pen: Pen, text: str, head: Text, style: str = "") -> list[Text]:
    words: list[list[Piece]] = [[(word, style)] for word in text.split(" ")]
    return pen.flow(words, " ", head=head, indent=INDENT, room=pen.width)


def _blank(pen: Pen) -> Text:
    return pen.line(" " * INDENT)


def _prompts(pen: Pen, found: Comparison) -> list[Text]:
    """Both texts, the word in them, and whether its E is one vector."""
    lines: list[Text] = []
    for number, side in sides(found):
        first = max(side.position - _BEFORE, 0)
        end = min(side.position + _BEHIND + 1, len(side.labels))
        items: list[list[Piece]] = [
            [(pen.fit(side.labels[i], _TOKEN), STRONG if side.start <= i <= side.position else "")]
            for i in range(first, end)
        ]
        items = [*([["…"]] if first else []), *items, *([["…"]] if end < len(side.labels) else [])]
        items[0] = [(f"{number}  ", ACCENT), *items[0]]
        head = margin(pen, "PROMPTS") if number == "1" else _blank(pen)
        lines += pen.flow(items, " ", head=head, indent=INDENT + 3, room=pen.width)
    one, two = found.first, found.second
    words = [" ".join(s.labels[s.start : s.position + 1]) for s in (one, two)]
    same_e = f"cosine of the two E {numbers.cosine(found.embedding_cosine)}"
    if found.same_token:
        same_e = f"the same E, cosine {numbers.cosine(found.embedding_cosine)}"
        named: list[Piece] = ["“", (pen.fit(words[0], 40), STRONG), "”"]
    else:
        named = ["“", (pen.fit(words[0], 30), STRONG), "” and “", (pen.fit(words[1], 30), STRONG)]
        named.append("”")
    items = [[*named, f" at {one.position} and at {two.position}"], [same_e]]
    if found.position_is_added:
        entry = numbers.cosine(found.layers[0].cosine)
        items.append([f"with the vectors of positions {entry}"])
    kind = "causal" if found.causal else "sees both sides"
    items.append([(f"{pen.fit(found.model.name, 30)}'s {found.stack}, {kind}", DIM)])
    return lines + pen.flow(items, " · ", head=_blank(pen), indent=INDENT, room=pen.width)


def _warnings(pen: Pen, found: Comparison) -> list[Text]:
    """What must be known to read the numbers, and where it is settled instead."""
    lines: list[Text] = []
    for warned in found.warnings:
        head = margin(pen, "NOTE") if not lines else _blank(pen)
        lines += _flow(pen, _WARNINGS[warned], head, "" if warned == "position" else BAD)
    ends = found.ends
    if ends is not None:
        named = [
            f"“{pen.fit(label, _TOKEN)}”" if label is not None else "the end"
            for label in (ends.first_label, ends.second_label)
        ]
        text = f"They differ from {ends.differs_at} on: {named[0]} and {named[1]}. At their ends "
        text += f"the cosine is {numbers.cosine(ends.cosine)}"
        if ends.jensen_shannon is not None:
            text += f", Jensen–Shannon of what comes next {numbers.number(ends.jensen_shannon, 3)}"
        lines += _flow(pen, text + ".", _blank(pen))
    return lines


def _layers(pen: Pen, found: Comparison) -> list[Text]:
    """The cosine behind each block, less that of any two tokens."""
    lines = [
        margin(pen, "LAYERS").append_text(
            pen.line(
                (pen.left("behind", 8), DIM),
                (pen.right("cosine", 8), DIM),
                (pen.right("baseline", 10), DIM),
                (pen.right("adjusted", 10), DIM),
            )
        )
    ]
    for row in _chosen(found):
        part = row.layer is not None and row.layer == found.parting
        lines.append(
            pen.line(
                " " * INDENT,
                pen.left("E" if row.layer is None else f"L{row.layer}", 8),
                (pen.right(numbers.cosine(row.cosine), 8), STRONG),
                (pen.right(numbers.cosine(row.baseline), 10), DIM),
                pen.right(numbers.cosine(row.adjusted), 10),
                "  ",
                (pen.left(pen.bar(row.cosine or 0.0, _BAR), _BAR), ACCENT),
                ("  they part here", STRONG) if part else "",
            )
        )
    return lines + _flow(pen, _baseline_note(found), _blank(pen), DIM)


def _baseline_note(found: Comparison) -> str:
    """What is subtracted from the cosines, and what marks the block where the vectors part."""
    if not found.pairs:
        return "no baseline: no pair of other tokens stands in the two prompts"
    pairs = numbers.counted(found.pairs, "pair")
    text = f"baseline: the mean of {pairs} of other tokens (Ethayarajh 2019)"
    if found.parting is not None:
        return text + "; they part where adjusted falls most"
    alike = any(warned in found.warnings for warned in ("same", "unseen"))
    return text if alike else text + "; adjusted falls behind no block"


def _chosen(found: Comparison) -> list[ComparedLayer]:
    """All layers, or of many some at even distances and those where they part."""
    last = len(found.layers) - 1
    if last < _LAYER_ROWS:
        return list(found.layers)
    kept = {round(i * last / (_LAYER_ROWS - 2)) for i in range(_LAYER_ROWS - 1)}
    if found.parting is not None:
        kept |= {found.parting, found.parting + 1}  # on both sides of the block
    return [found.layers[i] for i in sorted(kept)]


def _pulled(pen: Pen, found: Comparison) -> list[Text]:
    """The tokens that drew the vectors apart, and what the rest of the distance is of."""
    pull = found.pull
    if pull is None:
        return []
    head = f"directly, of the distance {numbers.norm(pull.distance)} behind the last block"
    lines = _flow(pen, head, margin(pen, "PULLED"), DIM)
    items: list[list[Piece]] = [
        [f"{name} ", (numbers.signed_percent(value), ACCENT)] for name, value in pull_parts(pull)
    ]
    lines += pen.flow(items, " · ", head=_blank(pen), indent=INDENT, room=pen.width)
    measured = "without" not in found.omitted
    for number, side in sides(found):
        lines += _context(pen, number, side, measured)
    if not measured:
        lines += _flow(pen, found.omitted["without"], _blank(pen), DIM)
    before = numbers.cosine(found.layers[-1].cosine)
    text = "* the most of the words that only this prompt has; what stands in both draws on both"
    if measured:
        text += f"; < without it the vectors come nearest to each other, from {before}"
    return lines + _flow(pen, text, _blank(pen), DIM)


def pull_parts(pull: Pull) -> list[tuple[str, float]]:
    """The parts of the distance by their names; they sum to 1."""
    return [
        ("context of 1", pull.first),
        ("context of 2", pull.second),
        ("the word itself", pull.word),
        ("E", pull.embedding),
        ("feed-forward", pull.feed_forward),
        ("biases", pull.bias),
    ]


def _context(pen: Pen, number: str, side: ComparedSide, measured: bool) -> list[Text]:
    """The tokens with the largest shares, and those that are named."""
    others = [t for t in side.context if not t.own]
    if not others:
        return []
    strongest = sorted(others, key=lambda t: -(t.share or 0.0))[:_CONTEXT_ROWS]
    named = {side.pulled, side.told, *(t.position for t in strongest)}
    rows = [t for t in sorted(others, key=lambda t: -(t.share or 0.0)) if t.position in named]
    columns: list[Piece] = [(pen.right("directly", 10), DIM)]
    if measured:
        columns += [(pen.right("cosine without", 16), DIM), (pen.right("JS", 8), DIM)]
    lines = [
        pen.line(
            " " * INDENT,
            (pen.left(number, 3), ACCENT),
            (pen.left("token", 6 + _TOKEN), DIM),
            *columns,
        )
    ]
    return lines + [_row(pen, side, token, measured) for token in rows]


def _row(pen: Pen, side: ComparedSide, token: ContextToken, measured: bool) -> Text:
    marks = ("*" if token.position == side.pulled else " ") + (
        "<" if token.position == side.told else " "
    )
    known: list[Piece] = []
    if measured:
        known = [
            pen.right(numbers.cosine(token.cosine_without), 16),
            pen.right(numbers.number(token.jensen_shannon_without, 3), 8),
        ]
    return pen.line(
        " " * (INDENT + 3),
        (pen.right(str(token.position), 4), DIM),
        "  ",
        (pen.left(token.label, _TOKEN), STRONG if "*" in marks else ""),
        (pen.right(numbers.signed_percent(token.share), 10), ACCENT),
        *known,
        (f" {marks}", STRONG),
        (" in both" if token.in_both else "", DIM),
    )


def _heads(pen: Pen, found: Comparison) -> list[Text]:
    """The heads that took the most from one token."""
    lines: list[Text] = []
    for number, side in sides(found):
        if not side.terms:
            continue
        items: list[list[Piece]] = [
            [
                f"L{term.layer}H{term.head} ",
                (f"{term.position} “{pen.fit(term.label, _TOKEN)}” ", DIM),
                (numbers.signed_percent(term.share), ACCENT),
            ]
            for term in side.terms
        ]
        items[0] = [(f"{number}  ", ACCENT), *items[0]]
        head = _blank(pen) if lines else margin(pen, "HEADS")
        lines += pen.flow(items, " · ", head=head, indent=INDENT + 3, room=pen.width)
    return lines


def _next(pen: Pen, found: Comparison) -> list[Text]:
    """What comes behind the word in each, or what an encoder would put in its place."""
    if found.distances is None:
        return _flow(pen, found.omitted["next"], margin(pen, "NEXT"), DIM)
    at_word = found.stack == "encoder" and found.model.encoder_layers is None
    lines = next_table(pen, found.candidates, "at the word" if at_word else "token")
    return [*lines, *distances_line(pen, found.distances)]
