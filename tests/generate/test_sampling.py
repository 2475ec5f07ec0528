"""The filters do what transformers' processors do; the engine stops where it should."""

import pytest
import torch
from tiny import tiny_model
from transformers import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from tfcli.errors import UsageError
from tfcli.generate.config import SamplingConfig
from tfcli.generate.engine import generate_ids
from tfcli.generate.sampling import filtered_logits


@pytest.mark.parametrize("seed", range(5))
def test_filters_are_those_of_transformers(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(3, 50, generator=generator) * 3
    seen = torch.randint(0, 50, (3, 9), generator=generator)
    config = SamplingConfig(0.7, top_k=20, top_p=0.9, min_p=0.05, repetition_penalty=1.3)
    expected = logits
    for processor in (
        RepetitionPenaltyLogitsProcessor(1.3),
        TemperatureLogitsWarper(0.7),
        TopKLogitsWarper(20),
        TopPLogitsWarper(0.9),
        MinPLogitsWarper(0.05),
    ):
        expected = processor(seen, expected)  # pyright: ignore[reportArgumentType]
    torch.testing.assert_close(filtered_logits(logits, config, seen), expected)


@pytest.mark.parametrize("family", ["qwen3", "gpt2"])
def test_a_batch_is_its_rows(family: str) -> None:
    model = tiny_model(family)
    greedy = SamplingConfig(temperature=0.0)
    long, short = torch.arange(10)[None], torch.arange(5)[None] + 20
    padded = torch.cat((long, torch.cat((torch.zeros(1, 5, dtype=torch.long), short), 1)))
    mask = torch.tensor([[1] * 10, [0] * 5 + [1] * 5])
    options = {"max_new_tokens": 8, "sampling": greedy, "seed": 0}
    batch = generate_ids(model, padded, attention_mask=mask, **options)
    assert torch.equal(batch[0], generate_ids(model, long, **options)[0])
    assert torch.equal(batch[1, 5:], generate_ids(model, short, **options)[0])


def test_a_seed_repeats_itself_and_another_differs() -> None:
    model, ids = tiny_model("qwen3"), torch.arange(5)[None]
    hot = SamplingConfig(temperature=2.0)
    first, again, other = (
        generate_ids(model, ids, max_new_tokens=20, sampling=hot, seed=s) for s in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_values_out_of_range_are_all_named() -> None:
    with pytest.raises(UsageError) as error:
        SamplingConfig(temperature=-1, top_k=0)
    assert "emperature" in error.value.message
    assert "top-k" in error.value.message
