"""A run over its checkpoints: its rows are what each model says by itself."""

import dataclasses
import math

import pytest
import torch
from explain_shapes import IDS, SHAPES, WRITTEN, build
from tiny import redraw

from tfcli.errors import UsageError
from tfcli.explain.explanation import explain
from tfcli.explain.request import Request
from tfcli.explain.several.formation import Checkpoint, formation
from tfcli.explain.several.reading import Opened
from tfcli.model.transformer import Transformer

WITH_HEAD = [shape for shape in SHAPES if shape != "vectors"]


def opened(model: Transformer, **more) -> Opened:
    decoder = None if model.encoder is None else list(WRITTEN)
    return Opened(model, None, "m", "", IDS, decoder, **more)


def stage(model: Transformer, step: int, **more) -> Checkpoint:
    return Checkpoint(f"step {step}", step, lambda: opened(model, **more))


def on_the_way(shape: str, count: int = 4, **sizes) -> list[Transformer]:
    """Models on the line between two, the last being the end."""
    start, end = (build(shape, torch.float64, **sizes) for _ in range(2))
    redraw(start, 1)
    models = []
    for place in range(count):
        model = build(shape, torch.float64, **sizes)
        share = place / (count - 1)
        with torch.no_grad():
            for found, a, b in zip(
                model.parameters(), start.parameters(), end.parameters(), strict=True
            ):
                found.copy_(b if share == 1 else a + share * (b - a))
        models.append(model)
    return models


def explained(model: Transformer, request: Request):
    read = {} if model.encoder is None else {"decoder_ids": list(WRITTEN)}
    return explain(model, IDS, request, **read)


@pytest.mark.parametrize("shape", WITH_HEAD)
def test_each_row_is_that_models_own_explanation(shape: str) -> None:
    models = on_the_way(shape)
    measure = "delta" if shape in ("bert", "t5") else "entropy"
    request = Request(measure=measure)
    found = formation([stage(m, i) for i, m in enumerate(models)], request, of_run=True)
    assert [row.step for row in found.checkpoints] == [0, 1, 2, 3]

    sections = ("next", "heads")
    last = explained(models[-1], Request(sections=sections, measure=measure))
    best = last.next.candidates[0]
    assert (found.answer_id, found.answer_chosen) == (best.id, False)
    row = found.checkpoints[-1]
    assert (row.probability, row.logit, row.rank) == (best.plain_probability, best.logit, 1)
    assert row.kl == 0
    final = _log_p(models[-1], found.position)
    for row, model in zip(found.checkpoints, models, strict=True):
        alone = explained(model, Request(sections=sections, measure=measure, top_k=61))
        ranked = {c.id: c for c in alone.next.candidates}
        assert row.top_id == alone.next.candidates[0].id
        assert row.top_probability == alone.next.candidates[0].probability
        assert row.probability == ranked[found.answer_id].probability
        assert row.rank == ranked[found.answer_id].rank
        assert row.bits == alone.tokens.bits
        log_q = _log_p(model, found.position)
        kl = float((final.exp() * (final - log_q)).sum()) / math.log(2)
        assert row.kl == pytest.approx(kl, abs=1e-12)

    grids = [explained(m, Request(sections=sections, measure=measure)) for m in models]
    crossed = last.cross_heads is not None
    values = [(g.cross_heads if crossed else g.heads).values for g in grids]
    assert found.head.kind == ("cross" if crossed else "self")
    layer, head = found.head.layer, found.head.head
    assert found.head.values == tuple(of[layer][head] for of in values)
    assert abs(values[-1][layer][head]) == max(abs(v) for row in values[-1] for v in row)
    changes = [
        abs(b - a)
        for x, y in zip(values[0], values[-1], strict=True)
        for a, b in zip(x, y, strict=True)
    ]
    assert [abs(c.change) for c in found.moved] == sorted(changes, reverse=True)[:5]


def _log_p(model: Transformer, position: int) -> torch.Tensor:
    with torch.inference_mode():
        ids = torch.tensor([IDS])
        if model.encoder is None:
            logits = model(ids)
        else:
            logits = model(ids, decoder_ids=torch.tensor([WRITTEN]))
    return torch.log_softmax(logits[0, position], -1)


def test_a_model_over_itself_does_not_move() -> None:
    model = build("qwen3")
    found = formation([stage(model, i) for i in range(3)], Request(), of_run=True)
    first, *others = (dataclasses.replace(row, name="", step=0) for row in found.checkpoints)
    assert all(row == first for row in others)
    assert first.kl == 0 and first.rank == 1
    assert (found.top_from, found.head.half_from) == (0, 0)
    assert all(course.change == 0 for course in found.moved)


