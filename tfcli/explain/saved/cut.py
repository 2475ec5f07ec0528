"""What a request cuts out of a whole explanation. Free of torch."""

from dataclasses import dataclass

from tfcli.explain.request import Request
from tfcli.explain.result import Explanation, Focus, HeadAttention, HeadLedger, Kind


@dataclass(frozen=True)
class Cut:
    """What is cut, and for what.

    Attributes:
        focus: the layers and heads that are opened in the part.
        complete: the whole was made to be cut, not for one screen.
    """

    whole: Explanation
    focus: Focus
    request: Request
    complete: bool

    def opens(self, found: HeadLedger | HeadAttention) -> bool:
        """Whether the part opens this head."""
        heads: dict[Kind, tuple[tuple[int, int], ...]] = {
            "encoder": self.focus.encoder_heads,
            "self": self.focus.heads,
            "cross": self.focus.cross_heads,
        }
        return (found.layer, found.head) in heads[found.kind]
