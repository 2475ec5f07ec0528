"""A model looked at from spot to spot: the numbers of `explain`, and of the run without a head."""

from dataclasses import replace

import pytest
import torch
from explain_shapes import IDS, SHAPES, WRITTEN, build

from tfcli.checkpoint.generation import GenerationDefaults
from tfcli.errors import TfcliError, UsageError
from tfcli.explain import spot as steps
from tfcli.explain.edits.edit import ablated, edited
from tfcli.explain.explanation import explain
from tfcli.explain.explorer import TABLE_ROWS, Explorer
from tfcli.explain.request import GREEDY, MEASURES, Request
from tfcli.explain.result import Explanation
from tfcli.explain.run import Run
from tfcli.explain.spot import Spot
from tfcli.generate.engine import generate_ids
from tfcli.model.transformer import Transformer

PARTS = ("qkv", "lens", "next", "credit", "attention")


def explorer_of(model: Transformer) -> tuple[Explorer, Spot]:
    explorer = Explorer(model)
    return explorer, explorer.first(IDS, WRITTEN if model.encoder is not None else ())


def explained(model: Transformer, spot: Spot, *sections: str) -> Explanation:
    """The same by `explain`."""
    request = Request(
        sections=sections,
        position=spot.position,
        layers=(spot.layer,),
        heads=(spot.head,),
        measure=spot.measure,
        top_k=TABLE_ROWS,
        all_keys=True,
    )
    return explain(model, spot.ids, request, decoder_ids=spot.written or None)


@pytest.fixture(scope="module", params=list(SHAPES))
def model(request: pytest.FixtureRequest) -> Transformer:
    return build(request.param, torch.float64)


def test_a_look_is_what_explain_says_of_the_spot(model):
    explorer, first = explorer_of(model)
    spots = [
        first,
        steps.token_moved(first, -2),
        steps.layer_moved(steps.head_moved(first, 1, explorer.extents), -1, explorer.extents),
    ]
    for spot in spots:
        expected = explained(model, spot, *PARTS)
        for section in ("lens", "next", "credit"):
            found = explorer.look(spot, section).explanation
            assert getattr(found, section) == getattr(expected, section)
            assert found.omitted.get(section) == expected.omitted.get(section)
        for section in ("qkv", "attention"):
            (own,) = [opened for opened in getattr(expected, section) if opened.kind == "self"]
            assert getattr(explorer.look(spot, section, 64).explanation, section) == (own,)
        assert found.tokens == expected.tokens and found.source == expected.source


def test_every_measure_and_kind_of_the_grid_is_that_of_explain(model):
    explorer, spot = explorer_of(model)
    for _ in MEASURES[1:]:
        expected = explained(model, spot, "heads")
        found = explorer.look(spot, "heads").explanation
        assert found.heads == expected.heads and found.omitted == expected.omitted
        assert found.cross_heads == expected.cross_heads
        assert found.encoder_heads == expected.encoder_heads
        spot = steps.measure_turned(spot)


def test_a_head_that_is_taken_away_gives_nothing_and_the_ledger_still_adds_up(model):
    explorer, spot = explorer_of(model)
    for _ in explorer.extents:
        spot = steps.kind_turned(spot, explorer.extents)
        without = steps.ablation_toggled(replace(spot, ablated=()))
        (taken,) = explorer.look(without, "qkv").explanation.qkv or ()
        assert taken.norm == 0 and all(key.norm == 0 for key in taken.keys)
        assert sum(key.weight for key in taken.keys) + (taken.sink or 0) == pytest.approx(1)
        other = replace(without, head=(spot.head + 1) % explorer.extents[spot.kind][1])
        (ledger,) = explorer.look(other, "qkv").explanation.qkv or ()
        shares = [key.share or 0 for key in ledger.keys]
        total = sum(shares) + (ledger.other_heads_share or 0) + (ledger.bias_share or 0)
        assert total == pytest.approx(1, abs=1e-12)
        grid = explorer.look(without, "heads").explanation
        grids = {"self": grid.heads, "cross": grid.cross_heads, "encoder": grid.encoder_heads}
        found = grids[spot.kind]
        assert found is not None and found.values[spot.layer][spot.head] == 0


@torch.inference_mode()
def test_the_table_without_a_head_is_that_of_the_edited_model(model):
    explorer, spot = explorer_of(model)
    without = steps.ablation_toggled(spot)
    sight = explorer.look(without, "next")
    if model.head is None:
        assert sight.explanation.omitted and sight.kl is None
        return
    plain, table = explained(model, spot, "next").next, sight.explanation.next
    assert sight.before == plain and table is not None and plain is not None
    given = [torch.tensor([list(spot.ids)])]
    read = {"decoder_ids": torch.tensor([list(spot.written)])} if spot.written else {}
    before = model(*given, **read)[0, spot.position].log_softmax(-1)
    with edited(model, [ablated(spot.place)]):
        after = model(*given, **read)[0, spot.position].log_softmax(-1)
    assert [c.id for c in table.candidates] == after.topk(TABLE_ROWS).indices.tolist()
    for candidate, (rank, p) in zip(table.candidates, sight.was, strict=True):
        assert p == pytest.approx(float(before[candidate.id].exp()), rel=1e-12)
        assert rank == 1 + int((before > before[candidate.id]).sum())
    kl = float((before.exp() * (before - after)).sum()) / torch.tensor(2.0).log().item()
    assert sight.kl == pytest.approx(kl, rel=1e-6) and sight.kl > 0


