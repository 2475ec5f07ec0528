"""Options of `tfcli explain` that say something only beside another: alone they are refused."""

from typing import TYPE_CHECKING, Any

from tfcli.cli.frame import GLOBAL_OPTIONS
from tfcli.errors import UsageError

if TYPE_CHECKING:
    from tfcli.explain.request import Request

# What fitting a lens is told.
_OF_A_FIT = {"ctx", "model", "fit_lens", "lens_steps", "lens_file", "seed", "device", "dtype"}
_OF_A_FIT |= {"threads", "json"}
_SAMPLING = ("temperature", "top_k_filter", "top_p", "min_p", "repetition_penalty")
# Where an option shows, by its name: in one of these sections.
_SHOWS_IN = {
    "measure": ("heads",),
    "lens": ("lens", "lens_grid"),
    **dict.fromkeys(_SAMPLING, ("next", "sampling")),
}
# These show on a page, which has all heads and the lens, whatever its sections are.
_ON_PAGES = ("measure", "lens")
# Several models or prompts have screens of their own; a file has all sections.
_ELSEWHERE = ("over", "other", "compare", "save")


def typed(ctx: Any) -> list[Any]:
    """The options and arguments that stand on the command line."""
    return [
        parameter
        for parameter in ctx.command.params
        if getattr(ctx.get_parameter_source(parameter.name), "name", "") == "COMMANDLINE"
    ]


def refuse_beside_fit(ctx: Any) -> None:
    """UsageError for what was typed beside --fit-lens and is of an explanation."""
    kept = {*_OF_A_FIT, *(option.name for option in GLOBAL_OPTIONS)}
    names = [parameter.opts[0] for parameter in typed(ctx) if parameter.name not in kept]
    if names:
        raise UsageError(
            f"{' and '.join(names)} cannot be combined with --fit-lens: it explains no prompt.",
            hint='Fit first, then: tfcli explain "The cat" --lens tuned',
        )


def refuse_fit_options(ctx: Any) -> None:
    """UsageError for what only a fit is told, where none is asked for."""
    if any(parameter.name == "lens_steps" for parameter in typed(ctx)):
        raise UsageError(
            "--lens-steps is how long a lens is fitted, and none is fitted here.",
            hint="For example --fit-lens world --lens-steps 500.",
        )


def refuse_unshown(ctx: Any, request: "Request") -> None:
    """UsageError for what would change nothing: no section that is asked for shows it."""
    if any(ctx.params.get(name) for name in _ELSEWHERE):
        return
    page = ctx.params.get("html") is not None
    for parameter in typed(ctx):
        sections = _SHOWS_IN.get(parameter.name, ())
        if not sections or set(sections) & set(request.sections):
            continue
        if parameter.name in (_ON_PAGES if page else ()):
            continue
        if parameter.name in _SAMPLING and request.steps:
            continue
        raise UsageError(
            f"{parameter.opts[0]} has no part in what is asked for: it shows in "
            f"{_named(sections)}.",
            hint=f"Add --section {','.join((*request.sections, sections[0]))}.",
        )


def _named(sections: tuple[str, ...]) -> str:
    return f"the section {' or '.join(sections)}"
