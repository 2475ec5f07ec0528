"""What changes do to the next token: the section of edits, and the grids of ablation and patching,
against the model run anew, one change at a time, in float64."""

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F
from explain_shapes import IDS, SHAPES, WRITTEN, build, run, written

from tfcli.errors import UsageError
from tfcli.explain.edits.edit import Edit, ablated, averaged, edited, extents, patched
from tfcli.explain.edits.request import EditRequest, Place, parse_scales, parse_sites
from tfcli.explain.explanation import explain, explain_by_step
from tfcli.explain.heads import effects as head_effects
from tfcli.explain.request import Request
from tfcli.explain.run import Run

OTHER = [7, 30, 11, 9, 2, 44, 5, 5, 19]
LONGER = [11, 7, 30, 11, 9, 2, 44, 5, 5, 19, 3]
MASK = 60
NO_HEAD = "this model has no output matrix: it gives vectors, not words"
ANSWERING = [name for name in SHAPES if name != "vectors"]
GRIDS = {"self": "heads", "cross": "cross_heads", "encoder": "encoder_heads"}


@pytest.fixture(params=ANSWERING)
def model(request):
    return build(request.param, torch.float64)


def asked(model, edits, sections=("model", "edits"), **wishes):
    return explain(model, IDS, Request(sections, edits=edits, **wishes), **written(model))


def logits(model, edits=(), ids=IDS, position=-1):
    """Those of a run with changes."""
    with edited(model, edits):
        return run(model, list(ids)).logits[0, position]


def kl(before, after):
    """In bits, by its definition."""
    p, q = F.softmax(before, -1), F.softmax(after, -1)
    return sum(float(a) * math.log2(float(a) / float(b)) for a, b in zip(p, q, strict=True))


def test_the_table_is_of_both_runs(model):
    changes = EditRequest(ablate=parse_sites("L1H2", "ablate"), scale=parse_scales(["ffn:L0=-2"]))
    found = asked(model, changes, position=3, top_k=4).edits
    before = logits(model, position=3)
    edits = [ablated(Place("self", "head", 1, 2)), Edit(Place("self", "feed-forward", 0), -2.0)]
    after = logits(model, edits, position=3)
    first, then = (row.argsort(descending=True).tolist() for row in (before, after))
    assert [row.id for row in found.tokens] == sorted({*first[:4], *then[:4]}, key=first.index)
    for row in found.tokens:
        assert (row.rank, row.rank_after) == (first.index(row.id) + 1, then.index(row.id) + 1)
        assert math.isclose(row.logit, float(before[row.id]), rel_tol=1e-12)
        assert math.isclose(row.logit_after, float(after[row.id]), rel_tol=1e-9)
        assert math.isclose(row.probability, float(before.softmax(-1)[row.id]), rel_tol=1e-9)
        assert math.isclose(row.probability_after, float(after.softmax(-1)[row.id]), rel_tol=1e-9)
    assert found.answer == found.top and found.top.id == first[0] and found.top_after.id == then[0]
    assert math.isclose(found.kl, kl(before, after), rel_tol=1e-9, abs_tol=1e-12)
    assert [(c.place, c.how, c.factor) for c in found.changes] == [
        ("L1H2", "zero", None),
        ("ffn:L0", "scale", -2.0),
    ]
    assert found.position == 3 and found.other is None and found.against is None


def test_tokens_that_were_named_are_in_the_table():
    model = build("qwen3", torch.float64)
    order = logits(model).argsort(descending=True).tolist()
    changes = EditRequest(ablate=parse_sites("L1", "ablate"))
    found = asked(model, changes, answer=order[20], against=order[30], top_k=1).edits
    assert found.answer.id == order[20] and found.answer.rank == 21
    assert found.against is not None and found.against.id == order[30]
    assert found.top.id == order[0] and {order[20], order[30]} < {row.id for row in found.tokens}


def test_what_changes_nothing_is_said_to_change_nothing(model):
    for changes in (
        EditRequest(scale=parse_scales(["L0-1=1"])),
        EditRequest(patch_at=parse_sites("L0-1", "patch-at"), other_ids=tuple(IDS)),
    ):
        found = asked(model, changes).edits
        assert found.kl == 0 and found.answer == found.top_after
        assert all(row.logit == row.logit_after for row in found.tokens)


