"""Surprisal: which tokens of a text the model did not expect, and what it expected instead."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Surprise:
    """A token that was not expected.

    Attributes:
        rank: of the token among all, likeliest first; from 1.
        expected_id, expected_label, expected_probability: the likeliest token there.
    """

    position: int
    id: int
    label: str
    surprisal: float
    probability: float
    rank: int
    expected_id: int
    expected_label: str
    expected_probability: float


@dataclass(frozen=True)
class Surprisal:
    """A text as the model read it; the tokens' own numbers stand under `tokens`.

    Attributes:
        predicted: how many tokens have a surprisal: all but the first.
        bits: their sum; `bits_per_token` and `bits_per_byte` as under `tokens`.
        expected: how many of them were the likeliest token where they stand.
        largest: the most surprising, largest first.
    """

    predicted: int
    bits: float | None
    bits_per_token: float | None
    bits_per_byte: float | None
    expected: int
    largest: tuple[Surprise, ...]
