"""The logit lens: what the model would say if it stopped after a layer."""

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tfcli.explain.lens.streams import read_out, stream
from tfcli.explain.precision import at, logits_at
from tfcli.explain.result import Lens, LensRow
from tfcli.explain.text.labels import label
from tfcli.model.trace import Trace
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

    from tfcli.explain.lens.translators import TunedLens


def lens_logits(
    model: Transformer, trace: Trace, position: int, tuned: "TunedLens | None" = None
) -> Tensor:
    """U·LN_f(x_l) of the embedding and after every layer: [L + 1, V] (nostalgebraist 2020).

    Args:
        tuned: translators that x_l goes through before (Belrose et al. 2023); None for none.
    """
    found = [at(vectors, position) for vectors in stream(trace)]
    if tuned is not None:
        found = [tuned.translate(layer, x) for layer, x in enumerate(found)]
    return read_out(model, torch.stack(found))


def logit_lens(
    model: Transformer,
    trace: Trace,
    position: int,
    answer: int,
    tokenizer: "Tokenizer | None",
    against: int | None = None,
    tuned: "TunedLens | None" = None,
) -> Lens:
    """A row a layer: its most likely token, the answer's place, and how far it is from the end.

    KL(final ‖ layer) = Σ p log₂(p / p_layer) in bits, as in Belrose et al. 2023, against the
    distribution that the model gave.

    Args:
        answer: the token whose way up is followed.
        against: a second token: each row then has the difference of both logits.
        tuned: a tuned lens; None for the logit lens.
    """
    logits = lens_logits(model, trace, position, tuned)
    log_p = torch.log_softmax(logits, dim=-1)  # [L + 1, V]
    final = torch.log_softmax(logits_at(trace, position), dim=-1)  # [V]
    return Lens(
        answer_id=answer,
        answer_label=label(tokenizer, answer),
        rows=tuple(
            _row(i - 1 if i else None, row, final, (answer, against), tokenizer)
            for i, row in enumerate(log_p)
        ),
        against_id=against,
        against_label=None if against is None else label(tokenizer, against),
        fitted_on=None if tuned is None else tuned.corpus,
        fitted_steps=None if tuned is None else tuned.steps,
    )


def _row(
    layer: int | None,
    log_p: Tensor,
    final: Tensor,
    followed: tuple[int, int | None],
    tokenizer: "Tokenizer | None",
) -> LensRow:
    p = log_p.exp()
    answer, against = followed
    top = int(log_p.argmax())
    kl = float((final.exp() * (final - log_p)).sum()) / math.log(2)
    return LensRow(
        layer=layer,
        top_id=top,
        top_label=label(tokenizer, top),
        top_probability=float(p[top]),
        answer_probability=float(p[answer]),
        answer_rank=1 + int((log_p > log_p[answer]).sum()),
        kl=max(kl, 0.0) if math.isfinite(kl) else kl,  # rounding may leave a tiny negative
        entropy=float(torch.special.entr(p).sum()) / math.log(2),
        difference=None if against is None else float(log_p[answer] - log_p[against]),
    )
