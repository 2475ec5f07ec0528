"""The Python API: `load_model` opens a model directory as a `LanguageModel`."""

import operator
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, SupportsIndex, TypeVar

import numpy as np
import torch
from tfcli_tokenizer import Tokenizer
from torch import Tensor

from tfcli.checkpoint.locate import locate_model
from tfcli.checkpoint.read import Checkpoint, read_checkpoint
from tfcli.errors import UsageError
from tfcli.generate.config import SamplingConfig
from tfcli.generate.engine import generate_ids
from tfcli.model.config import ModelConfig
from tfcli.model.device import choose_device, choose_dtype, has_fast_bfloat16
from tfcli.model.trace import Trace
from tfcli.model.transformer import Transformer

Ids = Tensor | np.ndarray | Sequence[int] | Sequence[Sequence[int]]
AnyIds = TypeVar("AnyIds", bound=Ids)


class LanguageModel:
    """A model with its tokenizer, ready to run, to generate and to be looked into.

    Token ids are a tensor, a numpy array or lists of whole numbers: one sequence [T], or a batch
    [B, T] whose `attention_mask` [B, T] has 1 for real tokens and 0 for padding, on either side.

    Attributes:
        model: the core, a torch module.
        tokenizer: None where the directory has none; then everything works on ids.
        path: the directory it was read from.
        family: the model type, as its config.json names it.
        training: what `tfcli train` recorded about it, or None.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.model: Transformer = checkpoint.model
        self.tokenizer: Tokenizer | None = checkpoint.tokenizer
        self.path: Path = checkpoint.path
        self.family: str = checkpoint.family.MODEL_TYPE
        self.training = checkpoint.training
        self._eos_ids = checkpoint.eos_ids

    @property
    def config(self) -> ModelConfig:
        """The model's shape and flavour."""
        return self.model.config

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        """The weights' element type."""
        return self.model.dtype

    @torch.inference_mode()
    def __call__(self, ids: Ids, attention_mask: Ids | None = None) -> Tensor:
        """Logits of the next token at every position.

        Returns:
            logits [B, T, V]; without meaning where the mask is 0.

        Raises:
            UsageError: the sequence is empty, too long, or holds an id outside the vocabulary; or
                the mask does not fit it.
        """
        batch = self.as_batch(ids)
        return self.model(batch, self._mask(attention_mask, batch))

    @torch.inference_mode()
    def trace(self, ids: Ids, attention_mask: Ids | None = None) -> Trace:
        """Run forward and keep the residual stream, q, k, v and outputs of every layer.

        Errors as in a plain call.
        """
        batch = self.as_batch(ids)
        return self.model.trace(batch, self._mask(attention_mask, batch))

    def generate(
        self,
        ids: AnyIds,
        max_new_tokens: int = 64,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        repetition_penalty: float | None = None,
        seed: int | None = None,
        attention_mask: Ids | None = None,
        eos_ids: int | Sequence[int] | None = None,
    ) -> AnyIds:
        """Continue a prompt, or a batch of them.

        Args:
            ids: the prompts.
            max_new_tokens: it ends there, at the end of the context, or at the model's eos.
            temperature: 0 always takes the most likely token.
            top_k, top_p, min_p, repetition_penalty: as in SamplingConfig.
            seed: fixes the draws, row i of a batch drawing with seed + i as it would alone; None
                draws differently each time.
            eos_ids: ids that end a text; None takes the model's own, () none.

        Returns:
            prompt and continuation as the kind that was given: lists for lists, an array for an
            array, a tensor for a tensor, [T + new] or [B, T + new]. Rows that ended earlier are
            filled up with eos.

        Raises:
            UsageError: as for a plain call, a prompt that fills the context, or a number out of
                range.
            TfcliError: the model's logits are no numbers.
        """
        sampling = SamplingConfig(temperature, top_k, top_p, min_p, repetition_penalty)
        max_new_tokens = _whole("max_new_tokens", max_new_tokens)
        seed = None if seed is None else _whole("seed", seed)
        if isinstance(eos_ids, int):
            eos_ids = (eos_ids,)
        batch = self.as_batch(ids)
        result = generate_ids(
            self.model,
            batch,
            max_new_tokens=max_new_tokens,
            sampling=sampling,
            seed=secrets.randbelow(2**31) if seed is None else seed,
            eos_ids=self.eos_ids if eos_ids is None else tuple(eos_ids),
            attention_mask=self._mask(attention_mask, batch),
        )
        return _like(ids, result)

    @property
    def eos_ids(self) -> tuple[int, ...]:
        """The ids that end a text, as generation_config.json or the tokenizer says."""
        if self._eos_ids:
            return self._eos_ids
        eos = self.tokenizer.eos_id if self.tokenizer is not None else None
        return () if eos is None else (eos,)

    def as_batch(self, ids: Ids) -> Tensor:
        """Check ids and bring them to the model's device as [B, T]. UsageError for bad ones."""
        batch = _integers(ids, "ids").to(self.device)
        if batch.numel() == 0:
            raise UsageError(
                "The prompt is empty: there is no token to start from.",
                hint='Give some text, for example: tfcli generate "The cat"',
            )
        longest = self.config.max_position_embeddings
        if batch.shape[1] > longest:
            raise UsageError(
                f"The prompt has {batch.shape[1]:,} tokens; this model's context is "
                f"{longest:,} tokens.",
                hint="Shorten the prompt, or use a model with a longer context.",
            )
        low, high = int(batch.min()), int(batch.max())
        if low < 0 or high >= self.config.vocab_size:
            raise UsageError(
                f"Token id {low if low < 0 else high} is outside the vocabulary: ids go from 0 "
                f"to {self.config.vocab_size - 1:,}."
            )
        return batch

    def _mask(self, attention_mask: Ids | None, batch: Tensor) -> Tensor | None:
        """The mask [B, T] on the model's device, or None where nothing is padded."""
        if attention_mask is None:
            return None
        mask = _integers(attention_mask, "attention_mask").to(self.device)
        if mask.shape != batch.shape:
            raise UsageError(
                f"attention_mask has the shape {list(mask.shape)}, the ids {list(batch.shape)}."
            )
        if bool(((mask != 0) & (mask != 1)).any()):
            raise UsageError("attention_mask holds something else than 0 and 1.")
        if not bool(mask.any(-1).all()):
            raise UsageError("A row of attention_mask is all 0: there is no token to start from.")
        return None if bool(mask.all()) else mask


