from __future__ import annotations

from typing import Any

import pytest

from modelwright.deploy.targets import cautions, targets_asked, targets_called_for
from modelwright.errors import UsageError
from modelwright.records import Constraints


def test_targets_are_shipped_where_a_person_said() -> None:
    assert list(targets_asked(["browser", "server"])) == ["server", "browser"]
    assert list(targets_asked(["browser"])) == ["browser"]


@pytest.mark.parametrize("names", [["phone"], ["server", "Browser"], []])
def test_a_name_that_is_no_target_is_refused(names: list[str]) -> None:
    with pytest.raises(UsageError, match="--to server,browser"):
        targets_asked(names)


def test_a_device_is_not_here_yet_and_what_can_be_had_is_named() -> None:
    with pytest.raises(UsageError) as asked:
        targets_asked(["device", "server"])
    assert asked.value.received == "device, which is not here yet"
    assert "--to browser" in asked.value.do_this
    with pytest.raises(UsageError, match="not here yet") as called:
        targets_called_for(Constraints(runs_on=("device",)))
    assert "task.toml" in called.value.where


@pytest.mark.parametrize(
    ("constraints", "targets", "because"),
    [
        ({}, ["server"], "the task says"),
        ({"runs_on": ("browser",)}, ["browser"], "the task says"),
        ({"runs_on": ("browser", "server")}, ["server", "browser"], "the task says"),
        ({"offline": True}, ["server", "browser"], "without a network"),
        ({"max_latency_milliseconds": 5.0}, ["server", "browser"], "may take 5 ms"),
        ({"max_latency_milliseconds": 200.0}, ["server"], "the task says"),
        ({"offline": True, "runs_on": ("browser",)}, ["browser"], "the task says"),
    ],
)
def test_constraints_call_for_targets_and_say_why(
    constraints: dict[str, Any], targets: list[str], because: str
) -> None:
    called = targets_called_for(Constraints(**constraints))
    assert list(called) == targets
    assert because in list(called.values())[-1]


def test_whoever_gives_a_model_of_sensitive_data_away_is_told() -> None:
    sensitive = Constraints(sensitive=True)
    assert "copy the model" in cautions(sensitive, ("browser",))[0]
    assert cautions(sensitive, ("server",)) == []
    assert cautions(Constraints(), ("browser",)) == []
