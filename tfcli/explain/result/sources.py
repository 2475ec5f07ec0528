"""Where a vector comes from: each token of the prompt, by several measures side by side."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SourceShares:
    """How much of a vector comes from some tokens, by each measure; None where it was left out.

    Attributes:
        rollout: attention rollout, the product of ½A + ½I (Abnar & Zuidema 2020).
        flow: maximum flow through the same graph, in parts of the sum over all tokens.
        alti: ‖y‖₁ - ‖y - c‖₁ in parts of a row's sum, through all layers (Ferrando et al. 2022).
        zeroing: 1 - cos of a block's output with and without a value, in parts of a row's sum,
            through all layers (Mohebbi et al. 2023).
        norm: ‖c‖ with the residual connection and the norm, in parts of a row's sum, through all
            layers (Kobayashi et al. 2021).
    """

    rollout: float | None
    flow: float | None
    alti: float | None
    zeroing: float | None
    norm: float | None


@dataclass(frozen=True)
class SourceToken:
    """One token.

    Attributes:
        written: it is one that the decoder beside an encoder has written; else one of the prompt.
        position: among those.
        shares: of the vector that is followed.
        flow: the maximum flow to this token by itself; None where flow was left out.
    """

    written: bool
    position: int
    label: str
    shares: SourceShares
    flow: float | None


@dataclass(frozen=True)
class SourceSides:
    """What a decoder beside an encoder has of the prompt, and of what it has written itself.

    Attributes:
        prompt, written: the tokens' shares, summed.
        context: by layer, the share of the prompt in what the attention to the encoder leaves at
            the position; None where all of it is zero.
    """

    prompt: SourceShares
    written: SourceShares
    context: tuple[float | None, ...]


@dataclass(frozen=True)
class Sources:
    """From which tokens the vector at a position comes.

    Shares of the tokens, of the others and of `sinks` sum to 1 for each measure. Tokens are
    numbered from the prompt's first one on; those that a decoder beside an encoder has written
    follow on the prompt's last.

    Attributes:
        position: whose vector behind the last layer is followed: the decoder's, where there is one.
        count: how many tokens can reach it.
        tokens: those that are listed, in the order of their numbers.
        others, others_count: the rest together; None and 0 for no rest.
        sides: of a decoder beside an encoder; else None.
        sinks: what learned sinks take of the rollout; None in a model without any.
        largest: by measure, the number of the token that gives most.
        context: by layer, the share of other tokens in what attention leaves at the position
            (the mixing ratio of Kobayashi et al. 2021); None where all of it is zero.
        left_out: measures that take too long here, or do not apply, each with the reason.
    """

    position: int
    label: str
    count: int
    tokens: tuple[SourceToken, ...]
    others: SourceShares | None
    others_count: int
    sides: SourceSides | None
    sinks: float | None
    largest: dict[str, int]
    context: tuple[float | None, ...]
    left_out: dict[str, str]

    def number(self, token: SourceToken) -> int:
        """The token's number among all that can reach the position."""
        prompt = self.count - self.position - 1 if token.written else 0
        return prompt + token.position
