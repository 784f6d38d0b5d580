from pathlib import Path
from typing import Any

import pytest

from modelwright.checks.registry import CHECKS, run_checks

PAGES = Path(__file__).resolve().parents[2] / "docs" / "findings"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.CODE)
def test_every_code_has_a_page_that_says_what_why_and_what_to_do(check: Any) -> None:
    page = (PAGES / f"{check.CODE}.md").read_text()
    assert page.startswith(f"# {check.CODE}: {check.TITLE}")
    for part in ("## What it means", "## How it is decided", "## Example", "## What to do", "## Source"):
        assert part in page


def test_every_page_has_its_check() -> None:
    assert {page.stem for page in PAGES.glob("MW*.md")} >= {check.CODE for check in CHECKS}


def test_codes_are_unique_and_in_order() -> None:
    codes = [check.CODE for check in CHECKS]
    assert codes == sorted(set(codes))


def test_the_gravest_finding_comes_first_and_what_does_not_apply_is_said(inspect_file: Any) -> None:
    told: list[str] = []
    inspection = inspect_file("bike_sharing_hourly/hour.csv.gz", "cnt")
    found, not_applicable = run_checks(inspection, lambda check, done: told.append(f"{done} {check.CODE}"))
    gravity = ["serious", "warning", "info"]
    places = [gravity.index(one.severity) for one in found]
    assert places == sorted(places)
    assert places[0] == 0
    assert "MW104: the target is a number" in not_applicable
    assert told == [f"{done} {check.CODE}" for done, check in enumerate(CHECKS)]
    assert all(one.advice and one.evidence and len(one.lines) <= 20 for one in found)
