"""The grid of the lens is the lens of every position, however it is computed."""

import math

import pytest
import torch
from explain_shapes import SHAPES, WRITTEN, build, run, written

from tfcli.explain.explanation import explain
from tfcli.explain.lens.streams import read_out
from tfcli.explain.lens.translators import TunedLens
from tfcli.explain.request import Request

WITH_HEAD = [shape for shape in SHAPES if shape != "vectors"]


def grid(model, ids, tuned=None, **wishes):
    request = Request(sections=("lens_grid",), **wishes)
    found = explain(model, ids, request, tuned=tuned, **written(model))
    assert found.lens_grid is not None
    return found.lens_grid


@pytest.mark.parametrize("tuned", [False, True])
@pytest.mark.parametrize("shape", WITH_HEAD)
def test_a_column_is_the_lens_of_its_position(shape, tuned, ids):
    model = build(shape, torch.float64)
    lens = None
    if tuned:
        torch.manual_seed(0)
        L, D = model.config.num_layers, model.config.hidden_size
        lens = TunedLens(torch.randn(L, D, D), torch.randn(L, D), "text", 3)
    found = grid(model, ids, lens, answer=7)
    read = ids if model.encoder is None else WRITTEN
    assert (found.first, len(found.labels), found.chosen) == (0, len(read), True)
    assert found.fitted_on == ("text" if tuned else None)
    for position in range(len(read)):
        request = Request(sections=("lens",), position=position, answer=7)
        column = explain(model, ids, request, tuned=lens, **written(model)).lens
        assert column is not None and len(column.rows) == len(found.rows)
        for row, expected in zip(found.rows, column.rows, strict=True):
            cell = row.cells[position]
            assert (row.layer, cell.top_id) == (expected.layer, expected.top_id)
            assert cell.top_probability == pytest.approx(expected.top_probability, rel=1e-10)
            assert cell.answer_probability == pytest.approx(expected.answer_probability, rel=1e-10)
            assert cell.kl == pytest.approx(expected.kl, rel=1e-10, abs=1e-12)
            assert cell.entropy == pytest.approx(expected.entropy, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("shape", WITH_HEAD)
def test_cross_entropy_ends_as_the_surprisal_of_the_tokens(shape, ids):
    model = build(shape, torch.float64)
    request = Request(sections=("tokens", "lens_grid"))
    found = explain(model, ids, request, **written(model))
    assert found.lens_grid is not None
    last = [cell.surprisal for cell in found.lens_grid.rows[-1].cells]
    if not model.config.causal:
        assert last == [None] * len(ids)
        return
    assert last[-1] is None
    for bits, token in zip(last, found.tokens.tokens[1:], strict=False):
        assert bits == pytest.approx(token.surprisal, rel=1e-10)


def test_logits_of_few_positions_are_held_at_a_time(monkeypatch, ids):
    model = build("gemma2", torch.float64)
    whole = grid(model, ids)
    largest: list[int] = []

    def watched(model, x):
        largest.append(len(x))
        return read_out(model, x)

    monkeypatch.setattr("tfcli.explain.lens.grid._NUMBERS_AT_ONCE", 2 * 61)
    monkeypatch.setattr("tfcli.explain.lens.grid.read_out", watched)
    parts = grid(model, ids)
    assert max(largest) == 2
    for row, other in zip(whole.rows, parts.rows, strict=True):
        for cell, same in zip(row.cells, other.cells, strict=True):
            assert cell.top_id == same.top_id
            assert math.isclose(cell.top_probability, same.top_probability, rel_tol=1e-12)


def test_windows(ids):
    model = build("gpt2")
    whole, part = grid(model, ids), grid(model, ids, window=(2, 5))
    assert (part.first, part.chosen, part.labels) == (2, False, whole.labels[2:5])
    for row, other in zip(whole.rows, part.rows, strict=True):
        assert [cell.top_id for cell in row.cells[2:5]] == [cell.top_id for cell in other.cells]
    assert part.rows[0].cells[2].surprisal is not None  # position 4 is not the text's last
    before = grid(model, ids, position=3)
    assert (before.first, len(before.labels)) == (0, 4)
    long = grid(model, ids * 5)
    assert (long.first, len(long.labels), long.chosen) == (13, 32, True)


def test_a_model_without_an_output_matrix_has_none(ids):
    found = explain(build("vectors"), ids, Request(sections=("lens_grid",)))
    assert found.lens_grid is None and "output matrix" in found.omitted["lens_grid"]


def test_it_is_what_the_model_says(ids):
    """The last layer's tokens are the argmax of the model's own logits."""
    model = build("qwen3")
    logits = run(model, ids).logits
    assert logits is not None
    cells = grid(model, ids).rows[-1].cells
    assert [cell.top_id for cell in cells] == logits[0].argmax(-1).tolist()
