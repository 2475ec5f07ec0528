"""Greedy decoding gives transformers' tokens: theirs with their cache, ours with ours."""

from typing import Any

import pytest
import torch
from parity.checkpoints import VARIANTS, reference_model
from parity.ours import LOGITS, difference, ours
from parity.reference import LENGTH, NEW_TOKENS, Inputs, decode, greedy, inputs
from torch import Tensor

from tfcli.generate import engine

TRANSLATING = [name for name, variant in VARIANTS.items() if variant.kind == "encoder-decoder"]
DECODING = [name for name, variant in VARIANTS.items() if variant.kind != "encoder"]
TOSS_UP = 30 * LOGITS
STEADY = [name for name in DECODING if VARIANTS[name].steady]
# Not those whose angles depend on the longest row of the batch.
ALONE = [n for n in STEADY if n not in TRANSLATING and n != "phi3-long"]


def generate(name: str, given: Inputs, new: int = NEW_TOKENS) -> Tensor:
    return ours(name).generate(
        given.ids,
        max_new_tokens=new,
        temperature=0,
        attention_mask=given.mask,
        eos_ids=(),
    )


@pytest.mark.parametrize(
    ("name", "side"),
    [(name, side) for name in DECODING for side in ("", "left")]
    + [(name, "right") for name in TRANSLATING],
)
def test_greedy_ids_are_equal(name: str, side: str) -> None:
    expected = greedy(name, side)
    assert expected.margin > TOSS_UP, "take another seed"
    assert torch.equal(generate(name, inputs(VARIANTS[name], side)), expected.ids)


@pytest.mark.parametrize("name", ALONE)
def test_a_decoder_goes_on_from_the_last_real_token(name: str) -> None:
    """transformers would go on from the padding; so each row alone is the measure."""
    given = inputs(VARIANTS[name], "right")
    found = generate(name, given)[:, LENGTH:]
    for row, length in enumerate(given.mask.sum(-1)):
        alone = Inputs(given.ids[row : row + 1, :length])
        expected = decode(reference_model(name), VARIANTS[name], alone)
        assert expected.margin > TOSS_UP, "take another seed"
        assert torch.equal(found[row], expected.ids[0, length:])


@pytest.mark.parametrize("name", DECODING)
def test_a_model_says_more_than_one_word(name: str) -> None:
    """Else equal ids would prove little."""
    assert len(set(greedy(name).ids[:, -NEW_TOKENS:].flatten().tolist())) > 2


@pytest.mark.parametrize("side", ["", "left"])
@pytest.mark.parametrize("name", DECODING)
def test_every_step_has_their_logits(name: str, side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cached against cached, and against a full pass over the finished text."""
    steps: list[Tensor] = []
    choose = engine.choose

    def watch(logits: Tensor, *args: Any) -> Tensor:
        steps.append(logits)
        return choose(logits, *args)

    monkeypatch.setattr(engine, "choose", watch)
    given = inputs(VARIANTS[name], side)
    ids = generate(name, given)
    cached = torch.stack(steps, dim=1)  # [2, new, V]
    assert difference(cached, greedy(name, side).logits) < LOGITS
    if name in STEADY and not side:
        full = whole(name, given, ids)[:, -NEW_TOKENS - 1 : -1]
        assert difference(cached, full) < LOGITS


def whole(name: str, given: Inputs, ids: Tensor) -> Tensor:
    """Our logits of one pass over a finished text."""
    if VARIANTS[name].kind == "encoder-decoder":
        return ours(name)(given.ids, decoder_ids=ids)
    return ours(name)(ids)


def test_phi3_crosses_the_length_where_its_rotation_changes() -> None:
    """From the 17th token on, the long factors turn all that was said before, too."""
    name = "phi3-long"
    given = Inputs(inputs(VARIANTS[name]).ids[:, : LENGTH - 8])
    expected = decode(reference_model(name), VARIANTS[name], given)
    assert expected.margin > TOSS_UP
    assert torch.equal(generate(name, given), expected.ids)
