"""What comes next: the lens, the credit, the next-token table, the loop."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LensRow:
    """What the model would say if it stopped after this layer.

    Attributes:
        layer: None for the embedding, before any block.
        top_id, top_label, top_probability: the most likely token there.
        answer_probability, answer_rank: of the answer that the last layer gives; rank from 1.
        kl: KL(final ‖ here) in bits.
        entropy: in bits.
    """

    layer: int | None
    top_id: int
    top_label: str
    top_probability: float
    answer_probability: float
    answer_rank: int
    kl: float
    entropy: float


@dataclass(frozen=True)
class Lens:
    """The logit lens, a row a layer."""

    answer_id: int
    answer_label: str
    rows: tuple[LensRow, ...]


@dataclass(frozen=True)
class LayerCredit:
    """What one block's two modules added to the logit."""

    layer: int
    attention: float
    feed_forward: float
    both: float


@dataclass(frozen=True)
class Credit:
    """Direct logit attribution: embedding + position + layers + bias = total = logit.

    Attributes:
        scale: σ of the final norm, held fixed.
        position: what the learned position added; None where there is none.
        attention, feed_forward: summed over the layers.
        bias: of the final norm, and of the output.
        total: the sum of all parts; `logit` is what the model computed.
        error: |total - logit|, relative to the largest logit at the position: a logit that is
            zero by chance is no scale.
        adds_up: whether that is within what rounding explains.
    """

    target_id: int
    target_label: str
    logit: float
    total: float
    error: float
    adds_up: bool
    scale: float
    embedding: float
    position: float | None
    attention: float
    feed_forward: float
    bias: float
    layers: tuple[LayerCredit, ...]


@dataclass(frozen=True)
class Candidate:
    """One row of a next-token table.

    Attributes:
        probability: under the temperature and filters in force.
        cumulative: of `probability`, down to this row.
        plain_probability: softmax of the logits as they are.
    """

    rank: int
    id: int
    label: str
    logit: float
    probability: float
    cumulative: float
    plain_probability: float


@dataclass(frozen=True)
class NextTokens:
    """What may come next after a position.

    Attributes:
        settings: the temperature and filters in force, by name; 1 and nothing where none are.
        entropy: of the distribution in force, in bits.
        candidates: the likeliest first; `kept` is how many the filters leave.
    """

    position: int
    settings: dict[str, float]
    entropy: float
    kept: int
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class LoopStep:
    """One turn of the loop: the table, and the token that was taken from it.

    Attributes:
        text: labels of the tokens that were read, oldest first; at most the last few.
        chosen_rank: in the table of the distribution in force; from 1.
    """

    step: int
    position: int
    text: tuple[str, ...]
    table: NextTokens
    chosen_id: int
    chosen_label: str
    chosen_rank: int
    chosen_probability: float


@dataclass(frozen=True)
class Loop:
    """Predict, append, go round again.

    Attributes:
        choice: how a token is taken from a table, in words.
        seed: of the random choices; None where the likeliest is taken.
        ended: why the loop stopped before the asked number of steps, or None.
    """

    choice: str
    seed: int | None
    steps: tuple[LoopStep, ...]
    ended: str | None
