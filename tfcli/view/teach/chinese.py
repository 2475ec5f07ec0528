"""The lessons in Chinese."""

from collections.abc import Callable

from tfcli.explain.result import Explanation
from tfcli.view.explain import numbers
from tfcli.view.teach import facts, inside, vectors

_MODULES = {
    "attention": "注意力模块",
    "cross-attention": "交叉注意力模块",
    "feed-forward": "前馈神经网络",
}


def _model(e: Explanation) -> str:
    m = e.model
    if m.kind == "encoder-decoder":
        return (
            "编码器一次读完全部输入；解码器逐个词元地写，"
            f"并在它的 {m.num_layers} 层里每层都向编码器提问。"
        )
    layers = f"这个模型有 {m.num_layers} 层，每层由注意力模块和前馈神经网络组成。"
    if m.kind == "encoder":
        return f"编码器一次读完整段文字，每个词元左右都能看到；它学会的是猜出被遮住的词元。{layers}"
    return f"语言模型根据已有的文字预测下一个词元，把它接在后面，如此循环往复，直到成文。{layers}"


def _tokens(e: Explanation) -> str:
    text = (
        f"文字先被切成词元，这里有 {numbers.count(len(e.tokens.tokens))} 个。"
        "每个词元变成一个词向量 E："
        f"{numbers.count(e.model.hidden_size)} 个数，只含这个词本身的意思，还没有上下文。"
    )
    odd = facts.most_surprising(e)
    if odd is None:
        return text
    return (
        f"{text}意外程度说的是多么出乎意料：“{odd.label}”的概率是 "
        f"{numbers.probability(odd.probability)}，即 {numbers.number(odd.surprisal, 1)} 比特。"
    )


def _shapes(e: Explanation) -> str:
    heads, width = e.model.num_heads, e.model.hidden_size
    value = (facts.size_of(e, "V")[-1:] or (e.model.head_dim,))[0]
    part = f"{value}"
    if heads * value == width:
        part = f"{numbers.count(width)} / {heads} = {value}"
    return (
        "由每个 E 得到三样东西：查询 Q，像搜索时输入的问题；键 K，像每个网页的标签；"
        "值 V，像网页的内容。"
        f"{heads} 个头各有自己的一份，每个头的 V 有 {part} 维，是 E 的一部分意思。"
    )


def _block(e: Explanation) -> str:
    step = facts.opened_block(e)
    if step is None:
        return ""
    so = "所以 E' 仍像 E" if facts.resembles(step) else "这里 E' 已经不像 E 了"
    return (
        f"E' = E + ΔE。注意力加上“{facts.followed(e)}”从别的词元得到的内容"
        f"（‖ΔE‖ {numbers.norm(step.attention)}），前馈神经网络加上模型记住的知识"
        f"（{numbers.norm(step.feed_forward)}）。两者都加在原来的向量上（残差连接），"
        f"{so}：余弦 {numbers.cosine(step.cosine)}。"
    )


def _qkv(e: Explanation) -> str:
    ledger = facts.opened_head(e)
    if ledger is None or not ledger.keys:
        return ""
    looked, moved = facts.strongest_keys(ledger)
    total = "总和为 100%" if ledger.sink is None else "连同学到的汇点，总和为 100%"
    return (
        f"“{facts.followed(e)}”提问（Q），每个词元用自己的标签（K）回答。问与答越合，q·k 越大；"
        f"softmax 把分数变成{total} 的注意力系数。最多的给了"
        f"“{looked.label}”：{numbers.percent(looked.weight)}。真正并入的是系数 × V："
        f"“{moved.label}”改变这个向量最多，占本层 ΔE 的 {numbers.percent(moved.share)}。"
    )


def _attention(e: Explanation) -> str:
    seen = (
        "词元只能看到自己和前面的词元，所以右上方是空的。"
        if e.model.mask == "causal" and e.source is None
        else "没有遮挡的地方，词元也能看到右边。"
    )
    return f"每一行是提问的词元，每一列是被问的词元，数字是百分比。{seen}"


def _strongest(e: Explanation) -> str:
    return "文字太长，这里只列出系数最大的词元，数字是百分比；其余的合成一个数。"