def _whole(name: str, number: object) -> int:
    """The number as an int, NumPy's included. UsageError for another kind or a negative one."""
    if isinstance(number, SupportsIndex) and not isinstance(number, bool):
        whole = operator.index(number)
        if whole >= 0:
            return whole
    raise UsageError(f"{name} is {number!r}; it must be a whole number, 0 or more.")


def load_model(
    source: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
) -> LanguageModel:
    """Open a model.

    Args:
        source: a run of `tfcli train`, or a directory in Hugging Face form; None takes
            TFCLI_MODEL, else the newest run in ./runs.
        device: "cuda", "cuda:1", "mps", "cpu"; None and "auto" take the best there is.
        dtype: "float32", "bfloat16", "float16", "float64" or a torch.dtype; None and "auto" take
            bfloat16 on a GPU that computes in it, else float32.

    Raises:
        NotFoundError: there is no model there.
        CheckpointError: it is damaged, or of an architecture that cannot be run.
        UsageError: the device or dtype does not exist here.
    """
    if not isinstance(source, str | os.PathLike | None):
        raise UsageError(f"A model is named by a path, not by {source!r}.")
    where = choose_device(device)
    best = torch.bfloat16 if where.type == "cuda" and has_fast_bfloat16(where) else torch.float32
    chosen = choose_dtype(dtype, best)
    if not chosen.is_floating_point:
        raise UsageError(f"A model cannot run in {chosen}: it takes a floating-point type.")
    located = locate_model(source)
    return LanguageModel(read_checkpoint(located.path, where, chosen))


def _integers(values: Any, name: str) -> Tensor:
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


def _like(given: Any, result: Tensor) -> Any:
    """The result [B, T] as the kind that was given, and with as many dimensions."""
    if isinstance(given, Tensor | np.ndarray):
        rows = result if given.ndim == 2 else result[0]
        return rows if isinstance(given, Tensor) else rows.cpu().numpy()
    rows = result.tolist()
    return rows if isinstance(given[0], Sequence | Tensor | np.ndarray) else rows[0]
