"""Explanations made by hand of what is no plain decoder: an encoder, a decoder beside one, a
decoder with sinks and windows."""

import dataclasses
from collections.abc import Sequence
from random import Random

from explain_samples import CANDIDATES, ENGLISH, MIXED, ledger, long_sample, row, sample, with_loop
from explain_samples import shapes as plain_shapes

from tfcli.explain.result import (
    AttentionMatrix,
    Explanation,
    Focus,
    HeadAttention,
    HeadsGrid,
    KeyWeight,
    Kind,
    OtherKeys,
    Shape,
    Shapes,
    Token,
    Tokens,
)

FRENCH = ("<pad>", "␣le", "␣chat", "␣est")
MASKED = ("[CLS]", "the", "capital", "of", "france", "is", "[MASK]", ".", "[SEP]")
ACTIVATION = "an activation before the output matrix: the logit is no sum of parts"
LARGEST_MATRIX = 94
NO_HEAD = "this model has no output matrix: it gives vectors, not words"


def pair_sample(
    read: Sequence[str] = ENGLISH,
    written: Sequence[str] = FRENCH,
    layers: int = 6,
    heads: int = 8,
    candidates: Sequence[str] = CANDIDATES,
    measure: str = "delta",
) -> Explanation:
    """A decoder beside an encoder, in the manner of 2017, with so many layers on either side."""
    draw = Random(f"pair {len(read)} {len(written)} {layers} {heads}")
    found = sample(written, layers, heads, candidates, measure=measure)
    layer, head, source = layers - 1, heads // 2, len(read) // 2
    own = found.qkv[0]
    across = dataclasses.replace(
        ledger(read, layer, heads - 1, heads, draw), kind="cross", query=len(written) - 1
    )
    opened: dict[Kind, tuple[int, Sequence[str], Sequence[str]]] = {
        "encoder": (0, read, read),
        "self": (head, written, written),
        "cross": (heads - 1, written, read),
    }
    asking = {"encoder": source, "self": len(written) - 1, "cross": len(written) - 1}
    return dataclasses.replace(
        found,
        focus=Focus(
            position=len(written) - 1,
            layers=(layer,),
            heads=((layer, head),),
            layer_was_chosen=True,
            head_was_chosen=True,
            cross_heads=((layer, heads - 1),),
            encoder_heads=((layer, 0),),
            source=source,
        ),
        model=dataclasses.replace(
            found.model,
            family="marian",
            kind="encoder-decoder",
            encoder_layers=layers,
            norm="LayerNorm",
            norm_places=("post",),
            position="sinusoidal",
        ),
        source=_unpredicted(read),
        shapes=_pair_shapes(len(read), len(written), heads),
        block=tuple(dataclasses.replace(step, cross_attention=8.51) for step in found.block),
        qkv=(own, across),
        attention=tuple(
            _attention(kind, (layer, number), queries, keys, asking[kind], draw)
            for kind, (number, queries, keys) in opened.items()
        ),
        cross_heads=_grid(found.heads, "cross", draw),
        encoder_heads=_grid(found.heads, "encoder", draw) if measure != "credit" else None,
        credit=dataclasses.replace(
            found.credit,
            position=0.02,
            cross_attention=1.25,
            layers=tuple(dataclasses.replace(x, cross_attention=0.3) for x in found.credit.layers),
        ),
    )


def long_pair_sample() -> Explanation:
    """An encoder that reads 2,000 tokens: no matrix of it, a ledger of the strongest."""
    found = pair_sample(read=[f"␣w{i}" for i in range(2000)], layers=12, heads=12)
    own, across = found.qkv
    keys = tuple(dataclasses.replace(k, weight=0.07) for k in across.keys[50:2000:200])
    others = OtherKeys(1990, 1 - sum(k.weight for k in keys), -0.031)
    across = dataclasses.replace(across, keys=keys, others=others, largest=keys[3].position)
    return dataclasses.replace(found, qkv=(own, across))


def masked_sample(labels: Sequence[str] = MASKED, heads: int = 8) -> Explanation:
    """An encoder with a masked token, whose head transforms what it reads."""
    draw = Random(f"masked {len(labels)} {heads}")
    position = labels.index("[MASK]") if "[MASK]" in labels else len(labels) - 1
    found = sample(labels, heads=heads, candidates=("paris", "lille", "lyon", "rome", "it"))
    audit = found.audit
    checks = tuple(check for check in audit.checks if check.name != "logit")
    return dataclasses.replace(
        found,
        focus=dataclasses.replace(found.focus, position=position),
        model=dataclasses.replace(
            found.model,
            family="bert",
            kind="encoder",
            mask="no",
            norm="LayerNorm",
            norm_places=("post",),
            position="learned",
        ),
        tokens=_unpredicted(labels),
        qkv=(dataclasses.replace(found.qkv[0], query=position),),
        attention=(_attention("self", found.focus.heads[0], labels, labels, position, draw, True),),
        next=dataclasses.replace(found.next, position=position),
        credit=None,
        audit=dataclasses.replace(audit, checks=checks),
        omitted={"credit": ACTIVATION},
    )


