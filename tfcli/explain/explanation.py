"""Run a model on a prompt and measure it: one call, one immutable result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tfcli.checkpoint.generation import NO_DEFAULTS, GenerationDefaults
from tfcli.explain import anatomy
from tfcli.explain.attention import head_attention, head_ledger
from tfcli.explain.audit import audit
from tfcli.explain.credit import credit_gap, logit_credit
from tfcli.explain.finite import require_numbers
from tfcli.explain.flow import Directions, directions
from tfcli.explain.heads import HeadReadings, heads_grid, read_heads
from tfcli.explain.labels import labels
from tfcli.explain.lens import logit_lens
from tfcli.explain.next_token import next_tokens, run_loop
from tfcli.explain.precision import at
from tfcli.explain.request import (
    Measure,
    Request,
    resolve_choice,
    resolve_position,
    resolve_window,
)
from tfcli.explain.result import (
    Explanation,
    Focus,
    HeadAttention,
    HeadLedger,
    Kind,
    Loop,
    Tokens,
)
from tfcli.explain.sites import Site, sites
from tfcli.explain.tokens import plain_tokens, read_tokens
from tfcli.model.trace import Trace
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

# The widest matrix that a screen of 200 columns can hold. A longer prompt gets one when the user
# names a window: all rows of one head are T² numbers.
LARGEST_MATRIX = 94
_KEYS_LISTED = 10
_ROWS_KEPT = 20  # of what a decoder beside an encoder has written, where it is long
_NO_HEAD = "this model has no output matrix: it gives vectors, not words"


@torch.inference_mode()
def explain(
    model: Transformer,
    ids: Sequence[int],
    request: Request,
    *,
    tokenizer: "Tokenizer | None" = None,
    name: str = "model",
    family: str = "",
    eos_ids: Sequence[int] = (),
    decoder_ids: Sequence[int] | None = None,
    generation: GenerationDefaults = NO_DEFAULTS,
) -> Explanation:
    """Explain what the model does at one position of a prompt.

    Args:
        model: any model of the core.
        ids: the prompt; ids are taken to be valid (`LanguageModel.as_batch` checks them).
        tokenizer: for the tokens' text; without one they are shown as #id.
        name: what to call the model.
        family: its model type.
        eos_ids: tokens that end the loop.
        decoder_ids: in an encoder-decoder, what the decoder has written; the prompt goes to the
            encoder, and positions are the decoder's.
        generation: tokens that must come first, or never, in the loop.

    Raises:
        UsageError: a layer, head, position or window that does not exist.
        TfcliError: the model's logits at the position are no numbers; it says where they break.
    """
    run = _Run.of(model, ids, decoder_ids, request, tokenizer)
    window = resolve_window(request.window, len(ids))
    require_numbers(run.trace, run.position, run.labels, run.source_labels)
    omitted = _omitted(model, request.measure)
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "shapes": lambda: {"shapes": anatomy.shapes(run.trace)},
        "block": lambda: {
            "block": tuple(anatomy.block_step(run.trace, i, run.position) for i in run.focus.layers)
        },
        "qkv": lambda: {"qkv": _ledgers(run, request.all_keys)},
        "attention": lambda: {"attention": _attention(run, window)},
        "heads": lambda: _grids(run, request),
        "lens": lambda: {"lens": logit_lens(model, run.trace, run.position, run.answer, tokenizer)},
        "credit": lambda: {
            "credit": logit_credit(model, run.trace, run.position, run.answer, tokenizer)
        },
        "next": lambda: {
            "next": next_tokens(
                run.logits[run.position],
                run.read,
                request.top_k,
                request.sampling,
                tokenizer,
                run.position,
            )
        },
        "parameters": lambda: {"parameters": anatomy.parameters(model)},
        "audit": lambda: {"audit": audit(model, run.trace, run.position, run.target)},
    }
    found: dict[str, Any] = {}
    for section in request.sections:
        if section in measures and section not in omitted:
            found |= measures[section]()
    return Explanation(
        sections=request.sections,
        ids=tuple(run.trace.ids[0].tolist()),
        focus=run.focus,
        model=anatomy.describe_model(model, name, family),
        tokens=_tokens(run, tokenizer, None if run.source_labels else window),
        source=_source_tokens(run, window),
        **found,
        loop=_loop(run, request, tokenizer, eos_ids, generation),
        omitted={name: omitted[name] for name in request.sections if name in omitted},
    )


@dataclass(frozen=True, eq=False)
class _Run:
    """A model's run on a prompt, and what is looked at in it."""

    model: Transformer
    trace: Trace
    request: Request
    position: int
    labels: list[str]
    source_labels: list[str]

    @classmethod
    def of(
        cls,
        model: Transformer,
        ids: Sequence[int],
        decoder_ids: Sequence[int] | None,
        request: Request,
        tokenizer: "Tokenizer | None",
    ) -> "_Run":
        device = model.device
        batch = torch.tensor([list(ids)], dtype=torch.long, device=device)
        if model.encoder is None:
            read, trace, source = list(ids), model.trace(batch), []
        else:
            read = list(decoder_ids or (0,))
            written = torch.tensor([read], dtype=torch.long, device=device)
            trace = model.trace(batch, decoder_ids=written)
            source = labels(_reading_side(tokenizer), ids)
        position = request.position
        if position is None:
            mask = tokenizer.mask_id if tokenizer is not None else None
            asked = mask is not None and not model.config.causal and mask in read
            position = read.index(mask) if asked and mask is not None else -1
        found = resolve_position(position, len(read))
        return cls(model, trace, request, found, labels(tokenizer, read), source)

    @property
    def logits(self) -> Tensor:
        """Of every position [T, V]."""
        assert self.trace.logits is not None
        return self.trace.logits[0]

    @property
    def read(self) -> list[int]:
        """What stands before the next token; in an encoder everything."""
        ids: list[int] = self.trace.ids[0].tolist()
        return ids[: self.position + 1] if self.model.config.causal else ids

    @cached_property
    def target(self) -> int | None:
        """The likeliest token at the position; None without an output matrix."""
        if self.trace.logits is None:
            return None
        return int(at(self.trace.logits, self.position).argmax())

    @property
    def answer(self) -> int:
        """The same, where there is one."""
        assert self.target is not None
        return self.target

    @cached_property
    def way(self) -> Directions | None:
        """The answer's direction, carried back; None where a logit is no sum of parts."""
        head = self.model.head
        if head is None or credit_gap(self.model) is not None:
            return None
        row = head.weight[self.answer].to(at(self.trace.head_in, self.position).dtype)
        scaled = row * self.model.config.output_scale
        return directions(self.model, self.trace, self.position, scaled)

    @cached_property
    def sites(self) -> dict[Kind, list[Site]]:
        """The model's attention modules by kind, at the position that is followed."""
        own = sites(self.model, self.trace, self.position, "self")
        found: dict[Kind, list[Site]] = {"self": own}
        crossed = sites(self.model, self.trace, self.position, "cross")
        if crossed:
            found["cross"] = crossed
        encoder, source = self.model.encoder, self.trace.encoder
        if encoder is not None and source is not None:
            found["encoder"] = sites(encoder, source, self._most_looked_at(crossed), "encoder")
        return found

    @cached_property
    def readings(self) -> dict[Kind, HeadReadings]:
        """All measures of all heads, by kind."""
        return {
            kind: read_heads(found, None if kind == "encoder" else self.way)
            for kind, found in self.sites.items()
        }

    @cached_property
    def focus(self) -> Focus:
        """The blocks and heads that are opened."""
        request, main = self.request, self.sites.get("cross", self.sites["self"])
        norms = [float(site.delta.norm()) for site in main]
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


