"""The attention modules of a model, wherever they stand: in a decoder, an encoder, between both."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from tfcli.explain.edits.request import Place
from tfcli.explain.logits.flow import FrozenNorm, passages
from tfcli.explain.precision import blocks, upcast
from tfcli.explain.result import Kind
from tfcli.model.attention import Attention
from tfcli.model.latent_attention import LatentAttention
from tfcli.model.stack import Stack
from tfcli.model.trace import AttentionTrace, StackTrace

AnyAttention = Attention | LatentAttention


@dataclass(frozen=True, eq=False)
class Site:
    """One attention module at one query.

    Attributes:
        kind: which of a model's attentions it is.
        layer: the block's number.
        module: the module.
        ran: what happened in it; `trace` is that in the dtype of measures.
        query: the position that asks.
        branch: the norm on what the module gives, at the query.
        delta: what was added to the residual stream there, ΔE [D].
        silent: heads that were taken away in this run: they weigh the keys, and give nothing.
    """

    kind: Kind
    layer: int
    module: AnyAttention
    ran: AttentionTrace
    query: int
    branch: FrozenNorm
    delta: Tensor
    silent: frozenset[int] = frozenset()

    @property
    def trace(self) -> AttentionTrace:
        """Made anew each time: the copies of all layers would take as much as the run."""
        return upcast(self.ran)

    @property
    def keys(self) -> list[int]:
        """The positions that the query may look at."""
        return self.ran.seen_by(self.query).nonzero()[:, 0].tolist()


def sites(
    stack: Stack, trace: StackTrace, query: int, kind: Kind, ablated: Sequence[Place] = ()
) -> list[Site]:
    """The attention modules of one kind, layer by layer; empty where the model has none.

    Args:
        ablated: heads that were taken away in the run.
    """
    name = "cross-attention" if kind == "cross" else "attention"
    found: list[Site] = []
    for i, (block, layer) in enumerate(zip(blocks(stack), trace.layers, strict=True)):
        module = block.cross_attention if kind == "cross" else block.attention
        ran = layer.cross_attention if kind == "cross" else layer.attention
        if module is None or ran is None:
            return []
        passage = next(p for p in passages(block, layer, query) if p.kind == name)
        silent = {p.head for p in ablated if (p.kind, p.layer) == (kind, i) and p.head is not None}
        found.append(
            Site(kind, i, module, ran, query, passage.branch, passage.delta, frozenset(silent))
        )
    return found
