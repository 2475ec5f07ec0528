"""What the options of `tfcli explain` ask for together: sections, sampling, a seed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfcli.errors import UsageError
from tfcli.explain.request import SCREEN, SECTIONS, parse_sections

if TYPE_CHECKING:
    from tfcli.generate.config import SamplingConfig

_SEEDS = 2**63


def asked_sections(
    section: str | None, few: bool, strict: bool, named: Sequence[str]
) -> tuple[str, ...]:
    """Those that were named, and those of flags of their own; else all, or the model only.

    Args:
        few: what is asked for is a loop, changes or words alone.
        named: by flags of their own.
    """
    unnamed = ("model",) if few else SCREEN
    asked = {*(parse_sections(section) if section is not None else unnamed), *named}
    if strict:
        asked.add("audit")
    return tuple(name for name in SECTIONS if name in asked)


def asked_sampling(
    temperature: float | None,
    top_k: int | None,
    top_p: float | None,
    min_p: float | None,
    repetition_penalty: float | None,
) -> "SamplingConfig | None":
    """None where nothing is set; temperature 1 where only a filter is."""
    from tfcli.generate.config import SamplingConfig

    filters = (top_k, top_p, min_p, repetition_penalty)
    if temperature is None and filters == (None,) * 4:
        return None
    return SamplingConfig(1.0 if temperature is None else temperature, *filters)


def asked_seed(seed: int | None, drawn: bool) -> int:
    """The one that was named; else a new one where tokens are drawn, or 0.

    Raises:
        UsageError: it is too large.
    """
    if (seed or 0) >= _SEEDS:
        raise UsageError(f"The seed is {seed}; it must be from 0 to {_SEEDS - 1}.")
    if seed is not None or not drawn:
        return seed or 0
    import secrets

    return secrets.randbelow(2**31)