def _omitted(model: Transformer, measure: Measure) -> dict[str, str]:
    """Sections that do not apply to a model, each with the reason."""
    gap = _NO_HEAD if model.head is None else credit_gap(model)
    if gap is None:
        return {}
    without_head = ("lens", "next") if model.head is None else ()
    of_credit = ("heads", "credit") if measure == "credit" else ("credit",)
    return dict.fromkeys((*of_credit, *without_head), gap)


def _reading_side(tokenizer: "Tokenizer | None") -> "Tokenizer | None":
    """The tokenizer of what an encoder reads, where it has a vocabulary of its own."""
    return getattr(tokenizer, "reading_side", tokenizer)


def _tokens(run: _Run, tokenizer: "Tokenizer | None", window: tuple[int, int] | None) -> Tokens:
    if not run.model.config.causal or run.trace.logits is None:
        return plain_tokens(run.trace, run.labels, window)
    return read_tokens(run.trace, tokenizer, run.labels, window)


def _source_tokens(run: _Run, window: tuple[int, int] | None) -> Tokens | None:
    encoder = run.trace.encoder
    return None if encoder is None else plain_tokens(encoder, run.source_labels, window)


def _grids(run: _Run, request: Request) -> dict[str, Any]:
    """The grid of heads of each kind of attention."""
    names: dict[Kind, str] = {"self": "heads", "cross": "cross_heads", "encoder": "encoder_heads"}
    return {
        names[kind]: heads_grid(readings, request.measure)
        for kind, readings in run.readings.items()
        if kind != "encoder" or request.measure != "credit"
    }


def _loop(
    run: _Run,
    request: Request,
    tokenizer: "Tokenizer | None",
    eos_ids: Sequence[int],
    generation: GenerationDefaults,
) -> Loop | None:
    if not request.steps or not run.model.config.causal:
        return None
    return run_loop(
        run.model,
        run.trace.ids[0].tolist(),
        steps=request.steps,
        top_k=request.top_k,
        sampling=request.sampling,
        seed=request.seed,
        tokenizer=tokenizer,
        eos_ids=eos_ids,
        source=None if run.trace.encoder is None else run.trace.encoder.final_norm_out,
        generation=generation,
    )


def _ledgers(run: _Run, all_keys: bool) -> tuple[HeadLedger, ...]:
    return tuple(
        head_ledger(
            site,
            head=head,
            labels=run.labels_of_keys(site.kind),
            keys_listed=None if all_keys else _KEYS_LISTED,
        )
        for site, head in run.opened()
        if site.kind != "encoder"
    )


def _attention(run: _Run, window: tuple[int, int] | None) -> tuple[HeadAttention, ...]:
    """The opened heads' weights. A window is of the prompt, which an encoder reads where one is."""
    prompt = run.source_labels or run.labels
    shown = window or ((0, len(prompt)) if len(prompt) <= LARGEST_MATRIX else None)
    written = (0, len(run.labels))
    if len(run.labels) > LARGEST_MATRIX:
        written = (max(run.position + 1 - _ROWS_KEPT, 0), run.position + 1)
    found: list[HeadAttention] = []
    for site, head in run.opened():
        asks_prompt = site.kind != "self" or not run.source_labels
        is_prompt = site.kind == "encoder" or not run.source_labels
        found.append(
            head_attention(
                site,
                head=head,
                labels=run.labels_of_keys(site.kind),
                queries=shown if is_prompt else written,
                keys=shown if asks_prompt else written,
            )
        )
    return tuple(found)
