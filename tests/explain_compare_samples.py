"""One word in two prompts, made by hand, for screens."""

import dataclasses

from explain_samples import sample

from tfcli.explain.result import (
    ComparedLayer,
    ComparedSide,
    Comparison,
    ContextToken,
    Distances,
    Ends,
    Pull,
    PullTerm,
    SharedCandidate,
)

FIRST = ("shares", "␣of", "␣the", "␣phone", "␣maker", "␣apple", "␣rose")
SECOND = ("I", "␣ate", "␣the", "␣apple")
CHINESE = ("手机", "公司", "是", "苹(1/2)", "苹(2/2)")


def side(labels: tuple[str, ...], position: int, start: int | None = None, **more) -> ComparedSide:
    start = position if start is None else start
    context = tuple(
        ContextToken(
            position=i,
            id=40 + i,
            label=labels[i],
            share=0.21 - 0.043 * i,
            in_both=labels[i] == "␣the",
            own=i >= start,
            cosine_without=None if i >= start else 0.41 + 0.052 * i,
            jensen_shannon_without=None if i >= start else 0.512 - 0.0313 * i,
        )
        for i in range(position + 1)
    )
    values = {
        "labels": labels,
        "ids": tuple(40 + i for i in range(len(labels))),
        "position": position,
        "start": start,
        "context": context,
        "others": 0,
        "others_share": 0.0,
        "word_share": 0.013,
        "terms": tuple(
            PullTerm(2 * i, 3 - i, i, labels[i], 0.117 / (i + 1)) for i in range(min(start, 3))
        ),
        "pulled": 0,
        "told": start - 1,
    }
    return ComparedSide(**values | more)


def layers(count: int) -> tuple[ComparedLayer, ...]:
    rows: list[ComparedLayer] = []
    for i in range(count + 1):
        cosine, baseline = 1 - 0.6 * (i / count) ** 2, 0.05 + 0.3 * i / count
        rows.append(ComparedLayer(i - 1 if i else None, cosine, baseline, cosine - baseline))
    return tuple(rows)


def compare_sample(
    first: ComparedSide | None = None, second: ComparedSide | None = None, **more
) -> Comparison:
    """A decoder's word in two contexts."""
    words = ("␣rose", "␣with", "，", "苹(1/2)", "<0xE8>")
    values = {
        "model": sample(layers=4).model,
        "stack": "decoder",
        "causal": True,
        "same_token": True,
        "first": first or side(FIRST, 5),
        "second": second or side(SECOND, 3),
        "position_is_added": False,
        "layers": layers(4),
        "pairs": 27,
        "candidates": tuple(
            SharedCandidate(w, 9 + i, 9 + i, 0.34 / (i + 1), 0.05 * (i + 1), i + 1, 1200 - 200 * i)
            for i, w in enumerate(words)
        ),
        "warnings": (),
        "word": "apple",
        "embedding_cosine": 1.0,
        "parting": 3,
        "pull": Pull(12.34, 0.31, 0.28, 0.021, 0.0, 0.402, -0.013, 3e-7),
        "distances": Distances(2.5512, 1.6134, 0.35512),
    }
    return Comparison(**values | more)


def unseen_sample() -> Comparison:
    """What differs stands behind the word."""
    one = side(("␣an", "␣apple", "␣pie"), 1, context=(), pulled=None, told=None, terms=())
    two = dataclasses.replace(one, labels=("␣an", "␣apple"), ids=(40, 41))
    return compare_sample(
        one,
        two,
        layers=tuple(ComparedLayer(i - 1 if i else None, 1.0, 0.1, 0.9) for i in range(5)),
        warnings=("unseen",),
        parting=None,
        pull=None,
        distances=Distances(0.0, 0.0, 0.0),
        ends=Ends(2, "␣pie", None, 0.412, 0.2251),
    )


def vectors_sample() -> Comparison:
    """A sentence encoder's ends, of long prompts: no words come next, and no token is left out."""
    many = tuple(f"␣word{i}" for i in range(60))
    bare = [
        dataclasses.replace(token, cosine_without=None, jensen_shannon_without=None)
        for token in side(many, 55).context
    ]
    return compare_sample(
        side(many, 55, context=tuple(bare), others=8, others_share=0.004, told=None),
        side(CHINESE, 4, 3),
        stack="encoder",
        causal=False,
        same_token=False,
        position_is_added=True,
        layers=layers(30),
        parting=28,
        candidates=(),
        distances=None,
        word=None,
        warnings=("other-tokens", "position"),
        omitted={
            "next": "the model has no output matrix: it gives vectors, not words",
            "without": "400 tokens are too many to leave out each in turn: up to 128",
        },
    )
