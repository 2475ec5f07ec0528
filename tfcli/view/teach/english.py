"""The lessons in English."""

from collections.abc import Callable

from tfcli.explain.result import Explanation
from tfcli.view.explain import numbers
from tfcli.view.teach import facts, inside, vectors


def _model(e: Explanation) -> str:
    m = e.model
    if m.kind == "encoder-decoder":
        return (
            "The encoder reads the prompt all at once; the decoder writes, one token after the "
            f"other, and in each of its {m.num_layers} blocks asks the encoder what it has read."
        )
    block = f"{m.num_layers} blocks, each of an attention module and a feed-forward module"
    if m.kind == "encoder":
        return (
            "An encoder reads the whole text at once, left and right of every token, and was "
            f"trained to say what stands behind a mask. This one has {block}."
        )
    return (
        "A language model predicts the next token from the text so far, appends it, and goes "
        f"round again until a text stands there. This one has {block}."
    )


def _tokens(e: Explanation) -> str:
    count = numbers.count(len(e.tokens.tokens))
    text = (
        f"The text is cut into tokens, here {count}. Each becomes a vector E, its embedding: "
        f"{numbers.count(e.model.hidden_size)} numbers that hold the meaning of the token alone, "
        "without context."
    )
    odd = facts.most_surprising(e)
    if odd is None:
        return text
    return (
        f"{text} Surprisal tells how little a token was expected: “{odd.label}” had "
        f"{numbers.probability(odd.probability)}, which is {numbers.number(odd.surprisal, 1)} bits."
    )


def _shapes(e: Explanation) -> str:
    heads, width = e.model.num_heads, e.model.hidden_size
    value = facts.size_of(e, "V")[-1:] or (e.model.head_dim,)
    part = f"{value[0]} numbers wide"
    if heads * value[0] == width:
        part = f"{numbers.count(width)} / {heads} = {part}"
    return (
        "Three things are made of each E: Q, what the token asks, like a search query; K, what it "
        "offers, like the label on each page; V, the page's content. Each of the "
        f"{heads} heads has its own; its V is {part}: a part of the meaning of E."
    )


def _block(e: Explanation) -> str:
    step = facts.opened_block(e)
    if step is None:
        return ""
    so = "; here E' no longer resembles E"
    if facts.resembles(step):
        so = ", so E' still resembles E"
    return (
        f"E' = E + ΔE. Attention adds what “{facts.followed(e)}” learns from the other tokens "
        f"(‖ΔE‖ {numbers.norm(step.attention)}), the feed-forward module what the model remembers "
        f"({numbers.norm(step.feed_forward)}). Both are added to what was there (residual "
        f"connection){so}: cosine {numbers.cosine(step.cosine)}."
    )


def _qkv(e: Explanation) -> str:
    ledger = facts.opened_head(e)
    if ledger is None or not ledger.keys:
        return ""
    looked, moved = facts.strongest_keys(ledger)
    asker = facts.followed(e)
    total = "sum to 100%" if ledger.sink is None else "sum to 100% with the learned sink's"
    return (
        f"“{asker}” asks (Q), each token answers with its label (K). Where they fit, q·k is "
        f"large; softmax makes weights of the scores that {total}. The largest goes to "
        f"“{looked.label}”: {numbers.percent(looked.weight)}. What is merged in is weight × V: "
        f"“{moved.label}” moves the vector most, {numbers.percent(moved.share)} of this layer's ΔE."
    )


def _attention(e: Explanation) -> str:
    seen = (
        "A token sees itself and what stands before it, so the upper right stays empty."
        if e.model.mask == "causal" and e.source is None
        else "Where no mask stands, a token sees those on its right as well."
    )
    return f"A row is a token that asks, a column a token that is asked, in per cent. {seen}"


def _strongest(e: Explanation) -> str:
    return (
        "Of a long text only the tokens with the largest weights stand here, in per cent, and the "
        "rest in one sum."
    )


