"""Tokens that must come or must not, against transformers' own processors."""

from typing import Any

import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from tfcli.checkpoint.generation import GenerationDefaults
from tfcli.generate.rules import ruled

SIZE = 7
IDS = st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=12)


def theirs(processor: Any, ids: list[int], logits: torch.Tensor) -> torch.Tensor:
    return processor(torch.tensor([ids]), logits.clone())


@given(ids=IDS, size=st.integers(1, 4))
def test_no_sequence_comes_twice(ids: list[int], size: int) -> None:
    logits = torch.randn(1, SIZE)
    found = ruled(logits, torch.tensor([ids]), GenerationDefaults(no_repeat_ngram=size))
    assert torch.equal(found, theirs(transformers.NoRepeatNGramLogitsProcessor(size), ids, logits))


WORDS = st.lists(st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=4), min_size=1, max_size=4)


@given(ids=IDS, words=WORDS)
def test_no_banned_word_comes(ids: list[int], words: list[list[int]]) -> None:
    logits = torch.randn(1, SIZE)
    rules = GenerationDefaults(
        banned_ids=tuple(word[0] for word in words if len(word) == 1),
        banned_words=tuple(tuple(word) for word in words if len(word) > 1),
    )
    processor = transformers.NoBadWordsLogitsProcessor(words, eos_token_id=[])
    assert torch.equal(ruled(logits, torch.tensor([ids]), rules), theirs(processor, ids, logits))


@pytest.mark.parametrize("length", [2, 3, 4])
def test_a_text_does_not_end_too_early(length: int) -> None:
    logits, ids = torch.randn(1, SIZE), [1, 2, 3]
    rules = GenerationDefaults(eos_ids=(5, 6), min_length=length)
    processor = transformers.MinLengthLogitsProcessor(length, [5, 6])
    assert torch.equal(ruled(logits, torch.tensor([ids]), rules), theirs(processor, ids, logits))


def test_without_rules_nothing_is_copied() -> None:
    logits = torch.randn(1, SIZE)
    assert ruled(logits, torch.tensor([[1, 2]]), GenerationDefaults()) is logits
