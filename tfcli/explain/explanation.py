"""Run a model on a prompt and measure it: one call, one immutable result."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from tfcli.explain import anatomy
from tfcli.explain.attention import head_attention, head_ledger
from tfcli.explain.audit import audit
from tfcli.explain.credit import logit_credit
from tfcli.explain.finite import require_numbers
from tfcli.explain.heads import HeadReadings, heads_grid, read_heads
from tfcli.explain.labels import labels
from tfcli.explain.lens import logit_lens
from tfcli.explain.next_token import next_tokens, run_loop
from tfcli.explain.precision import at, blocks
from tfcli.explain.request import Request, resolve_choice, resolve_position, resolve_window
from tfcli.explain.result import Explanation, Focus, HeadAttention, HeadLedger, Loop
from tfcli.explain.tokens import read_tokens
from tfcli.model.trace import Trace
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

# The widest matrix that a screen of 200 columns can hold. A longer prompt gets one when the user
# names a window: all rows of one head are T² numbers.
LARGEST_MATRIX = 94
_KEYS_LISTED = 10


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
) -> Explanation:
    """Explain what the model does at one position of a prompt.

    Args:
        model: any decoder of the core.
        ids: the prompt; ids are taken to be valid (`LanguageModel.as_batch` checks them).
        tokenizer: for the tokens' text; without one they are shown as #id.
        name: what to call the model.
        family: its model type.
        eos_ids: tokens that end the loop.

    Raises:
        UsageError: a layer, head, position or window that does not exist.
        TfcliError: the model's logits at the position are no numbers; it says where they break.
    """
    position = resolve_position(request.position, len(ids))
    window = resolve_window(request.window, len(ids))
    trace = model.trace(torch.tensor([list(ids)], dtype=torch.long, device=model.device))
    token_labels = labels(tokenizer, ids)
    require_numbers(trace, position, token_labels)
    target = int(at(trace.logits, position).argmax())
    readings = read_heads(model, trace, position, target)
    focus = _focus(trace, request, position, readings)
    measures: dict[str, Callable[[], Any]] = {
        "shapes": lambda: anatomy.shapes(trace),
        "block": lambda: tuple(anatomy.block_step(trace, i, position) for i in focus.layers),
        "qkv": partial(_ledgers, model, trace, focus, token_labels, request.all_keys),
        "attention": partial(_attention, trace, focus, token_labels, window),
        "heads": lambda: heads_grid(readings, request.measure),
        "lens": lambda: logit_lens(model, trace, position, target, tokenizer),
        "credit": lambda: logit_credit(model, trace, position, target, tokenizer),
        "next": lambda: next_tokens(
            trace.logits[0, position],
            ids[: position + 1],
            request.top_k,
            request.sampling,
            tokenizer,
        ),
        "parameters": lambda: anatomy.parameters(model),
        "audit": lambda: audit(model, trace, position, target),
    }
    return Explanation(
        sections=request.sections,
        ids=tuple(ids),
        focus=focus,
        model=anatomy.describe_model(model, name, family),
        tokens=read_tokens(trace, tokenizer, token_labels, window),
        **{name: measures[name]() for name in request.sections if name in measures},
        loop=_loop(model, ids, request, tokenizer, eos_ids),
    )


def _loop(
    model: Transformer,
    ids: Sequence[int],
    request: Request,
    tokenizer: "Tokenizer | None",
    eos_ids: Sequence[int],
) -> Loop | None:
    if not request.steps:
        return None
    return run_loop(
        model,
        ids,
        steps=request.steps,
        top_k=request.top_k,
        sampling=request.sampling,
        seed=request.seed,
        tokenizer=tokenizer,
        eos_ids=eos_ids,
    )


def _focus(trace: Trace, request: Request, position: int, readings: HeadReadings) -> Focus:
    norms = [float(at(layer.attention.output, position).norm()) for layer in trace.layers]
    layers = resolve_choice(request.layers, len(norms), norms, "layer")
    heads: list[tuple[int, int]] = []
    for layer in layers:
        of_heads = readings.delta[layer].tolist()
        chosen = resolve_choice(request.heads, len(of_heads), of_heads, "head")
        heads += [(layer, head) for head in chosen]
    return Focus(
        position=position,
        layers=layers,
        heads=tuple(heads),
        layer_was_chosen=request.layers == "top",
        head_was_chosen=request.heads == "top",
    )


def _ledgers(
    model: Transformer, trace: Trace, focus: Focus, labels: Sequence[str], all_keys: bool
) -> tuple[HeadLedger, ...]:
    return tuple(
        head_ledger(
            blocks(model)[layer].attention,
            trace.layers[layer].attention,
            layer=layer,
            head=head,
            position=focus.position,
            labels=labels,
            keys_listed=None if all_keys else _KEYS_LISTED,
        )
        for layer, head in focus.heads
    )


def _attention(
    trace: Trace, focus: Focus, labels: Sequence[str], window: tuple[int, int] | None
) -> tuple[HeadAttention, ...]:
    if window is None and len(labels) <= LARGEST_MATRIX:
        window = (0, len(labels))
    return tuple(
        head_attention(
            trace.layers[layer].attention,
            layer=layer,
            head=head,
            query=focus.position,
            labels=labels,
            window=window,
        )
        for layer, head in focus.heads
    )
