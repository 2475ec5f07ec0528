"""The lessons of `--compare`: one vector E, two contexts, two vectors E'."""

from collections.abc import Callable
from dataclasses import dataclass

from tfcli.explain.result import ComparedLayer, ComparedSide, Comparison, SharedCandidate
from tfcli.view.explain import numbers


@dataclass(frozen=True)
class _Named:
    """A token that did something to the word: its text, whose it is, and how much."""

    label: str
    prompt: int
    value: str
    head: str = ""


def _followed(side: ComparedSide) -> str:
    return side.labels[side.position]


def _entering(c: Comparison) -> str | None:
    """The cosine of what enters the first block, where positions have made it another."""
    return numbers.cosine(c.layers[0].cosine) if c.position_is_added else None


def _fall(c: Comparison) -> tuple[ComparedLayer, ComparedLayer] | None:
    """What stands before and behind the block with the largest fall of the adjusted cosine."""
    for before, behind in zip(c.layers, c.layers[1:], strict=False):
        if behind.layer is not None and behind.layer == c.parting:
            return before, behind
    return None


def _pulled(c: Comparison) -> _Named | None:
    """The token of one prompt alone with the largest share of the distance."""
    found = [
        (token.share, token.label, number)
        for number, side in enumerate((c.first, c.second), start=1)
        for token in side.context
        if token.position == side.pulled and token.share is not None
    ]
    if not found:
        return None
    share, label, number = max(found)
    return _Named(label, number, numbers.signed_percent(share))


def _told(c: Comparison) -> _Named | None:
    """The token without which the vectors come nearest to each other, where that shows."""
    if "without" in c.omitted:
        return None
    found = [
        (token.cosine_without, token.label, number)
        for number, side in enumerate((c.first, c.second), start=1)
        for token in side.context
        if token.position == side.told and token.cosine_without is not None
    ]
    if not found:
        return None
    cosine, label, number = max(found)
    shown = numbers.cosine(cosine)
    return None if shown == numbers.cosine(c.layers[-1].cosine) else _Named(label, number, shown)


def _strongest(c: Comparison) -> _Named | None:
    """The head that took the most from one token."""
    found = [
        (term.share, term.label, number, f"L{term.layer}H{term.head}")
        for number, side in enumerate((c.first, c.second), start=1)
        for term in side.terms
    ]
    if not found:
        return None
    share, label, number, head = max(found)
    return _Named(label, number, numbers.signed_percent(share), head)


def _firsts(c: Comparison) -> tuple[SharedCandidate, SharedCandidate] | None:
    """The likeliest token of each."""
    first = next((row for row in c.candidates if row.first_rank == 1), None)
    second = next((row for row in c.candidates if row.second_rank == 1), None)
    return None if first is None or second is None else (first, second)


def _guessed(c: Comparison, words: tuple[str, str, str]) -> str:
    """How a sentence begins in a decoder, in an encoder alone, and in one beside a decoder."""
    if c.stack == "decoder":
        return words[0]
    return words[1 if c.model.encoder_layers is None else 2]


def _prompts_en(c: Comparison) -> str:
    seen = "the tokens on its left" if c.causal else "all the other tokens"
    if not c.same_token:
        return (
            f"“{_followed(c.first)}” and “{_followed(c.second)}” are different tokens and have "
            f"different vectors E, cosine {numbers.cosine(c.embedding_cosine)}. Attention adds "
            f"ΔE, what is read from {seen}: E' = E + ΔE."
        )
    text = (
        f"“{_followed(c.first)}” is one token with one vector E in both prompts: the embedding "
        f"table knows no context. Attention adds ΔE, what it reads from {seen}, and E' = E + ΔE "
        "is the word with its meaning here."
    )
    entering = _entering(c)
    if entering is None:
        return text
    return f"{text} The vectors of the positions are added to E first: cosine {entering}."


def _layers_en(c: Comparison) -> str:
    text = (
        "Cosine compares directions: 1 is the same one, 0 has nothing in common. All vectors of a "
        "model may point in similar directions, so beside it stands the mean of pairs of other "
        "tokens, the baseline."
    )
    fall = _fall(c)
    if fall is None:
        return text
    before, behind = fall
    return (
        f"{text} Less the baseline, the largest fall is at L{behind.layer}, from "
        f"{numbers.cosine(before.adjusted)} to {numbers.cosine(behind.adjusted)}: no other block "
        "turns the two as far apart."
    )


def _pulled_en(c: Comparison) -> str:
    if c.pull is None:
        return ""
    text = (
        "A vector at the end is a sum, and so is the distance between two: every token that was "
        "read has its share of it, and so have the feed-forward modules."
    )
    pulled, told = _pulled(c), _told(c)
    if pulled is not None:
        text += f" Directly, “{pulled.label}” in prompt {pulled.prompt} has {pulled.value}."
    if told is not None:
        text += (
            " Leaving a token out counts the ways round by other tokens too: without "
            f"“{told.label}” in prompt {told.prompt} the cosine would be {told.value} instead of "
            f"{numbers.cosine(c.layers[-1].cosine)}."
        )
    return text


