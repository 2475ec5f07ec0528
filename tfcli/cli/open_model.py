"""Opening the model that a command works on, and saying on stderr which one and why."""

from typing import TYPE_CHECKING, Any

from tfcli.errors import CheckpointError

if TYPE_CHECKING:
    from tfcli.api import LanguageModel
    from tfcli.checkpoint.locate import ModelPath

_REASONS = {"ENVIRONMENT": "from TFCLI_MODEL", "DEFAULT_MAP": "from the settings file"}


def open_model(
    ctx: Any, model: str | None, device: str, dtype: str, threads: int | None
) -> "LanguageModel":
    """Load the model of `--model`, else of TFCLI_MODEL, else of the newest run.

    Args:
        ctx: the command's context, which knows where the value of `--model` came from.

    Raises:
        TfcliError: as `tfcli.load_model`.
    """
    from tfcli.view import console
    from tfcli.view.explain.numbers import amount

    reason = model_reason(ctx)
    with console.busy("Loading the model"):
        from tfcli.checkpoint.locate import locate_model

        located = locate_model(model, reason=reason)  # before torch, so that a slip is told at once
        from tfcli.api import load_model

        if threads:
            import torch

            torch.set_num_threads(threads)
        try:
            language_model = load_model(located.path, device, dtype)
        except CheckpointError as error:
            raise _with_a_way_out(error, located) from error
    because = f" ({located.reason})" if located.reason else ""
    console.note(
        f"{located.path}{because}: {language_model.family}, "
        f"{amount(language_model.model.num_parameters())} parameters, {language_model.device}, "
        f"{str(language_model.dtype).removeprefix('torch.')}"
    )
    return language_model


def model_reason(ctx: Any) -> str:
    """Where the value of `--model` came from, in words; "" where it was typed."""
    source = ctx.get_parameter_source("model")
    return _REASONS.get(source.name, "") if source is not None else ""


def _with_a_way_out(error: CheckpointError, located: "ModelPath") -> CheckpointError:
    """The error, with why this model was chosen, and the run's other one where it has one."""
    message, hint = error.message, error.hint
    if located.reason:
        message += f" It was chosen as {located.reason.removeprefix('from ')}."
    other = located.path.parent / "last"
    if located.path.name == "best" and (other / "config.json").is_file():
        hint = f"{hint} Or take the run's other model: --model {other}"
    return CheckpointError(message, hint)
