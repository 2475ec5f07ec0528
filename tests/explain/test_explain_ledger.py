"""The ledger of all heads and source tokens adds up to ΔE, and with E to E', on every model."""

import math

import pytest
import torch
from explain_shapes import IDS, positions, run, written

from tfcli.explain.explanation import explain
from tfcli.explain.heads import ledger as measure
from tfcli.explain.heads.attention import head_ledger
from tfcli.explain.heads.ledger import update_ledger, walk
from tfcli.explain.heads.sites import sites
from tfcli.explain.logits.flow import FrozenNorm
from tfcli.explain.precision import TOLERANCES, at
from tfcli.explain.request import Request

LABELS = [str(i) for i in range(99)]


@pytest.fixture(params=[torch.float32, torch.float64], ids=str)
def dtype(request):
    return request.param


@pytest.fixture
def model(make_model, shape, dtype):
    return make_model(shape, dtype)


@pytest.fixture
def trace(model, ids):
    return run(model, ids)


def stacks(model, trace):
    """(stack, its trace, kind of the walk, kinds of its attention)."""
    found = [(model, trace, "self", ("self", "cross") if model.encoder else ("self",))]
    if model.encoder:
        found.append((model.encoder, trace.encoder, "encoder", ("encoder",)))
    return found


def all_blocks(model, trace):
    """(stack, trace, kind, layer, position, sites) of every block, at three positions."""
    for stack, ran, kind, kinds in stacks(model, trace):
        for position in positions(ran):
            by_kind = [sites(stack, ran, position, k) for k in kinds]
            for layer in range(len(stack.blocks)):
                yield stack, ran, kind, layer, position, [found[layer] for found in by_kind]


def total(parts):
    return sum(part for part in parts if part is not None)


@torch.inference_mode()
def test_the_parts_sum_to_delta_and_the_walk_to_the_end(model, trace, dtype):
    within = TOLERANCES[dtype]
    for stack, ran, kind, layer, position, found in all_blocks(model, trace):
        for site in found:
            update = update_ledger(site, LABELS)
            assert update.error <= within
            bias = update.bias_share or 0.0
            by_source = total(s.share for s in update.sources) + bias
            by_head = total(update.head_shares) + bias
            cells = sum(total(s.shares) for s in update.sources) + bias
            assert by_source == pytest.approx(1, abs=10 * within)
            assert by_head == pytest.approx(1, abs=10 * within)
            assert cells == pytest.approx(1, abs=10 * within)
            assert update.norm == pytest.approx(float(site.delta.norm()), rel=within)
        whole = walk(stack, ran, layer, position, kind, found)
        assert whole.error <= within
        block = ran.layers[layer]
        assert whole.start == pytest.approx(float(at(block.residual_in, position).norm()))
        last = whole.steps[-1]
        end = float(at(block.residual_out, position).norm())
        reached = last.total if last.after is None else last.after
        assert reached == pytest.approx(end, rel=10 * within)
        assert [step.module for step in whole.steps] == (
            ["attention", "cross-attention", "feed-forward"]
            if kind == "self" and model.encoder
            else ["attention", "feed-forward"]
        )


@torch.inference_mode()
def test_every_cell_is_the_head_s_own_term(model, trace, dtype):
    """As `head_ledger` has it, which is tested against the formula."""
    within = TOLERANCES[dtype]
    for *_, found in all_blocks(model, trace):
        for site in found:
            update = update_ledger(site, LABELS)
            for head in range(model.config.num_heads):
                one = head_ledger(site, head=head, labels=LABELS, keys_listed=None)
                assert [s.position for s in update.sources] == [k.position for k in one.keys]
                shares = [s.shares[head] for s in update.sources]
                assert shares == pytest.approx([k.share for k in one.keys], rel=1e-3, abs=within)
                norms = [s.norms[head] for s in update.sources]
                assert norms == pytest.approx([k.norm for k in one.keys], rel=within)
                assert update.head_norms[head] == pytest.approx(one.norm, rel=within)
            assert update.head_shares == pytest.approx(one.head_shares, rel=1e-3, abs=within)
            assert update.bias_share == pytest.approx(one.bias_share, abs=within)


