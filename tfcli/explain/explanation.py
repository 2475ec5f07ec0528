"""Run a model on a prompt and measure it: one call, one immutable result."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import torch
from torch import Tensor

from tfcli.checkpoint.generation import NO_DEFAULTS, GenerationDefaults
from tfcli.explain.applies import NotForThisModelError
from tfcli.explain.edits.edit import edited
from tfcli.explain.edits.effects import planned
from tfcli.explain.finite import require_numbers
from tfcli.explain.layers import anatomy
from tfcli.explain.logits.next_token import joined, loop_by_step
from tfcli.explain.request import GREEDY, Request, resolve_window
from tfcli.explain.result import Explanation, Loop, Tokens
from tfcli.explain.run import Run
from tfcli.explain.sections import measure
from tfcli.explain.text.tokens import plain_tokens
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

    from tfcli.explain.lens.translators import TunedLens


class Facts(TypedDict, total=False):
    """What else there is to know about a model and a prompt; all of it may be left out.

    Attributes:
        tokenizer: for the tokens' text; without one they are shown as #id.
        name: what to call the model; else “model”.
        family: its model type.
        eos_ids: tokens that end the loop.
        decoder_ids: in an encoder-decoder, what the decoder has written; the prompt goes to the
            encoder, and positions are the decoder's.
        generation: tokens that must come first, or never, in the loop.
        tuned: a tuned lens of this model, to read the layers with; None for the logit lens.
    """

    tokenizer: "Tokenizer | None"
    name: str
    family: str
    eos_ids: Sequence[int]
    decoder_ids: Sequence[int] | None
    generation: GenerationDefaults
    tuned: "TunedLens | None"


def explain(
    model: Transformer, ids: Sequence[int], request: Request, **facts: Unpack[Facts]
) -> Explanation:
    """Explain what the model does at one position of a prompt.

    Args:
        model: any model of the core.
        ids: the prompt; ids are taken to be valid (`LanguageModel.as_batch` checks them).

    Raises:
        UsageError: a layer, head, position or window that does not exist.
        TfcliError: the model's logits at the position are no numbers; it says where they break.
    """
    return whole(explain_by_step(model, ids, request, **facts))


def whole(parts: Iterator[Explanation]) -> Explanation:
    """The explanation with all turns of its loop, of what `explain_by_step` yields."""
    found, *turns = parts
    loops = [turn.loop for turn in turns if turn.loop is not None]
    return replace(found, loop=joined(loops)) if loops else found


@torch.inference_mode()
def explain_by_step(
    model: Transformer, ids: Sequence[int], request: Request, **facts: Unpack[Facts]
) -> Iterator[Explanation]:
    """Explain, and then follow the loop turn by turn, each computed when it is asked for.

    Arguments and errors as in `explain`.

    Yields:
        the explanation without a loop; then, for each turn, with a loop of that turn alone.
    """
    run = run_of(model, ids, request, facts)
    window = resolve_window(request.window, len(ids))
    require_numbers(run.trace, run.position, run.labels, run.source_labels)
    found = measured(run, window, facts)
    yield found
    for loop in _turns(run):
        yield replace(found, loop=loop)


def run_of(model: Transformer, ids: Sequence[int], request: Request, facts: Facts) -> Run:
    """Run the model on the ids (arguments and errors as in `explain`)."""
    return Run.of(
        model,
        ids,
        facts.get("decoder_ids"),
        request,
        facts.get("tokenizer"),
        facts.get("generation", NO_DEFAULTS),
        facts.get("eos_ids", ()),
        facts.get("tuned"),
    )


def measured(run: Run, window: tuple[int, int] | None, facts: Facts) -> Explanation:
    """The sections that the run's request asks for; the loop is none of them."""
    found: dict[str, Any] = {}
    omitted: dict[str, str] = {}
    for section in run.request.sections:
        try:
            found |= measure(run, section)
        except NotForThisModelError as reason:
            omitted[section] = str(reason)
    return replace(
        bare(run, window, facts.get("name", "model"), facts.get("family", "")),
        sections=run.request.sections,
        focus=run.focus,
        **found,
        omitted=omitted,
    )


def bare(run: Run, window: tuple[int, int] | None, name: str, family: str) -> Explanation:
    """The model and the tokens of a run, with no section measured."""
    return Explanation(
        sections=(),
        ids=tuple(run.trace.ids[0].tolist()),
        focus=run.focus,
        model=anatomy.describe_model(run.model, name, family),
        tokens=replace(run.tokens, window=None if run.source_labels else window),
        source=_source_tokens(run, window),
    )


def _source_tokens(run: Run, window: tuple[int, int] | None) -> Tokens | None:
    encoder = run.trace.encoder
    return None if encoder is None else plain_tokens(encoder, run.source_labels, window)


def _turns(run: Run) -> Iterator[Loop]:
    """The loop that the request asks for, a turn at a time.

    Where something is changed, it is so only while a turn is computed.
    """
    if not run.request.steps or not run.model.config.causal:
        return
    encoder = run.trace.encoder
    if not run.request.edits.changes:
        yield from _plain_turns(run, None if encoder is None else encoder.final_norm_out)
        return
    changes = [edit for _, edit in planned(run)]
    with edited(run.model, changes):
        stack = run.model.encoder
        source = None if encoder is None or stack is None else stack.hidden(encoder.ids)
    turns = _plain_turns(run, source)
    while True:
        with edited(run.model, changes):
            loop = next(turns, None)
        if loop is None:
            return
        yield replace(loop, edited=True)


def _plain_turns(run: Run, source: Tensor | None) -> Iterator[Loop]:
    """The turns of the model as it is at the time; `source` is what its encoder gave."""
    request = run.request
    return loop_by_step(
        run.model,
        run.trace.ids[0].tolist(),
        steps=request.steps,
        top_k=request.top_k,
        sampling=request.sampling or GREEDY,
        seed=request.seed,
        tokenizer=run.tokenizer,
        eos_ids=run.eos_ids,
        source=source,
        generation=run.generation,
    )
