"""One block: attention and feed-forward, each read through a norm and added to the stream."""

from torch import Tensor, nn

from tfcli.model.attention import Attention
from tfcli.model.cache import LayerCache
from tfcli.model.config import ModelConfig
from tfcli.model.feed_forward import FeedForward
from tfcli.model.norm import build_norm
from tfcli.model.trace import LayerTrace


class Block(nn.Module):
    """x → x + attention(norm(x)) → x + feed_forward(norm(x)): Y = x + F(x), twice."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = build_norm(config)
        self.attention = Attention(config)
        self.feed_forward_norm = build_norm(config)
        self.feed_forward = FeedForward(config)

    def forward(
        self,
        x: Tensor,
        rotary: tuple[Tensor, Tensor] | None,
        mask: Tensor | None,
        cache: LayerCache | None = None,
        tracing: bool = False,
    ) -> tuple[Tensor, LayerTrace | None]:
        """Carry the residual stream [B, T, D] through the block (arguments as in Attention)."""
        attended, attention = self.attention(self.attention_norm(x), rotary, mask, cache, tracing)
        middle = x + attended
        fed, feed_forward = self.feed_forward(self.feed_forward_norm(middle), tracing)
        y = middle + fed
        if attention is None or feed_forward is None:
            return y, None
        return y, LayerTrace(
            residual_in=x,
            attention=attention,
            residual_mid=middle,
            feed_forward=feed_forward,
            residual_out=y,
        )
