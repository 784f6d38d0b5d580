"""The parts of a date, in whole-number arithmetic that the exported graph repeats step by step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.preparation.preparation import DatePart

SECONDS_A_DAY = 86_400
FIRST_SECOND = -62_135_596_800.0
"""0001-01-01T00:00:00 UTC: earlier moments count as this one."""
LAST_SECOND = 253_402_300_799.0
"""9999-12-31T23:59:59 UTC: later moments count as this one."""

DATE_PARTS: tuple[DatePart, ...] = ("days", "year", "month", "day", "weekday", "hour", "yearday")


def date_parts(seconds: NDArray[np.float64]) -> dict[DatePart, NDArray[np.float64]]:
    """The parts of each moment, NaN where it is missing.

    Args:
        seconds: since 1970-01-01T00:00 UTC (rows,), NaN where missing.

    Returns:
        ``days`` since 1970 with its fraction; ``year``; ``month`` 1-12; ``day`` 1-31; ``weekday`` 0-6
        from Monday; ``hour`` 0-23; ``yearday`` 1-366.

    Source:
        Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days. Days are counted
        from 0000-03-01, so all numbers are positive and division is the same in every language.
    """
    missing = np.isnan(seconds)
    moment = np.clip(np.where(missing, 0.0, seconds), FIRST_SECOND, LAST_SECOND)
    second = np.floor(moment).astype(np.int64) + 719_468 * SECONDS_A_DAY
    days = second // SECONDS_A_DAY
    era = days // 146_097
    day_of_era = days - era * 146_097
    years = day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    year_of_era = years // 365
    from_march = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * from_march + 2) // 153
    month = shifted + 3 - 12 * (shifted // 10)
    year = year_of_era + era * 400 + shifted // 10
    leap = _divides(year, 4) - _divides(year, 100) + _divides(year, 400)
    # From March on a date is 59 days (60 in a leap year) and its days from March; before, it wraps.
    yearday = from_march + 60 + leap - (shifted // 10) * (365 + leap)
    whole = {
        "year": year,
        "month": month,
        "day": from_march - (153 * shifted + 2) // 5 + 1,
        "weekday": (days + 2) % 7,
        "hour": (second - days * SECONDS_A_DAY) // 3_600,
        "yearday": yearday,
    }
    parts: dict[DatePart, NDArray[np.float64]] = {"days": moment / SECONDS_A_DAY}
    for part in DATE_PARTS[1:]:
        parts[part] = whole[part].astype(np.float64)
    return {part: np.where(missing, np.nan, value) for part, value in parts.items()}


def _divides(year: NDArray[np.int64], divisor: int) -> NDArray[np.int64]:
    """1 where `divisor` divides the year, else 0, by division alone."""
    return 1 - np.minimum(year - (year // divisor) * divisor, 1)