def test_the_mean_is_that_over_the_prompt(model):
    changes = EditRequest(ablate=parse_sites("L1H0,ffn:L0", "ablate"), filling="mean")
    found = asked(model, changes).edits
    trace = run(model, IDS)
    edits = [
        Edit(Place("self", "head", 1, 0), value=trace.layers[1].attention.mixed[0, 0].mean(0)),
        Edit(
            Place("self", "feed-forward", 0), value=trace.layers[0].feed_forward.output[0].mean(0)
        ),
    ]
    expected = kl(trace.logits[0, -1], logits(model, edits))
    assert math.isclose(found.kl, expected, rel_tol=1e-9, abs_tol=1e-12)
    assert {change.how for change in found.changes} == {"mean"}


def test_a_patch_takes_the_same_positions_of_a_text_as_long(model):
    changes = EditRequest(patch_at=parse_sites("L1H2-3", "patch-at"), other_ids=tuple(OTHER))
    found = asked(model, changes, position=2).edits
    other = run(model, OTHER)
    T = other.ids.shape[1]
    edits = [patched(Place("self", "head", 1, head), other, range(T)) for head in (2, 3)]
    after = logits(model, edits, position=2)
    assert math.isclose(found.top_after.logit_after, float(after.max()), rel_tol=1e-9)
    assert found.other.ids == tuple(OTHER) and found.other.aligned and found.other.position == 2
    assert found.other.answer_id == int(other.logits[0, 2].argmax())


def test_a_patch_from_a_longer_text_is_at_the_followed_token_only(model):
    changes = EditRequest(patch_at=parse_sites("L1H2", "patch-at"), other_ids=tuple(LONGER))
    found = asked(model, changes, position=2).edits
    other = run(model, LONGER)
    place = Place("self", "head", 1, 2)
    pair = model.encoder is not None  # its decoder has written the same in both
    edit = patched(place, other, range(5)) if pair else patched(place, other, [2], [-1])
    after = logits(model, [edit], position=2)
    assert math.isclose(found.top_after.logit_after, float(after.max()), rel_tol=1e-9)
    assert found.other.aligned == pair and found.other.position == (2 if pair else len(LONGER) - 1)


def test_an_encoder_s_patch_follows_the_masks():
    class Words:
        mask_id, bos_id, eos_id, unk_id, vocab_size, special_tokens = MASK, None, None, None, 61, {}

        def piece(self, token):
            return f"w{token}"

        def token_bytes(self, token):
            return self.piece(token).encode()

    model = build("bert", torch.float64)
    here, there = [5, 17, MASK, 9], [7, MASK, 30, 11, 9]
    changes = EditRequest(patch_at=parse_sites("attn:L1", "p"), other_ids=tuple(there))
    found = explain(model, here, Request(("edits",), edits=changes), tokenizer=Words()).edits
    edit = patched(Place("self", "attention", 1), run(model, there), [2], [1])
    after = logits(model, [edit], here, 2)
    assert found.position == 2 and found.other.position == 1
    assert math.isclose(found.top_after.logit_after, float(after.max()), rel_tol=1e-9)


@pytest.mark.parametrize("name", ["t5", "bart"])
def test_encoder_places_need_texts_of_one_length(name):
    model = build(name)
    same = EditRequest(patch_at=parse_sites("E1H2", "patch-at"), other_ids=tuple(OTHER))
    assert asked(model, same).edits.other.aligned
    longer = dataclasses.replace(same, other_ids=tuple(LONGER))
    with pytest.raises(UsageError, match="9 tokens, and 11 of the other"):
        asked(model, longer)
    grid = asked(model, longer, ("heads",), measure="patching")
    assert grid.encoder_heads is None and (grid.heads is not None or grid.omitted)


@pytest.mark.parametrize(("at_once", "filling"), [(4096, "zero"), (20, "zero"), (20, "mean")])
def test_the_grid_of_ablations_is_each_head_taken_away_by_itself(
    model, at_once, filling, monkeypatch
):
    monkeypatch.setattr("tfcli.explain.edits.onward._TOKENS_AT_ONCE", at_once)
    changes = EditRequest(filling=filling)
    found = asked(model, changes, ("heads",), measure="ablation", position=3)
    as_it_is = run(model, IDS)
    before = logits(model, position=3)
    largest = 0.0
    for kind, (layers, heads) in extents(model).items():
        grid = getattr(found, GRIDS[kind])
        for layer in range(layers):
            for head in range(heads):
                place = Place(kind, "head", layer, head)
                edit = ablated(place) if filling == "zero" else averaged(place, as_it_is)
                expected = kl(before, logits(model, [edit], position=3))
                value = grid.values[layer][head]
                assert math.isclose(value, expected, rel_tol=1e-7, abs_tol=1e-12)
                largest = max(largest, value)
        assert grid.filling == filling
        assert max(max(row) for row in grid.scaled) == 1.0 or not grid.largest[0].value
    assert largest > (1e-4 if filling == "zero" else 1e-8)  # a mean changes bert little


