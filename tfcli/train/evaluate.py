"""The loss on held-out text, comparable across tokenizers."""

import math
from dataclasses import dataclass

import torch
from tfcli_tokenizer import Tokenizer

from tfcli.data.batches import token_byte_lengths
from tfcli.data.shards import TokenShard
from tfcli.model.transformer import Transformer
from tfcli.train.examples import Examples
from tfcli.train.objective import batch_loss

_BATCH_TOKENS = 8192
_FEWEST_BATCHES = 8  # each has another length that an encoder reads


@dataclass(frozen=True)
class Evaluation:
    """Mean loss in nats a token, bits a byte of text, and nats a character."""

    loss: float
    bits_per_byte: float
    loss_per_character: float


class Evaluator:
    """Measures one validation shard again and again.

    Args:
        shard: for its number of bytes and characters.
        examples: its tokens.
        max_tokens: measure about this many; None for all.
    """

    def __init__(
        self, shard: TokenShard, tokenizer: Tokenizer, examples: Examples, max_tokens: int | None
    ) -> None:
        size = _BATCH_TOKENS // examples.context
        if examples.start_id is not None:
            some = min(max_tokens or len(shard.tokens), len(shard.tokens))
            size = min(size, some // examples.context // _FEWEST_BATCHES)
        self._batches = list(examples.held_out(max_tokens, max(1, size)))
        lengths = torch.from_numpy(token_byte_lengths(tokenizer))
        self._targets = sum(b.targets.numel() for b in self._batches)
        self._bytes = sum(int(lengths[b.targets].sum()) for b in self._batches)
        self._characters_per_byte = shard.characters / max(1, shard.bytes)

    @torch.no_grad()
    def __call__(self, model: Transformer, autocast: torch.dtype | None) -> Evaluation:
        """Bits per byte = nats / ln 2 / UTF-8 bytes of the predicted text."""
        total = 0.0
        for batch in self._batches:
            loss = batch_loss(model, batch.to(model.device), autocast)
            total += float(loss) * batch.targets.numel()
        return Evaluation(
            loss=total / self._targets,
            bits_per_byte=total / math.log(2) / max(1, self._bytes),
            loss_per_character=total / max(1.0, self._bytes * self._characters_per_byte),
        )
