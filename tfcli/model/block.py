"""One block: attention and feed-forward, each read from the stream and added to it."""

from dataclasses import dataclass

from torch import Tensor, nn

from tfcli.model.attention import Attention
from tfcli.model.cache import LayerCache
from tfcli.model.config import ModelConfig
from tfcli.model.experts import MixtureOfExperts
from tfcli.model.feed_forward import FeedForward
from tfcli.model.latent_attention import LatentAttention
from tfcli.model.norm import Norm, build_norm
from tfcli.model.position import Rotary
from tfcli.model.trace import LayerTrace


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What a block needs to know besides the residual stream.

    Attributes:
        rotary: cos, sin of the positions, or None.
        mask: added to the attention's scores [B or 1, H or 1, T, S], or None.
        memory: the encoder's output [B, S, D], or None.
        memory_mask: added to the scores of cross-attention [B, 1, 1, S], or None.
    """

    rotary: Rotary | None = None
    mask: Tensor | None = None
    memory: Tensor | None = None
    memory_mask: Tensor | None = None


class Block(nn.Module):
    """x → x + attention(norm(x)) → x + feed_forward(norm(x)): Y = x + F(x), twice.

    A decoder beside an encoder attends to its output in between. Where the norms stand, on what a
    module reads, on what it gives or on the sum, is the configuration's.
    """

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        experts = config.experts_in(layer)
        self.parallel = config.parallel
        self.attention_norm, self.attention_branch_norm, self.attention_post_norm = _norms(config)
        attention = LatentAttention if config.latent is not None else Attention
        self.attention = attention(config, layer)
        if config.encoder is not None:
            norms = _norms(config)
            self.cross_norm, self.cross_branch_norm, self.cross_post_norm = norms
            self.cross_attention: Attention | None = Attention(config, layer, cross=True)
        else:
            self.cross_norm = self.cross_branch_norm = self.cross_post_norm = None
            self.cross_attention = None
        norms = _norms(config)
        self.feed_forward_norm, self.feed_forward_branch_norm, self.feed_forward_post_norm = norms
        self.feed_forward = (
            MixtureOfExperts(config, experts) if experts is not None else FeedForward(config)
        )

    def forward(
        self,
        x: Tensor,
        around: Surroundings,
        cache: LayerCache | None = None,
        tracing: bool = False,
    ) -> tuple[Tensor, LayerTrace | None]:
        """Carry the residual stream [B, T, D] through the block."""
        output, attention = self.attention(
            _read(self.attention_norm, x), around.rotary, around.mask, cache, tracing
        )
        attention_delta = _read(self.attention_branch_norm, output)
        middle = _read(self.attention_post_norm, x + attention_delta)
        crossed, cross, cross_delta = None, None, None
        if self.cross_attention is not None:
            crossed = middle
            output, cross = self.cross_attention(
                _read(self.cross_norm, middle),
                None,
                around.memory_mask,
                cache,
                tracing,
                memory=around.memory,
            )
            cross_delta = _read(self.cross_branch_norm, output)
            middle = _read(self.cross_post_norm, middle + cross_delta)
        read = x if self.parallel else middle
        output, feed_forward = self.feed_forward(_read(self.feed_forward_norm, read), tracing)
        feed_forward_delta = _read(self.feed_forward_branch_norm, output)
        y = _read(self.feed_forward_post_norm, middle + feed_forward_delta)
        if attention is None or feed_forward is None:
            return y, None
        return y, LayerTrace(
            residual_in=x,
            attention=attention,
            attention_delta=attention_delta,
            residual_mid=middle,
            feed_forward=feed_forward,
            feed_forward_delta=feed_forward_delta,
            residual_out=y,
            cross_attention=cross,
            cross_attention_delta=cross_delta,
            residual_cross=crossed,
        )


def _norms(config: ModelConfig) -> tuple[Norm | None, Norm | None, Norm | None]:
    """The norms of one module: of what it reads, of what it gives, of the sum."""
    return (
        build_norm(config) if config.pre_norm else None,
        build_norm(config) if config.branch_norm else None,
        build_norm(config) if config.post_norm else None,
    )


def _read(norm: Norm | None, x: Tensor) -> Tensor:
    return x if norm is None else norm(x)
