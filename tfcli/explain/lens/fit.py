"""Fit a tuned lens on a corpus, measure it, and save it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tfcli.explain.lens.corpus import read_stretches
from tfcli.explain.lens.file import write_lens
from tfcli.explain.lens.tuned import SEQUENCES_A_STEP, distances, fit, require_decoder
from tfcli.explain.result import LensFit
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer


def fit_lens(
    model: Transformer,
    tokenizer: "Tokenizer",
    corpus: str,
    file: Path,
    steps: int,
    seed: int,
    progress: Callable[[int, float], None],
) -> LensFit:
    """Fit the translators of a decoder (Belrose et al. 2023) and save them.

    Args:
        corpus: a file, a folder, a glob, "-", or "world" for the embedded one.
        file: where the lens goes.
        steps: updates.
        seed: of the order in which the text is read.
        progress: called with the steps done and the mean KL of all layers, in bits.

    Raises:
        UsageError: the model is no decoder.
        DataError: the corpus cannot be read, or holds too little text.
        TrainingError: the distance is no number.
        StorageError: the file cannot be written.
    """
    require_decoder(model)
    texts = read_stretches(corpus, tokenizer, model.config.context, steps)
    lens = replace(fit(model, texts.fitted, steps, seed, progress), corpus=corpus, steps=steps)
    found = LensFit(
        corpus=corpus,
        steps=steps,
        tokens=steps * SEQUENCES_A_STEP * texts.fitted.shape[1],
        held_out=texts.held_out.numel(),
        file=str(file),
        rows=distances(model, lens, texts.held_out),
    )
    write_lens(file, model, lens, found)
    return found
