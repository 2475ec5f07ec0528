"""The lessons of the sections that look inside the layers and at the distribution behind them."""

from collections.abc import Callable

from tfcli.explain.result import Explanation, Residual, Sources
from tfcli.view.explain import numbers
from tfcli.view.explain.memories import neuron_name


def _residual(e: Explanation) -> str:
    found = e.residual
    if found is None or found.end is None or found.rows[0].gradients is None:
        return ""
    first = found.rows[0].gradients
    less = ", and in a deep stack less and less" if _vanishes(found) else ""
    return (
        f"Each module only adds to what it read: {_sum(e)} (residual connection). Learning goes "
        "backwards, from the answer to the embedding, and past every “+” the gradient has a way "
        f"that no module changes: it arrives at layer 0 as {numbers.significant(first.everywhere)}."
        f" Through the modules alone {numbers.significant(first.everywhere_without)} would arrive"
        f"{less}."
    )


def _sum(e: Explanation) -> str:
    """What a block computes, and where no norm stands on the sum its derivative."""
    if "post" in e.model.norm_places:
        return "Y = norm(x + F(x))"
    return "Y = x + F(x), dY/dx = 1 + dF/dx"


def _vanishes(found: Residual) -> bool:
    """Whether the gradient becomes smaller on its way through the modules alone."""
    first, end = found.rows[0].gradients, found.end
    return first is not None and end is not None and first.everywhere_without < end.everywhere


def _memories(e: Explanation) -> str:
    if e.memories is None:
        return ""
    layer = e.memories.layers[0]
    best = layer.listed[0]
    words = f", most of all “{best.promoted[0].label}”" if best.promoted else ""
    return (
        "The feed-forward module is where knowledge is kept. Each neuron looks for something in "
        "the vector, and where it finds it writes its own row into it. The strongest one here, "
        f"{neuron_name(best)}, pushes up some words{words}, and pushes down others."
    )


def _experts(e: Explanation) -> str:
    if e.experts is None:
        return ""
    return (
        f"In place of one feed-forward module there are {e.experts.count} in a layer, the experts. "
        f"A router sends each token to {e.experts.chosen} of them, so the model knows more than it "
        "has to compute for any one token."
    )


def _sampling(e: Explanation) -> str:
    if e.sampling is None:
        return ""
    return (
        "The next token is drawn, so the likeliest is not always taken. A low temperature makes "
        "the likely likelier, a high one evens them out. Top-k, top-p and min-p take the unlikely "
        "away, and what is left is scaled up to 1."
    )


def _surprisal(e: Explanation) -> str:
    if e.surprisal is None or not e.surprisal.largest:
        return ""
    worst = e.surprisal.largest[0]
    return (
        "While it reads, the model guesses every token before it sees it. It is trained to be "
        f"surprised as little as it can. Here “{worst.label}” surprised it most, "
        f"{numbers.number(worst.surprisal, 1)} bits: it had expected “{worst.expected_label}”."
    )


def _norms(e: Explanation) -> str:
    if e.norms is None or not e.norms.rows:
        return ""
    row = e.norms.rows[-1]
    return (
        "Normalisation brings a vector to a size that does not depend on how much was added to it, "
        "which steadies and speeds up training. The last one here divides by σ = "
        f"{numbers.number(row.scale)}, and then stretches each dimension as it has learned to."
    )


def _sources(e: Explanation) -> str:
    found = e.sources
    if found is None or "alti" not in found.largest:
        return ""
    first, other = _largest(found, "rollout"), _largest(found, "alti")
    words = (
        "A vector at the top is a mixture of those at the bottom, and to ask how much of each is "
        "in it has no single answer. Rollout and flow follow the attention weights alone; ALTI, "
        "zeroing and norm also look at the vectors that are handed over."
    )
    if found.sides is not None and found.sides.prompt.alti is not None:
        read = numbers.percent(found.sides.prompt.alti)
        words += (
            f" By ALTI the decoder has {read} of it from the prompt, the rest from what it wrote."
        )
    if first == other:
        return f"{words} Here rollout and ALTI both name “{first}”."
    return f"{words} Here rollout names “{first}”, and ALTI “{other}”."


def _largest(found: Sources, measure: str) -> str:
    """The token that gives most by a measure; its number where it is not listed."""
    place = found.largest[measure]
    labels = [token.label for token in found.tokens if found.number(token) == place]
    return labels[0] if labels else f"#{place}"


def _cost(e: Explanation) -> str:
    if e.cost is None:
        return ""
    text = e.cost.text
    words = (
        f"All {numbers.counted(text.tokens, 'token')} were read in parallel, in "
        f"{numbers.significant(text.milliseconds)} ms: this is what a GPU is good at."
    )
    if e.cost.step is None:
        return words
    return (
        f"{words} Writing is one token after the other, "
        f"{numbers.significant(e.cost.step.milliseconds)} ms each, and for every one the weights "
        "are read again; what the earlier tokens answered (K and V) is kept in the cache."
    )


