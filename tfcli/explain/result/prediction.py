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
        difference: the answer's logit less that of a second token, where one was named.
    """

    layer: int | None
    top_id: int
    top_label: str
    top_probability: float
    answer_probability: float
    answer_rank: int
    kl: float
    entropy: float
    difference: float | None = None


@dataclass(frozen=True)
class Lens:
    """The logit lens or the tuned lens, a row a layer.

    Attributes:
        against_id, against_label: of a second token that the answer is held against, or None.
        fitted_on, fitted_steps: the corpus of a tuned lens, and its updates; None for the logit
            lens.
    """

    answer_id: int
    answer_label: str
    rows: tuple[LensRow, ...]
    against_id: int | None = None
    against_label: str | None = None
    fitted_on: str | None = None
    fitted_steps: int | None = None


@dataclass(frozen=True)
class LayerCredit:
    """What one block's modules added to the logit; `both` is their sum.

    Attributes:
        cross_attention: None in a model without an encoder beside the decoder.
    """

    layer: int
    attention: float
    feed_forward: float
    both: float
    cross_attention: float | None = None


@dataclass(frozen=True)
class Credit:
    """Direct logit attribution: embedding + position + layers + bias = total = logit.

    Attributes:
        scale: σ of the final norm, held fixed; None where there is no final norm.
        position, segment: what the vectors of the position and the segment added; None where
            there are none.
        attention, cross_attention, feed_forward: summed over the layers.
        bias: of the norms on the way, and of the output.
        total: the sum of all parts; `logit` is what the model computed.
        error: |total - logit|, relative to the largest logit at the position: a logit that is
            zero by chance is no scale.
        adds_up: whether that is within what rounding explains.
        softcap: the model caps its logits: this is the logit before. None for no cap.
        against_id, against_label: of a second token, where one was named: every number is then of
            the difference of both logits.
    """

    target_id: int
    target_label: str
    logit: float
    total: float
    error: float
    adds_up: bool
    scale: float | None
    embedding: float
    position: float | None
    segment: float | None
    attention: float
    cross_attention: float | None
    feed_forward: float
    bias: float
    layers: tuple[LayerCredit, ...]
    softcap: float | None = None
    against_id: int | None = None
    against_label: str | None = None


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
            Temperature 0 takes the first row; the probabilities are then those at temperature 1.
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
        edited: the model ran with the changes of the section `edits`.
    """

    choice: str
    seed: int | None
    steps: tuple[LoopStep, ...]
    ended: str | None
    edited: bool = False


@dataclass(frozen=True)
class SampledToken:
    """A row of the table: a token, likeliest first by the model's own logits."""

    id: int
    label: str
    logit: float


@dataclass(frozen=True)
class SamplingColumn:
    """One distribution that a token could be drawn from.

    Attributes:
        name: short: “T 0.5”, “top-k 5”; “yours” for the settings that were given.
        settings: temperature and filters in force, by name. Temperature 0 takes the likeliest;
            the probabilities are then those at temperature 1.
        probabilities: one a row; 0 where the filters took the token away.
        rest: of all tokens that have no row.
        kept: how many tokens the filters leave.
        entropy: in bits.
    """

    name: str
    settings: dict[str, float]
    probabilities: tuple[float, ...]
    rest: float
    kept: int
    entropy: float


@dataclass(frozen=True)
class SamplingTable:
    """What temperature and filters do to the next token's distribution, side by side.

    Attributes:
        taken_from: the name of the column whose likeliest token is taken, where the user's
            temperature is 0 and nothing is drawn; else None.
    """

    position: int
    rows: tuple[SampledToken, ...]
    columns: tuple[SamplingColumn, ...]
    taken_from: str | None = None
