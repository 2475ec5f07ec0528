"""Decoding in models with an encoder, with tokens that must or must not come, and in long texts."""

import dataclasses
from typing import Any

import pytest
import torch
from explain_shapes import build

from tfcli.checkpoint.generation import GenerationDefaults
from tfcli.errors import UsageError
from tfcli.generate import engine
from tfcli.generate.config import SamplingConfig
from tfcli.model.config import Rope
from tfcli.model.transformer import Transformer

GREEDY = SamplingConfig(temperature=0)
START = GenerationDefaults(decoder_start_id=3)


def decode(model: Transformer, ids: torch.Tensor, **options: Any) -> torch.Tensor:
    return engine.generate_ids(model, ids, **{"sampling": GREEDY, "seed": 0, **options})


@pytest.mark.parametrize("shape", ["marian", "t5"])
@torch.inference_mode()
def test_a_pair_writes_the_argmax_of_the_whole_pass(shape: str) -> None:
    """A batch with padding, and the tokens of each row alone."""
    model = build(shape)
    ids = torch.arange(20).view(2, 10)
    mask = torch.ones(2, 10, dtype=torch.long)
    mask[0, 7:] = 0
    found = decode(model, ids, max_new_tokens=12, attention_mask=mask, generation=START)
    assert found.shape == (2, 13)
    assert found[:, 0].tolist() == [3, 3]
    logits = model(ids, mask, decoder_ids=found[:, :-1])
    assert torch.equal(logits.argmax(-1), found[:, 1:])
    for row in (0, 1):
        alone = ids[row : row + 1, : int(mask[row].sum())]
        assert torch.equal(decode(model, alone, max_new_tokens=12, generation=START)[0], found[row])


@pytest.mark.parametrize("shape", ["qwen3", "marian"])
def test_some_tokens_must_come_and_others_never_do(shape: str) -> None:
    model, ids = build(shape), torch.arange(6)[None]
    free = decode(model, ids, max_new_tokens=8, generation=START)[0, -8:].tolist()
    banned = dataclasses.replace(START, banned_ids=(free[0], free[3], 5000))
    found = decode(model, ids, max_new_tokens=8, generation=banned)[0, -8:].tolist()
    assert not {free[0], free[3]} & set(found)
    forced = dataclasses.replace(START, forced_first_id=50, forced_last_id=51)
    found = decode(model, ids, max_new_tokens=8, generation=forced)[0, -8:].tolist()
    begins = model.encoder is not None  # a prompt's next token is no first one
    assert (found[0] == 50, found[-1] == 51) == (begins, True)
    assert 51 not in found[1:-1]


def test_what_an_encoder_cannot_do_is_said() -> None:
    with pytest.raises(UsageError, match="an encoder: it cannot go on"):
        decode(build("bert"), torch.arange(5)[None], max_new_tokens=3)


@torch.inference_mode()
def test_a_text_that_outgrows_the_short_factors_is_read_again() -> None:
    """LongRoPE turns every token by other angles then: cached keys would be those of before."""
    short, long = (1.0, 1.0, 1.0), (1.5, 4.0, 9.0)
    rope = Rope(scaling="longrope", factor=4.0, original=12, short=short, long=long)
    model = build("qwen3", rope=rope)
    found = decode(model, torch.arange(8)[None], max_new_tokens=10)
    for length in range(8, 18):
        assert int(model(found[:, :length])[0, -1].argmax()) == int(found[0, length]), length
