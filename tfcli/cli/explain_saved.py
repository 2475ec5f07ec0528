"""`tfcli explain --save` and `--from`: a whole explanation in a file, and any part of it later."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfcli.cli.explain_partners import typed
from tfcli.cli.frame import GLOBAL_OPTIONS
from tfcli.errors import UsageError
from tfcli.explain.request import SECTIONS, Request
from tfcli.view import console

if TYPE_CHECKING:
    from tfcli.cli.explain_output import Output
    from tfcli.explain.explanation import Facts
    from tfcli.explain.result import Explanation
    from tfcli.model.transformer import Transformer

# What can be asked of a file; all else is measured by the model.
_OF_A_FILE = {"ctx", "saved", "layer", "head", "pos", "window", "section", "measure", "top_k"}
_OF_A_FILE |= {"strict", "teach", "lang", "json", "svg", "png", "html"}
# What one file does not hold.
_NOT_SAVED = {"steps", "by_key", "over", "other", "fit_lens"}


def refuse_model_options(ctx: Any) -> None:
    """UsageError for what was typed beside --from and needs the model."""
    kept = {*_OF_A_FILE, *(option.name for option in GLOBAL_OPTIONS)}
    others = [parameter for parameter in typed(ctx) if parameter.name not in kept]
    if not others:
        return
    names = ["a prompt" if p.name == "prompt" else p.opts[0] for p in others]
    said = " and ".join(names)
    needs = "need" if len(names) > 1 else "needs"
    raise UsageError(
        f"{said[0].upper()}{said[1:]} {needs} the model: --from has a file alone.",
        hint="With a file: --section, --layer, --head, --window, --measure, --top-k, --teach, "
        "--json.",
    )


def refuse_unsaved(ctx: Any, path: Path) -> None:
    """UsageError for a folder, and for what was typed beside --save and is of no explanation."""
    if path.is_dir() or not path.name:
        raise UsageError(
            f"{path} is a folder: --save writes a file.",
            hint=f"--save {path / 'explain.json.gz'}",
        )
    names = [parameter.opts[0] for parameter in typed(ctx) if parameter.name in _NOT_SAVED]
    if names:
        raise UsageError(
            f"{' and '.join(names)} cannot be combined with --save: a file holds the explanation "
            "of one prompt by one model."
        )


def show_file(path: Path, request: Request, named: bool, output: "Output") -> None:
    """Show what the request asks for (arguments and errors as in `part_of_file`)."""
    found = part_of_file(path, request, named, output.strict)
    output.show(found, None, request, partial(rest_of_file, path))


def part_of_file(path: Path, request: Request, named: bool, strict: bool) -> "Explanation":
    """What the request asks for, from a file of --save or of --json. Loads no model, no torch.

    Args:
        named: the request's sections were named; else they are the screen's, or all that a
            document of --json holds.
        strict: the audit is wanted in any case.
    """
    from tfcli.explain.saved.file import read_saved
    from tfcli.explain.saved.part import part

    saved = read_saved(path)
    if not named and not saved.complete:
        shown = {*saved.whole.sections, *(("audit",) if strict else ())}
        sections = tuple(name for name in SECTIONS if name in shown)
        request = replace(request, sections=sections)
    return part(saved, request)


def rest_of_file(path: Path, request: Request) -> "Explanation":
    """As much of what the request asks for as the file holds."""
    from tfcli.explain.saved.file import read_saved
    from tfcli.explain.saved.part import part

    saved = read_saved(path)
    held = set(saved.whole.sections) - (
        {"heads"} if request.measure not in saved.measures else set()
    )
    sections = tuple(name for name in request.sections if name in held)
    return part(saved, replace(request, sections=sections))


def explain_and_save(
    path: Path, model: "Transformer", ids: Sequence[int], request: Request, facts: "Facts"
) -> "Explanation":
    """Explain a prompt from all sides into a file. Returns the part that the request asks for.

    Args:
        facts: as in `explain`.
    """
    from tfcli.explain.saved.file import write_saved
    from tfcli.explain.saved.part import part
    from tfcli.explain.saved.whole import explain_whole
    from tfcli.view.pull import size

    saved = explain_whole(model, ids, request, **facts)
    found = part(saved, request)
    console.note(f"saved to {path}, {size(write_saved(path, saved))}")
    return found
