"""One run of a model on a prompt, and where the explanation looks in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tfcli.checkpoint.generation import NO_DEFAULTS, GenerationDefaults
from tfcli.errors import UsageError
from tfcli.explain.edits.edit import ablated, edited
from tfcli.explain.edits.request import Place
from tfcli.explain.finite import require_numbers
from tfcli.explain.heads.readings import HeadReadings, read_heads
from tfcli.explain.heads.sites import Site, sites
from tfcli.explain.logits.credit import credit_gap, output_row
from tfcli.explain.logits.flow import Directions, directions
from tfcli.explain.precision import logits_at
from tfcli.explain.request import Request, resolve_choice, resolve_position
from tfcli.explain.result import Focus, Kind, Tokens
from tfcli.explain.text.labels import label, labels
from tfcli.explain.text.tokens import plain_tokens, read_tokens
from tfcli.model.stack import Stack
from tfcli.model.trace import Trace
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

    from tfcli.explain.lens.translators import TunedLens


@dataclass(frozen=True, eq=False)
class Run:
    """A model's run on a prompt, and what is looked at in it.

    Attributes:
        position: the token that is followed, from 0.
        labels: of the tokens that `trace` is of.
        source_labels: of those that an encoder beside the decoder read; else empty.
        generation: tokens that must come first, or never, in the loop.
        eos_ids: tokens that end the loop.
        ablated: heads that were taken away in it.
        tuned: translators that the lens reads through; None for the logit lens.
    """

    model: Transformer
    trace: Trace
    request: Request
    position: int
    labels: list[str]
    source_labels: list[str]
    tokenizer: "Tokenizer | None" = None
    generation: GenerationDefaults = NO_DEFAULTS
    eos_ids: tuple[int, ...] = ()
    ablated: tuple[Place, ...] = ()
    source: int | None = None
    tuned: "TunedLens | None" = None

    @classmethod
    def of(
        cls,
        model: Transformer,
        ids: Sequence[int],
        decoder_ids: Sequence[int] | None,
        request: Request,
        tokenizer: "Tokenizer | None",
        generation: GenerationDefaults = NO_DEFAULTS,
        eos_ids: Sequence[int] = (),
        tuned: "TunedLens | None" = None,
    ) -> "Run":
        """Run the model on the ids (arguments as in `explain`)."""
        device = model.device
        batch = torch.tensor([list(ids)], dtype=torch.long, device=device)
        if model.encoder is None:
            read, trace, source = list(ids), model.trace(batch), []
        else:
            read = list(decoder_ids or (0,))
            written = torch.tensor([read], dtype=torch.long, device=device)
            trace = model.trace(batch, decoder_ids=written)
            source = labels(reading_side(tokenizer), ids)
        position = request.position
        if position is None:
            position = first_position(model, tokenizer, read)
        found = resolve_position(position, len(read))
        run = cls(
            model,
            trace,
            request,
            found,
            labels(tokenizer, read),
            source,
            tokenizer,
            generation,
            tuple(eos_ids),
            tuned=tuned,
        )
        _check_answer(run)
        return run

    @cached_property
    def other(self) -> "Run | None":
        """The run on the prompt that outputs are taken from; None where there is none.

        In an encoder-decoder the encoder reads it, and the decoder has written the same.
        """
        ids = self.request.edits.other_ids
        if ids is None:
            return None
        written = self.trace.ids[0].tolist()
        same = self.model.encoder is not None or len(ids) == len(written)
        position = self.position if same else None
        request = replace(self.request, position=position, answer=None, against=None)
        found = Run.of(self.model, ids, written, request, self.tokenizer)
        require_numbers(found.trace, found.position, found.labels, found.source_labels)
        return found

    def again(self) -> Trace:
        """Run the model anew on the same tokens, with the same heads taken away."""
        encoder = self.trace.encoder
        with edited(self.model, [ablated(place) for place in self.ablated]):
            if encoder is None:
                return self.model.trace(self.trace.ids)
            return self.model.trace(encoder.ids, decoder_ids=self.trace.ids)

    @property
    def reading_stack(self) -> Stack:
        """The side that reads the prompt: the encoder where one stands beside a decoder."""
        return self.model if self.model.encoder is None else self.model.encoder

    @property
    def reading_tokenizer(self) -> "Tokenizer | None":
        """The tokenizer of that side."""
        return self.tokenizer if self.model.encoder is None else reading_side(self.tokenizer)

    def asked(self, request: Request) -> "Run":
        """The same run under another request; what was measured at its position is kept.

        Both requests name the same answer.
        """
        other = replace(self, request=request)
        if request.position is not None:
            other = replace(other, position=resolve_position(request.position, len(self.labels)))
        if other.position == self.position:
            kept = ("logits", "target", "way", "sites", "readings")
            vars(other).update({name: vars(self)[name] for name in kept if name in vars(self)})
        return other

    @cached_property
    def logits(self) -> Tensor:
        """What the run gave at the position, in the dtype of measures [V]."""
        return logits_at(self.trace, self.position)

    @property
    def read(self) -> list[int]:
        """What stands before the next token; in an encoder everything."""
        ids: list[int] = self.trace.ids[0].tolist()
        return ids[: self.position + 1] if self.model.config.causal else ids

    @cached_property
    def tokens(self) -> Tokens:
        """What was read, each token with what the model gave it from those before."""
        if not self.model.config.causal or self.trace.head is None:
            return plain_tokens(self.trace, self.labels, None)
        return read_tokens(self.trace, self.tokenizer, self.labels, None)

    @cached_property
    def target(self) -> int | None:
        """The token that is followed: the one that was named, else the likeliest at the position.

        None without an output matrix.
        """
        if self.trace.head is None:
            return None
        if self.request.answer is not None:
            return self.request.answer
        return int(self.logits.argmax())

    @property
    def answer(self) -> int:
        """The same, where there is one."""
        assert self.target is not None
        return self.target

    @cached_property
    def way(self) -> Directions | None:
        """The answer's direction, carried back; None where a logit is no sum of parts.

        With a second token, that of the difference of both logits.
        """
        if self.model.head is None or credit_gap(self.model) is not None:
            return None
        row = output_row(self.model, self.trace, self.answer, self.request.against)
        return directions(self.model, self.trace, self.position, row)

    @cached_property
    def sites(self) -> dict[Kind, list[Site]]:
        """The model's attention modules by kind, at the position that is followed."""
        own = sites(self.model, self.trace, self.position, "self", self.ablated)
        found: dict[Kind, list[Site]] = {"self": own}
        crossed = sites(self.model, self.trace, self.position, "cross", self.ablated)
        if crossed:
            found["cross"] = crossed
        encoder, source = self.model.encoder, self.trace.encoder
        if encoder is not None and source is not None:
            query = self._most_looked_at(crossed) if self.source is None else self.source
            found["encoder"] = sites(encoder, source, query, "encoder", self.ablated)
        return found

    @cached_property
    def readings(self) -> dict[Kind, HeadReadings]:
        """All measures of all heads, by kind."""
        return {
            kind: read_heads(found, None if kind == "encoder" else self.way)
            for kind, found in self.sites.items()
        }

    @cached_property
    def delta_norms(self) -> list[float]:
        """‖ΔE‖ of each layer's attention: of that to the encoder, where one stands beside."""
        main = self.sites.get("cross", self.sites["self"])
        return [float(site.delta.norm()) for site in main]

    @cached_property
    def focus(self) -> Focus:
        """The blocks and heads that are opened."""
        request, norms = self.request, self.delta_norms
        layers = resolve_choice(request.layers, len(norms), norms, "layer")
        inner = self.sites.get("encoder")
        encoder_heads: tuple[tuple[int, int], ...] = ()
        if inner:
            sizes = [float(site.delta.norm()) for site in inner]
            top = max(range(len(sizes)), key=sizes.__getitem__)
            deltas = self.readings["encoder"].delta[top]
            encoder_heads = ((top, int(deltas.argmax())),)
        return Focus(
            position=self.position,
            layers=layers,
            heads=self._heads("self", layers),
            layer_was_chosen=request.layers == "top",
            head_was_chosen=request.heads == "top",
            cross_heads=self._heads("cross", layers) if "cross" in self.sites else (),
            encoder_heads=encoder_heads,
            source=inner[0].query if inner else None,
        )

    def labels_of_keys(self, kind: Kind) -> list[str]:
        """The tokens that the keys of an attention come from."""
        return self.labels if kind == "self" else self.source_labels

    def opened(self) -> list[tuple[Site, int]]:
        """The attention modules and heads that are opened, the encoder's first."""
        focus = self.focus
        chosen: dict[Kind, tuple[tuple[int, int], ...]] = {
            "encoder": focus.encoder_heads,
            "self": focus.heads,
            "cross": focus.cross_heads,
        }
        return [
            (self.sites[kind][layer], head)
            for kind, heads in chosen.items()
            for layer, head in heads
        ]

    def _heads(self, kind: Kind, layers: Sequence[int]) -> tuple[tuple[int, int], ...]:
        found: list[tuple[int, int]] = []
        for layer in layers:
            of_heads = self.readings[kind].delta[layer].tolist()
            chosen = resolve_choice(self.request.heads, len(of_heads), of_heads, "head")
            found += [(layer, head) for head in chosen]
        return tuple(found)

    def _most_looked_at(self, crossed: Sequence[Site]) -> int:
        """The encoder's token that takes most of the weight of the layer that moves most."""
        top = max(crossed, key=lambda site: float(site.delta.norm()))
        rows = top.trace.rows(queries=[top.query])[0, :, 0]  # [H, S]
        return int(rows.sum(0).argmax())


