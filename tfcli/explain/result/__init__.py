"""What an explanation holds: plain frozen data that every view renders.

Weights, shares and probabilities are fractions of 1. Norms are Euclidean. Surprisal, entropy and
KL are in bits. A value that does not exist (the surprisal of the first token, a share of a ΔE
that is zero) is None.
"""

from dataclasses import dataclass, field

from tfcli.explain.result.anatomy import (
    NORM_PLACES,
    Audit,
    BlockStep,
    Check,
    ExpertFacts,
    Focus,
    LatentFacts,
    ModelFacts,
    ModuleCount,
    Parameters,
    Shape,
    Shapes,
    Token,
    Tokens,
    WindowFacts,
)
from tfcli.explain.result.attention import (
    LETTERS,
    AttentionMatrix,
    HeadAttention,
    HeadLedger,
    HeadScore,
    HeadsGrid,
    KeyTerm,
    KeyWeight,
    Kind,
    OtherKeys,
    RepeatedTokens,
)
from tfcli.explain.result.cost import Cost, CostPart, Timing
from tfcli.explain.result.embedding import Analogy, Expected, Neighbor, Neighbors, Term
from tfcli.explain.result.experts import (
    AskedExpert,
    RoutedLayer,
    RoutedText,
    RoutedToken,
    Routing,
)
from tfcli.explain.result.formation import CheckpointRow, Formation, HeadCourse
from tfcli.explain.result.intervention import Change, Edits, OtherPrompt, ShiftedToken
from tfcli.explain.result.ledger import (
    Ledger,
    OtherSources,
    SourceTerm,
    UpdateLedger,
    Walk,
    WalkStep,
)
from tfcli.explain.result.lens_fit import LensFit, LensFitRow
from tfcli.explain.result.lens_grid import LensCell, LensGrid, LensGridRow
from tfcli.explain.result.memories import LayerMemories, Memories, Neuron, Promoted
from tfcli.explain.result.models import (
    AnswerPoint,
    Distances,
    HeadChange,
    ModelComparison,
    ModelSide,
    SharedCandidate,
    WeightChange,
)
from tfcli.explain.result.norms import NormPlace, NormRow, Norms, Spread
from tfcli.explain.result.prediction import (
    Candidate,
    Credit,
    LayerCredit,
    Lens,
    LensRow,
    Loop,
    LoopStep,
    NextTokens,
    SampledToken,
    SamplingColumn,
    SamplingTable,
)
from tfcli.explain.result.residual import Gradients, Residual, ResidualRow
from tfcli.explain.result.sources import Sources, SourceShares, SourceToken
from tfcli.explain.result.surprisal import Surprisal, Surprise

__all__ = [
    "LETTERS",
    "NORM_PLACES",
    "Analogy",
    "AnswerPoint",
    "AskedExpert",
    "AttentionMatrix",
    "Audit",
    "BlockStep",
    "Candidate",
    "Change",
    "Check",
    "CheckpointRow",
    "Cost",
    "CostPart",
    "Credit",
    "Distances",
    "Edits",
    "Expected",
    "ExpertFacts",
    "Explanation",
    "Focus",
    "Formation",
    "Gradients",
    "HeadAttention",
    "HeadChange",
    "HeadCourse",
    "HeadLedger",
    "HeadScore",
    "HeadsGrid",
    "KeyTerm",
    "KeyWeight",
    "Kind",
    "LatentFacts",
    "LayerCredit",
    "LayerMemories",
    "Ledger",
    "Lens",
    "LensCell",
    "LensFit",
    "LensFitRow",
    "LensGrid",
    "LensGridRow",
    "LensRow",
    "Loop",
    "LoopStep",
    "Memories",
    "ModelComparison",
    "ModelFacts",
    "ModelSide",
    "ModuleCount",
    "Neighbor",
    "Neighbors",
    "Neuron",
    "NextTokens",
    "NormPlace",
    "NormRow",
    "Norms",
    "OtherKeys",
    "OtherPrompt",
    "OtherSources",
    "Parameters",
    "Promoted",
    "RepeatedTokens",
    "Residual",
    "ResidualRow",
    "RoutedLayer",
    "RoutedText",
    "RoutedToken",
    "Routing",
    "SampledToken",
    "SamplingColumn",
    "SamplingTable",
    "Shape",
    "Shapes",
    "SharedCandidate",
    "ShiftedToken",
    "SourceShares",
    "SourceTerm",
    "SourceToken",
    "Sources",
    "Spread",
    "Surprisal",
    "Surprise",
    "Term",
    "Timing",
    "Token",
    "Tokens",
    "UpdateLedger",
    "Walk",
    "WalkStep",
    "WeightChange",
    "WindowFacts",
]


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