def _residual_zh(e: Explanation) -> str:
    found = e.residual
    if found is None or found.end is None or found.rows[0].gradients is None:
        return ""
    first = found.rows[0].gradients
    less = "，层数越多越容易消失" if _vanishes(found) else ""
    return (
        f"每个模块只是在读到的向量上加一点：{_sum(e)}（残差连接）。"
        "学习时梯度从答案往回传，每个“+”都给它留了一条绕过模块的路："
        f"传到第 0 层时是 {numbers.significant(first.everywhere)}。"
        f"若只经过模块，会是 {numbers.significant(first.everywhere_without)}{less}。"
    )


def _memories_zh(e: Explanation) -> str:
    if e.memories is None:
        return ""
    best = e.memories.layers[0].listed[0]
    words = f"，首先是“{best.promoted[0].label}”" if best.promoted else ""
    return (
        "前馈神经网络是存放知识和记忆的地方。每个神经元在向量里找某种东西，找到了就把自己的一行写进去。"
        f"这里最强的是 {neuron_name(best)}：它抬高一些词{words}，压低另一些词。"
    )


def _experts_zh(e: Explanation) -> str:
    if e.experts is None:
        return ""
    return (
        f"这里一层不是一个前馈神经网络，而是 {e.experts.count} 个“专家”。"
        f"路由器把每个词元交给其中 {e.experts.chosen} 个，"
        "所以模型记得多，每个词元却算得少。"
    )


def _sampling_zh(e: Explanation) -> str:
    if e.sampling is None:
        return ""
    return (
        "下一个词元是抽出来的，不一定是最可能的那个。温度低，可能的更可能；温度高，大家更平均。"
        "top-k、top-p、min-p 去掉不太可能的，剩下的再放大到总和为 1。"
    )


def _surprisal_zh(e: Explanation) -> str:
    if e.surprisal is None or not e.surprisal.largest:
        return ""
    worst = e.surprisal.largest[0]
    return (
        "模型一边读一边猜下一个词元，训练的目标就是尽量少吃惊。"
        f"这里最让它吃惊的是“{worst.label}”，{numbers.number(worst.surprisal, 1)} 比特："
        f"它原以为是“{worst.expected_label}”。"
    )


def _norms_zh(e: Explanation) -> str:
    if e.norms is None or not e.norms.rows:
        return ""
    return (
        "层归一化让向量的大小不随加进来的东西而变，训练因此更稳、更快。"
        f"这里最后一次除以 σ = {numbers.number(e.norms.rows[-1].scale)}，"
        "再按学到的比例伸缩每一维。"
    )


def _sources_zh(e: Explanation) -> str:
    found = e.sources
    if found is None or "alti" not in found.largest:
        return ""
    first, other = _largest(found, "rollout"), _largest(found, "alti")
    of_prompt = ""
    if found.sides is not None and found.sides.prompt.alti is not None:
        read = numbers.percent(found.sides.prompt.alti)
        of_prompt = f"按 ALTI，解码器的这个向量有 {read} 来自提示，其余来自它自己写的词元。"
    named = f"rollout 指向“{first}”，ALTI 指向“{other}”"
    if first == other:
        named = f"rollout 和 ALTI 都指向“{first}”"
    return (
        "顶层的向量由底层的向量混合而成，每个词元占多少，没有唯一的答案。"
        "rollout 和 flow 只看注意力系数；ALTI、zeroing 和 norm 还看递过来的向量本身。"
        f"{of_prompt}这里 {named}。"
    )


def _cost_zh(e: Explanation) -> str:
    if e.cost is None:
        return ""
    text = e.cost.text
    words = (
        f"{numbers.count(text.tokens)} 个词元并行读入，用了 "
        f"{numbers.significant(text.milliseconds)} 毫秒：这正是 GPU 擅长的。"
    )
    if e.cost.step is None:
        return words
    return (
        f"{words}写却是一个接一个，每个 {numbers.significant(e.cost.step.milliseconds)} 毫秒，"
        "每写一个都要重新读一遍权重；前面词元的 K 和 V 存在缓存里。"
    )


ENGLISH: dict[str, Callable[[Explanation], str]] = {
    "residual": _residual,
    "memories": _memories,
    "experts": _experts,
    "sampling": _sampling,
    "surprisal": _surprisal,
    "norms": _norms,
    "sources": _sources,
    "cost": _cost,
}
CHINESE: dict[str, Callable[[Explanation], str]] = {
    "residual": _residual_zh,
    "memories": _memories_zh,
    "experts": _experts_zh,
    "sampling": _sampling_zh,
    "surprisal": _surprisal_zh,
    "norms": _norms_zh,
    "sources": _sources_zh,
    "cost": _cost_zh,
}
