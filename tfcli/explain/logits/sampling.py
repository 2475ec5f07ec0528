"""What temperature and filters do to the distribution that the next token is drawn from."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tfcli.checkpoint.generation import NO_DEFAULTS, GenerationDefaults
from tfcli.explain.logits.next_token import in_force, require_finite
from tfcli.explain.precision import working_dtype
from tfcli.explain.result import SampledToken, SamplingColumn, SamplingTable
from tfcli.explain.text.labels import label
from tfcli.generate.config import SamplingConfig
from tfcli.generate.rules import ruled
from tfcli.generate.sampling import filtered_logits

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

# One setting at a time, so that each column shows what that one does. Temperature: Ackley et al.
# 1985; top-k: Fan et al. 2018; top-p: Holtzman et al. 2020; min-p: Nguyen et al. 2024.
PRESETS = {
    "T 1": SamplingConfig(1.0),
    "T 0.5": SamplingConfig(0.5),
    "T 1.5": SamplingConfig(1.5),
    "top-k 5": SamplingConfig(1.0, top_k=5),
    "top-p .9": SamplingConfig(1.0, top_p=0.9),
    "min-p .1": SamplingConfig(1.0, min_p=0.1),
}


def sampling_table(
    logits: Tensor,
    seen: Sequence[int],
    rows: int,
    own: SamplingConfig | None,
    tokenizer: "Tokenizer | None" = None,
    generation: GenerationDefaults = NO_DEFAULTS,
) -> SamplingTable:
    """The likeliest tokens under several settings: softmax of exactly what `generate` draws from.

    Args:
        logits: behind the last of the tokens that were read [V].
        seen: these tokens.
        rows: how many tokens to list.
        own: the user's settings; a column of their own, unless it would be a preset's. With
            temperature 0, where nothing is drawn, it is what the likeliest is taken from.
        generation: tokens that must come first, or never, and a penalty that is always there.

    Raises:
        UsageError: a repetition penalty so extreme that the logits become infinite.
    """
    wide = logits.to(working_dtype(logits.dtype))[None]  # [1, V]
    before = torch.tensor([list(seen)], device=logits.device)
    allowed = ruled(wide, before, generation)
    order = torch.sort(allowed[0], descending=True, stable=True).indices[:rows]
    settings = dict(PRESETS)
    if own is not None and _drawn(own) not in settings.values():
        settings["yours"] = own
    columns: list[SamplingColumn] = []
    for name, asked in settings.items():
        penalty = asked.repetition_penalty or generation.repetition_penalty
        config = dataclasses.replace(asked, repetition_penalty=penalty)
        p = filtered_logits(allowed, config, before)[0].softmax(-1)  # [V]
        require_finite(p, config)
        columns.append(_column(name, config, p, order))
    return SamplingTable(
        position=len(seen) - 1,
        rows=tuple(SampledToken(i, label(tokenizer, i), float(wide[0, i])) for i in order.tolist()),
        columns=tuple(columns),
        taken_from=_name(settings, own) if own is not None and own.greedy else None,
    )


def _drawn(own: SamplingConfig) -> SamplingConfig:
    """The same where it draws: temperature 0 takes the likeliest of the distribution at 1."""
    return dataclasses.replace(own, temperature=1.0) if own.greedy else own


def _name(settings: Mapping[str, SamplingConfig], own: SamplingConfig) -> str:
    """The column that shows the user's settings."""
    return next(name for name, config in settings.items() if _drawn(config) == _drawn(own))


def _column(name: str, config: SamplingConfig, p: Tensor, order: Tensor) -> SamplingColumn:
    listed: list[float] = p[order].tolist()
    return SamplingColumn(
        name=name,
        settings=in_force(config),
        probabilities=tuple(listed),
        rest=max(1.0 - math.fsum(listed), 0.0) if len(order) < len(p) else 0.0,
        kept=int((p > 0).sum()),
        entropy=float(torch.special.entr(p).sum()) / math.log(2),
    )
