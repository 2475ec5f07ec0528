"""The lessons of the sections on vectors: parts that add up, guesses layer by layer, words near."""

from collections.abc import Callable

from tfcli.explain.result import Explanation, SourceTerm
from tfcli.view.explain import numbers


def _ledger(e: Explanation) -> str:
    top = _largest_source(e)
    if top is None:
        return ""
    return (
        "ΔE in its parts: a row is a token that is asked, a column a head that asks it, a cell the "
        "share of ΔE that comes that way. What is negative pulls against the sum. All parts "
        f"together are ΔE; the largest share, {numbers.percent(top.share)}, comes from "
        f"“{top.label}”."
    )


def _largest_source(e: Explanation) -> SourceTerm | None:
    """The listed token with the largest share of the first update."""
    if e.ledger is None or not e.ledger.updates:
        return None
    return max(e.ledger.updates[0].sources, key=lambda term: term.share or 0.0, default=None)


def _lens_grid(e: Explanation) -> str:
    if e.lens_grid is None:
        return ""
    there = "stands there" if e.model.kind == "encoder" else "comes next"
    what = f"would say {there}"
    if e.lens_grid.answer_label is not None:
        what = f"would give “{e.lens_grid.answer_label}” as what {there}"
    return (
        f"A column is a token, a row a layer: what the model {what} if it stopped after that "
        "layer. Downwards a guess forms; the last row is the model's own."
    )


def _neighbors(e: Explanation) -> str:
    if e.neighbors is None or not e.neighbors.nearest:
        return ""
    nearest = e.neighbors.nearest[0]
    return (
        "Words that are used alike have vectors that point alike: a cosine of 1 is the same "
        "direction, 0 has nothing in common. Nearest to the embedding of "
        f"“{e.neighbors.label}” is “{nearest.label}”: {numbers.cosine(nearest.cosine)}."
    )


def _analogy(e: Explanation) -> str:
    if e.analogy is None or not e.analogy.nearest:
        return ""
    nearest = e.analogy.nearest[0]
    return (
        "Meaning has become arithmetic: embeddings are added and subtracted, number by number. "
        f"Nearest to the sum is “{nearest.label}”, cosine {numbers.cosine(nearest.cosine)}, where "
        "the words of the sum are left out; with them one of these mostly stays the nearest."
    )


def _ledger_zh(e: Explanation) -> str:
    top = _largest_source(e)
    if top is None:
        return ""
    return (
        "ΔE 的各个部分：一行是一个被问的词元，一列是一个提问的头，"
        "格子里是由此而来的部分占 ΔE 的多少；"
        f"负数往反方向拉。各部分加起来就是 ΔE；最大的一份 {numbers.percent(top.share)} 来自"
        f"“{top.label}”。"
    )


def _lens_grid_zh(e: Explanation) -> str:
    if e.lens_grid is None:
        return ""
    there = "这里" if e.model.kind == "encoder" else "下一个"
    what = f"会说{there}是什么"
    if e.lens_grid.answer_label is not None:
        what = f"认为{there}是“{e.lens_grid.answer_label}”的可能有多大"
    return (
        f"一列是一个词元，一行是一层：如果在这一层之后就停下，模型{what}。"
        "从上往下，猜测逐渐成形；最后一行就是模型的回答。"
    )


def _neighbors_zh(e: Explanation) -> str:
    if e.neighbors is None or not e.neighbors.nearest:
        return ""
    nearest = e.neighbors.nearest[0]
    return (
        "用法相近的词，向量的方向也相近：余弦 1 是同一方向，0 是毫不相干。"
        f"离“{e.neighbors.label}”的词向量最近的是“{nearest.label}”："
        f"{numbers.cosine(nearest.cosine)}。"
    )


def _analogy_zh(e: Explanation) -> str:
    if e.analogy is None or not e.analogy.nearest:
        return ""
    nearest = e.analogy.nearest[0]
    return (
        "意思可以计算：词向量逐个数相加减。不算式子里的词，离结果最近的是"
        f"“{nearest.label}”，余弦 {numbers.cosine(nearest.cosine)}；"
        "算上它们，最近的多半是其中一个。"
    )


ENGLISH: dict[str, Callable[[Explanation], str]] = {
    "ledger": _ledger,
    "lens_grid": _lens_grid,
    "neighbors": _neighbors,
    "analogy": _analogy,
}
CHINESE: dict[str, Callable[[Explanation], str]] = {
    "ledger": _ledger_zh,
    "lens_grid": _lens_grid_zh,
    "neighbors": _neighbors_zh,
    "analogy": _analogy_zh,
}
