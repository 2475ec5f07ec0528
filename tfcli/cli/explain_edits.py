"""The options of `tfcli explain` that change the model: what they mean together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tfcli.errors import UsageError
from tfcli.explain.edits.request import EditRequest, Filling, parse_scales, parse_sites
from tfcli.explain.request import Measure

if TYPE_CHECKING:
    from tfcli.api import LanguageModel


def edit_request(
    measure: Measure,
    ablate: str | None,
    filling: Filling,
    scale: Sequence[str] | None,
    patch: str | None,
    patch_at: str | None,
) -> EditRequest:
    """What to change; the other prompt's tokens are not known yet.

    Args:
        measure: of the grid of heads: one takes every head away, and needs a filling too.

    Raises:
        UsageError: no place is named so, there is no prompt to patch from, or a filling of nothing.
    """
    if patch is not None:
        _require_text(patch)
    elif patch_at is not None:
        raise UsageError(
            "--patch-at needs another prompt to take outputs from.",
            hint='For example --patch "The dog" --patch-at L5H3.',
        )
    if filling != "zero" and ablate is None and measure != "ablation":
        raise UsageError(
            "--ablate-with says what stands in place of what is taken away.",
            hint="For example --ablate L5H3 --ablate-with mean, or --measure ablation.",
        )
    return EditRequest(
        ablate=parse_sites(ablate, "ablate") if ablate is not None else (),
        filling=filling,
        scale=parse_scales(scale or ()),
        patch_at=parse_sites(patch_at, "patch-at") if patch_at is not None else (),
    )


def _require_text(patch: str) -> None:
    if not patch:
        raise UsageError("--patch is empty.", hint='Give another prompt: --patch "The dog"')
    if any("\ud800" <= character <= "\udfff" for character in patch):
        raise UsageError("The text of --patch is not UTF-8.")


def grid_measure(measure: Measure, patch: str | None, patch_at: str | None) -> Measure:
    """What the grid of heads shows: with a prompt to patch from and no place named, all heads.

    Raises:
        UsageError: the measure needs another prompt, or the prompt is of no use to it.
    """
    if measure == "patching" and patch is None:
        raise UsageError(
            "--measure patching needs another prompt to take outputs from.",
            hint='For example --patch "The dog" --measure patching.',
        )
    if patch is None or patch_at is not None or measure == "patching":
        return measure
    if measure != "delta":
        raise UsageError(
            f"--patch has nothing to do with --measure {measure}.",
            hint="Name a place, --patch-at L5H3; or --measure patching shows all heads.",
        )
    return "patching"


def edit_sections(request: EditRequest, measure: Measure) -> tuple[str, ...]:
    """The sections that show the changes."""
    found = ("edits",) if request.changes else ()
    return (*found, "heads") if measure == "patching" else found


def with_other(
    request: EditRequest, language_model: "LanguageModel", patch: str | None
) -> EditRequest:
    """The same with the other prompt's tokens, where there is one.

    Raises:
        UsageError: it is no text, or the model has no tokenizer.
    """
    if patch is None:
        return request
    if language_model.tokenizer is None:
        raise UsageError("--patch needs text, and this model has no tokenizer.")
    ids = language_model.tokenizer.encode(patch, add_special_tokens=True)
    return replace(request, other_ids=tuple(language_model.as_batch(ids)[0].tolist()))
