"""The Python API: `load_model` opens a model directory as a `LanguageModel`."""

import os
from collections.abc import Sequence
from pathlib import Path

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


class LanguageModel:
    """A model with its tokenizer, ready to run, to generate and to be looked into.

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
    def __call__(self, ids: Tensor | Sequence[int], attention_mask: Tensor | None = None) -> Tensor:
        """Logits of the next token at every position.

        Args:
            ids: token ids [B, T], or one sequence [T].
            attention_mask: 1 for real tokens and 0 for padding [B, T].

        Returns:
            logits [B, T, V].

        Raises:
            UsageError: the sequence is empty, too long, or holds an id outside the vocabulary.
        """
        batch = self.as_batch(ids)
        return self.model(batch, self._mask(attention_mask))

    @torch.inference_mode()
    def trace(self, ids: Tensor | Sequence[int], attention_mask: Tensor | None = None) -> Trace:
        """Run forward and keep the residual stream, q, k, v and outputs of every layer.

        Arguments and errors as in a plain call.
        """
        batch = self.as_batch(ids)
        return self.model.trace(batch, self._mask(attention_mask))

    def generate(
        self,
        ids: Tensor | Sequence[int],
        max_new_tokens: int = 64,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        repetition_penalty: float | None = None,
        seed: int | None = None,
        attention_mask: Tensor | None = None,
        eos_ids: Sequence[int] | None = None,
    ) -> Tensor | list[int]:
        """Continue a prompt, or a batch of them.

        Args:
            ids: token ids [B, T] or [T]; with `attention_mask`, padded on the left.
            max_new_tokens: it ends there, at the end of the context, or at the model's eos.
            temperature: 0 always takes the most likely token.
            seed: fixes the draws; None draws differently each time.
            eos_ids: ids that end a text; None takes the model's own, () none.

        Returns:
            prompt and continuation: a list for a list, else a tensor [B, T + new]; rows that
            ended earlier are filled up with eos.

        Raises:
            UsageError: as for a plain call, or a sampling value out of range.
        """
        sampling = SamplingConfig(temperature, top_k, top_p, min_p, repetition_penalty)
        result = generate_ids(
            self.model,
            self.as_batch(ids),
            max_new_tokens=max_new_tokens,
            sampling=sampling,
            seed=torch.Generator().seed() if seed is None else seed,
            eos_ids=self.eos_ids if eos_ids is None else eos_ids,
            attention_mask=self._mask(attention_mask),
        )
        return result if isinstance(ids, Tensor) else result[0].tolist()

    @property
    def eos_ids(self) -> tuple[int, ...]:
        """The ids that end a text, as generation_config.json or the tokenizer says."""
        if self._eos_ids:
            return self._eos_ids
        eos = self.tokenizer.eos_id if self.tokenizer is not None else None
        return () if eos is None else (eos,)

    def as_batch(self, ids: Tensor | Sequence[int]) -> Tensor:
        """Check ids and bring them to the model's device as [B, T]. UsageError for bad ones."""
        batch = torch.as_tensor(ids, dtype=torch.long, device=self.device)
        if batch.dim() == 1:
            batch = batch[None]
        if batch.dim() != 2 or batch.shape[1] == 0 or batch.shape[0] == 0:
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

    def _mask(self, attention_mask: Tensor | None) -> Tensor | None:
        return None if attention_mask is None else attention_mask.to(self.device)


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
    where = choose_device(device)
    best = torch.bfloat16 if where.type == "cuda" and has_fast_bfloat16(where) else torch.float32
    located = locate_model(source)
    return LanguageModel(read_checkpoint(located.path, where, choose_dtype(dtype, best)))
