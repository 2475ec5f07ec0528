"""Distributions side by side, against the filters of `generate` and against their formulas."""

import math

import pytest
import torch
from explain_shapes import IDS, SHAPES, build, run, written

from tfcli.checkpoint.generation import GenerationDefaults
from tfcli.errors import UsageError
from tfcli.explain.explanation import explain
from tfcli.explain.logits.sampling import PRESETS, sampling_table
from tfcli.explain.request import GREEDY, Request
from tfcli.generate.config import SamplingConfig
from tfcli.generate.sampling import choose, filtered_logits

CAUSAL = [shape for shape in SHAPES if shape not in ("bert", "vectors")]
OWN = SamplingConfig(0.7, top_k=20, top_p=0.8, min_p=0.02, repetition_penalty=1.4)


def table_of(model, own=GREEDY, position=None, **wishes):
    request = Request(("sampling",), sampling=own, position=position, **wishes)
    return explain(model, IDS, request, **written(model)).sampling


def softmax(values):
    largest = max(values)
    parts = [math.exp(value - largest) for value in values]
    return [part / sum(parts) for part in parts]


@pytest.mark.parametrize("shape", CAUSAL)
@pytest.mark.parametrize("position", [1, None])
def test_columns_are_the_distributions_that_generate_draws_from(shape, position):
    model = build(shape, torch.float64)
    found = table_of(model, OWN, position, top_k=40)
    trace = run(model, IDS)
    place = trace.ids.shape[1] - 1 if position is None else position
    logits, seen = trace.logits[:, place], trace.ids[:, : place + 1]
    assert found.position == place and len(found.rows) == model.config.vocab_size
    descending = sorted(logits[0].tolist(), reverse=True)
    assert [row.logit for row in found.rows] == pytest.approx(descending, rel=1e-12)
    assert [column.name for column in found.columns] == [*PRESETS, "yours"]
    for column, config in zip(found.columns, [*PRESETS.values(), OWN], strict=True):
        p = filtered_logits(logits, config, seen)[0].softmax(-1)
        expected = [float(p[row.id]) for row in found.rows]
        assert list(column.probabilities) == pytest.approx(expected, rel=1e-10)
        assert column.rest == 0.0
        assert sum(column.probabilities) == pytest.approx(1, rel=1e-12)
        assert column.kept == int((p > 0).sum())
        entropy = -sum(x * math.log2(x) for x in p.tolist() if x)
        assert column.entropy == pytest.approx(entropy, rel=1e-12, abs=1e-12)


def test_each_preset_is_its_formula():
    model = build("gpt2", torch.float64)
    found = table_of(model, top_k=40)
    logits = [row.logit for row in found.rows]
    columns = {column.name: list(column.probabilities) for column in found.columns}
    plain = softmax(logits)
    assert columns["T 1"] == pytest.approx(plain, rel=1e-10)
    for name, temperature in (("T 0.5", 0.5), ("T 1.5", 1.5)):
        expected = softmax([x / temperature for x in logits])
        assert columns[name] == pytest.approx(expected, rel=1e-10)
    top = [p if i < 5 else 0.0 for i, p in enumerate(plain)]
    assert columns["top-k 5"] == pytest.approx([p / sum(top) for p in top], rel=1e-10)
    held = [sum(plain[:i]) < 0.9 for i in range(len(plain))]
    top = [p if kept else 0.0 for p, kept in zip(plain, held, strict=True)]
    assert columns["top-p .9"] == pytest.approx([p / sum(top) for p in top], rel=1e-10)
    top = [p if p >= 0.1 * plain[0] else 0.0 for p in plain]
    assert columns["min-p .1"] == pytest.approx([p / sum(top) for p in top], rel=1e-10)


def test_draws_come_as_often_as_the_column_says():
    model = build("qwen3")
    found = table_of(model, OWN, top_k=40).columns[-1]
    logits, seen = run(model, IDS).logits[:, -1], torch.tensor([IDS])
    generator = torch.Generator().manual_seed(0)
    rows = [row.id for row in table_of(model, OWN, top_k=40).rows]
    draws = [int(choose(logits, OWN, seen, generator)) for _ in range(2000)]
    for token, p in zip(rows, found.probabilities, strict=True):
        assert draws.count(token) / 2000 == pytest.approx(p, abs=0.04)
        assert (p == 0) <= (draws.count(token) == 0)


def test_the_rest_is_what_has_no_row():
    model = build("qwen3", torch.float64)
    some, all_of_it = table_of(model, top_k=3), table_of(model, top_k=40)
    assert len(some.rows) == 6
    for few, whole in zip(some.columns, all_of_it.columns, strict=True):
        assert few.probabilities == whole.probabilities[:6]
        assert few.rest == pytest.approx(sum(whole.probabilities[6:]), abs=1e-12)


def test_settings_that_are_a_preset_or_greedy_have_no_column_of_their_own():
    model = build("qwen3")
    for own in (GREEDY, SamplingConfig(1.0), SamplingConfig(1.0, top_k=5)):
        assert [column.name for column in table_of(model, own).columns] == list(PRESETS)
        assert table_of(model, own).taken_from == ("T 1" if own.greedy else None)
    yours = table_of(model, SamplingConfig(0.3)).columns[-1]
    assert (yours.name, yours.settings) == ("yours", {"temperature": 0.3})


def test_temperature_0_takes_the_likeliest_of_the_column_that_is_named():
    model = build("qwen3", torch.float64)
    for own, name in (
        (SamplingConfig(0.0, top_k=5), "top-k 5"),
        (SamplingConfig(0.0, top_p=0.4, repetition_penalty=3.0), "yours"),
    ):
        table = table_of(model, own, top_k=40)
        (column,) = [column for column in table.columns if column.name == name]
        largest = max(range(len(table.rows)), key=lambda i: column.probabilities[i])
        taken = explain(model, IDS, Request(("next",), sampling=own, steps=1)).loop.steps[0]
        assert table.taken_from == name
        assert (table.rows[largest].id, taken.chosen_rank) == (taken.chosen_id, 1)
        assert column.probabilities[largest] == pytest.approx(taken.chosen_probability)


def test_what_the_checkpoint_rules_is_ruled_in_every_column():
    logits = torch.linspace(0, 6, 61, dtype=torch.float64)
    rules = GenerationDefaults(banned_ids=(60,), repetition_penalty=1.5)
    found = sampling_table(logits, [58, 3], 61, GREEDY, generation=rules)
    for column in found.columns:
        by_id = dict(zip((row.id for row in found.rows), column.probabilities, strict=True))
        assert by_id[60] == 0.0 and by_id[58] < by_id[57]
        assert column.settings["repetition_penalty"] == 1.5
    plain = sampling_table(logits, [58, 3], 61, GREEDY).columns[0]
    assert plain.probabilities[0] > plain.probabilities[2] > 0


def test_a_penalty_that_makes_infinite_logits_is_refused():
    with pytest.raises(UsageError, match="repetition penalty"):
        table_of(build("qwen3"), SamplingConfig(1.0, repetition_penalty=1e-45))


@pytest.mark.parametrize(("shape", "reason"), [("bert", "nothing is drawn"), ("vectors", "matrix")])
def test_where_nothing_is_drawn_it_is_said(shape, reason):
    found = explain(build(shape), IDS, Request(("sampling",)))
    assert found.sampling is None and reason in found.omitted["sampling"]
