"""What ``modelwright ship`` says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelwright import workflow
from modelwright.cli import modelwright
from modelwright.cli.failing import told
from modelwright.deploy.certificate.times import Measured, Times
from modelwright.records import Answerer, Certificate, Device, Estimate, Release, Rounded
from modelwright.workflow import FormWishes, Reasons, Shipped

RELEASE = Release(name="spam-1", files={}, parity_rows=1000, parity_max_difference=3e-8, size_bytes=450_000)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    answerer = Answerer(
        target="server",
        release="spam-1",
        form="float",
        program="Python",
        model="sha",
        max_difference=3e-8,
        disagreements=0,
        unanswered=1,
    )
    shipped = Shipped(
        releases={"server": RELEASE, "browser": RELEASE},
        certificate=Certificate(
            release="spam-1", rows=1000, limit=1e-5, answerers=(answerer,), unproved={"browser": "no browser"}
        ),
        device=None,
        reasons={"server": "asked for", "browser": "offline"},
        folders={"server": Path("p/release"), "browser": Path("p/browser")},
        sizes={"server": 450_000, "browser": 4_160_000},
        measured=Measured(
            utc="now", machine="here", places={"server": Times(first_answer=200, row=0.5, slow_row=1)}
        ),
        cautions=["mind the data"],
    )

    def ship_project(project: str, **choices: Any) -> Shipped:
        calls.append({"project": project, **choices})
        return shipped

    monkeypatch.setattr(workflow, "ship_project", ship_project)
    return calls


def test_what_was_shipped_is_told_with_its_proof(asked: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(modelwright, ["ship", "p", "--to", "server, browser", "--without-proof", "no browser"]) == 0
    (call,) = asked
    assert (call["project"], call["to"]) == ("p", ("server", "browser"))
    assert (call["forms"], call["why"]) == (None, Reasons(without_proof="no browser"))
    said = capsys.readouterr().out
    for words in (
        "spam-1, shipped",
        "release (0.45 MB): asked for",
        "browser (4.16 MB): offline",
        "1,000 rows answered alike, largest difference 3.0e-08, 0 with another class (Python)",
        "UNPROVED browser: no browser",
        "first answer after 200 ms, then 0.5 ms a row",
        "mind the data",
        "parity.html",
    ):
        assert words in said


def test_what_was_shipped_is_told_to_programs(asked: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(modelwright, ["ship", "p", "--json"]) == 0
    assert (asked[0]["to"], asked[0]["forms"]) == ((), None)
    said = json.loads(capsys.readouterr().out)
    assert said["certificate"]["answerers"][0]["max_difference"] == 3e-8
    assert said["measured"]["places"]["server"]["row"] == 0.5
    assert said["folders"] == {"server": str(Path("p/release")), "browser": str(Path("p/browser"))}


@pytest.mark.usefixtures("asked")
def test_what_came_of_integers_on_a_device_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drop = Estimate(value=0.001, low=-0.001, high=0.003, method="said")
    half = Estimate(value=0.51, low=0.5, high=0.52, method="said")
    rounded = Rounded(
        drop=drop, relative=False, rows=200, max_difference=0.02, disagreements=3, share=0.26, time=half
    )
    device = Device(
        name="spam-1", files={}, size_bytes=1, operators={}, float_bytes=1, no_integers="too slow"
    )
    shipped = workflow.ship_project("p")
    for certificate, words in (
        (
            replace(shipped.certificate, rounded=rounded),
            "0.26 of the size, 0.51 of the time, loses at most 0.3 points",
        ),
        (shipped.certificate, "left out: too slow"),
    ):
        said = replace(shipped, device=device, certificate=certificate)
        monkeypatch.setattr(workflow, "ship_project", lambda *_, told=said, **__: told)
        assert told(modelwright, ["ship", "p"]) == 0
        assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--optimise"], FormWishes()),
        (["--max-bytes", "500000"], FormWishes(max_bytes=500_000)),
        (["--max-latency-ms", "2.5", "--max-drop", "1"], FormWishes(max_latency_ms=2.5, max_drop=0.01)),
        (["--variant", "int8 static"], FormWishes(by_hand="int8 static")),
    ],
)
def test_a_limit_a_name_or_the_word_itself_has_forms_looked_for(
    asked: Any, options: list[str], wanted: FormWishes
) -> None:
    assert told(modelwright, ["ship", "p", "--json", *options]) == 0
    assert asked[0]["forms"] == wanted


@pytest.mark.parametrize("limit", [["--max-bytes", "0"], ["--max-drop", "-1"], ["--max-latency-ms", "nan"]])
def test_a_limit_that_nothing_can_keep_is_refused_at_once(
    asked: Any, limit: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(modelwright, ["ship", "p", *limit]) == 2
    assert asked == []
    assert limit[0] in capsys.readouterr().err
