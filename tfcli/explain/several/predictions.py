"""What a model says next, to set beside what another says, or the same on another prompt."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tfcli.explain.result import Distances, SharedCandidate
from tfcli.explain.text.labels import label

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

Find = Callable[[int], int | None]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What the ids of a model mean.

    Attributes:
        size: ids that the model knows, those without a token included.
    """

    tokenizer: "Tokenizer | None"
    size: int

    def same(self, other: "Vocabulary") -> bool:
        """Whether an id means the same token in both."""
        if self.size != other.size:
            return False
        one, two = self.tokenizer, other.tokenizer
        if one is None or two is None:
            return one is two
        if one.fingerprint == two.fingerprint:
            return True
        size = one.vocab_size
        return size == two.vocab_size and all(one.piece(i) == two.piece(i) for i in range(size))


@dataclass(frozen=True, eq=False)
class Prediction:
    """A distribution over the next token.

    Attributes:
        logits: at one position, in the dtype of measures [V].
    """

    vocabulary: Vocabulary
    logits: Tensor

    @property
    def tokenizer(self) -> "Tokenizer | None":
        """For the tokens' text."""
        return self.vocabulary.tokenizer

    @property
    def probabilities(self) -> Tensor:
        """Softmax of the logits [V]."""
        return self.logits.softmax(-1)

    def rank(self, token: int) -> int:
        """The token's place among all, from 1."""
        return 1 + int((self.logits > self.logits[token]).sum())


def shared_candidates(
    one: Prediction, two: Prediction, there: Find, back: Find, top_k: int
) -> tuple[SharedCandidate, ...]:
    """The likeliest tokens of either, each once."""
    pairs: list[tuple[int | None, int | None]] = [(t, there(t)) for t in _first(one, top_k)]
    known = {token for _, token in pairs}
    pairs += [(back(t), t) for t in _first(two, top_k) if t not in known]

    def row(pair: tuple[int | None, int | None]) -> SharedCandidate:
        first, second = pair
        named = label(two.tokenizer, second or 0) if first is None else label(one.tokenizer, first)
        return SharedCandidate(
            label=named,
            first_id=first,
            second_id=second,
            first_probability=None if first is None else float(one.probabilities[first]),
            second_probability=None if second is None else float(two.probabilities[second]),
            first_rank=None if first is None else one.rank(first),
            second_rank=None if second is None else two.rank(second),
        )

    rows = [row(pair) for pair in pairs]
    rows.sort(key=lambda r: -max(r.first_probability or 0, r.second_probability or 0))
    return tuple(rows)


def _first(reading: Prediction, count: int) -> list[int]:
    order = torch.sort(reading.logits, descending=True, stable=True).indices
    return order[:count].tolist()


def distances(one: Tensor, two: Tensor) -> Distances:
    """How far the distributions of two vectors of logits [V] lie apart; 0 where both are one."""
    if torch.equal(one, two):
        return Distances(0.0, 0.0, 0.0)
    logs = [torch.log_softmax(logits.double(), dim=-1) for logits in (one, two)]
    mean = torch.logaddexp(*logs) - math.log(2)
    return Distances(
        forward=divergence(one, two),
        backward=divergence(two, one),
        jensen_shannon=(divergence(logs[0], mean) + divergence(logs[1], mean)) / 2,
    )


def divergence(one: Tensor, other: Tensor) -> float:
    """KL(one ‖ other) = Σ p log₂(p / q) in bits, of two vectors of logits [V]."""
    log_p, log_q = (torch.log_softmax(logits.double(), dim=-1) for logits in (one, other))
    terms = log_p.exp() * (log_p - log_q)
    # where p is 0 so is the term, whatever q is
    nats = float(terms.where(log_p > -math.inf, torch.zeros_like(terms)).sum())
    return max(nats, 0.0) / math.log(2)
