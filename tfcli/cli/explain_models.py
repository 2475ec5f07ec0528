"""`tfcli explain` with several models: a run over its checkpoints, or two models side by side."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfcli.checkpoint.locate import locate_model
from tfcli.cli.explain_compare import refuse_word
from tfcli.cli.explain_files import typed
from tfcli.cli.explain_input import decoder_ids, prompt_ids
from tfcli.cli.explain_output import Output
from tfcli.cli.frame import GLOBAL_OPTIONS
from tfcli.cli.open_model import model_reason
from tfcli.errors import CheckpointError, NotFoundError, UsageError
from tfcli.explain.request import Request

if TYPE_CHECKING:
    from tfcli.explain.several.formation import Checkpoint
    from tfcli.explain.several.reading import Opened

# What a model of several is told; other options belong to the screen of one.
_COMMON = {"ctx", "prompt", "file", "ids", "pos", "decoder", "answer", "layer", "head", "measure"}
_COMMON |= {"seed", "device", "dtype", "threads", "json", "svg", "png", "html"}
# What two prompts on one model are told.
_COMPARED = {"ctx", "prompt", "file", "ids", "decoder", "compare", "word", "model", "top_k"}
_COMPARED |= {"device", "dtype", "threads", "json", "svg", "png", "html", "teach", "lang"}


@dataclass(frozen=True)
class Several:
    """What is asked of each of several models.

    Attributes:
        text, ids, decoder, answer: the prompt, what a decoder has written, and the token to
            follow, as they were typed.
        output: where it is shown.
    """

    request: Request
    text: str | None
    ids: str | None
    decoder: str | None
    answer: str | None
    device: str
    dtype: str
    threads: int | None
    output: Output

    def opened(self, path: Path, name: str) -> "Opened":
        """Load a model, and say to it what it is to read."""
        import torch

        from tfcli.api import load_model
        from tfcli.explain.several.reading import Opened
        from tfcli.explain.text.answer import one_token

        if self.threads:
            torch.set_num_threads(self.threads)
        loaded = load_model(path, self.device, self.dtype)
        followed = None
        if self.answer is not None:
            rows = loaded.config.vocab_size
            followed = one_token(self.answer, loaded.tokenizer, rows, "--answer")
        return Opened(
            loaded.model,
            loaded.tokenizer,
            name,
            loaded.family,
            prompt_ids(loaded, self.text, self.ids),
            decoder_ids(loaded, self.decoder),
            followed,
        )


def refuse_others(
    ctx: Any,
    over: list[str] | None,
    other: str | None,
    compare: str | None,
    word: str | None,
) -> None:
    """UsageError for options on the command line that belong to the screen of one prompt."""
    refuse_word(word, compare)
    if compare is not None:
        flag, names = "--compare", _COMPARED
    elif other is not None:
        flag, names = "--with", _COMMON | {"other", "model", "top_k"}
    elif over:
        flag, names = "--over", _COMMON | {"over"}
    else:
        return
    names = {*names, *(option.name for option in GLOBAL_OPTIONS)}
    others = [
        parameter.opts[0]
        for parameter in ctx.command.params
        if parameter.name not in names
        and getattr(ctx.get_parameter_source(parameter.name), "name", "") == "COMMANDLINE"
    ]
    if others:
        raise UsageError(f"{' and '.join(others)} cannot be combined with {flag}.")


def show_several(
    ctx: Any, model: str | None, over: list[str] | None, other: str | None, several: Several
) -> None:
    """Show what `--with` or `--over` asks for (errors as theirs)."""
    if other is None:
        show_over(over or [], several)
    else:
        show_with(ctx, model, other, several)


def show_over(over: list[str], several: Several) -> None:
    """Read the prompt with each checkpoint, and show when the answer and a head formed.

    Raises:
        UsageError: the run kept no models, or they do not belong together.
        NotFoundError: there is no model. CheckpointError: one is damaged.
    """
    from tfcli.view import console

    places = _places(over)
    with console.busy("Loading PyTorch"):
        from tfcli.explain.several.formation import Checkpoint, formation

    def stage(place: int, name: str, step: int | None, path: Path) -> "Checkpoint":
        def read() -> "Opened":
            with console.busy(f"Reading {name} ({place} of {len(places)})"):
                try:
                    return several.opened(path, run or name)
                except NotFoundError as error:  # its folder is there
                    raise CheckpointError(error.message, error.hint) from error

        return Checkpoint(name, step, read)

    run = Path(over[0]).resolve().name if len(over) == 1 else ""
    stages = [stage(i, *place) for i, place in enumerate(places, start=1)]
    found = formation(stages, several.request, of_run=bool(run))
    from tfcli.view.explain.numbers import amount

    console.note(
        f"{len(stages)} models, {stages[0].name} to {stages[-1].name}: {found.family}, "
        f"{amount(found.parameters)} parameters"
    )
    named = [("--over", Path(stage).name) for stage in over]
    several.output.show_several(found, typed(several.text, *named))


def _places(over: list[str]) -> list[tuple[str, int | None, Path]]:
    """Name, step and folder of each model, in order: a run's, or those that are listed."""
    from tfcli.checkpoint.snapshots import snapshots_in

    if len(over) > 1:
        listed = [(name, locate_model(name).path) for name in over]
        return [(name, _step(path), path) for name, path in listed]
    run = Path(over[0])
    kept = dict(snapshots_in(run))
    if not kept:
        locate_model(run)  # where there is no model at all, that is the thing to say
        raise UsageError(
            f"{run} holds one model: no others were kept on the way to it.",
            hint="`tfcli train --snapshots 12` keeps 12 in RUN/snapshots; or name the models "
            f"yourself, the oldest first: --over OLD --over {run}",
        )
    try:
        last = locate_model(run / "last").path
    except NotFoundError:  # it was killed before it saved
        pass
    else:
        step = _step(last)
        kept |= {} if step is None else {step: last}
    if len(kept) < 2:
        raise UsageError(f"{run} has kept one model so far; two are needed to see a change.")
    return [(f"step {step:,}", step, path) for step, path in sorted(kept.items())]


def _step(path: Path) -> int | None:
    """How long a model had been trained, as its own record says."""
    from tfcli.checkpoint.manifest import read_manifest

    training = (read_manifest(path) or {}).get("training") if path.is_dir() else None
    step = training.get("step") if isinstance(training, dict) else None
    return step if isinstance(step, int) else None


def show_with(ctx: Any, model: str | None, other: str, several: Several) -> None:
    """Read the prompt with two models, and show both side by side.

    Raises:
        UsageError: their tokens cannot be matched.
        NotFoundError: there is no model. CheckpointError: one is damaged.
    """
    from tfcli.view import console

    reason = model_reason(ctx)
    located = [locate_model(model, reason=reason), locate_model(other)]
    names = [model or str(located[0].path), other]
    with console.busy("Loading PyTorch"):
        from tfcli.explain.several.models import compare_models

    def side(place: int) -> "Opened":
        with console.busy(f"Reading {names[place]}"):
            return several.opened(located[place].path, names[place])

    found = compare_models(partial(side, 0), partial(side, 1), several.request)
    because = f" ({located[0].reason})" if located[0].reason else ""
    console.note(f"{located[0].path}{because}, and {located[1].path}")
    title = typed(several.text, ("--with", Path(other).name))
    several.output.show_several(found, title)