def test_an_answer_is_followed_whether_or_not_it_comes_first() -> None:
    models = on_the_way("gpt2")
    plain = formation([stage(m, i) for i, m in enumerate(models)], Request(), of_run=True)
    other = (plain.answer_id + 1) % 61
    stages = [stage(m, i, answer=other) for i, m in enumerate(models)]
    found = formation(stages, Request(measure="credit"), of_run=True)
    assert (found.answer_id, found.answer_chosen, found.top_from) == (other, True, None)
    assert [row.top_id for row in found.checkpoints] == [row.top_id for row in plain.checkpoints]
    assert plain.checkpoints[plain.top_from].rank == 1
    assert all(row.rank == 1 for row in plain.checkpoints[plain.top_from :])
    assert plain.top_from == 0 or plain.checkpoints[plain.top_from - 1].rank > 1
    assert found.head.values != plain.head.values

    followed = formation(
        [stage(m, i) for i, m in enumerate(models)], Request(measure="credit"), of_run=True
    )
    layer, head = followed.head.layer, followed.head.head
    request = Request(sections=("heads",), measure="credit", answer=plain.answer_id)
    grid = explained(models[0], request).heads.values
    assert followed.head.values[0] == grid[layer][head]
    assert plain.checkpoints[0].top_id != plain.answer_id


def _half(values):
    from tfcli.explain.several.formation import _half

    return _half(values)


@pytest.mark.parametrize(
    ("values", "half"),
    [
        ((0.0, 1.0, 2.0, 4.0), 2),
        ((0.0, 3.0, 1.0, 4.0), 3),  # it has to stay there
        ((-4.0, -1.0, -2.0, -4.0), 2),
        ((4.0, -4.0), 1),
        ((None, 3.0, 4.0), 1),
        ((4.0, 4.0), 0),
        ((1.0, 0.0), None),
        ((1.0, None), None),
    ],
)
def test_half_of_the_last_score(values, half) -> None:
    assert _half(values) == half


@pytest.mark.parametrize(
    ("layers", "heads"), [((1,), "top"), ("top", (2,)), ((0,), (3,)), ((-1,), "all")]
)
def test_the_head_is_one_of_those_that_were_named(layers, heads) -> None:
    models = on_the_way("qwen3", 2)
    request = Request(layers=layers, heads=heads)
    found = formation([stage(m, i) for i, m in enumerate(models)], request, of_run=True)
    assert found.head_named == ("top" not in (layers, heads))
    assert layers == "top" or found.head.layer == layers[0] % 3
    assert heads in ("top", "all") or found.head.head == heads[0]
    grid = explained(models[-1], Request(sections=("heads",))).heads.values
    allowed = [
        grid[layer][head]
        for layer in (range(3) if layers == "top" else layers)
        for head in (range(4) if heads in ("top", "all") else heads)
    ]
    assert found.head.values[-1] == max(allowed)


def test_a_score_that_does_not_exist_yet_is_none() -> None:
    """A model begins with output matrices of zeros, so that no key gives anything."""
    start, end = build("qwen3", torch.float64), build("qwen3", torch.float64)
    with torch.no_grad():
        for block in start.blocks:
            block.attention.o.weight.zero_()
    stages = [stage(start, 0), stage(end, 1)]
    found = formation(stages, Request(measure="norm"), of_run=True)
    first, last = found.head.values
    assert (first, found.head.half_from, found.omitted) == (None, 1, {})
    assert last > 0
    back = formation(stages[::-1], Request(measure="norm"), of_run=True)
    assert (back.head, back.moved) == (None, ())
    assert "does not exist" in back.omitted["heads"]


def test_one_model_is_in_memory_at_a_time() -> None:
    alive: list[int] = []
    now = 0

    class Watched(Transformer):
        def __del__(self) -> None:
            nonlocal now
            now -= 1

    def read() -> Opened:
        nonlocal now
        model = build("gpt2")
        model.__class__ = Watched
        now += 1
        alive.append(now)
        return opened(model)

    stages = [Checkpoint(str(i), i, read) for i in range(4)]
    formation(stages, Request(), of_run=True)
    assert alive == [1, 1, 1, 1]


def test_what_does_not_belong_together_is_said() -> None:
    small, large = build("qwen3"), build("qwen3", vocab_size=62)
    with pytest.raises(UsageError, match="vocabulary"):
        formation([stage(small, 0), stage(large, 1)], Request(), of_run=False)
    with pytest.raises(UsageError, match="no output matrix"):
        vectors = build("vectors")
        formation([stage(vectors, 0), stage(vectors, 1)], Request(), of_run=False)
    deep = build("qwen3", num_layers=4)
    found = formation([stage(deep, 0), stage(small, 1)], Request(), of_run=False)
    assert (found.head, found.moved) == (None, ())
    assert "layers and heads" in found.omitted["heads"]
    bert = build("bert")
    found = formation([stage(bert, 0), stage(bert, 1)], Request(measure="credit"), of_run=False)
    assert found.head is None and found.omitted["heads"]
    assert found.checkpoints[0].bits is None
