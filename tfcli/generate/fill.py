"""Filling in what is masked: what an encoder does where a decoder would go on."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tfcli_tokenizer import Tokenizer

from tfcli.errors import UsageError
from tfcli.model.transformer import Transformer

_CONTINUES = "##"  # WordPiece's mark of a piece inside a word


@dataclass(frozen=True)
class Candidate:
    """What may stand in place of a mask, and how probable the model finds it."""

    id: int
    text: str
    probability: float


@dataclass(frozen=True)
class Gap:
    """One masked token.

    Attributes:
        position: among the ids.
        candidates: the likeliest first.
    """

    position: int
    candidates: tuple[Candidate, ...]


@torch.inference_mode()
def fill_masks(
    model: Transformer, tokenizer: Tokenizer, ids: Sequence[int], count: int
) -> list[Gap]:
    """The likeliest tokens of every masked position, each as if the others stayed masked.

    Args:
        ids: the text, in which the tokenizer's mask token stands at least once.
        count: how many candidates.

    Raises:
        UsageError: nothing is masked, or the model has no output matrix.
    """
    if model.head is None:
        raise UsageError(
            "This model has no head (no output matrix): it gives vectors, and fills in nothing.",
            hint="tfcli explain shows its vectors and its attention.",
        )
    mask = tokenizer.mask_id
    places = [i for i, token in enumerate(ids) if token == mask]
    if mask is None or not places:
        example = "" if mask is None else f', for example: "Paris is the {tokenizer.piece(mask)}."'
        raise UsageError(
            "This model is an encoder: it cannot go on from a text, it fills in what is masked.",
            hint=f"Put its mask token into the text{example}",
        )
    batch = torch.tensor([list(ids)], device=model.device)
    logits = model(batch)[0, places].float()  # [gaps, V]
    best = logits.softmax(-1).topk(min(count, logits.shape[-1]))
    return [
        Gap(
            position,
            tuple(
                Candidate(token, _text(tokenizer, token), p)
                for token, p in zip(tokens, probabilities, strict=True)
            ),
        )
        for position, tokens, probabilities in zip(
            places, best.indices.tolist(), best.values.tolist(), strict=True
        )
    ]


def filled_text(tokenizer: Tokenizer, text: str, gaps: Sequence[Gap], rank: int = 0) -> str:
    """The text as it was written, with each mask replaced by the candidate of that rank."""
    assert tokenizer.mask_id is not None
    parts = text.split(tokenizer.piece(tokenizer.mask_id))
    if len(parts) != len(gaps) + 1:  # the text spells its masks in another way
        return tokenizer.decode([gap.candidates[rank].id for gap in gaps])
    whole = parts[0]
    for part, gap in zip(parts[1:], gaps, strict=True):
        candidate = gap.candidates[rank]
        inside = tokenizer.piece(candidate.id).startswith(_CONTINUES)
        whole = (whole.rstrip(" ") if inside else whole) + candidate.text + part
    return whole


def _text(tokenizer: Tokenizer, token: int) -> str:
    if token >= tokenizer.vocab_size:
        return f"#{token}"
    return tokenizer.piece(token).removeprefix(_CONTINUES) or f"#{token}"
