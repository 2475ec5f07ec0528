"""Feed-forward memories: which neurons fired, and which words each one wrote."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Promoted:
    """A token and what was added to its logit."""

    id: int
    label: str
    logit: float


@dataclass(frozen=True)
class Neuron:
    """One neuron: a number that fired, times the row of values that it writes.

    Attributes:
        expert: whose neuron it is; None where it is no expert's.
        shared: it is of the module beside the experts that every token goes to.
        activation: what fired; in an expert times the router's weight.
        norm: ‖activation · value row‖.
        effect: what it added to the answer's logit.
        promoted, suppressed: the tokens whose logits it raised and lowered most.
    """

    expert: int | None
    shared: bool
    index: int
    activation: float
    norm: float
    effect: float
    promoted: tuple[Promoted, ...]
    suppressed: tuple[Promoted, ...]


@dataclass(frozen=True)
class LayerMemories:
    """The feed-forward module of one layer at one position.

    `effect` of the listed neurons + `others_effect` + `bias_effect` = `effect`, the credit of the
    layer's feed-forward module.

    Attributes:
        experts: the experts that the token went to; empty where there are none.
        neurons: how many were computed.
        fired: how many of them are not exactly 0.
        half: the fewest that together hold half of Σ‖activation · value row‖.
        listed: those with the largest norms, largest first; `others` is how many more there are.
        bias_effect: of the module's bias, and of a norm's on what it gives.
        norm: ‖ΔE‖ of the whole module.
        promoted, suppressed: by the whole ΔE.
    """

    layer: int
    experts: tuple[int, ...]
    neurons: int
    fired: int
    half: int
    listed: tuple[Neuron, ...]
    others: int
    others_effect: float
    bias_effect: float
    effect: float
    norm: float
    promoted: tuple[Promoted, ...]
    suppressed: tuple[Promoted, ...]


@dataclass(frozen=True)
class Memories:
    """The opened layers.

    Attributes:
        answer_id, answer_label: whose logit the effects are on; less that of `against_label`,
            where a second token was named.
    """

    position: int
    answer_id: int
    answer_label: str
    against_label: str | None
    layers: tuple[LayerMemories, ...]