def vectors_sample() -> Explanation:
    """An encoder without an output matrix."""
    found = masked_sample(("[CLS]", "the", "cat", "[SEP]"))
    checks = tuple(check for check in found.audit.checks if check.name != "lens")
    steps = tuple(step for step in found.shapes.steps if step.name != "logits")
    return dataclasses.replace(
        found,
        shapes=dataclasses.replace(found.shapes, steps=steps),
        lens=None,
        next=None,
        audit=dataclasses.replace(found.audit, checks=checks),
        omitted=dict.fromkeys(("lens", "credit", "next"), NO_HEAD),
    )


def windowed_sample() -> Explanation:
    """A decoder with learned sinks, a window of three tokens, capped scores and capped logits."""
    found = sample()
    attention, own = found.attention[0], found.qkv[0]
    rows = tuple(
        tuple(None if j <= i - 3 else 0.9 * weight for j, weight in enumerate(weights))
        for i, weights in enumerate(attention.matrix.rows)
    )
    seen = own.keys[2:]
    total = sum(key.weight for key in seen) / 0.92
    keys = tuple(dataclasses.replace(key, weight=key.weight / total) for key in seen)
    score = "q·k×0.0625 capped"
    return dataclasses.replace(
        found,
        shapes=dataclasses.replace(found.shapes, score=score),
        qkv=(
            dataclasses.replace(
                own,
                score=score,
                keys=keys,
                sink=0.08,
                largest=max(keys, key=lambda key: key.weight).position,
            ),
        ),
        attention=(
            dataclasses.replace(
                attention, matrix=dataclasses.replace(attention.matrix, rows=rows), sink=0.08
            ),
        ),
        credit=dataclasses.replace(found.credit, softcap=30.0),
    )


def _unpredicted(labels: Sequence[str]) -> Tokens:
    """The tokens of an encoder, none of which is a surprise."""
    tokens = tuple(Token(i, 7 + 13 * i, label, None, None) for i, label in enumerate(labels))
    return Tokens(tokens, None, None, None, None, None)


def _pair_shapes(S: int, T: int, heads: int) -> Shapes:
    found = plain_shapes(T, heads)
    across = (Shape("encoder", (S, 256)), Shape("cross-weights", (heads, T, S)))
    at = next(i for i, step in enumerate(found.steps) if step.name == "ΔE") + 1
    return dataclasses.replace(found, steps=(*found.steps[:at], *across, *found.steps[at:]))


def _grid(like: HeadsGrid, kind: Kind, draw: Random) -> HeadsGrid:
    scaled = tuple(tuple((1 + draw.randrange(99)) / 100 for _ in values) for values in like.scaled)
    return dataclasses.replace(
        like,
        kind=kind,
        scaled=scaled,
        values=tuple(tuple(3.1 * value for value in line) for line in scaled),
    )


def _attention(
    kind: Kind,
    opened: tuple[int, int],
    queries: Sequence[str],
    keys: Sequence[str],
    query: int,
    draw: Random,
    both_ways: bool = False,
) -> HeadAttention:
    """Weights of every query on every key, or in a decoder's own attention on those before it;
    of a long text no matrix."""
    whole = kind != "self" or both_ways
    long = max(len(queries), len(keys)) > LARGEST_MATRIX

    def weights(i: int) -> tuple[float, ...]:
        return tuple(row(len(keys) if whole else i + 1, draw))

    asked = weights(query)
    rows = () if long else tuple(weights(i) if i != query else asked for i in range(len(queries)))
    top = sorted(range(len(asked)), key=lambda j: -asked[j])[:10]
    return HeadAttention(
        kind=kind,
        layer=opened[0],
        head=opened[1],
        query=query,
        top=tuple(KeyWeight(j, keys[j], asked[j]) for j in top),
        others=len(asked) - len(top),
        others_weight=1 - sum(asked[j] for j in top),
        sink=None,
        matrix=None if long else AttentionMatrix(0, 0, rows, *[tuple(0.0 for _ in rows)] * 2),
    )


SAMPLES = [
    sample(),
    sample(MIXED),
    long_sample(),
    with_loop(sample(), {"temperature": 0.7}),
    pair_sample(),
    long_pair_sample(),
    masked_sample(),
    vectors_sample(),
]