def _heads(e: Explanation) -> str:
    text = "多个头就像多位专家：各管一部分，同时工作，最后把结果加在一起。"
    best = facts.largest_head(e.heads) if e.heads is not None else None
    if best is None or e.heads is None:
        return text
    return f"{text}这里（{e.heads.unit}）最大的是 {best[0]}：{numbers.number(best[1])}。"


def _lens(e: Explanation) -> str:
    if e.lens is None:
        return ""
    first, answer = e.lens.rows[0], e.lens.answer_label
    layer = facts.decided_at(e.lens)
    last = e.lens.rows[-1]
    if last.answer_rank != 1:
        end = f"最后一层之后，“{answer}”排第 {numbers.count(last.answer_rank)}"
    elif layer is None and facts.was_first(e.lens):
        end = f"“{answer}”有时排第一，最后一层之后又排第一"
    elif layer is None:
        end = f"“{answer}”到最后一层之后才排第一"
    else:
        where = "词向量" if layer == "E" else f"第 {layer} 层"
        end = f"从{where}起“{answer}”一直排第一"
    return f"如果在某一层就停下，模型会说什么？一层都不过时，它会说“{first.top_label}”；{end}。"


def _credit(e: Explanation) -> str:
    top = facts.largest_credit(e)
    if e.credit is None or top is None:
        return ""
    layer, kind, value = top
    against = e.credit.against_label
    over = "" if against is None else f"比“{against}”多出"
    return (
        f"logit 是每个模块所写内容之和。单个模块里写得最多的是第 {layer} 层的"
        f"{_MODULES[kind]}：{numbers.signed(value)}；加上其余的，就是“{e.credit.target_label}”"
        f"{over}的 {numbers.number(e.credit.logit)}。"
    )


def _next(e: Explanation) -> str:
    if e.next is None or not e.next.candidates:
        return ""
    first, last = e.next.candidates[0], e.next.candidates[-1]
    return (
        f"softmax 把 logit 变成概率：“{first.label}”得 {numbers.probability(first.probability)}，"
        f"前 {len(e.next.candidates)} 个一共 {numbers.probability(last.cumulative)}。"
        "不一定总取最可能的那个：由温度和筛选决定。"
    )


def _parameters(e: Explanation) -> str:
    if e.parameters is None:
        return ""
    return (
        "前馈神经网络是存放知识和记忆的地方。在这个模型里它占每层参数的 "
        f"{numbers.percent(e.parameters.feed_forward_of_block)}（在 GPT 里约三分之二）。"
    )


def _edits(e: Explanation) -> str:
    if e.edits is None:
        return ""
    answer = e.edits.answer
    return (
        "想知道某一部分有什么用，就把它去掉，或换上别的，再运行一遍模型。"
        f"这里“{answer.label}”的概率从 {numbers.probability(answer.probability)} 变为 "
        f"{numbers.probability(answer.probability_after)}。KL 表示改动后的分布离原来的有多远，"
        f"这里是 {numbers.significant(e.edits.kl)} 比特；0 表示这一部分在这里不起作用。"
    )


def _audit(e: Explanation) -> str:
    worst = facts.worst_error(e)
    if worst is None:
        return ""
    return (
        "凡是应当相加得出的数，都在这次运行上用两种方法算过；"
        f"最大的相对误差是 {numbers.error(worst)}。"
    )


def _loop(e: Explanation) -> str:
    if e.loop is None or not e.loop.steps:
        return ""
    first = e.loop.steps[0]
    return (
        f"预测、接上、再来一次：取出“{first.chosen_label}”"
        f"（概率 {numbers.probability(first.chosen_probability)}），"
        "它就成了下一张表的上文。回答问题也是同样的循环。"
    )


CHINESE: dict[str, Callable[[Explanation], str]] = {
    "model": _model,
    "tokens": _tokens,
    "shapes": _shapes,
    "block": _block,
    "qkv": _qkv,
    "attention": _attention,
    "strongest": _strongest,
    "heads": _heads,
    "lens": _lens,
    "credit": _credit,
    "next": _next,
    "parameters": _parameters,
    "edits": _edits,
    "audit": _audit,
    "loop": _loop,
    **inside.CHINESE,
    **vectors.CHINESE,
}
