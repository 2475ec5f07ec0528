"""How much longer a tokenizer.json's normaliser can make a text."""

from typing import Any

_MOST = 64  # times; the largest of a known tokenizer is 3, for a sign that becomes three


def check_growth(normalizer: Any) -> None:
    """Refuse rules that make a text so much longer that no memory holds it. ValueError."""
    times, more = _growth(normalizer, 0)
    if times > _MOST or more > _MOST**2:
        raise ValueError(f"its normalizer can make a text {times:,} times as long")


def _growth(step: Any, depth: int) -> tuple[int, int]:
    """(times, more): a text of n characters has at most times · n + more behind the step."""
    if not isinstance(step, dict) or depth > 50:
        return 1, 0
    if step.get("type") == "Sequence":
        times, more = 1, 0
        for each in step.get("normalizers") or ():
            t, m = _growth(each, depth + 1)
            times, more = min(times * t, 10**9), min(more * t + m, 10**9)
        return times, more
    if step.get("type") == "Prepend":
        return 1, len(str(step.get("prepend", "")))
    if step.get("type") != "Replace":
        return 1, 0
    pattern, content = step.get("pattern"), len(str(step.get("content", "")))
    found = pattern.get("String", "") if isinstance(pattern, dict) else ""
    return max(1, -(-content // max(len(str(found)), 1))), content
