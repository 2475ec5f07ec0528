"""What to change in a run, in the user's words: "L5H3, ffn:L2". Free of torch.

A head is L5H3; X5H3 in a decoder's attention to its encoder, E5H3 in that encoder. `attn:L5` and
`ffn:L5` are a block's modules, L5 is everything that the block adds to the residual stream. Layers
and heads may be ranges (L0-2H3, L5H0-3) and count from the end where they are negative.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tfcli.errors import UsageError
from tfcli.explain.result import LETTERS, Kind

Part = Literal["head", "attention", "feed-forward"]
Filling = Literal["zero", "mean"]
# By the kind of attention, how many layers there are, and heads in each.
Extents = Mapping[Kind, tuple[int, int]]
LARGEST_FACTOR = 1e6

_SPAN = r"(-?\d{1,9})(?:-(\d{1,9}))?"
_SITE = re.compile(rf"(?:(attn|ffn):)?([LXE]){_SPAN}(?:H{_SPAN})?", re.ASCII | re.IGNORECASE)
_KINDS: dict[str, Kind] = {letter: kind for kind, letter in LETTERS.items()}
_GRAMMAR = (
    "L5H3 is a head, L5H0-3 are several, attn:L5 and ffn:L5 a block's modules, L5 all of it; "
    "X5H3 is a head of cross-attention, E5H3 one of the encoder. Commas join them."
)


@dataclass(frozen=True)
class Place:
    """A place in a model whose output can be changed.

    Attributes:
        kind: which attention, as everywhere; a feed-forward module is of kind "self", or of
            "encoder" in the encoder beside a decoder.
        head: None for a whole module.
    """

    kind: Kind
    part: Part
    layer: int
    head: int | None = None

    def __str__(self) -> str:
        block = f"{LETTERS[self.kind]}{self.layer}"
        if self.part == "head":
            return f"{block}H{self.head}"
        return f"attn:{block}" if self.part == "attention" else f"ffn:{block}"


@dataclass(frozen=True)
class Site:
    """One name of the user's: the places that it stands for, before the model is known.

    Attributes:
        text: as it was written.
        part: None for all that a block adds.
        layers, heads: (first, last) of a range.
    """

    text: str
    kind: Kind
    part: Part | None
    layers: tuple[int, int]
    heads: tuple[int, int] | None = None


@dataclass(frozen=True)
class EditRequest:
    """What to change.

    Attributes:
        ablate: what is taken away, `filling` what stands there instead, and in place of each
            head that a measure takes away: zeros, or the mean of the place's output over the
            positions of the prompt.
        scale: what is multiplied, each with its factor.
        patch_at: what is replaced by the same place's output on the other prompt.
        other_ids: the other prompt, or None.
    """

    ablate: tuple[Site, ...] = ()
    filling: Filling = "zero"
    scale: tuple[tuple[Site, float], ...] = ()
    patch_at: tuple[Site, ...] = ()
    other_ids: tuple[int, ...] | None = None

    @property
    def changes(self) -> bool:
        """Whether a run is changed by it; a prompt to take from alone changes none."""
        return bool(self.ablate or self.scale or self.patch_at)


NO_EDITS = EditRequest()


def parse_sites(text: str, option: str) -> tuple[Site, ...]:
    """Read "L5H3,ffn:L2".

    Raises:
        UsageError: a part of it is no name of a place.
    """
    return tuple(_site(word, option) for word in text.split(","))


def parse_scales(texts: Sequence[str]) -> tuple[tuple[Site, float], ...]:
    """Read "L5H3=0.5,ffn:L2=2", or several of these.

    Raises:
        UsageError: a part of it is no place with a factor.
    """
    return tuple(_scale(word) for text in texts for word in text.split(","))


def resolve(site: Site, extents: Extents) -> tuple[Place, ...]:
    """The places of a model that a name stands for.

    Raises:
        UsageError: the model has no such place; the message says which it has.
    """
    if site.kind not in extents:
        what = "cross-attention" if site.kind == "cross" else "encoder beside a decoder"
        raise UsageError(
            f"There is no {_shortened(site.text)}: this model has no {what}.",
            hint=f"Its heads are {_heads_there_are(extents)}.",
        )
    layers, heads = extents[site.kind]
    found: list[Place] = []
    for layer in _indices(site.layers, layers, site, extents):
        if site.heads is not None:
            numbers = _indices(site.heads, heads, site, extents)
            found += [Place(site.kind, "head", layer, head) for head in numbers]
            continue
        if site.part != "feed-forward":
            found.append(Place(site.kind, "attention", layer))
        if site.part is None and site.kind == "self" and "cross" in extents:
            found.append(Place("cross", "attention", layer))
        if site.part != "attention":
            found.append(Place(site.kind, "feed-forward", layer))
    return tuple(found)


def resolve_all(sites: Sequence[Site], extents: Extents) -> tuple[Place, ...]:
    """The places that several names stand for, each once."""
    return tuple(dict.fromkeys(place for site in sites for place in resolve(site, extents)))


def require_place(place: Place, extents: Extents) -> None:
    """UsageError where the model has no such place."""
    layers, heads = extents.get(place.kind, (0, 0))
    head = 0 if place.part != "head" else place.head
    known = place.kind != "cross" or place.part != "feed-forward"
    if not (known and 0 <= place.layer < layers and head is not None and 0 <= head < heads):
        raise UsageError(
            f"There is no {place} in this model.",
            hint=f"Its heads are {_heads_there_are(extents)}.",
        )


def _site(word: str, option: str) -> Site:
    name = word.strip()
    found = _SITE.fullmatch(name)
    if found is None:
        raise UsageError(
            f"“{_shortened(name)}” is no place in a model for `--{option}`.", hint=_GRAMMAR
        )
    prefix, letter, first, last, head, last_head = found.groups()
    kind = _KINDS[letter.upper()]
    layers, heads = _span(first, last), None if head is None else _span(head, last_head)
    part: Part | None = None
    if heads is not None:
        part = "head"
    elif prefix is not None:
        part = "attention" if prefix.lower() == "attn" else "feed-forward"
    elif kind == "cross":
        part = "attention"
    if (heads is not None and prefix is not None) or (kind == "cross" and part == "feed-forward"):
        raise UsageError(
            f"“{_shortened(name)}” is no place in a model for `--{option}`.", hint=_GRAMMAR
        )
    return Site(name, kind, part, layers, heads)


def _scale(word: str) -> tuple[Site, float]:
    name, _, number = word.rpartition("=")
    try:
        factor = float(number)
    except ValueError:
        factor = math.nan
    if not name or not math.isfinite(factor):
        raise UsageError(
            f"“{_shortened(word.strip())}” is no value for `--scale`.",
            hint="`--scale L5H3=0.5` halves a head; 0 takes it away, 2 doubles it.",
        )
    if abs(factor) > LARGEST_FACTOR:
        raise UsageError(
            f"“{_shortened(word.strip())}”: the factor is at most {LARGEST_FACTOR:,.0f}.",
            hint="Beyond that a vector's squares leave the range of the model's numbers.",
        )
    return _site(name, "scale"), factor


def _span(first: str, last: str | None) -> tuple[int, int]:
    return int(first), int(first if last is None else last)


def _indices(span: tuple[int, int], count: int, site: Site, extents: Extents) -> range:
    """The layers or heads of a range; UsageError where one does not exist, or there is none."""
    if all(-count <= bound < count for bound in span):
        first, last = (bound % count for bound in span)
        if first <= last:
            return range(first, last + 1)
    raise UsageError(
        f"There is no {_shortened(site.text)} in this model.",
        hint=f"Its heads are {_heads_there_are(extents)}.",
    )


def _heads_there_are(extents: Extents) -> str:
    """“L0H0 to L5H7”, and those of the other kinds."""
    return ", ".join(
        f"{LETTERS[kind]}0H0 to {LETTERS[kind]}{layers - 1}H{heads - 1}"
        for kind, (layers, heads) in extents.items()
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
