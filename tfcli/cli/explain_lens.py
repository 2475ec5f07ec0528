"""The tuned lens of `tfcli explain`: fitted once for a model, then read with."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tfcli.cli.explain_partners import refuse_beside_fit, refuse_fit_options
from tfcli.errors import UsageError
from tfcli.view import console

if TYPE_CHECKING:
    from tfcli.api import LanguageModel
    from tfcli.explain.lens.translators import TunedLens


def refuse_prompt(ctx: Any, prompt: list[str] | None, file: Path | None, ids: str | None) -> None:
    """UsageError where there is something to explain beside a lens to fit, or how."""
    if prompt or file is not None or ids is not None:
        raise UsageError(
            "--fit-lens fits a lens and explains no prompt.",
            hint='Fit first, then: tfcli explain "The cat" --lens tuned',
        )
    refuse_beside_fit(ctx)


def refuse_file(ctx: Any, lens: Literal["logit", "tuned"], file: Path | None) -> None:
    """UsageError where a file is named that nothing would read, or a fit told how long."""
    refuse_fit_options(ctx)
    if file is not None and lens != "tuned":
        raise UsageError(
            "--lens-file names the file of a tuned lens.", hint="Add --lens tuned, or --fit-lens."
        )


def fit_lens(
    language_model: "LanguageModel",
    corpus: str,
    steps: int,
    file: Path | None,
    seed: int | None,
    json: bool,
) -> None:
    """Fit the translators on a corpus, save them, and show how much nearer they are to the end."""
    from tfcli.explain.lens import fit as lens_fit
    from tfcli.explain.lens.file import default_path
    from tfcli.view.explain.lens import fitting, show_fit

    if language_model.tokenizer is None:
        raise UsageError(
            f"The model in {language_model.path} has no tokenizer to read {corpus} with."
        )
    with fitting(steps) as progress:
        found = lens_fit.fit_lens(
            language_model.model,
            language_model.tokenizer,
            corpus,
            file or default_path(language_model.path),
            steps,
            seed or 0,
            progress,
        )
    if json:
        from tfcli.explain.result.documents import document

        console.write_json(document(found))
    else:
        show_fit(found)


def tuned_lens(
    language_model: "LanguageModel", lens: Literal["logit", "tuned"], file: Path | None
) -> "TunedLens | None":
    """The lens to read with; None for the logit lens."""
    if lens == "logit":
        return None
    from tfcli.explain.lens.file import default_path, read_lens

    return read_lens(file or default_path(language_model.path), language_model.model)