@torch.inference_mode()
def test_what_is_not_listed_is_summed(model, trace, dtype):
    within = 10 * TOLERANCES[dtype]
    for *_, found in all_blocks(model, trace):
        for site in found:
            whole = update_ledger(site, LABELS, None)
            part = update_ledger(site, LABELS, 2)
            if len(site.keys) <= 3:
                assert part == whole  # “1 more” would take as much room as the one
                continue
            kept = {s.position for s in part.sources}
            norms = {s.position: s.norm for s in whole.sources}
            assert kept == set(sorted(norms, key=norms.__getitem__)[-2:])
            rest = [s for s in whole.sources if s.position not in kept]
            assert part.others.count == len(rest)
            assert part.others.share == pytest.approx(total(s.share for s in rest), abs=within)
            for head in range(model.config.num_heads):
                expected = total(s.shares[head] for s in rest)
                assert part.others.shares[head] == pytest.approx(expected, abs=within)
            assert part.others.norm <= sum(s.norm for s in rest) * (1 + within)
            assert part.error == whole.error


@torch.inference_mode()
@pytest.mark.parametrize("shape", ["gpt2", "every-norm", "bert", "t5"], indirect=True)
def test_a_forgotten_bias_or_norm_shows_in_the_error(model, trace, dtype, monkeypatch):
    def worst():
        update = max(
            update_ledger(site, LABELS).error
            for *_, found in all_blocks(model, trace)
            for site in found
        )
        walks = max(walk(*where, found).error for *where, found in _walks(model, trace))
        return update, walks

    biased = model.blocks[0].attention.o.bias is not None
    with monkeypatch.context() as patch:
        patch.setattr(measure, "output_bias", lambda site: None)
        assert all((error > 1e-3) == biased for error in worst())
    with monkeypatch.context() as patch:
        patch.setattr(measure, "output_of_heads", lambda m, d: 1.01 * _w_o(m, d))
        assert all(error > 1e-4 for error in worst())
    with monkeypatch.context() as patch:
        patch.setattr(FrozenNorm, "forward", lambda self, part: part)
        normed = (model.config.branch_norm, model.config.branch_norm or model.config.post_norm)
        assert [error > 1e-3 for error in worst()] == list(normed)


_w_o = measure.output_of_heads


def _walks(model, trace):
    for stack, ran, kind, layer, position, found in all_blocks(model, trace):
        yield stack, ran, layer, position, kind, found


@pytest.mark.parametrize("shape", ["marian", "bart", "t5"], indirect=True)
def test_a_pair_has_the_ledger_of_each_attention(make_model, shape):
    model = make_model(shape)
    found = explain(model, IDS, Request(("qkv", "ledger"), all_keys=True), **written(model))
    updates, walks = found.ledger.updates, found.ledger.walks
    assert [update.kind for update in updates] == ["encoder", "self", "cross"]
    assert [walk.kind for walk in walks] == ["encoder", "self"]
    assert updates[0].query == walks[0].position == found.focus.source
    assert [(u.kind, u.layer) for u in updates[1:]] == [
        (kind, found.focus.layers[0]) for kind in ("self", "cross")
    ]
    assert [opened.kind for opened in found.qkv] == ["encoder", "self", "cross"]
    brief = explain(model, IDS, Request(("qkv",)), **written(model))
    assert [opened.kind for opened in brief.qkv] == ["self", "cross"]


def test_a_long_prompt_lists_the_strongest_and_holds_one_head_s_vectors(make_model, monkeypatch):
    length, largest = 400, []
    model = make_model("gemma2", max_position_embeddings=length)
    forward = FrozenNorm.forward

    def watched(self, part):
        largest.append(part.numel())
        return forward(self, part)

    monkeypatch.setattr(FrozenNorm, "forward", watched)
    ids = [i * 7 % 61 for i in range(length)]
    found = explain(model, ids, Request(("ledger",), layers=(1,))).ledger
    assert max(largest) == length * 24
    (update,) = found.updates
    assert len(update.sources) == 64 and update.others.count == length - 64
    whole = total(s.share for s in update.sources) + update.others.share
    assert math.isclose(whole, 1, abs_tol=1e-4)


def test_an_update_of_nothing_has_no_shares(make_model, ids):
    model = make_model("qwen3")
    with torch.no_grad():
        for block in model.blocks:
            block.attention.o.weight.zero_()
    found = explain(model, ids, Request(("ledger",), layers="all")).ledger
    assert len(found.updates) == 3
    for update in found.updates:
        assert update.norm == 0.0 and update.error == 0.0
        assert update.sources[0].share is None and set(update.head_shares) == {None}
    assert found.walks[0].steps[0].cosine is None
