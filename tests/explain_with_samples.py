"""Two models on one prompt, made by hand, for screens."""

from explain_samples import sample

from tfcli.explain.result import (
    AnswerPoint,
    Distances,
    HeadChange,
    ModelComparison,
    ModelSide,
    SharedCandidate,
    WeightChange,
)

OMITTED = {
    "distances": "no distance of these two distributions: the models' vocabularies differ",
    "heads": "the models have not the same layers and heads",
    "weights": "the models' shapes differ",
    "lens": "the second model has no token for the answer",
}
_CHANGES = tuple(HeadChange("self", i, 3 - i, 9 * i - 13.5, 21.1, 34.6 - 9 * i) for i in range(4))


def side(labels: tuple[str, ...], bits: float, **more) -> ModelSide:
    values = {
        "model": sample(layers=4).model,
        "labels": labels,
        "source": (),
        "ids": tuple(range(len(labels))),
        "position": len(labels) - 1,
        "bits": bits,
        "bytes": 24,
        "bits_per_byte": bits / 24,
        "entropy": bits / 3,
        "top_id": 7,
        "top_label": "␣sat",
        "top_probability": 0.34,
    }
    return ModelSide(**values | more)


def way(layers: int, last: float) -> tuple[AnswerPoint, ...]:
    shares = [i / layers for i in range(layers + 1)]
    return tuple(
        AnswerPoint(i - 1 if i else None, share, last * share**3, 1 + 900 * (layers - i))
        for i, share in enumerate(shares)
    )


def with_sample(
    first: tuple[str, ...] = ("The", "␣cat"),
    second: tuple[str, ...] | None = None,
    *,
    answer: str = "␣sat",
    layers: tuple[int, int] = (4, 4),
) -> ModelComparison:
    """Two stages of a model; with `second`, models that cut the text differently."""
    apart = second is not None
    words = (answer, "␣is", "，", "苹(1/2)", "<0xE8>")
    candidates = tuple(
        SharedCandidate(
            label=word,
            first_id=10 + i,
            second_id=None if apart and i == 1 else 10 + i,
            first_probability=0.34 / (i + 1),
            second_probability=None if apart and i == 1 else 0.05 * (i + 1),
            first_rank=i + 1,
            second_rank=None if apart and i == 1 else 1200 - 200 * i,
        )
        for i, word in enumerate(words)
    )
    modules = ("embedding", "attention_norm", "attention.q", "feed_forward.down", "final_norm")
    omitted = {name: OMITTED[name] for name in ("distances", "heads", "weights")} if apart else {}
    return ModelComparison(
        first=side(first, 20.2),
        second=side(second or first, 12.1),
        matched_by="text" if apart else "id",
        answer_label=answer,
        answer_chosen=False,
        candidates=candidates,
        distances=None if apart else Distances(2.5512, 1.6134, 0.35512),
        first_lens=way(layers[0], 0.34),
        second_lens=way(layers[1], 0.05),
        measure="delta",
        unit="‖ΔE‖",
        heads=() if apart else _CHANGES,
        modules=()
        if apart
        else tuple(
            WeightChange(name, 1_024_000 // (i + 1) ** 4, (0.57, 0.0004, 0.0, None, 1.2)[i])
            for i, name in enumerate(modules)
        ),
        layers=() if apart else tuple(WeightChange(f"L{i}", 198_000, 0.5 + i) for i in range(4)),
        omitted=omitted,
    )
