"""The explanation of one prompt: every section that was asked for."""

from dataclasses import dataclass, field

from tfcli.explain.result.anatomy import (
    Audit,
    BlockStep,
    Focus,
    ModelFacts,
    Parameters,
    Shapes,
    Tokens,
)
from tfcli.explain.result.attention import HeadAttention, HeadLedger, HeadsGrid
from tfcli.explain.result.cost import Cost
from tfcli.explain.result.embedding import Analogy, Neighbors
from tfcli.explain.result.experts import Routing
from tfcli.explain.result.intervention import Edits
from tfcli.explain.result.ledger import Ledger
from tfcli.explain.result.lens_grid import LensGrid
from tfcli.explain.result.memories import Memories
from tfcli.explain.result.norms import Norms
from tfcli.explain.result.prediction import Credit, Lens, Loop, NextTokens, SamplingTable
from tfcli.explain.result.residual import Residual
from tfcli.explain.result.sources import Sources
from tfcli.explain.result.surprisal import Surprisal


@dataclass(frozen=True)
class Explanation:
    """Everything that was measured on one prompt. A section that was not asked for is None.

    Attributes:
        sections: the names of those that were asked for, in the order of the screen.
        ids: the prompt; in an encoder-decoder, what the decoder has written.
        source: in an encoder-decoder, the tokens that the encoder read; else None.
        omitted: sections that do not apply to this model, each with the reason.
    """

    sections: tuple[str, ...]
    ids: tuple[int, ...]
    focus: Focus
    model: ModelFacts
    tokens: Tokens
    shapes: Shapes | None = None
    block: tuple[BlockStep, ...] | None = None
    qkv: tuple[HeadLedger, ...] | None = None
    attention: tuple[HeadAttention, ...] | None = None
    heads: HeadsGrid | None = None
    cross_heads: HeadsGrid | None = None
    encoder_heads: HeadsGrid | None = None
    lens: Lens | None = None
    credit: Credit | None = None
    next: NextTokens | None = None
    parameters: Parameters | None = None
    edits: Edits | None = None
    neighbors: Neighbors | None = None
    analogy: Analogy | None = None
    audit: Audit | None = None
    residual: Residual | None = None
    memories: Memories | None = None
    experts: Routing | None = None
    sampling: SamplingTable | None = None
    surprisal: Surprisal | None = None
    norms: Norms | None = None
    cost: Cost | None = None
    loop: Loop | None = None
    ledger: Ledger | None = None
    sources: Sources | None = None
    lens_grid: LensGrid | None = None
    source: Tokens | None = None
    omitted: dict[str, str] = field(default_factory=dict)
