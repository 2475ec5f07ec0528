"""The whole model: a stack with an output matrix, and an encoder beside it where it has one."""

import torch
from torch import Tensor, nn

from tfcli.model.config import ModelConfig
from tfcli.model.feed_forward import ACTIVATIONS
from tfcli.model.linear import Linear
from tfcli.model.norm import LayerNorm
from tfcli.model.stack import Memory, Stack
from tfcli.model.trace import Trace


class HeadTransform(nn.Module):
    """norm(act(dense(x))): BERT's step before the output matrix (Devlin et al. 2019)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.hidden_size)
        self.norm = LayerNorm(config.hidden_size, config.norm_eps)
        self.activation = ACTIVATIONS[config.activation]

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] → [B, T, D]."""
        return self.norm(self.activation(self.dense(x)))


class Transformer(Stack):
    """A decoder, an encoder, or a decoder with an encoder beside it."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = Stack(config.encoder) if config.encoder is not None else None
        if self.encoder is not None and config.share_embeddings:
            self.encoder.embedding = self.embedding
        self.head_transform = HeadTransform(config) if config.head_transform else None
        self.head = (
            Linear(config.hidden_size, config.vocab_size, bias=config.head_bias)
            if config.head
            else None
        )
        if config.tie_embeddings and self.head is not None:
            self.head.weight = self.embedding.weight

    def forward(
        self,
        ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        decoder_ids: Tensor | None = None,
    ) -> Tensor:
        """Logits at every position.

        Args:
            ids: token ids [B, T].
            attention_mask: 1 for real tokens and 0 for padding [B, T]; None where nothing is
                padded.
            token_type_ids: the segment of each token [B, T]; None for 0.
            decoder_ids: in an encoder-decoder, what the decoder reads [B, Td]; `ids` go to the
                encoder.

        Returns:
            logits [B, T, V], in an encoder-decoder [B, Td, V].
        """
        if self.encoder is None:
            return self.logits(self.hidden(ids, attention_mask, None, token_type_ids))
        assert decoder_ids is not None, "an encoder-decoder needs decoder_ids"
        return self.logits(self.hidden(decoder_ids, memory=self.encode(ids, attention_mask)))

    def encode(self, ids: Tensor, attention_mask: Tensor | None = None) -> Memory:
        """Run the encoder on ids [B, S]: what the decoder attends to."""
        assert self.encoder is not None
        return Memory(self.encoder.hidden(ids, attention_mask), attention_mask)

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits of vectors that have been through the final norm: [..., D] → [..., V]."""
        return self.output(self.head_input(hidden))

    def output(self, head_in: Tensor) -> Tensor:
        """Logits of what the output matrix reads: [..., D] → [..., V]."""
        assert self.head is not None, "the model has no output matrix"
        logits = self.head(head_in)
        cap = self.config.logit_softcap
        return logits if cap is None else cap * torch.tanh(logits / cap)

    def head_input(self, hidden: Tensor) -> Tensor:
        """What the output matrix reads, of vectors that have been through the final norm."""
        if self.config.output_scale != 1:
            hidden = hidden * self.config.output_scale
        return hidden if self.head_transform is None else self.head_transform(hidden)

    def trace(
        self,
        ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        decoder_ids: Tensor | None = None,
    ) -> Trace:
        """Run forward and keep what happened (arguments as in forward)."""
        encoder = None
        if self.encoder is None:
            stack = self.stack_trace(ids, attention_mask, token_type_ids)
        else:
            assert decoder_ids is not None, "an encoder-decoder needs decoder_ids"
            encoder = self.encoder.stack_trace(ids, attention_mask)
            memory = Memory(encoder.final_norm_out, attention_mask)
            stack = self.stack_trace(decoder_ids, memory=memory)
        hidden = stack.final_norm_out
        return Trace(
            **vars(stack),
            head_in=hidden if self.head is None else self.head_input(hidden),
            head=None if self.head is None else self.output,
            encoder=encoder,
        )

    def num_parameters(self) -> int:
        """How many numbers training can change; a tied matrix counts once."""
        return sum(p.numel() for p in self.parameters())
