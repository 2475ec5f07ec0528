"""`SamplingConfig`: how the next token is chosen. Free of torch."""

from dataclasses import dataclass

from tfcli.errors import UsageError


@dataclass(frozen=True)
class SamplingConfig:
    """How a token is chosen from the distribution; the filters work in this order.

    Attributes:
        repetition_penalty: above 1, tokens that already stand there become less likely
            (Keskar et al. 2019).
        temperature: divides the logits; 0 takes the most likely token (greedy).
        top_k: keep the k most likely tokens.
        top_p: keep the smallest set with this much probability (Holtzman et al. 2020).
        min_p: keep tokens with at least this share of the likeliest one's probability
            (Nguyen et al. 2024).
    """

    temperature: float = 0.8
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None

    def __post_init__(self) -> None:
        """Raises UsageError naming every value that is out of range."""
        faults = []
        if not _is_number(self.temperature) or not 0 <= self.temperature < float("inf"):
            faults.append(f"temperature is {self.temperature!r}; it must be 0 or more")
        if self.top_k is not None and (not isinstance(self.top_k, int) or self.top_k < 1):
            faults.append(f"top-k is {self.top_k!r}; it must be a whole number, at least 1")
        if self.top_p is not None and (not _is_number(self.top_p) or not 0 < self.top_p <= 1):
            faults.append(f"top-p is {self.top_p!r}; it must be above 0 and at most 1")
        if self.min_p is not None and (not _is_number(self.min_p) or not 0 <= self.min_p <= 1):
            faults.append(f"min-p is {self.min_p!r}; it must be between 0 and 1")
        penalty = self.repetition_penalty
        if penalty is not None and (not _is_number(penalty) or not 0 < penalty < float("inf")):
            faults.append(f"repetition penalty is {penalty!r}; it must be above 0")
        if faults:
            raise UsageError("The " + "; the ".join(faults) + ".")

    @property
    def greedy(self) -> bool:
        """Whether the most likely token is always taken."""
        return self.temperature == 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
