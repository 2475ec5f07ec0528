"""One word in two prompts, as tables: where its vectors part, and what drew them apart."""

from tfcli.explain.result import ComparedSide, Comparison, ContextToken, Pull
from tfcli.view.explain import numbers
from tfcli.view.explain.compare import pull_parts, sides
from tfcli.view.explain.numbers import signed_percent as share
from tfcli.view.html.pairs import next_table
from tfcli.view.html.parts import Json, table


def parts(found: Comparison) -> Json:
    """What the page shows of a comparison."""
    tables = [_layers(found)]
    if found.pull is not None:
        tables += [_pulled(found.pull), *(_context(found, n, side) for n, side in sides(found))]
        tables += [_heads(found)] * any(side.terms for _, side in sides(found))
    if found.distances is not None:
        tables.append(next_table(found.candidates, found.distances))
    return {
        "said": "Point at a token: what it did to the word, and which heads took from it.",
        "strips": [_strip(number, side) for number, side in sides(found)],
        "tables": tables,
    }


def _strip(number: str, side: ComparedSide) -> Json:
    shares = {token.position: share(token.share) for token in side.context if not token.own}
    tokens = [
        {
            "position": i,
            "label": label,
            "facts": [f"id {id}", *([f"directly {shares[i]}"] if i in shares else [])],
            "followed": side.start <= i <= side.position,
        }
        for i, (label, id) in enumerate(zip(side.labels, side.ids, strict=True))
    ]
    return {"side": number, "title": f"Prompt {number}", "tokens": tokens}


def _layers(found: Comparison) -> Json:
    rows = [
        [
            "E" if row.layer is None else f"L{row.layer}",
            numbers.cosine(row.cosine),
            numbers.cosine(row.baseline),
            numbers.cosine(row.adjusted),
        ]
        for row in found.layers
    ]
    part = [i for i, row in enumerate(found.layers) if row.layer is not None]
    pairs = numbers.counted(found.pairs, "pair")
    note = f"baseline: the mean of {pairs} of other tokens (Ethayarajh 2019)"
    if found.parting is not None:
        note += f" · adjusted falls most behind L{found.parting}: they part there"
    return table(
        "layers",
        "Where the vectors part",
        ["behind", "cosine", "baseline", "adjusted"],
        rows,
        bars=[row.cosine or 0.0 for row in found.layers],
        marked=[i for i in part if found.layers[i].layer == found.parting],
        note=note,
    )


def _pulled(pull: Pull) -> Json:
    return table(
        "pulled",
        "What drew the vectors apart",
        ["part", "share of the distance"],
        [[name, share(value)] for name, value in pull_parts(pull)],
        note=f"directly, of the distance {numbers.norm(pull.distance)} behind the last block",
    )


def _context(found: Comparison, number: str, side: ComparedSide) -> Json:
    measured = "without" not in found.omitted
    rows = [_token(token, side, measured) for token in side.context if not token.own]
    if side.others:
        rest = [f"{numbers.count(side.others)} more", share(side.others_share)]
        rows.append([*rest, *([""] * (2 * measured)), ""])
    without = ["cosine without", "Jensen–Shannon without"] if measured else []
    note = "* the most of the words that only this prompt has"
    if measured:
        before = numbers.cosine(found.layers[-1].cosine)
        note += f" · < without it the vectors come nearest to each other, from {before}"
    else:
        note += f" · {found.omitted['without']}"
    spots = [f"{number} {token.position}" for token in side.context if not token.own]
    return table(
        f"context-{number}",
        f"The context of prompt {number}",
        ["token", "directly", *without, ""],
        rows,
        marked=[i for i, row in enumerate(rows) if "*" in row[-1]],
        words=[2 + 2 * measured],
        spots=spots,
        note=note,
    )


def _token(token: ContextToken, side: ComparedSide, measured: bool) -> list[str]:
    known: list[str] = []
    if measured:
        known.append(numbers.cosine(token.cosine_without))
        known.append(numbers.number(token.jensen_shannon_without, 3))
    marks = ["*"] * (token.position == side.pulled) + ["<"] * (token.position == side.told)
    marks += ["in both"] * token.in_both
    return [
        f"{token.position} {token.label}",
        share(token.share),
        *known,
        " ".join(marks),
    ]


def _heads(found: Comparison) -> Json:
    terms = [(number, term) for number, side in sides(found) for term in side.terms]
    return table(
        "heads",
        "The heads that took the most from one token",
        ["head", "prompt", "token", "share of the distance"],
        [
            [
                f"L{term.layer}H{term.head}",
                number,
                f"{term.position} {term.label}",
                share(term.share),
            ]
            for number, term in terms
        ],
        words=[2],
        spots=[f"{number} {term.position}" for number, term in terms],
    )
