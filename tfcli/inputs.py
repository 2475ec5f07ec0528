"""What callers of the Python API hand in, checked: ids, masks and numbers."""

import operator
from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
import torch
from torch import Tensor

from tfcli.errors import UsageError

Ids = Tensor | np.ndarray | Sequence[int] | Sequence[Sequence[int]]


def as_batch(ids: Ids, vocab_size: int, context: int, device: torch.device) -> Tensor:
    """Check ids and bring them to the device as [B, T].

    Raises:
        UsageError: there are none, more than the context, or one outside the vocabulary.
    """
    batch = integers(ids, "ids").to(device)
    if batch.numel() == 0:
        raise UsageError(
            "The prompt is empty: there is no token to start from.",
            hint='Give some text, for example: tfcli generate "The cat"',
        )
    if batch.shape[1] > context:
        raise UsageError(
            f"The prompt has {batch.shape[1]:,} tokens; this model's context is "
            f"{context:,} tokens.",
            hint="Shorten the prompt, or use a model with a longer context.",
        )
    low, high = int(batch.min()), int(batch.max())
    if low < 0 or high >= vocab_size:
        raise UsageError(
            f"Token id {low if low < 0 else high} is outside the vocabulary: ids go from 0 "
            f"to {vocab_size - 1:,}."
        )
    return batch


def as_mask(attention_mask: Ids | None, batch: Tensor) -> Tensor | None:
    """The mask [B, T] on the batch's device, or None where nothing is padded.

    Raises:
        UsageError: its shape differs, or it holds something else than 0 and 1, or a row of 0.
    """
    if attention_mask is None:
        return None
    mask = _of_shape(attention_mask, batch, "attention_mask")
    if bool(((mask != 0) & (mask != 1)).any()):
        raise UsageError("attention_mask holds something else than 0 and 1.")
    if not bool(mask.any(-1).all()):
        raise UsageError("A row of attention_mask is all 0: there is no token to start from.")
    return None if bool(mask.all()) else mask


def as_types(token_type_ids: Ids | None, batch: Tensor, count: int) -> Tensor | None:
    """Segment ids [B, T] on the batch's device. UsageError for a model without `count` of them."""
    if token_type_ids is None:
        return None
    types = _of_shape(token_type_ids, batch, "token_type_ids")
    if count == 0:
        raise UsageError("This model has no token types: leave token_type_ids out.")
    if bool(((types < 0) | (types >= count)).any()):
        raise UsageError(f"token_type_ids holds something else than 0 to {count - 1}.")
    return types


def integers(values: Any, name: str) -> Tensor:
    """Whole numbers from whatever holds them, as a tensor [B, T]. UsageError for the rest."""
    if isinstance(values, str | bytes):
        raise UsageError(
            f"{name} must be whole numbers, not a text.",
            hint="model.tokenizer.encode(text) gives the ids of a text.",
        )
    try:
        tensor = torch.as_tensor(values)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise UsageError(
            f"{name} cannot be read as whole numbers in rows of one length ({error})."
        ) from error
    if tensor.dim() not in (1, 2):
        raise UsageError(f"{name} has {tensor.dim()} dimensions; it must be [T] or [B, T].")
    if tensor.numel() and (tensor.is_floating_point() or tensor.is_complex()):
        raise UsageError(f"{name} holds {tensor.dtype}; it must be whole numbers.")
    return tensor.long() if tensor.dim() == 2 else tensor.long()[None]


def whole(name: str, number: object) -> int:
    """The number as an int, NumPy's included. UsageError for another kind or a negative one."""
    if isinstance(number, SupportsIndex) and not isinstance(number, bool):
        found = operator.index(number)
        if found >= 0:
            return found
    raise UsageError(f"{name} is {number!r}; it must be a whole number, 0 or more.")


def like(given: Any, result: Tensor) -> Any:
    """The result [B, T] as the kind that was given, and with as many dimensions."""
    if isinstance(given, Tensor | np.ndarray):
        rows = result if given.ndim == 2 else result[0]
        return rows if isinstance(given, Tensor) else rows.cpu().numpy()
    rows = result.tolist()
    return rows if isinstance(given[0], Sequence | Tensor | np.ndarray) else rows[0]


def _of_shape(values: Ids, batch: Tensor, name: str) -> Tensor:
    tensor = integers(values, name).to(batch.device)
    if tensor.shape != batch.shape:
        raise UsageError(f"{name} has the shape {list(tensor.shape)}, the ids {list(batch.shape)}.")
    return tensor
