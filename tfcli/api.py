"""The Python API: `load_model` opens a model directory as a `LanguageModel`."""

import os
import secrets
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import torch
from tfcli_tokenizer import Tokenizer
from torch import Tensor

from tfcli.checkpoint.locate import locate_model
from tfcli.checkpoint.read import Checkpoint, read_checkpoint
from tfcli.checkpoint.write import write_checkpoint
from tfcli.errors import UsageError
from tfcli.generate.chat import token_roles
from tfcli.generate.chat_template import ChatTemplate, read_chat_template
from tfcli.generate.config import SamplingConfig
from tfcli.generate.engine import generate_ids
from tfcli.inputs import Ids, as_batch, as_mask, as_types, like, whole
from tfcli.model.config import ModelConfig
from tfcli.model.device import choose_device, choose_dtype, has_fast_bfloat16
from tfcli.model.trace import Trace
from tfcli.model.transformer import Transformer

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
        generation: where its texts begin and end.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.model: Transformer = checkpoint.model
        self.tokenizer: Tokenizer | None = checkpoint.tokenizer
        self.path: Path = checkpoint.path
        self.family: str = checkpoint.family.MODEL_TYPE
        self._family = checkpoint.family
        self.training = checkpoint.training
        self.generation = checkpoint.generation
        self._chat_template = checkpoint.chat_template

    @property
    def config(self) -> ModelConfig:
        """The model's shape and flavour."""
        return self.model.config

    @cached_property
    def chat_template(self) -> ChatTemplate | None:
        """The model's chat template, or None. CheckpointError where it is damaged."""
        if self._chat_template is None:
            return read_chat_template(self.path) if self.path.is_dir() else None
        roles = {} if self.tokenizer is None else token_roles(self.tokenizer)
        return ChatTemplate(self._chat_template, roles, str(self.path))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        """The weights' element type."""
        return self.model.dtype

    @torch.inference_mode()
    def __call__(
        self,
        ids: Ids,
        attention_mask: Ids | None = None,
        token_type_ids: Ids | None = None,
        decoder_ids: Ids | None = None,
    ) -> Tensor:
        """Logits at every position: of the next token, or of the token there in an encoder.

        Args:
            ids: what the model reads; in an encoder-decoder, what the encoder reads.
            attention_mask: 1 for real tokens and 0 for padding, as `ids`.
            token_type_ids: the segment of each token, as `ids`, in models that have segments.
            decoder_ids: in an encoder-decoder, what the decoder has written so far; None for its
                first token alone.

        Returns:
            logits [B, T, V], in an encoder-decoder [B, Td, V]; without meaning where the mask is 0.

        Raises:
            UsageError: the sequence is empty, too long, or holds an id outside the vocabulary; the
                mask does not fit it; or the model has no output matrix.
        """
        if self.model.head is None:
            raise UsageError(
                "This model has no head (no output matrix), so it has no logits: it gives vectors.",
                hint="model.trace(ids).final_norm_out has them.",
            )
        return self.model(*self._inputs(ids, attention_mask, token_type_ids, decoder_ids))

    @torch.inference_mode()
    def trace(
        self,
        ids: Ids,
        attention_mask: Ids | None = None,
        token_type_ids: Ids | None = None,
        decoder_ids: Ids | None = None,
    ) -> Trace:
        """Run forward and keep the residual stream, q, k, v and outputs of every layer.

        Arguments and errors as in a plain call; without an output matrix, `logits` is None.
        """
        return self.model.trace(*self._inputs(ids, attention_mask, token_type_ids, decoder_ids))

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
            ids: the prompts; in an encoder-decoder, what the encoder reads.
            max_new_tokens: it ends there, at the end of the context, or at the model's eos.
            temperature: 0 always takes the most likely token.
            top_k, top_p, min_p, repetition_penalty: as in SamplingConfig.
            seed: fixes the draws, row i of a batch drawing with seed + i as it would alone; None
                draws differently each time.
            eos_ids: ids that end a text; None takes the model's own, () none.

        Returns:
            prompt and continuation as the kind that was given: lists for lists, an array for an
            array, a tensor for a tensor, [T + new] or [B, T + new]. Rows that ended earlier are
            filled up with the id for padding, or eos. In an encoder-decoder, what the decoder read
            and wrote.

        Raises:
            UsageError: as for a plain call, a prompt that fills the context, or a number out of
                range.
            TfcliError: the model's logits are no numbers.
        """
        sampling = SamplingConfig(temperature, top_k, top_p, min_p, repetition_penalty)
        max_new_tokens = whole("max_new_tokens", max_new_tokens)
        seed = None if seed is None else whole("seed", seed)
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
            attention_mask=as_mask(attention_mask, batch),
            generation=self.generation,
        )
        return like(ids, result)

    def save(self, directory: str | os.PathLike[str], dtype: torch.dtype | None = None) -> None:
        """Write the model as a directory in Hugging Face form, in the form of its own family.

        Args:
            directory: replaced as a whole once the new content is on the disk.
            dtype: element type of the saved weights; None keeps the model's.

        Raises:
            StorageError: the disk is full or the folder cannot be written; the old content stays.
        """
        write_checkpoint(
            Path(directory),
            self.model,
            self.tokenizer,
            self.training or {},
            dtype,
            self._family,
            self.generation,
        )

    @property
    def eos_ids(self) -> tuple[int, ...]:
        """The ids that end a text, as generation_config.json or the tokenizer says."""
        if self.generation.eos_ids:
            return self.generation.eos_ids
        eos = self.tokenizer.eos_id if self.tokenizer is not None else None
        return () if eos is None else (eos,)

    @property
    def decoder_start(self) -> list[int]:
        """What the decoder of an encoder-decoder reads first."""
        start = self.generation.decoder_start_id
        return [0 if start is None else start]

    def as_batch(self, ids: Ids) -> Tensor:
        """Check ids and bring them to the model's device as [B, T]. UsageError for bad ones."""
        reader = self.config.encoder or self.config
        return as_batch(ids, reader.vocab_size, reader.context, self.device)

    def as_decoder_batch(self, decoder_ids: Ids | None, rows: int) -> Tensor:
        """The same for what an encoder-decoder's decoder reads; None for its first token."""
        if decoder_ids is None:
            decoder_ids = [self.decoder_start] * rows
        config = self.config
        batch = as_batch(decoder_ids, config.vocab_size, config.context, self.device)
        if len(batch) not in (1, rows):
            raise UsageError(f"decoder_ids has {len(batch)} rows, the ids {rows}.")
        return batch.expand(rows, -1)

    def _inputs(
        self,
        ids: Ids,
        attention_mask: Ids | None,
        token_type_ids: Ids | None,
        decoder_ids: Ids | None,
    ) -> tuple[Tensor, Tensor | None, Tensor | None, Tensor | None]:
        batch = self.as_batch(ids)
        mask = as_mask(attention_mask, batch)
        types = as_types(token_type_ids, batch, self.config.token_types)
        if self.config.encoder is not None:
            return batch, mask, types, self.as_decoder_batch(decoder_ids, len(batch))
        if decoder_ids is not None:
            raise UsageError("This model has no encoder beside a decoder: leave decoder_ids out.")
        return batch, mask, types, None


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
