from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.checks.inspection import NotApplicable
from modelwright.checks.later_dates import look


def orders(share: float, rows: int = 400) -> dict[str, list[Any]]:
    """Orders with the day they were made, the day the customer was born, and a day after some of them."""
    random = np.random.default_rng(0)
    made = np.datetime64("2024-01-01") + random.integers(0, 300, rows).astype("timedelta64[D]")
    later = random.random(rows) < share
    days = np.where(later, 9, -9).astype("timedelta64[D]")
    return {
        "made": made.astype(str).tolist(),
        "closed": (made + days).astype(str).tolist(),
        "size": random.normal(size=rows).tolist(),
        "label": random.choice(["yes", "no"], rows).tolist(),
    }


@pytest.mark.parametrize(("share", "severity"), [(0.9, "serious"), (0.1, "warning")])
def test_days_after_the_order_are_found(
    inspect_table: Any, findings: Any, share: float, severity: str
) -> None:
    (found,) = findings(look(inspect_table(orders(share), "label", time="made")))
    assert found.columns == ("closed",)
    assert found.severity == severity
    assert "9 days (median)" in found.evidence[0]


def test_days_before_it_are_not(inspect_table: Any) -> None:
    assert look(inspect_table(orders(0.0), "label", time="made")) == ()


def test_without_a_time_nothing_is_late(inspect_table: Any) -> None:
    assert isinstance(look(inspect_table(orders(0.9), "label")), NotApplicable)
