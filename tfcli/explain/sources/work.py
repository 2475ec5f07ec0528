"""How much work the measures of a vector's sources are, and which of them would take too long."""

from tfcli.explain.precision import blocks
from tfcli.model.stack import Stack
from tfcli.model.transformer import Transformer

LARGEST_FLOW = 2 * 10**7  # pipes times tokens: some ten seconds of one core
# Multiplications, if every part were made: each takes a minute or so of one core.
LARGEST_PARTS = 12 * 10**11
LARGEST_ZEROING = 10**12


def left_out(model: Transformer, read: int, tokens: int) -> dict[str, str]:
    """Measures that are not taken, each with the reason.

    Args:
        read: how many tokens an encoder beside the decoder has read; 0 where there is none.
        tokens: how many can reach the position, without those.
    """
    config = model.config
    pairs = tokens * (tokens + 1) // 2 if config.causal else tokens * tokens
    pipes = config.num_layers * (pairs + read * tokens)
    parts = pipes * config.num_heads * config.hidden_size
    if config.encoder is not None:
        inner = config.encoder.num_layers * read * read
        pipes += inner
        parts += inner * config.encoder.num_heads * config.encoder.hidden_size
    found: dict[str, str] = {}
    work = pipes * (read + tokens)
    if work > LARGEST_FLOW:
        found["flow"] = f"{work:,} pipes times tokens, more than {LARGEST_FLOW:,}"
    if parts > LARGEST_PARTS:
        said = f"{parts:.1e} multiplications, more than {LARGEST_PARTS:.0e}"
        found |= {"alti": said, "norm": said}
    if model.encoder is not None:
        found["zeroing"] = "it does not say what of a vector a second attention leaves as it was"
        return found
    if not config.parallel:
        parts += pairs * sum(_read_by_token(model, layer) for layer in range(config.num_layers))
    if parts > LARGEST_ZEROING:
        found["zeroing"] = f"{parts:.1e} multiplications, more than {LARGEST_ZEROING:.0e}"
    return found


def _read_by_token(stack: Stack, layer: int) -> int:
    """Weights of a feed-forward module that one token meets."""
    size = sum(p.numel() for p in blocks(stack)[layer].feed_forward.parameters())
    experts = stack.config.experts_in(layer)
    return size if experts is None else size * experts.chosen // experts.count
