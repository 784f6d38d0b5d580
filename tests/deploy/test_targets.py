from __future__ import annotations

from typing import Any

import pytest

from modelwright.deploy.targets import (
    cautions,
    reachable,
    require_reachable,
    targets_asked,
    targets_called_for,
)
from modelwright.errors import UsageError
from modelwright.records import Constraints


def test_targets_are_shipped_where_a_person_said() -> None:
    assert list(targets_asked(["browser", "server"])) == ["server", "browser"]
    assert list(targets_asked(["browser"])) == ["browser"]


@pytest.mark.parametrize("names", [["phone"], ["server", "Browser"], []])
def test_a_name_that_is_no_target_is_refused(names: list[str]) -> None:
    with pytest.raises(UsageError, match="--to server,browser"):
        targets_asked(names)


def test_trees_cannot_go_to_a_device_and_the_way_out_is_named() -> None:
    require_reachable(("server", "browser"), "trees")
    for family in ("linear", "network", "yours"):
        require_reachable(("server", "device", "browser"), family)
    with pytest.raises(UsageError) as caught:
        require_reachable(("server", "device"), "trees")
    assert "no operator for a tree" in caught.value.received
    assert 'runs_on = ["device"]' in caught.value.do_this


@pytest.mark.parametrize(
    ("constraints", "targets", "because"),
    [
        ({}, ["server"], "the task says"),
        ({"runs_on": ("browser",)}, ["browser"], "the task says"),
        ({"runs_on": ("device",)}, ["device"], "the task says"),
        ({"runs_on": ("device",), "offline": True}, ["device"], "the task says"),
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
    assert "whoever has the device" in cautions(sensitive, ("device",))[0]
    assert cautions(sensitive, ("server",)) == []
    assert cautions(Constraints(), ("browser",)) == []


def test_trees_go_to_no_device_and_common_sense_goes_nowhere() -> None:
    assert reachable("network") == ("server", "device", "browser")
    assert reachable("trees") == ("server", "browser")
    assert reachable("prior") == reachable("existing") == ()