def test_a_head_without_an_output_matrix_of_its_own_changes_nothing():
    model = build("gpt2", torch.float64)
    explorer, spot = explorer_of(model)
    width = model.config.value_dim
    attention = model.blocks[spot.layer].attention
    with torch.no_grad():
        attention.o.weight[:, spot.head * width : (spot.head + 1) * width] = 0
    explorer, _ = explorer_of(model)
    sight = explorer.look(steps.ablation_toggled(spot), "next")
    assert sight.kl == 0
    assert sight.before == sight.explanation.next


def test_the_likeliest_token_is_the_one_that_generate_takes():
    for shape in ("qwen3", "gemma2", "t5"):
        model = build(shape, torch.float64)
        explorer, spot = explorer_of(model)
        if model.encoder is None:
            batch = torch.tensor([list(spot.ids)])
            made = generate_ids(model, batch, max_new_tokens=1, sampling=GREEDY, seed=0, eos_ids=())
            assert explorer.likeliest(spot) == made[0, -1]
        table = explorer.look(spot, "next").explanation.next
        assert table is not None and explorer.likeliest(spot) == table.candidates[0].id


def test_tokens_that_must_not_come_are_not_taken():
    model = build("qwen3", torch.float64)
    best = Explorer(model).likeliest(Spot(tuple(IDS), (), 0, "self", 0, 0))
    banned = Explorer(model, generation=GenerationDefaults(banned_ids=(best,)))
    assert banned.likeliest(Spot(tuple(IDS), (), 0, "self", 0, 0)) != best
    assert Explorer(model, eos_ids=[best]).ends(best)


def test_a_matrix_takes_the_room_there_is_around_what_is_looked_at():
    explorer, spot = explorer_of(build("bart"))
    for kind in ("self", "cross", "encoder"):
        there = replace(spot, kind=kind, layer=1)
        for room in (3, 40):
            (found,) = explorer.look(there, "attention", room).explanation.attention or ()
            assert found.kind == kind and found.matrix is not None
            asking, asked = (len(WRITTEN) if kind != "encoder" else len(IDS)), len(IDS)
            assert len(found.matrix.rows) == min(room, asking)
            assert kind == "self" or found.matrix.columns == min(room, asked)
            assert found.query in range(found.matrix.first, found.matrix.first + room)
            best = found.top[0].position
            keys = range(found.matrix.first_key, found.matrix.first_key + room)
            assert kind != "cross" or best in keys
    assert explorer.look(spot, "attention").explanation.attention[0].matrix is None


def test_a_text_that_is_too_long_or_gives_no_numbers_is_said():
    model = build("qwen3")
    explorer, spot = explorer_of(model)
    with pytest.raises(UsageError, match="context is full: the model reads 64"):
        explorer.look(replace(spot, ids=spot.ids * 8), "lens")
    with torch.no_grad():
        model.embedding.weight[60] = float("nan")
    with pytest.raises(TfcliError, match="NaN"):
        explorer.look(replace(spot, ids=(*spot.ids, 60), position=9), "lens")


def test_a_run_asked_for_another_position_measures_it_anew():
    model = build("gpt2", torch.float64)
    run = Run.of(model, IDS, None, Request(position=0), None)
    with torch.inference_mode():
        assert run.readings and run.target is not None
        for position in (0, 4):
            fresh = Run.of(model, IDS, None, Request(position=position), None)
            asked = run.asked(Request(position=position))
            assert torch.equal(asked.readings["self"].delta, fresh.readings["self"].delta)
            assert asked.target == fresh.target and torch.equal(asked.logits, fresh.logits)
        assert run.asked(Request(position=0, measure="sink")).readings is run.readings
        assert run.asked(Request()).position == 0


def test_what_was_seen_is_not_computed_again(monkeypatch):
    explorer, spot = explorer_of(build("qwen3"))
    for part in ("heads", "qkv", "lens"):
        explorer.look(spot, part)
    runs = []
    monkeypatch.setattr(explorer, "_run", runs.append)
    monkeypatch.setattr(explorer, "_looked", lambda *words: runs.append(words))
    for part in ("heads", "qkv", "lens"):
        explorer.look(spot, part)
    assert explorer.look(replace(spot, layer=0, head=0, measure="delta"), "lens")
    assert not runs


def test_sources_and_neighbours_follow_the_position_and_the_cost_is_measured_once():
    model = build("qwen3", torch.float64)
    explorer, first = explorer_of(model)
    here, before = first, steps.token_moved(first, -2)
    for spot in (here, before):
        expected = explained(model, spot, "sources", "neighbors")
        for section in ("sources", "neighbors"):
            found = getattr(explorer.look(spot, section).explanation, section)
            assert found == getattr(expected, section) and found.position == spot.position
    assert explorer.look(here, "cost") is explorer.look(before, "cost")
    longer = steps.appended(here, 3)
    measured = explorer.look(longer, "cost").explanation.cost
    assert measured is not None and measured.tokens == len(IDS) + 1
