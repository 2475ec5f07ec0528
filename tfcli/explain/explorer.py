"""A model at work, looked at from one spot after another: each part measured when it is asked for.

The parts are those of `explain`, computed by the same functions. What was computed is kept: the
last runs, as many as fit, and the last looks.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import torch

from tfcli.checkpoint.generation import NO_DEFAULTS, GenerationDefaults
from tfcli.errors import UsageError
from tfcli.explain.applies import NotForThisModelError
from tfcli.explain.edits.edit import ablated, edited, extents
from tfcli.explain.explanation import bare
from tfcli.explain.finite import require_numbers
from tfcli.explain.heads.attention import head_attention, head_ledger
from tfcli.explain.precision import divergence
from tfcli.explain.request import GREEDY, Request
from tfcli.explain.result import Explanation, NextTokens
from tfcli.explain.run import Run, first_position
from tfcli.explain.sections import measure
from tfcli.explain.spot import Spot
from tfcli.generate.rules import ruled
from tfcli.generate.sampling import choose
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

# Those that need words of their own are not among them: edits, and the sum of an analogy.
Further = Literal[
    "ledger",
    "sources",
    "lens_grid",
    "residual",
    "neighbors",
    "memories",
    "experts",
    "sampling",
    "surprisal",
    "norms",
    "cost",
]
Part = Literal["heads", "qkv", "lens", "attention", "next", "credit", "model"] | Further
Window = tuple[int, int]

TABLE_ROWS = 10
_ALL_KEYS = 64  # a longer row of keys is listed by its largest
_KEYS_LISTED = 30
_LOOKS_KEPT = 256
_POSITIONS_KEPT = 8
_NUMBERS_KEPT = 2**27  # in the kept runs' vectors together; 512 MB in float32
_FEWEST_RUNS = 2  # as it is, and with heads taken away

# Further sections, each a part of its own.
FURTHER: tuple[Further, ...] = get_args(Further)
# Parts that are of the model as it is: an audit's sums are, and the further sections know of no
# head that was taken away.
PLAIN: tuple[Part, ...] = ("model", *FURTHER)
# The sections of each part that `sections.measure` measures.
_SECTIONS: dict[Part, tuple[str, ...]] = {
    "heads": ("heads",),
    "lens": ("lens",),
    "next": ("next",),
    "credit": ("credit",),
    "model": ("shapes", "block", "parameters", "audit"),
    **{section: (section,) for section in FURTHER},
}
T = TypeVar("T")


@dataclass(frozen=True)
class Sight:
    """What one sees of a part.

    Attributes:
        explanation: holds the part's sections; with heads ablated, of the run without them.
        before: the next-token table of the run as it is, where heads are ablated.
        was: rank and probability of each candidate of the explanation's table in that run.
        kl: KL(as it is ‖ ablated) of the next token in bits, likewise.
    """

    explanation: Explanation
    before: NextTokens | None = None
    was: tuple[tuple[int, float], ...] = ()
    kl: float | None = None


@dataclass(frozen=True, eq=False)
class _Based:
    """A run, and what does not depend on where one looks in it.

    Attributes:
        places: the run at the positions that were looked at last, all heads read.
    """

    run: Run
    bare: Explanation
    places: OrderedDict[Hashable, Run] = field(default_factory=OrderedDict)

    def at(self, position: int, source: int | None = None) -> Run:
        """The run at a position, and at a token of the encoder."""
        key = position, source
        return _kept(self.places, key, lambda: self._read(position, source), _POSITIONS_KEPT)

    def _read(self, position: int, source: int | None) -> Run:
        run = replace(self.run.asked(Request(position=position)), source=source)
        require_numbers(run.trace, run.position, run.labels, run.source_labels)
        _ = run.readings  # from here on every look at the position shares them
        return run


class Explorer:
    """A model to look into. Its methods are to be called by one thread at a time.

    Attributes:
        extents: by the kind of attention, how many layers there are, and heads in each.
    """

    def __init__(
        self,
        model: Transformer,
        *,
        tokenizer: "Tokenizer | None" = None,
        name: str = "model",
        family: str = "",
        eos_ids: Sequence[int] = (),
        generation: GenerationDefaults = NO_DEFAULTS,
    ) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.extents = extents(model)
        self._name, self._family = name, family
        self._eos_ids, self._generation = tuple(eos_ids), generation
        self._runs: OrderedDict[Hashable, _Based] = OrderedDict()
        self._looks: OrderedDict[Hashable, Sight] = OrderedDict()

    @torch.inference_mode()
    def first(
        self, ids: Sequence[int], written: Sequence[int] = (), position: int | None = None
    ) -> Spot:
        """Where to begin: at the head that moves the token most.

        Args:
            written: in an encoder-decoder, what the decoder has written.
            position: None for the last token, or in an encoder the first masked one.

        Raises:
            UsageError: the text is longer than the model can read, or has no such position.
            TfcliError: the logits there are no numbers.
        """
        spot = Spot(tuple(ids), tuple(written), 0, "self", 0, 0)
        if position is None:
            position = first_position(self.model, self.tokenizer, spot.followed)
        run = self._based(spot).at(position)
        ((layer, head),) = run.focus.heads
        return replace(spot, position=run.position, layer=layer, head=head)

    @torch.inference_mode()
    def look(self, spot: Spot, part: Part, room: int = 0) -> Sight:
        """Measure one part.

        Args:
            room: how many rows and columns an attention matrix may have; 0 for no matrix.

        Raises:
            UsageError: the text is longer than the model can read.
            TfcliError: the logits at the position are no numbers.
        """
        key = (_seen_by(spot, part), part, room)
        return _kept(self._looks, key, lambda: self._looked(spot, part, room), _LOOKS_KEPT)

    @torch.inference_mode()
    def likeliest(self, spot: Spot) -> int:
        """The token that `tfcli generate` would take; in an encoder the likeliest at the spot.

        Raises:
            UsageError: the model has no output matrix.
            TfcliError: the logits are no numbers.
        """
        if self.model.head is None:
            raise UsageError("This model has no output matrix: it gives vectors, not words.")
        causal = self.model.config.causal
        position = len(spot.followed) - 1 if causal else spot.position
        logits = self._based(spot).at(position).logits[None]
        if not causal:
            return int(logits.argmax())
        before = torch.tensor([spot.followed], device=logits.device)
        sampling = replace(GREEDY, repetition_penalty=self._generation.repetition_penalty)
        return int(
            choose(ruled(logits, before, self._generation), sampling, before, torch.Generator())
        )

    def reworded(self, spot: Spot, ids: Sequence[int], written: Sequence[int] = ()) -> Spot:
        """The spot in another prompt, at the position where one begins.

        Args:
            written: in an encoder-decoder, what the decoder has written.
        """
        followed = list(written or ids)
        position = first_position(self.model, self.tokenizer, followed)
        return replace(spot, ids=tuple(ids), written=tuple(written), position=position, source=None)

    def ends(self, token: int) -> bool:
        """Whether a text ends with the token."""
        return self.model.config.causal and token in self._eos_ids

    def _looked(self, spot: Spot, part: Part, room: int) -> Sight:
        seen = replace(spot, ablated=()) if part in PLAIN else spot
        based = self._based(seen)
        run = based.at(spot.position, spot.source).asked(_request(seen))
        found: dict[str, Any] = {}
        omitted: dict[str, str] = {}
        if part in ("qkv", "attention"):
            found[part] = (_opened(run, spot, part, room),)
        for section in _SECTIONS.get(part, ()):
            try:
                found |= measure(run, section)
            except NotForThisModelError as reason:
                omitted[section] = str(reason)
        # the user chose the head, wherever it is
        focus = replace(run.focus, layer_was_chosen=False, head_was_chosen=False)
        explanation = replace(based.bare, sections=(part,), focus=focus, omitted=omitted, **found)
        if part != "next" or not spot.ablated or explanation.next is None:
            return Sight(explanation)
        plain = replace(spot, ablated=())
        before = self.look(plain, "next").explanation.next
        logits = self._based(plain).at(spot.position).logits
        p = logits.softmax(-1)
        was = tuple(
            (1 + int((logits > logits[c.id]).sum()), float(p[c.id]))
            for c in explanation.next.candidates
        )
        return Sight(explanation, before, was, divergence(logits, run.logits))

    def _based(self, spot: Spot) -> _Based:
        key = (spot.ids, spot.written, spot.ablated)
        size = len(spot.ids) + len(spot.written)
        config = self.model.config
        numbers = 12 * size * config.num_layers * config.hidden_size
        room = max(_NUMBERS_KEPT // numbers, _FEWEST_RUNS)
        return _kept(self._runs, key, lambda: self._run(spot), room)

    def _run(self, spot: Spot) -> _Based:
        self._require_room(spot)
        with edited(self.model, [ablated(place) for place in spot.ablated]):
            run = Run.of(
                self.model,
                spot.ids,
                spot.written or None,
                Request(position=0),
                self.tokenizer,
                self._generation,
                self._eos_ids,
            )
        run = replace(run, ablated=spot.ablated)
        return _Based(run, bare(run, None, self._name, self._family))

    def _require_room(self, spot: Spot) -> None:
        config = self.model.config
        read = [(spot.ids, config.encoder or config)]
        if spot.written:
            read.append((spot.written, config))
        for ids, reader in read:
            if len(ids) > reader.context:
                raise UsageError(f"The context is full: the model reads {reader.context:,} tokens.")


def _request(spot: Spot) -> Request:
    """The head where it is one of the model's own; the others look where most is moved."""
    own = spot.kind != "encoder"
    return Request(
        position=spot.position,
        layers=(spot.layer,) if own else "top",
        heads=(spot.head,) if own else "top",
        measure=spot.measure,
        top_k=TABLE_ROWS,
    )


