"""Where one looks in a model at work: which tokens, which of them, which head. Free of torch.

A `Spot` never changes; each function gives the spot that a step leads to.
"""

from dataclasses import dataclass, replace

from tfcli.explain.edits.request import Extents, Place
from tfcli.explain.request import MEASURES, Measure
from tfcli.explain.result import LETTERS, Kind

_TURNED = tuple(name for name in MEASURES if name != "patching")  # it needs a second prompt


@dataclass(frozen=True)
class Spot:
    """A place to look at.

    Attributes:
        ids: the prompt; in an encoder-decoder, what the encoder reads.
        written: in an encoder-decoder, what the decoder has written; else empty.
        position: the token that is followed, from 0; in an encoder-decoder one of `written`.
        kind: which attention the head belongs to.
        measure: what the grid of heads shows.
        ablated: heads that are taken away, in order.
        source: in an encoder-decoder, the encoder's token that asks there; None for the one that
            the cross-attention looks at most.
    """

    ids: tuple[int, ...]
    written: tuple[int, ...]
    position: int
    kind: Kind
    layer: int
    head: int
    measure: Measure = "delta"
    ablated: tuple[Place, ...] = ()
    source: int | None = None

    @property
    def followed(self) -> tuple[int, ...]:
        """The tokens that `position` is one of."""
        return self.written or self.ids

    @property
    def place(self) -> Place:
        """The head."""
        return Place(self.kind, "head", self.layer, self.head)

    @property
    def name(self) -> str:
        """“L3H2”, or with another letter for cross-attention and for the encoder."""
        return f"{LETTERS[self.kind]}{self.layer}H{self.head}"


def token_moved(spot: Spot, by: int) -> Spot:
    """Some tokens to the right; it stops at both ends."""
    return replace(spot, position=_within(spot.position + by, len(spot.followed)))


def source_moved(spot: Spot, by: int, here: int) -> Spot:
    """Some of the encoder's tokens to the right of one; it stops at both ends."""
    return replace(spot, source=_within(here + by, len(spot.ids)))


def layer_moved(spot: Spot, by: int, extents: Extents) -> Spot:
    """Some layers up; it stops at both ends."""
    return replace(spot, layer=_within(spot.layer + by, extents[spot.kind][0]))


def head_moved(spot: Spot, by: int, extents: Extents) -> Spot:
    """Some heads to the right; it stops at both ends."""
    return replace(spot, head=_within(spot.head + by, extents[spot.kind][1]))


def kind_turned(spot: Spot, extents: Extents) -> Spot:
    """The model's next kind of attention, at a head that it has."""
    kinds = list(extents)
    kind = kinds[(kinds.index(spot.kind) + 1) % len(kinds)]
    layers, heads = extents[kind]
    return replace(
        spot, kind=kind, layer=_within(spot.layer, layers), head=_within(spot.head, heads)
    )


def measure_turned(spot: Spot) -> Spot:
    """The next measure of the grid."""
    return replace(spot, measure=_TURNED[(_TURNED.index(spot.measure) + 1) % len(_TURNED)])


def ablation_toggled(spot: Spot) -> Spot:
    """The head taken away, or given back."""
    others = {place for place in spot.ablated if place != spot.place}
    if spot.place not in spot.ablated:
        others.add(spot.place)
    return replace(spot, ablated=tuple(sorted(others, key=_order)))


def ablations_cleared(spot: Spot) -> Spot:
    """All heads given back."""
    return replace(spot, ablated=())


def appended(spot: Spot, token: int) -> Spot:
    """The token behind all others, and followed."""
    tokens = (*spot.followed, token)
    field = "written" if spot.written else "ids"
    return replace(spot, **{field: tokens}, position=len(tokens) - 1)


def taken(spot: Spot, token: int, causal: bool) -> Spot:
    """The token taken from the table at the position.

    In a decoder it comes next, and what stood behind is dropped; in an encoder it stands there.
    """
    before, here = spot.followed[: spot.position], spot.position
    if not causal:
        return replace(spot, ids=(*before, token, *spot.ids[here + 1 :]))
    kept = spot.followed[: here + 1]
    shortened = replace(spot, written=kept) if spot.written else replace(spot, ids=kept)
    return appended(shortened, token)


def _within(index: int, count: int) -> int:
    return max(0, min(index, count - 1))


def _order(place: Place) -> tuple[str, int, int]:
    return place.kind, place.layer, place.head or 0
