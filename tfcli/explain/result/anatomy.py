"""The model and the prompt: shapes, norms, parameters, and whether the numbers add up."""

from dataclasses import dataclass

NORM_PLACES = ("pre", "branch", "post")


@dataclass(frozen=True)
class ExpertFacts:
    """Experts of a layer, in `layers` of the layers; each token goes to `chosen` of them.

    Attributes:
        shared: one more that every token goes to.
    """

    count: int
    chosen: int
    shared: bool
    layers: int


@dataclass(frozen=True)
class WindowFacts:
    """In `layers` of the layers a token sees so many tokens, itself included."""

    tokens: int
    layers: int


@dataclass(frozen=True)
class LatentFacts:
    """Latent attention: the widths that keys and values, and queries, pass through.

    Attributes:
        query: None where queries are made directly.
        turned: dimensions of a key that turn with the position, beside the latent.
    """

    key_value: int
    query: int | None
    turned: int


@dataclass(frozen=True)
class ModelFacts:
    """The model's name and shape, as it ran.

    Attributes:
        kind: decoder, encoder or encoder-decoder; the sizes are then the decoder's.
        encoder_layers: of the encoder beside a decoder; None for one stack.
        norm_places: where norms stand in a block, out of NORM_PLACES: on what a module reads, on
            what it gives, on the sum.
        mask: "causal", or "no".
        experts, window, latent: None where the model has none.
    """

    name: str
    family: str
    kind: str
    parameters: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    hidden_size: int
    intermediate_size: int
    vocab_size: int
    max_position_embeddings: int
    encoder_layers: int | None
    norm: str
    norm_places: tuple[str, ...]
    position: str
    tied: bool
    mask: str
    device: str
    dtype: str
    measured_in: str
    experts: ExpertFacts | None = None
    window: WindowFacts | None = None
    latent: LatentFacts | None = None


@dataclass(frozen=True)
class Focus:
    """Where the explanation looks.

    Attributes:
        position: the token whose vector is followed, from 0.
        layers: the blocks that are opened.
        heads: (layer, head) pairs that are opened.
        cross_heads, encoder_heads: likewise of the decoder's attention to the encoder, and of the
            encoder's to itself; empty in a model of one stack.
        source: the encoder's token whose query is followed, which the cross-attention looks at
            most; None in a model of one stack.
        layer_was_chosen: the layer was picked here, as the one whose attention moves the
            token most.
        head_was_chosen: likewise the head in each layer.
    """

    position: int
    layers: tuple[int, ...]
    heads: tuple[tuple[int, int], ...]
    layer_was_chosen: bool
    head_was_chosen: bool
    cross_heads: tuple[tuple[int, int], ...] = ()
    encoder_heads: tuple[tuple[int, int], ...] = ()
    source: int | None = None


@dataclass(frozen=True)
class Token:
    """One token of the prompt, and how much the model expected it.

    Attributes:
        label: its text for display: spaces visible, control characters escaped.
        probability: what the model gave it from the tokens before; None for the first.
        surprisal: -log2 of that, in bits.
    """

    position: int
    id: int
    label: str
    probability: float | None
    surprisal: float | None


@dataclass(frozen=True)
class Tokens:
    """The prompt.

    Attributes:
        window: (first, end) of the tokens that were asked to be shown, or None for all.
        bytes, bits and the rest: None where tokens are not predicted one after the other, as in an
            encoder.
        bytes: UTF-8 bytes of all tokens but the first; None without a tokenizer.
        bits: their surprisal, summed; None for a single token.
    """

    tokens: tuple[Token, ...]
    window: tuple[int, int] | None
    bytes: int | None
    bits: float | None
    bits_per_token: float | None
    bits_per_byte: float | None


@dataclass(frozen=True)
class Shape:
    """The shape of one intermediate result, without the batch."""

    name: str
    size: tuple[int, ...]


@dataclass(frozen=True)
class Shapes:
    """The way of the data through one block and out.

    Attributes:
        score: how a score is made, in words: “q·k/√64”.
    """

    score: str
    steps: tuple[Shape, ...]


@dataclass(frozen=True)
class BlockStep:
    """One block at one position: E → E + ΔE (attention) → + ΔE (feed-forward) = E'. Norms.

    Attributes:
        cross_attention: of the decoder's attention to the encoder, where there is one.
        cosine: between E and E'.
    """

    layer: int
    residual_in: float
    attention: float
    cross_attention: float | None
    residual_mid: float
    feed_forward: float
    residual_out: float
    cosine: float | None


@dataclass(frozen=True)
class ModuleCount:
    """How many parameters a kind of module has in the whole model."""

    name: str
    count: int
    share: float


@dataclass(frozen=True)
class Parameters:
    """Where the parameters are. A tied matrix counts once."""

    total: int
    modules: tuple[ModuleCount, ...]
    feed_forward_of_block: float
    feed_forward_of_model: float


@dataclass(frozen=True)
class Check:
    """One thing that must be so, with its relative error on this run."""

    name: str
    meaning: str
    error: float
    tolerance: float
    passed: bool


@dataclass(frozen=True)
class Audit:
    """Whether the numbers of this explanation can be trusted.

    Attributes:
        note: what limits the tolerance, where it is not the measures' own precision.
    """

    passed: bool
    checks: tuple[Check, ...]
    note: str | None