def _opened(run: Run, spot: Spot, part: Part, room: int) -> Any:
    """The spot's head: its ledger, or its attention weights."""
    site, labels = run.sites[spot.kind][spot.layer], run.labels_of_keys(spot.kind)
    if part == "qkv":
        listed = None if len(site.keys) <= _ALL_KEYS else _KEYS_LISTED
        return head_ledger(site, head=spot.head, labels=labels, keys_listed=listed)
    asking = run.source_labels if spot.kind == "encoder" else run.labels
    looked_at = site.query
    if spot.kind == "cross":
        looked_at = int(site.trace.rows([spot.head], [site.query])[0, 0, 0].argmax())
    return head_attention(
        site,
        head=spot.head,
        labels=labels,
        queries=_window(site.query, len(asking), room),
        keys=_window(looked_at, len(labels), room),
    )


def _window(position: int, length: int, room: int) -> Window | None:
    """(first, end) of the tokens that a matrix has room for: those up to the position."""
    if not room:
        return None
    first = max(0, min(position + 1 - room, length - room))
    return first, min(first + room, length)


def _seen_by(spot: Spot, part: Part) -> Spot:
    """The spot without what the part does not depend on, so that looks can be found again."""
    if part != "heads":
        spot = replace(spot, measure="delta")
    if part in ("qkv", "attention"):
        return spot
    if part in PLAIN:
        spot = replace(spot, ablated=())
    if part == "model":
        return replace(spot, head=0, source=None)
    if part == "cost":  # it is measured: not again where the text is the same
        spot = replace(spot, position=0)
    return replace(
        spot, kind="self", layer=0, head=0, source=spot.source if part == "heads" else None
    )


def _kept(kept: OrderedDict[Hashable, T], key: Hashable, make: Callable[[], T], room: int) -> T:
    """What is kept under the key, made where it is not; the longest unused make room for it."""
    if key not in kept:
        kept[key] = make()
    kept.move_to_end(key)
    while len(kept) > room:
        kept.popitem(last=False)
    return kept[key]