@pytest.mark.parametrize("name", ["qwen3", "gemma2", "deepseek", "t5", "bert"])
def test_the_grid_of_patches_is_each_head_put_in_by_itself(name):
    """With named answers, for random models often agree on one."""
    model = build(name, torch.float64)
    for other_ids in (OTHER, LONGER):
        other = run(model, other_ids)
        changes = EditRequest(other_ids=tuple(other_ids))
        wish = {"answer": 3, "against": 40, "measure": "patching"}
        found = asked(model, changes, ("heads",), **wish)

        def lead(row):
            return float(row[3] - row[40])

        here, there = lead(logits(model)), lead(other.logits[0, -1])
        for kind, (layers, heads) in extents(model).items():
            grid = getattr(found, GRIDS[kind])
            read = other.encoder if kind == "encoder" else other
            length = read.ids.shape[1]
            same = length == (len(IDS) if kind == "encoder" or model.encoder is None else 5)
            if kind == "encoder" and not same:
                assert grid is None
                continue
            for layer in range(layers):
                for head in range(heads):
                    place = Place(kind, "head", layer, head)
                    last = [len(IDS) - 1]
                    edit = (
                        patched(place, other, range(length))
                        if same
                        else patched(place, other, last, [-1])
                    )
                    expected = (lead(logits(model, [edit])) - here) / (there - here)
                    assert math.isclose(
                        grid.values[layer][head], expected, rel_tol=1e-7, abs_tol=1e-9
                    )
            assert ("from" in grid.note) == (not same)
            assert all(-1 <= value <= 1 for row in grid.scaled for value in row)


def test_prompts_with_one_answer_have_no_difference_to_carry():
    model = build("qwen3")
    same = EditRequest(other_ids=tuple(IDS))
    found = asked(model, same, ("heads",), measure="patching")
    assert found.heads is None and "same answer" in found.omitted["heads"]
    with pytest.raises(UsageError, match="no other prompt"):
        asked(model, EditRequest(), ("heads",), measure="patching")


def test_a_grid_of_effects_is_measured_only_where_it_is_asked_for(monkeypatch):
    def fail(*_):
        raise AssertionError("measured without need")

    monkeypatch.setattr(head_effects.Onward, "of", fail)
    model = build("qwen3")
    explain(model, IDS, Request())
    explain(model, IDS, Request(("next",), measure="ablation"))
    with pytest.raises(AssertionError):
        explain(model, IDS, Request(("heads",), measure="ablation"))


def test_a_model_without_words_says_why():
    model = build("vectors")
    changes = EditRequest(ablate=parse_sites("L1H2", "ablate"))
    for measure in ("ablation", "patching"):
        found = asked(model, changes, ("model", "heads", "edits"), measure=measure)
        assert found.omitted == {"heads": NO_HEAD, "edits": NO_HEAD}


def test_nothing_changed_is_said():
    found = asked(build("gpt2"), EditRequest())
    assert found.edits is None and "nothing is changed" in found.omitted["edits"]


def test_the_other_sections_are_of_the_as_it_isas_it_is():
    model = build("bart")
    sections = ("block", "qkv", "heads", "lens", "credit", "next", "audit")
    changes = EditRequest(ablate=parse_sites("L1,E0,X1H2", "ablate"))
    found, plain = (asked(model, e, (*sections, "edits")) for e in (changes, EditRequest()))
    assert all(getattr(found, name) == getattr(plain, name) for name in sections)
    assert found.edits is not None and found.edits.kl > 0


