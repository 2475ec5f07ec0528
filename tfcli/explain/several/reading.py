"""What is kept of a model's run once the model is gone, to set beside another model's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from tfcli.errors import UsageError
from tfcli.explain.applies import NotForThisModelError
from tfcli.explain.finite import require_numbers
from tfcli.explain.lens.logit import logit_lens
from tfcli.explain.request import Request
from tfcli.explain.result import HeadsGrid, Lens, Tokens
from tfcli.explain.run import Run
from tfcli.explain.sections import measure
from tfcli.explain.several.predictions import Prediction, Vocabulary
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer


@dataclass(frozen=True, eq=False)
class Opened:
    """A model, and what it is to read.

    Attributes:
        name, family: what to call it, and its model type.
        ids: the prompt, in the model's own tokens.
        decoder_ids: in an encoder-decoder, what the decoder has written.
        answer: the token to follow, where one was named.
    """

    model: Transformer
    tokenizer: "Tokenizer | None"
    name: str
    family: str
    ids: Sequence[int]
    decoder_ids: Sequence[int] | None = None
    answer: int | None = None

    @property
    def vocabulary(self) -> Vocabulary:
        """What its ids mean."""
        return Vocabulary(self.tokenizer, self.model.config.vocab_size)


Open = Callable[[], Opened]


@dataclass(frozen=True, eq=False)
class Reading(Prediction):
    """One model's run on the prompt, without the model.

    Attributes:
        labels: of the tokens that were read; the decoder's, beside an encoder, and `source` then
            has the encoder's.
        tokens: the same with their surprisal.
        grid: the heads under the request's measure; None where it does not apply to the model.
        gap: why there is none, or none with a value; else None.
        lens: of the answer; None where none was asked for.
        answer: the token that lens and credit follow.
    """

    position: int
    labels: tuple[str, ...]
    source: tuple[str, ...]
    ids: tuple[int, ...]
    tokens: Tokens
    answer: int
    grid: HeadsGrid | None
    gap: str | None
    lens: Lens | None


@torch.inference_mode()
def read_model(opened: Opened, request: Request, *, lens: bool = False) -> Reading:
    """Run a model on its prompt, and keep what can be compared.

    Args:
        request: its answer goes before that of `opened`.
        lens: follow the answer through the layers as well.

    Raises:
        UsageError: it has no output matrix, or there is no such position.
        TfcliError: its logits at the position are no numbers.
    """
    if request.answer is None:
        request = replace(request, answer=opened.answer)
    run = Run.of(opened.model, opened.ids, opened.decoder_ids, request, opened.tokenizer)
    if run.model.head is None:
        raise UsageError(
            f"{opened.name} has no output matrix: it gives vectors, not words to compare."
        )
    require_numbers(run.trace, run.position, run.labels, run.source_labels)
    grid, gap = _grid(run)
    followed = None
    if lens:
        followed = logit_lens(run.model, run.trace, run.position, run.answer, run.tokenizer)
    return Reading(
        vocabulary=opened.vocabulary,
        logits=run.logits.cpu(),
        position=run.position,
        labels=tuple(run.labels),
        source=tuple(run.source_labels),
        ids=tuple(run.trace.ids[0].tolist()),
        tokens=run.tokens,
        answer=run.answer,
        grid=grid,
        gap=gap,
        lens=followed,
    )


def _grid(run: Run) -> tuple[HeadsGrid | None, str | None]:
    """The heads that write what the position becomes: those that read the encoder, where it has
    one and they have the measure, else those that read the text."""
    try:
        found = measure(run, "heads")
    except NotForThisModelError as reason:
        return None, str(reason)
    grids: list[HeadsGrid] = [found[name] for name in ("cross_heads", "heads") if name in found]
    for grid in grids:
        if any(value is not None for row in grid.values for value in row):
            return grid, None
    return grids[0], "the measure does not exist at this position"
