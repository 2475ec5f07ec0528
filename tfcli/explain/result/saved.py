"""An explanation as it is kept in a file: all of it, so that any part can be drawn later."""

from dataclasses import dataclass, field

from tfcli.explain.result.attention import HeadsGrid
from tfcli.explain.result.explanation import Explanation


@dataclass(frozen=True)
class SavedMeasure:
    """One measure of all heads.

    Attributes:
        grids: of each kind of attention that it is defined for.
        omitted: why it does not apply to the model, where it does not; else None.
    """

    grids: tuple[HeadsGrid, ...]
    omitted: str | None = None


@dataclass(frozen=True)
class SavedExplanation:
    """What was measured on one prompt, with every section, layer and head that has room.

    Attributes:
        whole: the explanation; its focus says which layers and heads are held.
        delta_norms: ‖ΔE‖ of every layer's attention, by which the top one is chosen; empty where
            `whole` is an explanation of one screen.
        rows: how many rows a next-token table has at most.
        measures: of all heads, by name.
    """

    whole: Explanation
    delta_norms: tuple[float, ...] = ()
    rows: int = 0
    measures: dict[str, SavedMeasure] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether it was made to be looked at from all sides, and not for one screen."""
        return bool(self.delta_norms)