@pytest.mark.parametrize("name", ["qwen3", "deepseek", "bart", "t5"])
def test_the_loop_runs_changed(name):
    """Each of its tables is that of a run of the changed model on the text so far."""
    model = build(name, torch.float64)
    changes = EditRequest(
        ablate=parse_sites("L0H1,ffn:L2" + (",E1H0" if model.encoder else ""), "ablate")
    )
    found = explain(
        model, IDS, Request(("edits",), edits=changes, steps=3, top_k=61), **written(model)
    )
    assert found.loop is not None and found.loop.edited
    text = list(found.ids)
    edits = [
        ablated(place) for place in (Place("self", "head", 0, 1), Place("self", "feed-forward", 2))
    ]
    edits += [ablated(Place("encoder", "head", 1, 0))] * (model.encoder is not None)
    for step in found.loop.steps:
        batch, ids = torch.tensor([text]), torch.tensor([IDS])
        with torch.inference_mode(), edited(model, edits):
            trace = model.trace(batch) if not model.encoder else model.trace(ids, decoder_ids=batch)
        expected = sorted(trace.logits[0, -1].tolist(), reverse=True)
        assert [row.logit for row in step.table.candidates] == pytest.approx(expected, rel=1e-9)
        text.append(step.chosen_id)
    plain = explain(model, IDS, Request(("model",), steps=3), **written(model)).loop
    assert plain is not None and not plain.edited
    assert plain.steps[0].table.candidates[0].logit != found.loop.steps[0].table.candidates[0].logit


def test_the_model_is_changed_only_while_a_turn_of_the_loop_is_computed():
    model = build("qwen3")
    changes = EditRequest(ablate=parse_sites("L0", "ablate"))
    turns = explain_by_step(model, IDS, Request(("edits",), edits=changes, steps=5))
    plain = logits(model)
    assert next(turns).loop is None
    for _ in range(2):
        turn = next(turns).loop
        assert turn is not None and turn.edited
        assert torch.equal(logits(model), plain)


@torch.inference_mode()
@pytest.mark.parametrize("name", ["qwen3", "bart"])
def test_effects_in_a_as_it_iswithout_some_heads_are_beside_these(name):
    model = build(name, torch.float64)
    gone = Place("encoder" if model.encoder else "self", "head", 0, 1)
    as_it_is = Run.of(model, IDS, WRITTEN, Request(), None)
    with edited(model, [ablated(gone)]):
        before = dataclasses.replace(as_it_is, trace=run(model, IDS), ablated=(gone,))
    first = before.logits
    for kind, values in head_effects.ablation_effects(before).items():
        for layer, head in ((0, 1), (1, 2)):
            more = [ablated(gone), ablated(Place(kind, "head", layer, head))]
            expected = kl(first, logits(model, more))
            assert math.isclose(float(values[layer, head]), expected, rel_tol=1e-7, abs_tol=1e-12)
    assert float(head_effects.ablation_effects(before)[gone.kind][0, 1]) < 1e-12


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        (EditRequest(ablate=parse_sites("L9H3", "ablate")), "There is no L9H3 in this model"),
        (EditRequest(ablate=parse_sites("L0H4", "ablate")), "There is no L0H4 in this model"),
        (EditRequest(ablate=parse_sites("X0H1", "ablate")), "has no cross-attention"),
        (EditRequest(ablate=parse_sites("E0H1", "ablate")), "has no encoder beside a decoder"),
        (
            EditRequest(ablate=parse_sites("L1", "a"), scale=parse_scales(["ffn:L1=2"])),
            "ffn:L1 is changed in two ways",
        ),
        (EditRequest(patch_at=parse_sites("L1", "patch-at")), "no other prompt"),
        (EditRequest(scale=((parse_sites("L0-2", "scale")[0], 1e300),)), "no numbers"),
    ],
)
def test_what_cannot_be_changed_is_refused(edits, words):
    with pytest.raises(UsageError, match=words) as caught:
        asked(build("qwen3"), edits)
    assert caught.value.hint is not None


def test_a_narrow_model_is_changed_in_its_own_numbers():
    model = build("qwen3", torch.bfloat16)
    changes = EditRequest(ablate=parse_sites("L1H2", "ablate"))
    assert asked(model, changes).edits.kl > 0
    grid = asked(model, changes, ("heads",), measure="ablation").heads
    assert all(value >= 0 for row in grid.values for value in row)
    same = EditRequest(patch_at=parse_sites("L0-2", "patch-at"), other_ids=tuple(IDS))
    assert asked(model, same).edits.kl == 0
