"""What the embedding table says: the tokens nearest to a vector, and to a sum of vectors."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Neighbor:
    """A token near a vector: the cosine between that and the token's row."""

    rank: int
    id: int
    label: str
    cosine: float


@dataclass(frozen=True)
class Neighbors:
    """The tokens nearest to a token's embedding E, and to what the model has made of it, E'.

    Attributes:
        word: as it was asked for; None for the token that is followed in the prompt.
        position: of that token; None for a word by itself.
        norm: ‖E‖.
        rows: how many tokens were compared.
        nearest: to E, the token itself left out.
        nearest_to_final: to E', the last residual stream after the final norm; None for a word by
            itself.
        own_rank, own_cosine: of the token's own row among those nearest to E'; None likewise.
    """

    id: int
    label: str
    word: str | None
    position: int | None
    norm: float
    rows: int
    nearest: tuple[Neighbor, ...]
    nearest_to_final: tuple[Neighbor, ...] | None
    own_rank: int | None
    own_cosine: float | None


@dataclass(frozen=True)
class Term:
    """A word of a sum, with the token that was taken for it.

    Attributes:
        sign: 1 or -1.
        expected_rank: place of the expected token among the neighbours of this word alone, the
            words of the sum left out; None where nothing is expected, or the sign is -1.
    """

    sign: int
    word: str
    id: int
    label: str
    expected_rank: int | None


@dataclass(frozen=True)
class Expected:
    """Where the expected word stands among the tokens nearest to the sum.

    Attributes:
        rank: with the words of the sum left out; `rank_of_all` with them.
    """

    word: str
    id: int
    label: str
    cosine: float
    rank: int
    rank_of_all: int


@dataclass(frozen=True)
class Analogy:
    """The tokens nearest to a sum of words, without these words and with them.

    Attributes:
        left_out: labels of the tokens that count as the words of the sum.
        norm: of the sum.
        rows: how many tokens were compared, these words among them.
        nearest: without the words of the sum; `nearest_of_all` with them.
        expected: None where nothing was expected.
    """

    terms: tuple[Term, ...]
    left_out: tuple[str, ...]
    norm: float
    rows: int
    nearest: tuple[Neighbor, ...]
    nearest_of_all: tuple[Neighbor, ...]
    expected: Expected | None
