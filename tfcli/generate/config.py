"""`SamplingConfig`: how the next token is chosen. Free of torch."""

from dataclasses import dataclass

from tfcli.errors import UsageError


@dataclass(frozen=True)
class SamplingConfig:
    """How a token is chosen from the distribution; the filters work in this order.

    Attributes:
        temperature: divides the logits; 0 takes the most likely token (greedy).
        top_k: keep the k most likely tokens.
        top_p: keep the smallest set with this much probability (Holtzman et al. 2020).
        min_p: keep tokens with at least this share of the likeliest one's probability.
        repetition_penalty: above 1, tokens that already stand there become less likely
            (Keskar et al. 2019).
    """

    temperature: float = 0.8
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None

    def __post_init__(self) -> None:
        """Raises UsageError naming every value that is out of range."""
        faults = []
        if not 0 <= self.temperature < float("inf"):
            faults.append(f"temperature is {self.temperature}; it must be 0 or more")
        if self.top_k is not None and self.top_k < 1:
            faults.append(f"top-k is {self.top_k}; it must be at least 1")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            faults.append(f"top-p is {self.top_p}; it must be above 0 and at most 1")
        if self.min_p is not None and not 0 <= self.min_p <= 1:
            faults.append(f"min-p is {self.min_p}; it must be between 0 and 1")
        if self.repetition_penalty is not None and not 0 < self.repetition_penalty < float("inf"):
            faults.append(f"repetition penalty is {self.repetition_penalty}; it must be above 0")
        if faults:
            raise UsageError("The " + "; the ".join(faults) + ".")

    @property
    def greedy(self) -> bool:
        """Whether the most likely token is always taken."""
        return self.temperature == 0
