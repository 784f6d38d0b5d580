"""How is a number written for people? Thousands separated, as many digits as its interval bears."""

from __future__ import annotations

import math

from modelwright.records import Estimate

NOT_KNOWN = "not known"
# A value beyond this reads better as a power of ten than with six commas.
_LARGEST_PLAIN = 1e12
_MOST_DECIMALS = 6


def number(value: float | None, digits: int = 3) -> str:
    """A lone number with `digits` significant digits; whole numbers are written out."""
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    if value == 0:
        return "0"
    if float(value).is_integer() and abs(value) < _LARGEST_PLAIN:
        return f"{value:,.0f}"
    text = fixed(value, digits - 1 - math.floor(math.log10(abs(value))))
    return text.rstrip("0").removesuffix(".") if "." in text and "×" not in text else text


def fixed(value: float, decimals: int) -> str:
    """A number rounded to `decimals` places; negative places round to tens, hundreds, ..."""
    if not math.isfinite(value):
        return NOT_KNOWN
    if value == 0:
        return "0"
    if abs(value) >= _LARGEST_PLAIN or (value and decimals > _MOST_DECIMALS and abs(value) < 1e-4):
        return _power_of_ten(value)
    rounded = round(value, min(decimals, _MOST_DECIMALS)) + 0.0
    return _minus(f"{rounded:,.{max(0, min(decimals, _MOST_DECIMALS))}f}")


def percent(share: float, decimals: int | None = None) -> str:
    """``93.1%``; more decimals near 0 and 1, where they matter."""
    if not math.isfinite(share):
        return NOT_KNOWN
    edge = min(abs(share), abs(1 - share))
    if decimals is None:
        decimals = 0 if edge in (0, 1) else 2 if edge < 0.005 else 1
    return _minus(f"{100 * share:,.{decimals}f}%")


def decimals_of(estimate: Estimate) -> int:
    """Decimals the interval bears: two significant digits of its half width."""
    half = (estimate.high - estimate.low) / 2
    if not math.isfinite(half) or half <= 0:
        size = abs(estimate.value)
        return 3 - (math.floor(math.log10(size)) + 1) if math.isfinite(size) and size > 0 else 3
    return 1 - math.floor(math.log10(half))


def value_of(estimate: Estimate) -> str:
    """The point estimate alone."""
    return fixed(estimate.value, decimals_of(estimate))


def interval_of(estimate: Estimate) -> str:
    """``0.928 to 0.962``."""
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return NOT_KNOWN
    decimals = decimals_of(estimate)
    if "×" in fixed(estimate.value, decimals):
        # One power of ten for both ends: 1.43 to 1.69 × 10⁻⁵.
        size = 10.0 ** math.floor(math.log10(abs(estimate.value)))
        power = _power_of_ten(size).partition(" ")[2]
        return _minus(f"{estimate.low / size:.2f} to {estimate.high / size:.2f} {power}")
    return f"{fixed(estimate.low, decimals)} to {fixed(estimate.high, decimals)}"


def level_of(estimate: Estimate) -> str:
    """``95%``."""
    return f"{100 * estimate.level:g}%"


def estimate_words(estimate: Estimate) -> str:
    """``0.946 (95% interval 0.928 to 0.962)``."""
    return f"{value_of(estimate)} ({level_of(estimate)} interval {interval_of(estimate)})"


def cell_words(estimate: Estimate) -> str:
    """The value and, on a line of its own, the interval; the value alone where it is exact."""
    if estimate.high <= estimate.low:
        return number(estimate.value)
    return f"{value_of(estimate)}\n{interval_of(estimate)}"


def shares_of(estimate: Estimate) -> tuple[str, str, str]:
    """A share and the ends of its interval as percentages with the same decimals."""
    half = 100 * (estimate.high - estimate.low) / 2
    decimals = min(3, max(0, 1 - math.floor(math.log10(half)))) if half > 0 else 1
    value, low, high = (percent(share, decimals) for share in (estimate.value, estimate.low, estimate.high))
    return value, low, high


def share_words(estimate: Estimate) -> str:
    """A share and, on a line of its own, its interval: ``93.1%`` and ``90.2% to 95.4%``."""
    return "{}\n{} to {}".format(*shares_of(estimate))


def compact(count: float) -> str:
    """A count for a small cell: ``940``, ``12.3k``, ``4.1M``."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(count) >= size:
            return f"{count / (1e3 if letter == 'k' else size):.1f}{letter}"
    return f"{count:,.0f}"


def file_size(size_bytes: int) -> str:
    """``812 kB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= size:
            return f"{number(size_bytes / size)} {unit}"
    return f"{size_bytes} bytes"


def _minus(text: str) -> str:
    return text.replace("-", "\u2212")


def _power_of_ten(value: float) -> str:
    mantissa, exponent = f"{value:.2e}".split("e")
    superscripts = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return _minus(mantissa) + " × 10" + str(int(exponent)).translate(superscripts)
