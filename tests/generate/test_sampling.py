"""Each filter is its plain definition; all together they are transformers'; draws are fair."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from transformers import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from tfcli.errors import TfcliError, UsageError
from tfcli.generate import sampling
from tfcli.generate.config import SamplingConfig
from tfcli.generate.sampling import choose, filtered_logits

LOGITS = st.lists(st.floats(-8, 8, width=16), min_size=1, max_size=40)
SHARES = st.floats(0.01, 0.99)
CLOSE = 1e-5  # where rounding, not the definition, decides


def softmax(logits: list[float]) -> list[float]:
    exponentials = [math.exp(x) for x in logits]
    return [e / sum(exponentials) for e in exponentials]


def kept(logits: list[float], **filters: float) -> set[int]:
    """What our filter leaves."""
    config = SamplingConfig(temperature=1.0, **filters)  # pyright: ignore[reportArgumentType]
    found = filtered_logits(torch.tensor([logits]), config)[0].tolist()
    assert all(x == y for x, y in zip(found, logits, strict=True) if x != -math.inf)
    return {i for i, x in enumerate(found) if x != -math.inf}


@given(LOGITS, st.integers(1, 50))
def test_top_k_keeps_the_k_likeliest_and_their_equals(logits: list[float], k: int) -> None:
    lowest = sorted(logits, reverse=True)[:k][-1]
    assert kept(logits, top_k=k) == {i for i, x in enumerate(logits) if x >= lowest}


@settings(deadline=None)
@given(LOGITS, SHARES, st.sampled_from([1, 3, 256]))
def test_top_p_keeps_the_smallest_set_that_holds_p(
    logits: list[float], p: float, guess: int
) -> None:
    """Holtzman et al. 2020, section 3.1; equals of the last one in stay with it."""
    probabilities = softmax(logits)
    total, last = 0.0, 0.0
    for x in sorted(set(probabilities), reverse=True):
        for _ in range(probabilities.count(x)):
            assume(abs(total - p) > CLOSE)
            if total < p:
                total, last = total + x, x
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "_NUCLEUS_GUESS", guess)
        assert kept(logits, top_p=p) == {i for i, x in enumerate(probabilities) if x >= last}


@given(LOGITS, SHARES)
def test_min_p_keeps_what_has_a_share_of_the_likeliest(logits: list[float], p: float) -> None:
    """Nguyen et al. 2024, section 3."""
    probabilities = softmax(logits)
    least = p * max(probabilities)
    assume(all(abs(x - least) > CLOSE * x for x in probabilities))
    assert kept(logits, min_p=p) == {i for i, x in enumerate(probabilities) if x >= least}


@given(LOGITS, st.data(), st.floats(1, 4))
def test_the_penalty_divides_what_was_seen(
    logits: list[float], data: st.DataObject, penalty: float
) -> None:
    """Keskar et al. 2019, section 4.1, negative logits multiplied; once, however often seen."""
    seen = data.draw(st.lists(st.integers(0, len(logits) - 1), min_size=1, max_size=9))
    expected = [
        x if i not in seen else x / penalty if x > 0 else x * penalty for i, x in enumerate(logits)
    ]
    found = sampling.penalise(torch.tensor([logits]), torch.tensor([seen]), penalty)[0]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32))
    assert (found <= torch.tensor(logits) + CLOSE).all()


@pytest.mark.parametrize("seed", range(5))
def test_filters_together_are_those_of_transformers(seed: int) -> None:
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
    found = filtered_logits(logits, config, seen)
    torch.testing.assert_close(found.log_softmax(-1), expected.log_softmax(-1))
    assert 0 < (found == -math.inf).sum() < found.numel()


def seeded(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.mark.parametrize("seed", range(3))
def test_draws_follow_the_distribution(seed: int) -> None:
    logits = torch.tensor([[1.0, -math.inf, 0.0, 2.0, -2.0, -math.inf]])
    config, (generator,) = SamplingConfig(temperature=1.5), seeded(seed)
    draws = 4000
    drawn = torch.cat([choose(logits, config, None, generator) for _ in range(draws)])
    counts = torch.bincount(drawn, minlength=6)
    p = (logits[0] / 1.5).softmax(-1)
    assert counts[1] == counts[5] == 0
    assert ((counts - draws * p).abs() <= 4.5 * (draws * p * (1 - p)).sqrt()).all()


def test_a_row_is_drawn_as_it_would_be_alone() -> None:
    logits = torch.randn(4, 30, generator=torch.Generator().manual_seed(3))
    config = SamplingConfig(temperature=1.2, top_p=0.9)
    together, alone = seeded(5, 6, 7, 8), seeded(5, 6, 7, 8)
    for _ in range(20):
        batch = choose(logits, config, None, together)
        rows = [choose(logits[i : i + 1], config, None, alone[i]) for i in range(4)]
        assert torch.equal(batch, torch.cat(rows))


@given(LOGITS, st.floats(1e-300, 1e-4))
def test_next_to_no_temperature_is_greedy(logits: list[float], temperature: float) -> None:
    assume(len(logits) == 1 or sorted(logits)[-1] - sorted(logits)[-2] > 0.01)
    config = SamplingConfig(temperature)
    chosen = choose(torch.tensor([logits]), config, None, seeded(0)[0])
    assert int(chosen) == logits.index(max(logits))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_what_is_no_number_is_an_error(bad: float, temperature: float) -> None:
    for at in range(3):
        logits = torch.zeros(2, 3)
        logits[1, at] = bad
        with pytest.raises(TfcliError, match="not numbers"):
            choose(logits, SamplingConfig(temperature), None, seeded(0, 1))


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (lambda: SamplingConfig(temperature=-1, top_k=0), ["emperature is -1", "top-k is 0"]),
        (lambda: SamplingConfig(temperature=math.nan), ["emperature is nan"]),
        (lambda: SamplingConfig(temperature="hot"), ["emperature is 'hot'"]),  # type: ignore[arg-type]
        (lambda: SamplingConfig(top_k=2.5), ["top-k is 2.5"]),  # type: ignore[arg-type]
        (lambda: SamplingConfig(top_p=0), ["top-p is 0"]),
        (lambda: SamplingConfig(min_p=1.1), ["min-p is 1.1"]),
        (lambda: SamplingConfig(repetition_penalty=0), ["repetition penalty is 0"]),
    ],
)
def test_values_out_of_range_are_all_named(build: Callable[[], object], names: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        build()
    assert all(name in error.value.message for name in names)
