"""The sections of an explanation: for each name, what measures it on a run."""

from collections.abc import Callable
from typing import Any

from tfcli.explain import inside
from tfcli.explain.applies import NotForThisModelError, require_head, require_sum
from tfcli.explain.audit import audit
from tfcli.explain.edits.effects import edits
from tfcli.explain.heads.attention import head_attention, head_ledger
from tfcli.explain.heads.grids import grids
from tfcli.explain.heads.ledger import update_ledger, walk
from tfcli.explain.layers import anatomy
from tfcli.explain.lens.grid import lens_grid
from tfcli.explain.lens.logit import logit_lens
from tfcli.explain.logits.credit import logit_credit
from tfcli.explain.logits.next_token import next_tokens
from tfcli.explain.request import KEYS_LISTED, LARGEST_MATRIX, PLAIN, matrix_window
from tfcli.explain.result import HeadAttention, HeadLedger, Kind, Ledger, UpdateLedger, Walk
from tfcli.explain.run import Run
from tfcli.explain.text import words
from tfcli.explain.text.labels import label

_ROWS_KEPT = 20  # of what a decoder beside an encoder has written, where it is long
_NO_EDITS = "nothing is changed: say what with --ablate, --scale or --patch-at"

Found = dict[str, Any]


def measure(run: Run, section: str) -> Found:
    """Measure one section: fields of an `Explanation` by name; none where it is always there.

    Raises:
        NotForThisModelError: the section does not apply to the model.
    """
    found = _MEASURES.get(section)
    return {} if found is None else found(run)


def _shapes(run: Run) -> Found:
    return {"shapes": anatomy.shapes(run.trace)}


def _block(run: Run) -> Found:
    steps = (anatomy.block_step(run.trace, i, run.position) for i in run.focus.layers)
    return {"block": tuple(steps)}


def _qkv(run: Run) -> Found:
    return {"qkv": _ledgers(run)}


def _heads(run: Run) -> Found:
    """The grid of heads of each kind of attention."""
    asked = run.request.measure
    if asked == "credit":
        require_sum(run)
    names: dict[Kind, str] = {"self": "heads", "cross": "cross_heads", "encoder": "encoder_heads"}
    found = grids(run, asked, _credited(run))
    return {names[kind]: grid for kind, grid in found.items()}


def _lens(run: Run) -> Found:
    require_head(run)
    found = logit_lens(
        run.model,
        run.trace,
        run.position,
        run.answer,
        run.tokenizer,
        run.request.against,
        run.tuned,
    )
    return {"lens": found}


def _credit(run: Run) -> Found:
    require_sum(run)
    found = logit_credit(
        run.model, run.trace, run.position, run.answer, run.tokenizer, run.request.against
    )
    return {"credit": found}


def _next(run: Run) -> Found:
    require_head(run)
    request = run.request
    sampling = request.sampling or PLAIN
    table = next_tokens(run.logits, run.read, request.top_k, sampling, run.tokenizer, run.position)
    return {"next": table}


def _parameters(run: Run) -> Found:
    return {"parameters": anatomy.parameters(run.model)}


def _audit(run: Run) -> Found:
    return {"audit": audit(run.model, run.trace, run.position, run.target)}


def _credited(run: Run) -> str:
    """What the heads' credit is a part of, in words."""
    request = run.request
    if request.answer is None and request.against is None:
        return "the top logit"
    named = f"the logit of “{label(run.tokenizer, run.answer)}”"
    if request.against is None:
        return named
    return f"{named} less that of “{label(run.tokenizer, request.against)}”"


def _edits(run: Run) -> Found:
    if not run.request.edits.changes:
        raise NotForThisModelError(_NO_EDITS)
    require_head(run)
    return {"edits": edits(run)}


def _ledgers(run: Run) -> tuple[HeadLedger, ...]:
    return tuple(
        head_ledger(
            site,
            head=head,
            labels=run.labels_of_keys(site.kind),
            keys_listed=None if run.request.all_keys else KEYS_LISTED,
        )
        for site, head in run.opened()
        # a screen of all sections has room for the two that speak of the answer
        if site.kind != "encoder" or run.request.all_keys
    )


def _ledger(run: Run) -> Found:
    """The opened blocks' updates, the encoder's first."""
    focus, encoder, source = run.focus, run.model.encoder, run.trace.encoder
    opened: dict[Kind, list[int]] = {
        "encoder": sorted({layer for layer, _ in focus.encoder_heads}),
        "self": list(focus.layers),
    }
    updates: list[UpdateLedger] = []
    walks: list[Walk] = []
    for kind, layers in opened.items():
        stack, trace = (encoder, source) if kind == "encoder" else (run.model, run.trace)
        for layer in layers:
            assert stack is not None and trace is not None
            kinds: tuple[Kind, ...] = ("encoder",) if kind == "encoder" else ("self", "cross")
            found = [run.sites[k][layer] for k in kinds if k in run.sites]
            updates += [update_ledger(site, run.labels_of_keys(site.kind)) for site in found]
            walks.append(walk(stack, trace, layer, found[0].query, kind, found))
    return {"ledger": Ledger(tuple(updates), tuple(walks))}


def _lens_grid(run: Run) -> Found:
    require_head(run)
    return {"lens_grid": lens_grid(run)}


def _attentions(run: Run) -> tuple[HeadAttention, ...]:
    """The opened heads' weights. A window is of the prompt, which an encoder reads where one is."""
    prompt = run.source_labels or run.labels
    shown = matrix_window(run.request.window, len(prompt))
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


_MEASURES: dict[str, Callable[[Run], Found]] = {
    "shapes": _shapes,
    "block": _block,
    "qkv": _qkv,
    "attention": lambda run: {"attention": _attentions(run)},
    "heads": _heads,
    "lens": _lens,
    "credit": _credit,
    "next": _next,
    "parameters": _parameters,
    "audit": _audit,
    "edits": _edits,
    "ledger": _ledger,
    "lens_grid": _lens_grid,
    **inside.MEASURES,
    **words.MEASURES,
}