def _check_answer(run: Run) -> None:
    """Refuse tokens that are no answer of this model, or one against itself."""
    request, head = run.request, run.model.head
    named = [token for token in (request.answer, request.against) if token is not None]
    if not named:
        return
    if head is None:
        raise UsageError("This model has no output matrix: it gives no token as an answer.")
    size = head.weight.shape[0]
    if not all(0 <= token < size for token in named):
        raise UsageError(f"There is no such token: the model's ids go from 0 to {size - 1:,}.")
    if run.answer == request.against:
        name = label(run.tokenizer, run.answer)
        raise UsageError(
            f"“{name}” cannot be held against itself.",
            hint="Name two tokens: --answer cat --against dog",
        )


def first_position(model: Transformer, tokenizer: "Tokenizer | None", read: Sequence[int]) -> int:
    """The position to look at where none is named: the last, in an encoder the first masked one."""
    mask = tokenizer.mask_id if tokenizer is not None else None
    asked = mask is not None and not model.config.causal and mask in read
    return read.index(mask) if asked and mask is not None else len(read) - 1


def reading_side(tokenizer: "Tokenizer | None") -> "Tokenizer | None":
    """The tokenizer of what an encoder reads, where it has a vocabulary of its own."""
    return getattr(tokenizer, "reading_side", tokenizer)
