"""The lens of every layer at every position: what the model would say, and how sure it would be.

The grid of nostalgebraist 2020, with the trajectories of Belrose et al. 2023: KL to the end,
entropy and cross-entropy of each cell. Logits of a few positions are held at a time.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

from tfcli.explain.lens.streams import read_out, stream
from tfcli.explain.precision import blocks_of, working_dtype
from tfcli.explain.request import LENS_POSITIONS, lens_window
from tfcli.explain.result import LensCell, LensGrid, LensGridRow
from tfcli.explain.run import Run
from tfcli.explain.text.labels import label

_NUMBERS_AT_ONCE = 2**24  # of logits: 64 MB in float32


def lens_grid(run: Run) -> LensGrid:
    """Every layer's most likely token behind every token of a window.

    The window is the one that was named, else the last tokens up to the position. Beside an
    encoder it is of what the decoder has read.
    """
    named = None if run.source_labels else run.request.window
    length = len(run.labels)
    first, end = lens_window(named, length, run.position)
    size = min(max(_NUMBERS_AT_ONCE // run.model.config.vocab_size, 1), LENS_POSITIONS)
    cells: list[list[LensCell]] = [[] for _ in stream(run.trace)]
    for block, asked in blocks_of(first, end, length, size):
        for row, found in zip(cells, _columns(run, block.start, block.stop), strict=True):
            row.extend(found[asked])
    answer = run.request.answer
    return LensGrid(
        first=first,
        chosen=named is None,
        labels=tuple(run.labels[first:end]),
        rows=tuple(LensGridRow(i - 1 if i else None, tuple(row)) for i, row in enumerate(cells)),
        answer_id=answer,
        answer_label=None if answer is None else label(run.tokenizer, answer),
        fitted_on=None if run.tuned is None else run.tuned.corpus,
    )


def _columns(run: Run, start: int, end: int) -> list[list[LensCell]]:
    """The cells of some positions, layer by layer."""
    positions = slice(start, end)
    logits = run.trace.logits_at(positions)[0]
    dtype = working_dtype(logits.dtype)
    final = logits.to(dtype).log_softmax(-1)  # [t, V]
    follows = run.trace.ids[0, start + 1 : end + 1] if run.model.config.causal else None
    found: list[list[LensCell]] = []
    for layer, vectors in enumerate(stream(run.trace)):
        x = vectors[0, positions].to(dtype)
        read = x if run.tuned is None else run.tuned.translate(layer, x)
        found.append(_cells(run, read_out(run.model, read).log_softmax(-1), final, follows))
    return found


def _cells(run: Run, log_p: Tensor, final: Tensor, follows: Tensor | None) -> list[LensCell]:
    """The cells of log-probabilities [t, V].

    Args:
        follows: the tokens that come next [t], or [t - 1] at the end of the text; None where
            tokens are not predicted one after the other.
    """
    p = log_p.exp()
    top = log_p.argmax(-1)
    kl = (final.exp() * (final - log_p)).sum(-1).clamp(min=0) / math.log(2)
    entropy = torch.special.entr(p).sum(-1) / math.log(2)
    bits: list[float | None] = [None] * len(log_p)
    if follows is not None and len(follows):
        chosen = log_p[: len(follows)].gather(-1, follows[:, None])[:, 0]
        bits[: len(follows)] = (-chosen / math.log(2)).tolist()
    answer = run.request.answer
    named = lru_cache(maxsize=None)(lambda token: label(run.tokenizer, token))
    return [
        LensCell(
            top_id=token,
            top_label=named(token),
            top_probability=float(p[i, token]),
            kl=float(kl[i]),
            entropy=float(entropy[i]),
            surprisal=bits[i],
            answer_probability=None if answer is None else float(p[i, answer]),
        )
        for i, token in enumerate(top.tolist())
    ]
