"""Padding, on either side, changes nothing for the tokens beside it."""

import pytest
from parity.checkpoints import VARIANTS
from parity.ours import ATTENTION, LOGITS, compute, difference, ours, traced
from parity.reference import SIDES, Inputs, inputs, outputs


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", VARIANTS)
def test_padded_rows_are_equal(name: str, side: str) -> None:
    variant = VARIANTS[name]
    given, expected = inputs(variant, side), outputs(name, side)
    found = compute(ours(name), given)
    assert difference(given.real(found), given.real(expected.logits)) < LOGITS
    assert difference(found, found) == 0  # nothing is NaN, at the padding neither


@pytest.mark.parametrize("name", VARIANTS)
def test_the_mask_is_needed(name: str) -> None:
    """Else the test above proves nothing: without it the padding is seen as text."""
    given, expected = inputs(VARIANTS[name], "left"), outputs(name, "left")
    unmasked = Inputs(given.ids, None, given.types, given.decoder_ids)
    found = compute(ours(name), unmasked)
    assert difference(given.real(found), given.real(expected.logits)) > 3 * LOGITS


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", VARIANTS)
def test_real_tokens_attend_alike(name: str, side: str) -> None:
    given, expected = inputs(VARIANTS[name], side), outputs(name, side)
    trace = traced(name, side)
    found_layers = trace.encoder_layers if expected.encoder_layers else trace.layers
    layers = expected.encoder_layers or expected.layers
    for found, layer in zip(found_layers, layers, strict=True):
        rows = [
            given.real(weights.transpose(1, 2))  # queries first: [real tokens, H, T]
            for weights in (found.attention.weights, layer.attention)
        ]
        assert difference(*rows) < ATTENTION
    for found, layer in zip(trace.layers, expected.layers, strict=True):
        if layer.cross_attention is not None:
            assert difference(found.cross_attention.weights, layer.cross_attention) < ATTENTION
