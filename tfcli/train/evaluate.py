"""The loss on held-out text, comparable across tokenizers."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from tfcli_tokenizer import Tokenizer

from tfcli.data.batches import token_byte_lengths, validation_windows
from tfcli.data.shards import TokenShard
from tfcli.model.transformer import Transformer
from tfcli.train.objective import linear_cross_entropy


@dataclass(frozen=True)
class Evaluation:
    """Mean loss in nats a token, bits a byte of text, and nats a character."""

    loss: float
    bits_per_byte: float
    loss_per_character: float


class Evaluator:
    """Measures one validation shard again and again."""

    def __init__(
        self, shard: TokenShard, tokenizer: Tokenizer, context: int, max_tokens: int | None
    ) -> None:
        self._windows = list(
            validation_windows(
                shard.tokens,
                context=context,
                max_tokens=max_tokens,
                batch_size=max(1, 8192 // context),
            )
        )
        lengths = token_byte_lengths(tokenizer)
        self._targets = sum(w[:, 1:].size for w in self._windows)
        self._bytes = sum(int(lengths[w[:, 1:]].sum()) for w in self._windows)
        self._characters_per_byte = shard.characters / max(1, shard.bytes)

    @torch.no_grad()
    def __call__(self, model: Transformer, autocast: torch.dtype | None) -> Evaluation:
        """Bits per byte = nats / ln 2 / UTF-8 bytes of the predicted text."""
        total = 0.0
        for window in self._windows:
            ids = torch.from_numpy(np.ascontiguousarray(window)).to(model.device)
            with torch.autocast(model.device.type, autocast, enabled=autocast is not None):
                hidden = model.hidden(ids[:, :-1])
            targets = ids[:, 1:].flatten()
            loss = linear_cross_entropy(hidden.flatten(0, 1), model.head.weight, targets, autocast)
            total += float(loss) * targets.numel()
        return Evaluation(
            loss=total / self._targets,
            bits_per_byte=total / math.log(2) / max(1, self._bytes),
            loss_per_character=total / max(1.0, self._bytes * self._characters_per_byte),
        )