def _heads_en(c: Comparison) -> str:
    best = _strongest(c)
    if best is None:
        return ""
    return (
        "Each head asks with a Q of its own, so each may read something else. "
        f"{best.head} took the most from one token: “{best.label}” in prompt {best.prompt}, "
        f"{best.value} of the distance."
    )


def _next_en(c: Comparison) -> str:
    firsts = _firsts(c)
    if firsts is None or c.distances is None:
        return ""
    one, two = (f"“{row.label}”" for row in firsts)
    p1 = numbers.probability(firsts[0].first_probability)
    p2 = numbers.probability(firsts[1].second_probability)
    what = _guessed(
        c,
        (
            "What comes next is guessed from these vectors",
            "What fits at the word is guessed from these vectors",
            "What the decoder writes next is guessed from all that the encoder has made of each",
        ),
    )
    said = f"{one} first in both, {p1} and {p2}" if one == two else f"{one} {p1} and {two} {p2}"
    return (
        f"{what}: {said}. Jensen–Shannon says how far the two "
        "guesses lie apart, from 0 for the same to 1 bit for nothing in common: here "
        f"{numbers.number(c.distances.jensen_shannon, 3)}."
    )


def _prompts_zh(c: Comparison) -> str:
    seen = "它左边的词元" if c.causal else "其他所有词元"
    if not c.same_token:
        return (
            f"“{_followed(c.first)}”和“{_followed(c.second)}”是不同的词元，词向量 E 本来就不同，"
            f"余弦 {numbers.cosine(c.embedding_cosine)}。注意力再加上从{seen}读到的 ΔE："
            "E' = E + ΔE。"
        )
    text = (
        f"“{_followed(c.first)}”在两段文字里是同一个词元，词向量 E 也相同：词向量表不知道上下文。"
        f"注意力加上从{seen}读到的 ΔE，得到的 E' = E + ΔE 才是这个词在这里的意思。"
    )
    entering = _entering(c)
    return text if entering is None else f"{text}E 先要加上位置的向量：余弦 {entering}。"


def _layers_zh(c: Comparison) -> str:
    text = (
        "余弦比较方向：1 是同一方向，0 是毫不相干。一个模型的向量可能本来就大致朝着同一方向，"
        "所以旁边列出其他词元两两之间的平均值，即基线。"
    )
    fall = _fall(c)
    if fall is None:
        return text
    before, behind = fall
    return (
        f"{text}减去基线以后，L{behind.layer} 处降得最多，从 {numbers.cosine(before.adjusted)} 到 "
        f"{numbers.cosine(behind.adjusted)}：没有别的层把两者分得更开。"
    )


def _pulled_zh(c: Comparison) -> str:
    if c.pull is None:
        return ""
    text = "最后的向量是一个和，两者的距离也是：读到的每个词元各占一份，前馈神经网络也占一份。"
    pulled, told = _pulled(c), _told(c)
    if pulled is not None:
        text += f"第 {pulled.prompt} 段里的“{pulled.label}”直接占 {pulled.value}。"
    if told is not None:
        text += (
            "去掉一个词元，就把它经由其他词元的影响也算在内："
            f"没有第 {told.prompt} 段里的“{told.label}”，余弦会是 {told.value}，"
            f"而不是 {numbers.cosine(c.layers[-1].cosine)}。"
        )
    return text


def _heads_zh(c: Comparison) -> str:
    best = _strongest(c)
    if best is None:
        return ""
    return (
        "每个头有自己的查询 Q，所以可以各读各的。从一个词元读得最多的是 "
        f"{best.head}：第 {best.prompt} 段里的“{best.label}”，占距离的 {best.value}。"
    )


def _next_zh(c: Comparison) -> str:
    firsts = _firsts(c)
    if firsts is None or c.distances is None:
        return ""
    one, two = (f"“{row.label}”" for row in firsts)
    p1 = numbers.probability(firsts[0].first_probability)
    p2 = numbers.probability(firsts[1].second_probability)
    what = _guessed(
        c,
        (
            "接下来是什么，就由这两个向量来猜",
            "这个位置上是什么，就由这两个向量来猜",
            "解码器接着写什么，要看编码器读出的全部向量",
        ),
    )
    said = f"两段都首选{one}，{p1} 和 {p2}" if one == two else f"{one} {p1}，{two} {p2}"
    return (
        f"{what}：{said}。"
        "Jensen–Shannon 说的是两种猜测相差多远，0 是完全相同，1 比特是毫无共同之处："
        f"这里是 {numbers.number(c.distances.jensen_shannon, 3)}。"
    )


ENGLISH: dict[str, Callable[[Comparison], str]] = {
    "prompts": _prompts_en,
    "layers": _layers_en,
    "pulled": _pulled_en,
    "heads": _heads_en,
    "next": _next_en,
}
CHINESE: dict[str, Callable[[Comparison], str]] = {
    "prompts": _prompts_zh,
    "layers": _layers_zh,
    "pulled": _pulled_zh,
    "heads": _heads_zh,
    "next": _next_zh,
}
