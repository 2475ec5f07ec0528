"""The same weights give the same numbers here and in transformers, in every family.

What is compared is shown to be sensitive in test_mutations.py.
"""

import pytest
import torch
from parity import expert_variants
from parity.checkpoints import FAMILIES, VARIANTS
from parity.ours import ATTENTION, LOGITS, RESIDUAL, compute, difference, ours, traced
from parity.reference import inputs, outputs

from tfcli.errors import UsageError
from tfcli.families import MODEL_TYPES

EXPERTS = expert_variants.VARIANTS


def test_every_family_is_compared() -> None:
    assert set(MODEL_TYPES) <= set(FAMILIES)


@pytest.mark.parametrize("name", VARIANTS)
def test_logits_are_equal(name: str) -> None:
    found = compute(ours(name), inputs(VARIANTS[name]))
    assert difference(found, outputs(name).logits) < LOGITS


@pytest.mark.parametrize("name", VARIANTS)
def test_a_trace_gives_the_same_logits(name: str) -> None:
    trace = traced(name)
    assert difference(trace.final_norm_out, outputs(name).final) < LOGITS
    if VARIANTS[name].headless:
        assert trace.logits is None
    else:
        assert difference(trace.logits, outputs(name).logits) < LOGITS


@pytest.mark.parametrize("name", VARIANTS)
def test_attention_weights_are_equal(name: str) -> None:
    trace, expected = traced(name), outputs(name)
    for found, layer in zip(trace.layers, expected.layers, strict=True):
        assert difference(found.attention.weights, layer.attention) < ATTENTION
        if layer.cross_attention is None:
            assert getattr(found, "cross_attention", None) is None
        else:
            assert difference(found.cross_attention.weights, layer.cross_attention) < ATTENTION
    encoder_layers = trace.encoder_layers if expected.encoder_layers else ()
    for found, layer in zip(encoder_layers, expected.encoder_layers, strict=True):
        assert difference(found.attention.weights, layer.attention) < ATTENTION


@pytest.mark.parametrize("name", VARIANTS)
def test_the_residual_stream_is_equal(name: str) -> None:
    trace, expected = traced(name), outputs(name)
    stacks = [(trace.layers, expected.layers)]
    if expected.encoder_layers:
        stacks.append((trace.encoder_layers, expected.encoder_layers))
    for ours_layers, their_layers in stacks:
        for found, layer in zip(ours_layers, their_layers, strict=True):
            for part in ("residual_in", "residual_out"):
                reference = getattr(layer, part)
                allowed = RESIDUAL * float(reference.abs().max())
                assert difference(getattr(found, part), reference) < allowed, part


@pytest.mark.parametrize("name", VARIANTS)
def test_what_the_modules_give_is_what_the_stream_gains(name: str) -> None:
    """But for the 2017 order of norms, where the sum is normed again."""
    trace, config = traced(name), ours(name).config
    layers = [*trace.layers, *(trace.encoder_layers if config.encoder else ())]
    for layer in layers:
        B, H, T, width = layer.attention.q.shape
        assert layer.residual_in.shape[:2] == (B, T)
        assert layer.attention.k.shape == (B, H, T, width)
        assert layer.attention.v.shape[:3] == (B, H, T)
        assert layer.attention.output.shape == layer.residual_in.shape
        assert layer.feed_forward.output.shape == layer.residual_in.shape
        given = [layer.attention_delta, layer.feed_forward_delta]
        if layer.cross_attention is not None:
            given.append(layer.cross_attention_delta)
        gained = layer.residual_out - layer.residual_in
        allowed = RESIDUAL * float(layer.residual_out.abs().max())
        assert config.post_norm or difference(sum(given), gained) < allowed


@pytest.mark.parametrize("name", EXPERTS)
def test_the_router_is_equal(name: str) -> None:
    for found, layer in zip(traced(name).layers, outputs(name).layers, strict=True):
        router = found.feed_forward.router
        if layer.router is None:
            assert router is None
            continue
        logits, weights = layer.router
        assert difference(router.logits, logits) < ATTENTION
        assert difference(router.weights, weights) < ATTENTION
        chosen = torch.zeros_like(weights).scatter(-1, router.chosen, 1.0)
        assert torch.equal(chosen.bool(), weights != 0)


def test_bert_without_token_types_takes_the_first() -> None:
    given = inputs(VARIANTS["bert"])
    zeros = ours("bert")(given.ids, token_type_ids=torch.zeros_like(given.ids))
    assert torch.equal(ours("bert")(given.ids), zeros)
    assert difference(zeros, outputs("bert").logits) > LOGITS


def test_bert_without_its_head_has_no_logits() -> None:
    with pytest.raises(UsageError, match="head"):
        ours("bert-headless")(inputs(VARIANTS["bert-headless"]).ids)
