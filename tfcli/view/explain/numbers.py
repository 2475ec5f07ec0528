"""How an explanation writes its numbers: short, aligned, and a dash for what does not exist."""

import math

NONE = "–"


def probability(value: float | None) -> str:
    """“.340”; “1.000” for certainty; “<.001” for what three decimals would call nothing."""
    if value is None or not math.isfinite(value):
        return NONE
    return "<.001" if 0 < value < 0.0005 else f"{value:.3f}".removeprefix("0")


def percent(value: float | None) -> str:
    """“41%”, “-3%”; a decimal below 1: “0.4%”."""
    if value is None or not math.isfinite(value):
        return NONE
    digits = 1 if 0.0005 <= abs(value) < 0.0095 else 0
    return f"{100 * value:.{digits}f}%".replace("-0%", "0%")


def signed_percent(value: float | None) -> str:
    """“+12%”, “-3%”, “0%”."""
    shown = percent(value)
    return shown if shown.startswith(("-", NONE, "0%")) else f"+{shown}"


def number(value: float | None, digits: int = 2) -> str:
    """“8.31”, and fewer decimals the larger it is: “1,204”; “1.2e+07” where it is huge."""
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    if size >= 1e6:
        return f"{value:.1e}"
    if size >= 1000:
        return f"{value:,.0f}"
    shown = f"{value:.{digits if size < 9.995 else min(digits, 1)}f}"
    return shown.removeprefix("-") if float(shown) == 0 else shown


def significant(value: float | None) -> str:
    """Two digits or more of any size: “104”, “8.7”, “0.070”, “3.6e-9”."""
    if value is None or not math.isfinite(value):
        return NONE
    if value != 0 and not 0.000995 <= abs(value) < 99_950:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    if abs(value) >= 9.95:
        return f"{value:,.0f}"
    return f"{value:#.2g}" if value else "0"


def norm(value: float) -> str:
    """“21.4”; “0.83” below 1."""
    return number(value, 1 if abs(value) >= 0.95 else 2)


def cosine(value: float | None) -> str:
    """“.91”, “-.20”, “1.00”."""
    if value is None or not math.isfinite(value):
        return NONE
    return f"{value:.2f}".replace("0.", ".", 1).replace("-.00", ".00")


def signed(value: float | None, digits: int = 2) -> str:
    """“+0.42”, “-1.30”."""
    shown = number(value, digits)
    return shown if shown.startswith("-") or shown == NONE else f"+{shown}"


def count(value: int) -> str:
    """“8,000”."""
    return f"{value:,}"


def counted(value: int, noun: str) -> str:
    """“1 token”, “8,000 tokens”."""
    return f"{count(value)} {noun}" + ("" if value == 1 else "s")


def amount(value: int) -> str:
    """“6.3M”, “1.2K”, “812”: three digits or fewer."""
    for size, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K")):
        if value >= 0.9995 * size:
            short = value / size
            return f"{short:.0f}{letter}" if short >= 99.95 else f"{short:.1f}{letter}"
    return str(value)


def error(value: float) -> str:
    """“3e-07” as “3e-7”; “0” for none."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return str(value)
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"
