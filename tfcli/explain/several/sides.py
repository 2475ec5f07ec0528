"""One of two prompts on a model: its run, the word in it, and each token that the word sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tfcli.explain.finite import require_numbers
from tfcli.explain.precision import at, logits_at
from tfcli.explain.result import ComparedSide, ContextToken, PullTerm
from tfcli.explain.run import reading_side
from tfcli.explain.several.predictions import distances
from tfcli.explain.text.labels import labels
from tfcli.explain.text.occurrence import Span
from tfcli.model.stack import Stack
from tfcli.model.trace import StackTrace, Trace
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

_LISTED = 64
_TERMS = 5
_MOST_LEFT_OUT = 128
_TOKENS_AT_ONCE = 1024  # what the traces of prompts with a token left out may hold together


@dataclass(frozen=True, eq=False)
class Side:
    """One prompt's run.

    Attributes:
        stack, trace: the side of the model that read the prompt.
        span: the first and last token of the word; the last one is followed.
        special: ids that write no text.
        logits: of what comes behind the word, or in an encoder stands at it; beside a decoder, of
            what that writes next. None without an output matrix.
    """

    stack: Stack
    trace: StackTrace
    ids: list[int]
    labels: list[str]
    span: Span
    special: frozenset[int]
    written: list[int]
    logits: Tensor | None
    end_logits: Tensor | None

    @property
    def position(self) -> int:
        """The token that is followed."""
        return self.span[1]

    @property
    def causal(self) -> bool:
        """Whether a token sees only what stands on its left."""
        return self.stack.config.causal

    @property
    def seen(self) -> list[int]:
        """The ids that the followed token can see."""
        return self.ids[: self.position + 1] if self.causal else self.ids

    def states(self, layer: int) -> Tensor:
        """The residual stream of all positions behind this many blocks, in float64 [T, D]."""
        layers = self.trace.layers
        found = layers[layer - 1].residual_out if layer else layers[0].residual_in
        return found[0].double()

    @property
    def last(self) -> Tensor:
        """The last residual stream of the followed token, in the dtype of measures [D]."""
        return at(self.trace.layers[-1].residual_out, self.position)


def read_side(
    model: Transformer,
    ids: Sequence[int],
    span: Span,
    tokenizer: "Tokenizer | None",
    decoder_ids: Sequence[int] | None,
) -> Side:
    """Run a model on a prompt.

    Raises:
        TfcliError: it computed no numbers.
    """
    written = [] if model.encoder is None else list(decoder_ids or (0,))
    stack, own, whole = _run(model, [list(ids)], written)
    named = labels(reading_side(tokenizer), ids)
    position = len(written) - 1 if written else span[1]
    read = labels(tokenizer, written) if written else named
    require_numbers(whole, position, read, named if written else ())
    special = set() if tokenizer is None else set(tokenizer.special_tokens.values())
    has_head = whole.head is not None
    return Side(
        stack=stack,
        trace=own,
        ids=list(ids),
        labels=named,
        span=span,
        special=frozenset(special),
        written=written,
        logits=logits_at(whole, position) if has_head else None,
        end_logits=logits_at(whole, whole.ids.shape[1] - 1) if has_head else None,
    )


def _run(
    model: Transformer, rows: Sequence[Sequence[int]], written: Sequence[int]
) -> tuple[Stack, StackTrace, Trace]:
    """The stack that reads, its trace, and the whole trace of prompts of one length."""
    batch = torch.tensor(rows, dtype=torch.long, device=model.device)
    if model.encoder is None:
        trace = model.trace(batch)
        return model, trace, trace
    behind = torch.tensor([list(written)] * len(rows), dtype=torch.long, device=model.device)
    trace = model.trace(batch, decoder_ids=behind)
    assert trace.encoder is not None
    return model.encoder, trace.encoder, trace


def cosine(one: Tensor, two: Tensor) -> float | None:
    """⟨a, b⟩ / ‖a‖‖b‖ of two vectors [D] in float64; 1 of one with itself, None without a
    direction."""
    a, b = one.double(), two.double()
    size = float(a.norm() * b.norm())
    if size == 0:
        return None
    return 1.0 if torch.equal(a, b) else max(-1.0, min(1.0, float(a @ b) / size))


@dataclass(frozen=True)
class Left:
    """A prompt with one token left out, beside the other prompt."""

    cosine: float | None
    jensen_shannon: float | None


def without_each(model: Transformer, side: Side, other: Side) -> dict[int, Left]:
    """Leave out each token that the word sees, the word and marks excepted, and run again.

    What stands behind the token moves up by one position, as in a prompt that never had it.
    """
    start, end = side.span
    places = [
        j
        for j in range(len(side.seen))
        if not start <= j <= end and side.ids[j] not in side.special
    ]
    found: dict[int, Left] = {}
    rows = max(1, _TOKENS_AT_ONCE // len(side.ids))
    for begin in range(0, len(places), rows):
        some = places[begin : begin + rows]
        # a causal word sees nothing behind it
        shorter = [[t for i, t in enumerate(side.seen) if i != j] for j in some]
        _, own, whole = _run(model, shorter, side.written)
        for row, j in enumerate(some):
            place = end - (j < end)
            state = own.layers[-1].residual_out[row, place]
            js = None
            if other.logits is not None and whole.head is not None:
                at_place = len(side.written) - 1 if side.written else place
                logits = whole.head(whole.head_in[row : row + 1, at_place : at_place + 1])[0, 0]
                js = distances(logits.to(other.logits.dtype), other.logits).jensen_shannon
            found[j] = Left(cosine(state, other.last), js)
    return found


def too_long(*sides: Side) -> str | None:
    """Why no token is left out in turn; None where it is done."""
    longest = max(len(side.seen) for side in sides)
    if longest <= _MOST_LEFT_OUT:
        return None
    return f"{longest:,} tokens are too many to leave out each in turn: up to {_MOST_LEFT_OUT}"


def compared_side(
    side: Side,
    other: Side,
    shares: Tensor | None,
    left_out: dict[int, Left],
    before: float | None,
) -> ComparedSide:
    """Put one side together.

    Args:
        shares: of the distance, signed so that what draws apart is positive [L, H, T].
        left_out: the runs without one token each; empty where there are none.
        before: the cosine with all tokens.
    """
    start, end = side.span
    elsewhere = {
        token for j, token in enumerate(other.seen) if not other.span[0] <= j <= other.span[1]
    }
    summed = None if shares is None else shares.sum((0, 1)).tolist()
    context: list[ContextToken] = []
    for j, token in enumerate(side.seen):
        left = left_out.get(j)
        context.append(
            ContextToken(
                position=j,
                id=token,
                label=side.labels[j],
                share=None if summed is None else summed[j],
                in_both=token in elsewhere,
                own=start <= j <= end,
                cosine_without=None if left is None else left.cosine,
                jensen_shannon_without=None if left is None else left.jensen_shannon,
            )
        )
    others = [token for token in context if not token.own]
    named = [t for t in others if not t.in_both and t.id not in side.special]
    pulled = max(named, key=lambda t: t.share or 0.0, default=None)
    told = max(others, key=lambda t: _nearer(t, before), default=None)
    kept = set(
        sorted((t.position for t in others), key=lambda j: -abs((summed or [0.0] * (j + 1))[j]))[
            :_LISTED
        ]
    )
    listed = tuple(t for t in context if t.own or t.position in kept)
    rest = [t for t in others if t.position not in kept]
    return ComparedSide(
        labels=tuple(side.labels),
        ids=tuple(side.ids),
        position=end,
        start=start,
        context=listed,
        others=len(rest),
        others_share=None if summed is None else sum(t.share or 0.0 for t in rest),
        word_share=None if summed is None else sum(summed[start : end + 1]),
        terms=() if shares is None else _terms(side, shares),
        pulled=pulled.position if pulled is not None and (pulled.share or 0.0) > 0 else None,
        told=told.position if told is not None and _nearer(told, before) > 0 else None,
    )


def _nearer(token: ContextToken, before: float | None) -> float:
    """How much nearer the two vectors come without the token."""
    if token.cosine_without is None or before is None:
        return 0.0
    return token.cosine_without - before


def _terms(side: Side, shares: Tensor) -> tuple[PullTerm, ...]:
    """The largest terms of tokens that are not of the word, those that draw apart."""
    own = torch.zeros_like(shares, dtype=torch.bool)
    own[:, :, side.span[0] : side.span[1] + 1] = True
    flat = shares.masked_fill(own, 0.0).flatten()
    order = torch.sort(flat, descending=True, stable=True).indices[:_TERMS].tolist()
    _, H, T = shares.shape
    return tuple(
        PullTerm(i // (H * T), i // T % H, i % T, side.labels[i % T], float(flat[i]))
        for i in order
        if float(flat[i]) > 0
    )
