"""Two models on one prompt, as tables."""

from collections.abc import Sequence

from tfcli.explain.result import LETTERS, AnswerPoint, ModelComparison, ModelSide
from tfcli.view.explain import numbers
from tfcli.view.explain.two_models import relative, sides
from tfcli.view.html.pairs import next_table
from tfcli.view.html.parts import Json, read_strips, table


def parts(found: ModelComparison) -> Json:
    """What the page shows of two models. What there is not, `omitted` says in the screen."""
    tables = [_bits(found), next_table(found.candidates, found.distances)]
    tables += [_lens(found)] * bool(found.first_lens or found.second_lens)
    tables += [_heads(found)] * bool(found.heads)
    tables += [_modules(found), _layers(found)] * bool(found.modules)
    return {"said": "", "strips": _strips(found), "tables": tables}


def _strips(found: ModelComparison) -> list[Json]:
    """What was read: once, where both cut the text alike."""
    first, second = found.first, found.second
    if (first.source, first.labels, first.ids) == (second.source, second.labels, second.ids):
        return _read(first, "1", "")
    return [*_read(first, "1", " by 1"), *_read(second, "2", " by 2")]


def _read(side: ModelSide, number: str, whose: str) -> list[Json]:
    return read_strips(side.source, side.labels, side.ids, side.position, number, whose)


def _bits(found: ModelComparison) -> Json:
    rows = [
        [
            f"{number} {side.model.name}",
            numbers.number(side.bits),
            numbers.number(side.bits_per_byte),
            numbers.NONE if side.bytes is None else numbers.count(side.bytes),
            numbers.number(side.entropy),
            side.top_label,
            numbers.probability(side.top_probability),
        ]
        for number, side in sides(found)
    ]
    names = ["model", "prompt, bits", "a byte", "of bytes", "entropy, bits", "likeliest", "p"]
    return table("bits", "How surprised each is, and what it answers", names, rows, words=[5])


def _lens(found: ModelComparison) -> Json:
    """A row a point of the deeper one's, beside the other's that is nearest in depth."""
    longer = max(found.first_lens, found.second_lens, key=len)
    rows = [
        [
            numbers.percent(point.depth),
            *_point(found.first_lens, point.depth),
            *_point(found.second_lens, point.depth),
        ]
        for point in longer
    ]
    names = [f"{name} {number}" for number in (1, 2) for name in ("layer", "p", "rank")]
    title = f"The way of “{found.answer_label}” through the layers of each"
    return table("lens", title, ["depth", *names], rows)


def _point(way: Sequence[AnswerPoint], depth: float) -> list[str]:
    if not way:
        return [numbers.NONE] * 3
    point = min(way, key=lambda p: abs(p.depth - depth))
    layer = "E" if point.layer is None else str(point.layer)
    return [layer, numbers.probability(point.probability), numbers.count(point.rank)]


def _heads(found: ModelComparison) -> Json:
    rows = [
        [
            f"{LETTERS[head.kind]}{head.layer}H{head.head}",
            numbers.number(head.first),
            numbers.number(head.second),
            numbers.signed(head.change),
        ]
        for head in found.heads
    ]
    largest = max((abs(head.change) for head in found.heads), default=0.0)
    return table(
        "heads",
        f"The heads that differ the most: {found.unit}",
        ["head", "1", "2", "change"],
        rows,
        bars=[head.change / largest if largest else 0.0 for head in found.heads],
    )


def _modules(found: ModelComparison) -> Json:
    known = [module.change for module in found.modules if module.change is not None]
    largest = max(known, default=0.0)
    return table(
        "modules",
        "How far the weights lie apart, by kind of module",
        ["modules", "parameters", "‖W1-W2‖/‖W1‖"],
        [[m.name, numbers.amount(m.parameters), relative(m)] for m in found.modules],
        bars=[(module.change or 0.0) / largest if largest else 0.0 for module in found.modules],
    )


def _layers(found: ModelComparison) -> Json:
    return table(
        "layers",
        "How far the weights lie apart, by layer",
        ["layer", "parameters", "‖W1-W2‖/‖W1‖"],
        [[m.name, numbers.amount(m.parameters), relative(m)] for m in found.layers],
    )
