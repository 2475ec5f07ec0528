"""The audit catches a model that computes something else than it says: one mistake a check."""

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F

from tfcli.errors import TfcliError
from tfcli.explain.explanation import explain
from tfcli.explain.request import Request
from tfcli.model.attention import Attention
from tfcli.model.block import Block
from tfcli.model.norm import LayerNorm, RMSNorm
from tfcli.model.trace import AttentionTrace

ONLY_AUDIT = Request(sections=("audit",))


def failed(model, ids) -> set[str]:
    found = explain(model, ids, ONLY_AUDIT).audit
    assert found is not None
    names = {check.name for check in found.checks if not check.passed}
    assert found.passed == (not names)
    return names


def test_a_sound_model_passes(make_model, shape, ids):
    assert failed(make_model(shape), ids) == set()


def kernel_without_a_mask(self, q, k, v, mask):
    return F.scaled_dot_product_attention(q, k, v, scale=self.scale, enable_gqa=True)


def kernel_with_another_scale(self, q, k, v, mask):
    return F.scaled_dot_product_attention(
        q, k, v, is_causal=True, scale=1.01 * self.scale, enable_gqa=True
    )


def kernel_that_mixes_up_the_shared_heads(self, q, k, v, mask):
    swapped = v.flip(1)
    return F.scaled_dot_product_attention(
        q, k, swapped, is_causal=True, scale=self.scale, enable_gqa=True
    )


@pytest.mark.parametrize(
    "kernel",
    [kernel_without_a_mask, kernel_with_another_scale, kernel_that_mixes_up_the_shared_heads],
)
def test_a_broken_attention_kernel(make_model, shape, ids, monkeypatch, kernel):
    if kernel is kernel_that_mixes_up_the_shared_heads and shape == "qwen3-untied":
        pytest.skip("one shared head cannot be mixed up with another")
    monkeypatch.setattr(Attention, "_mix", kernel)
    assert "SDPA" in failed(make_model(shape), ids)


def test_an_attention_that_adds_more_than_its_heads(make_model, shape, ids, monkeypatch):
    forward = Attention.forward

    def more(self, *args, **kwargs):
        output, trace = forward(self, *args, **kwargs)
        return 1.001 * output, trace and dataclasses.replace(trace, output=1.001 * output)

    monkeypatch.setattr(Attention, "forward", more)
    assert failed(make_model(shape), ids) == {"ΔE"}


def test_a_block_that_loses_part_of_the_stream(make_model, shape, ids, monkeypatch):
    forward = Block.forward

    def less(self, *args, **kwargs):
        output, trace = forward(self, *args, **kwargs)
        output = 0.999 * output
        return output, trace and dataclasses.replace(trace, residual_out=output)

    monkeypatch.setattr(Block, "forward", less)
    assert {"residual", "logit"} <= failed(make_model(shape), ids)


@pytest.mark.parametrize("kind", [RMSNorm, LayerNorm])
def test_a_wrong_scale_of_the_final_norm(make_model, shape, ids, monkeypatch, kind):
    model = make_model(shape)
    scale = kind.scale
    monkeypatch.setattr(kind, "scale", lambda self, x: 1.01 * scale(self, x))
    expected = {"logit", "lens"} if isinstance(model.final_norm, kind) else set()
    assert failed(model, ids) == expected


def test_an_output_bias_that_is_forgotten(make_model, ids, monkeypatch):
    """The norm's β reaches the logit through U; a credit without it is caught."""
    model = make_model("gpt2")
    forward = LayerNorm.forward
    monkeypatch.setattr(LayerNorm, "forward", lambda self, x: forward(self, x) - self.bias)
    assert {"logit", "lens"} <= failed(model, ids)


def test_rows_that_do_not_sum_to_one(make_model, shape, ids, monkeypatch):
    rows = AttentionTrace.rows
    monkeypatch.setattr(AttentionTrace, "rows", lambda self, *a, **k: 1.0001 * rows(self, *a, **k))
    assert "rows" in failed(make_model(shape), ids)


def test_rows_that_look_ahead(make_model, shape, ids, monkeypatch):
    scores = AttentionTrace.scores

    def unmasked(self, heads=None, queries=None):
        found = scores(self, heads, queries)
        return found.nan_to_num(neginf=0.0)

    monkeypatch.setattr(AttentionTrace, "scores", unmasked)
    assert "rows" in failed(make_model(shape), ids)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_run_without_numbers_is_refused_and_told_where_it_broke(make_model, shape, ids, value):
    model = make_model(shape)
    with torch.no_grad():
        model.blocks[1].feed_forward.down.weight[0, 0] = value
    with pytest.raises(TfcliError) as caught:
        explain(model, ids, Request(position=4))
    assert "in layer 1's feed-forward, at 0 “#5”" in caught.value.message
    assert "at 4 “#44”" in caught.value.message


@pytest.mark.parametrize("position", [5, 7])
def test_a_token_without_numbers_is_named(make_model, ids, position):
    model = make_model("qwen3-untied")
    with torch.no_grad():
        model.embedding.weight[ids[5]] = math.nan  # the id stands nowhere else
    with pytest.raises(TfcliError, match=r"in the token embedding, at 5 “#2”"):
        explain(model, ids, Request(position=position))


def test_numbers_too_large_for_the_format_are_named_with_a_wider_one(make_model, ids):
    model = make_model("qwen3", torch.float16)
    with torch.no_grad():
        model.blocks[2].feed_forward.down.weight.fill_(6e4)
    with pytest.raises(TfcliError) as caught:
        explain(model, ids, Request())
    assert "layer 2's feed-forward" in caught.value.message
    assert "--dtype float32" in str(caught.value.hint)
