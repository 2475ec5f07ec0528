"""Running a model changed: exactly what was named changes, and nothing stays behind."""

import copy
import dataclasses

import pytest
import torch
from explain_shapes import IDS, SHAPES, WRITTEN, build, run, written

from tfcli.errors import UsageError
from tfcli.explain.edits.edit import Edit, ablated, averaged, edited, extents, output_of, patched
from tfcli.explain.edits.request import Place
from tfcli.model.cache import KVCache

OTHER = [7, 30, 11, 9, 2, 44, 5, 5, 19]
CAUSAL = [s for s in SHAPES if SHAPES[s].get("architecture") != "encoder"]


def places(model):
    """Every place of a model."""
    found = []
    for kind, (layers, heads) in extents(model).items():
        for layer in range(layers):
            found += [Place(kind, "head", layer, head) for head in range(heads)]
            found.append(Place(kind, "attention", layer))
            if kind != "cross":
                found.append(Place(kind, "feed-forward", layer))
    return found


def some_places(model):
    """One of each sort, in a block in the middle."""
    return [p for p in places(model) if p.layer == 1 and p.head in (None, 2)]


def last(trace):
    """The end of a run: logits, or vectors where there are none."""
    return trace.final_norm_out if trace.logits is None else trace.logits


def attention_of(model, place):
    stack = model.encoder if place.kind == "encoder" else model
    block = stack.blocks[place.layer]
    return block.cross_attention if place.kind == "cross" else block.attention


def with_slice(model, place, factor):
    """A copy of the model in which the head's part of W_O is multiplied."""
    other = copy.deepcopy(model)
    module = attention_of(other, place)
    width = module.o.in_features // module.config.num_heads
    with torch.no_grad():
        module.o.weight[:, place.head * width : (place.head + 1) * width] *= factor
    return other


def difference(a, b):
    return float((last(a) - last(b)).abs().max())


def hooks(model):
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()
    )


def test_what_changes_nothing_changes_nothing(shape, ids):
    model = build(shape, torch.float64)
    plain = run(model, ids)
    positions = {"encoder": range(len(IDS)), "self": range(plain.ids.shape[1])}
    same = [
        edit
        for place in places(model)
        for edit in (
            Edit(place),
            patched(place, plain, positions.get(place.kind, positions["self"])),
            dataclasses.replace(ablated(place), positions=()),
        )
    ]
    with edited(model, []):
        assert difference(run(model, ids), plain) == 0
    with edited(model, same):
        again = run(model, ids)
    assert difference(again, plain) == 0
    assert torch.equal(again.layers[1].attention.mixed, plain.layers[1].attention.mixed)


@pytest.mark.parametrize("factor", [0.0, 0.5, -2.0])
def test_a_head_s_factor_is_its_part_of_the_output_matrix_s(shape, ids, factor):
    model = build(shape, torch.float64)
    plain = run(model, ids)
    for place in places(model):
        if place.part != "head":
            continue
        with edited(model, [Edit(place, factor)]):
            found = run(model, ids)
        expected = run(with_slice(model, place, factor), ids)
        assert difference(found, expected) < 1e-12
        wrong = dataclasses.replace(place, head=(place.head + 1) % 4)
        if difference(expected, plain) > 1e-6:  # a key before a window may not matter
            assert difference(found, run(with_slice(model, wrong, factor), ids)) > 1e-9
        given = output_of(place, found)
        first = output_of(place, plain)
        if place.layer == 0 and place.kind != "cross":
            assert torch.equal(given, first * factor)


def test_ablating_a_head_without_an_output_changes_nothing(shape, ids):
    for place in some_places(build(shape)):
        if place.part == "head":
            model = with_slice(build(shape, torch.float64), place, 0)
            with edited(model, [ablated(place)]):
                found = run(model, ids)
            assert difference(found, run(model, ids)) == 0


def test_a_module_taken_away_gives_nothing(shape, ids):
    model = build(shape, torch.float64)
    for place in some_places(model):
        if place.part == "head":
            continue
        with edited(model, [ablated(place)]):
            found = run(model, ids)
        assert not output_of(place, found).any()
        without = copy.deepcopy(model)
        stack = without.encoder if place.kind == "encoder" else without
        block = stack.blocks[place.layer]
        modules = {"self": block.attention, "cross": block.cross_attention}
        module = modules.get(place.kind, block.attention)
        if place.part == "feed-forward":
            module = block.feed_forward
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                if name.startswith(("o.", "down.", "experts.down", "shared.down")):
                    parameter.zero_()
        assert difference(found, run(without, ids)) < 1e-12


def test_a_block_without_what_it_adds_is_not_there(ids):
    model = build("qwen3", torch.float64)
    with edited(model, [ablated(Place("self", part, 1)) for part in ("attention", "feed-forward")]):
        found = run(model, ids)
    assert torch.equal(found.layers[1].residual_out, found.layers[0].residual_out)
    shorter = copy.deepcopy(model)
    del shorter.blocks[1]
    assert difference(found, run(shorter, ids)) < 1e-12


