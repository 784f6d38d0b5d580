from __future__ import annotations

from typing import Any

import pytest

from modelwright.deploy.browser.build import program_files
from modelwright.errors import UsageError
from modelwright.records import Constraints
from modelwright.workflow import FormWishes
from modelwright.workflow.forms import optimised_for, wishes_of


def test_forms_are_looked_for_where_a_person_or_the_task_limits_something() -> None:
    assert wishes_of(None, Constraints()) is None
    assert wishes_of(None, Constraints(max_size_megabytes=5)) == FormWishes()
    assert wishes_of(None, Constraints(max_latency_milliseconds=5)) == FormWishes()
    own = FormWishes(max_bytes=1_000)
    assert wishes_of(own, Constraints(max_size_megabytes=5)) == own


class Door:
    """Remembers what a step was asked."""

    def run(self, step: Any, *records: Any, **choices: Any) -> Any:
        return choices


def asked(target: Any, wishes: FormWishes, constraints: Constraints) -> Any:
    door: Any = Door()
    nothing: Any = None
    return optimised_for(door, nothing, nothing, target, wishes, constraints)


def test_the_stricter_of_a_persons_limit_and_the_tasks_holds() -> None:
    constraints = Constraints(max_latency_milliseconds=5)
    assert asked("server", FormWishes(), constraints)["max_latency_ms"] == 5
    assert asked("server", FormWishes(max_latency_ms=2), constraints)["max_latency_ms"] == 2
    assert asked("server", FormWishes(), constraints)["max_bytes"] is None


def test_the_tasks_size_is_the_whole_folders_and_leaves_the_model_the_rest() -> None:
    beside = sum(map(len, program_files().values()))
    constraints = Constraints(max_size_megabytes=(beside + 300_000) / 1e6)
    assert asked("browser", FormWishes(), constraints)["max_bytes"] == pytest.approx(300_000, abs=1)
    assert asked("browser", FormWishes(max_bytes=9_000), constraints)["max_bytes"] == 9_000
    assert asked("server", FormWishes(), constraints)["max_bytes"] > 1_000_000
    assert asked("browser", FormWishes(), Constraints(max_size_megabytes=0.1))["max_bytes"] == 1


@pytest.mark.parametrize("limit", [{"max_bytes": 0}, {"max_drop": -0.1}, {"max_latency_ms": float("nan")}])
def test_a_limit_that_nothing_can_keep_is_refused(limit: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        FormWishes(**limit)