def _heads(e: Explanation) -> str:
    best = facts.largest_head(e.heads) if e.heads is not None else None
    text = (
        "Many heads are like many experts: each looks after its part, all work at the same time, "
        "and their results are added."
    )
    if best is None or e.heads is None:
        return text
    return f"{text} Largest here, {e.heads.unit}: {best[0]} with {numbers.number(best[1])}."


def _lens(e: Explanation) -> str:
    if e.lens is None:
        return ""
    first, answer = e.lens.rows[0], e.lens.answer_label
    start = f"Before any block it would have said “{first.top_label}”"
    layer = facts.decided_at(e.lens)
    last = e.lens.rows[-1]
    if last.answer_rank != 1:
        end = f"“{answer}” is number {numbers.count(last.answer_rank)} behind the last block"
    elif layer is None and facts.was_first(e.lens):
        end = f"“{answer}” is first for a while, and again behind the last block"
    elif layer is None:
        end = f"“{answer}” comes first only behind the last block"
    else:
        end = f"“{answer}” is first from {'the embedding' if layer == 'E' else f'layer {layer}'} on"
    return f"What would the model say if it stopped after a layer? {start}; {end}."


def _credit(e: Explanation) -> str:
    top = facts.largest_credit(e)
    if e.credit is None or top is None:
        return ""
    layer, kind, value = top
    against = e.credit.against_label
    over = "" if against is None else f" over “{against}”"
    return (
        "The logit is a sum of what every module wrote. The most that one module wrote, "
        f"{numbers.signed(value)}, is of the {kind} of layer {layer}; with all the rest it makes "
        f"the {numbers.number(e.credit.logit)} of “{e.credit.target_label}”{over}."
    )


def _next(e: Explanation) -> str:
    if e.next is None or not e.next.candidates:
        return ""
    first, last = e.next.candidates[0], e.next.candidates[-1]
    there = "the token there" if e.model.kind == "encoder" else "the next token"
    return (
        f"Softmax makes probabilities of the logits: “{first.label}” gets "
        f"{numbers.probability(first.probability)}, the first {len(e.next.candidates)} together "
        f"{numbers.probability(last.cumulative)}. It is a guess about {there}; the most likely "
        "one need not be taken: temperature and filters decide."
    )


def _parameters(e: Explanation) -> str:
    if e.parameters is None:
        return ""
    return (
        "Feed-forward modules are where knowledge is kept. In this model they hold "
        f"{numbers.percent(e.parameters.feed_forward_of_block)} of a block's parameters (about "
        "two thirds in a GPT)."
    )


def _edits(e: Explanation) -> str:
    if e.edits is None:
        return ""
    answer = e.edits.answer
    return (
        "To learn what a part is for, take it away or put another in its place, and run the model "
        f"again. Here “{answer.label}” goes from {numbers.probability(answer.probability)} to "
        f"{numbers.probability(answer.probability_after)}. KL, how far the changed distribution "
        f"is from the one before, is {numbers.significant(e.edits.kl)} bits: 0 would mean that "
        "the part does not matter here."
    )


def _audit(e: Explanation) -> str:
    worst = facts.worst_error(e)
    if worst is None:
        return ""
    return (
        "What has to add up was computed in two ways on this very run; the largest relative "
        f"difference is {numbers.error(worst)}."
    )


def _loop(e: Explanation) -> str:
    if e.loop is None or not e.loop.steps:
        return ""
    first = e.loop.steps[0]
    return (
        f"Predict, append, go round again: “{first.chosen_label}” was taken with probability "
        f"{numbers.probability(first.chosen_probability)}, and now stands in the text that the "
        "next table is computed from. Answering a question is the same loop."
    )


ENGLISH: dict[str, Callable[[Explanation], str]] = {
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
    **inside.ENGLISH,
    **vectors.ENGLISH,
}