def test_the_mean_of_a_head_stands_at_every_position(shape, ids):
    model = build(shape, torch.float64)
    plain = run(model, ids)
    for place in some_places(model):
        with edited(model, [averaged(place, plain)]):
            found = output_of(place, run(model, ids))
        mean = output_of(place, plain).mean(0)
        assert float((found - mean).abs().max()) < 1e-12


def test_patched_positions_have_the_other_prompt_s_output_and_the_rest_their_own(shape, ids):
    model = build(shape, torch.float64)
    plain, other = run(model, ids), run(model, OTHER)
    for place in some_places(model):
        with edited(model, [patched(place, other, [1, 3], [2, 0])]):
            found = output_of(place, run(model, ids))
        given = output_of(place, other)
        assert torch.equal(found[1], given[2]) and torch.equal(found[3], given[0])
        kept = [i for i in range(len(found)) if i not in (1, 3)]
        assert torch.equal(found[kept], output_of(place, plain)[kept])


def test_patching_everything_of_the_last_block_gives_the_other_prompt_s_answer(ids):
    model = build("gpt2", torch.float64)
    other = run(model, OTHER)
    whole = [Place("self", "attention", i) for i in range(3)]
    whole += [Place("self", "feed-forward", i) for i in range(3)]
    with edited(model, [patched(place, other, range(len(ids))) for place in whole]):
        found = run(model, ids)
    assert difference(found, other) > 1e-3  # the embeddings are still this prompt's
    start = found.layers[0].residual_in - other.layers[0].residual_in
    moved = found.layers[2].residual_out - other.layers[2].residual_out
    assert float((moved - start).abs().max()) < 1e-12


@pytest.mark.parametrize("name", CAUSAL)
@torch.inference_mode()
def test_decoding_with_a_cache_sees_the_edits(name):
    """A token at a time as all at once, also where only some positions are changed."""
    model = build(name, torch.float64)
    read = WRITTEN if model.encoder is not None else IDS
    batch = torch.tensor([read])
    other = run(model, OTHER)
    found = [p for p in some_places(model) if p.kind != "encoder"]
    edits = [patched(place, other, [1, 3], [2, 0]) for place in found]
    edits += [Edit(dataclasses.replace(place, layer=0), 0.5) for place in found]
    with edited(model, edits):
        memory = None if model.encoder is None else model.encode(torch.tensor([IDS]))
        whole = model.hidden(batch, memory=memory)
        cache = KVCache.allocate(model.config, 1, len(read), model.device, model.dtype)
        parts = [batch[:, :2], *batch[:, 2:].split(1, dim=1)]
        steps = [model.hidden(part, cache=cache, memory=memory) for part in parts]
    assert float((torch.cat(steps, 1) - whole).abs().max()) < 1e-12
    plain = model.hidden(batch, memory=memory)
    assert float((whole - plain).abs().max()) > 1e-6


def test_a_row_of_a_batch_can_be_changed_by_itself(shape, ids):
    model = build(shape, torch.float64)
    read = {key: torch.tensor([tokens] * 3) for key, tokens in written(model).items()}
    place = next(p for p in some_places(model) if p.part == "head")
    with torch.inference_mode():
        batch = torch.tensor([ids] * 3)
        with edited(model, [ablated(place, row=1)]):
            found = model.trace(batch, **read)
    with edited(model, [ablated(place)]):
        alone = run(model, ids)
    for row, expected in ((0, run(model, ids)), (1, alone), (2, run(model, ids))):
        assert float((last(found)[row] - last(expected)[0]).abs().max()) < 1e-12


def test_nothing_stays_behind(ids):
    model = build("bart")
    plain = run(model, ids)
    edits = [ablated(place) for place in places(model)]
    with edited(model, edits):
        assert hooks(model) > 0
        with edited(model, [Edit(edits[0].place, 2.0)]):
            pass
        assert difference(run(model, ids), plain) > 0
    assert hooks(model) == 0 and difference(run(model, ids), plain) == 0

    class StopError(Exception):
        pass

    with pytest.raises(StopError), edited(model, edits):
        raise StopError
    assert hooks(model) == 0
    wrong = Edit(edits[0].place, value=torch.zeros(5))
    with pytest.raises(RuntimeError), edited(model, [wrong]):
        run(model, ids)
    assert hooks(model) == 0


@pytest.mark.parametrize(
    "place",
    [
        Place("self", "head", 0, 4),
        Place("self", "head", 3, 0),
        Place("self", "head", 0, -1),
        Place("self", "head", 0),
        Place("cross", "attention", 0),
        Place("encoder", "head", 0, 0),
        Place("cross", "feed-forward", 0),
    ],
)
def test_a_place_that_is_not_there_is_refused(place):
    model = build("qwen3")
    with pytest.raises(UsageError, match="There is no"), edited(model, [ablated(place)]):
        raise AssertionError
    assert hooks(model) == 0
