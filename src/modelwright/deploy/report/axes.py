"""Where do numbers fall on a picture, and which round numbers name the places?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.report.figures import fixed, number

# Steps people count in: the classic 1-2-5 series (Heckbert, "Nice numbers for graph labels", 1990).
_NICE_STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight map from numbers to pixels.

    Args:
        low, high: the numbers at both ends.
        start, end: their pixels (start > end for an axis that grows upwards).
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a number; numbers outside are drawn at the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def holds(self, value: float) -> bool:
        """Whether the number lies on the axis."""
        return self.low <= value <= self.high


def scale(low: float, high: float, start: float, end: float) -> Scale:
    """A scale from `low` to `high`, widened where the two are one number."""
    low, high = _apart(low, high)
    return Scale(low, high, start, end)


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """About `about` round numbers inside [low, high]."""
    low, high = _apart(low, high)
    size = 10.0 ** math.floor(math.log10((high - low) / max(1, about)))
    candidates = [_multiples(low, high, size * nice) for nice in _NICE_STEPS]
    return min(candidates, key=lambda ticks: abs(len(ticks) - about))


def _apart(low: float, high: float) -> tuple[float, float]:
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    if high - low > 1e-12 * max(abs(low), abs(high), 1e-300):
        return low, high
    half = abs(low) * 0.05 or 0.5
    return low - half, high + half


def _multiples(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def tick_words(ticks: list[float]) -> list[str]:
    """The ticks as text, all with the decimals their step needs."""
    if len(ticks) < 2:
        return [number(tick) for tick in ticks]
    step = ticks[1] - ticks[0]
    largest = max(map(abs, ticks))
    if largest >= 1e6:
        size, letter = next((s, name) for s, name in ((1e12, "T"), (1e9, "B"), (1e6, "M")) if largest >= s)
        return [fixed(t / size, _decimals(step / size)) + (letter if t else "") for t in ticks]
    return [fixed(tick, _decimals(step)) for tick in ticks]


def limits(values: NDArray[np.float64], *, share: float = 0.0, room: float = 0.04) -> tuple[float, float]:
    """Where an axis starts and ends: the values' range, `share` of the extremes left out on each side."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = (float(end) for end in np.quantile(finite, [share, 1 - share]))
    return low - room * (high - low), high + room * (high - low)


def _decimals(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 1e-9))
