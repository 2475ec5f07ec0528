"""A prompt over the checkpoints of a run, made by hand, for screens."""

from tfcli.explain.result import CheckpointRow, Formation, HeadCourse

STEPS = (0, 1, 2, 4, 8, 14, 26, 48, 90, 169, 316, 593, 1111)


def over_sample(
    labels: tuple[str, ...] = ("The", "␣cat"),
    *,
    steps: tuple[int, ...] = STEPS,
    names: tuple[str, ...] | None = None,
    answer: str = "␣slept",
    chosen: bool = False,
    omitted: str | None = None,
    source: tuple[str, ...] = (),
) -> Formation:
    """Of a run's steps, or of models by their names."""
    count = len(steps)
    rows = tuple(
        CheckpointRow(
            name=names[i] if names else f"step {step:,}",
            step=step,
            top_id=7 if i > count // 2 else 500 + i,
            top_label=answer if i > count // 2 else ("␣the", "，", "<0xE8>", "苹(1/2)")[i % 4],
            top_probability=0.0002 + 0.9 * i / count,
            probability=0.0001 + 0.9 * (i / count) ** 3,
            rank=1 if i > count // 2 else 9000 // (i + 1),
            logit=-1.5 + 12.3 * i / count,
            kl=9.87 * (1 - i / (count - 1)) ** 2,
            bits=31.4 - 20 * i / count,
            bits_per_byte=3.14 - 2 * i / count,
        )
        for i, step in enumerate(steps)
    )

    def course(layer: int, head: int, last: float) -> HeadCourse:
        values = (None, *(last * (i / (count - 1)) ** 2 for i in range(1, count)))
        half = next(i for i in range(count) if (i / (count - 1)) ** 2 >= 0.5)
        return HeadCourse("self", layer, head, values, last - (values[1] or 0), half)

    moved = tuple(course(i, 3 - i, (0.98, -0.71, 0.6, 0.44)[i]) for i in range(4))
    return Formation(
        name="runs/first",
        family="qwen3",
        parameters=1_829_000,
        of_run=names is None,
        labels=labels,
        source=source,
        ids=tuple(range(len(labels))),
        position=len(labels) - 1,
        answer_id=7,
        answer_label=answer,
        answer_chosen=chosen,
        top_from=count // 2 + 1 if count // 2 + 1 < count else count - 1,
        checkpoints=rows,
        measure="previous",
        unit="weight on the token before",
        head_named=chosen,
        head=None if omitted else moved[0],
        moved=() if omitted else moved,
        omitted={"heads": omitted} if omitted else {},
    )
