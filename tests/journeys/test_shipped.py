"""``modelwright ship``: a confirmed model becomes a server's folder and a page, or nothing where unproved."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelwright.deploy.browser.finding import find_browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def training_file(path: Path, rows: int = 240) -> Path:
    chance = random.Random(2)
    lines = ["amount,shop,day,note,fraud"]
    for row in range(rows):
        fraud = chance.random() < 0.4
        amount = "" if row % 23 == 0 else f"{chance.gauss(90 if fraud else 40, 25):.2f}"
        shop = chance.choice(["east", "west"] if fraud else ["west", "south"])
        note = " ".join(chance.choices(["Refund", "URGENT"] if fraud else ["coffee", "Bröt"], k=4))
        day = f"2024-{row % 12 + 1:02d}-{row % 28 + 1:02d}"
        lines.append(f"{amount},{shop},{day},{note} {row},{'yes' if fraud else 'no'}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def modelwright(*arguments: str, **environment: str) -> tuple[int, Any]:
    command = [sys.executable, "-m", "modelwright", *arguments, "--json"]
    run = subprocess.run(
        command, capture_output=True, text=True, timeout=600, env={**os.environ, **environment}
    )
    return run.returncode, json.loads(run.stdout)


@pytest.fixture(scope="module")
def confirmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after `run`; its data file is gone, for shipping does not need it."""
    folder = tmp_path_factory.mktemp("confirmed")
    data = training_file(folder / "payments.csv")
    code, said = modelwright(
        "run", str(data), "--predict", "fraud", "--trials", "2", "--project", str(folder / "p")
    )
    assert (code, said["sealed_test"] is None) == (0, False)
    data.unlink()
    return folder / "p"


@pytest.fixture
def project(confirmed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(confirmed, tmp_path / "p"))


def test_a_model_goes_to_the_server_and_the_browser_with_one_certificate(project: Path) -> None:
    if find_browser() is None:
        pytest.skip("no Chromium, Chrome or Edge on this machine")
    before = json.loads((project / "release" / "manifest.json").read_text())["name"]
    code, said = modelwright("ship", str(project), "--to", "browser,server")
    assert (code, said["releases"]) == (0, {"server": before, "browser": before})
    assert set(said["reasons"]) == {"server", "browser"}
    places = said["certificate"]["answerers"]
    assert [one["target"] for one in places] == ["server", "browser"]
    assert max(one["max_difference"] for one in places) <= 1e-5
    assert {one["disagreements"] for one in places} == {0}
    assert set(said["measured"]["places"]) == {"server", "browser"}
    for folder in ("release", "browser"):
        told = json.loads((project / folder / "parity.json").read_text())
        assert told["certificate"] == said["certificate"]
        assert said["certificate"]["release"] in (project / folder / "parity.html").read_text()
    assert (project / "browser" / "index.html").is_file()
    again = modelwright("ship", str(project), "--to", "server,browser")
    assert again == (0, {**said, "measured": None})
    assert said["certificate"]["leakage"]["rows"] >= 150  # not sensitive, and told of nevertheless
    code, looked = modelwright("ship", str(project), "--to", "server,browser", "--optimise")
    assert code == 0
    for target in ("server", "browser"):
        found = looked["certificate"]["forms"][target]
        assert found["target"] == target
        assert found["options"][found["chosen"]]["variant"]["name"] == "float"
        page = (project / ("release" if target == "server" else target) / "parity.html").read_text()
        assert f"Smaller and faster forms for the {target}" in page
    assert looked["releases"] == said["releases"]


def test_the_task_says_where_a_model_goes(project: Path) -> None:
    code, said = modelwright("ship", str(project))
    assert code == 0
    assert said["reasons"] == {"server": "the task says that it runs there (runs_on)"}
    assert not (project / "browser").exists()


def test_without_a_browser_nothing_goes_out_unproved_but_with_a_reason(project: Path) -> None:
    nowhere = {"PATH": "/nowhere", "MODELWRIGHT_BROWSER": ""}
    if any(Path(place).exists() for place in ("/Applications", "C:\\")):
        pytest.skip("browsers are found beside the PATH here")
    code, said = modelwright("ship", str(project), "--to", "browser", **nowhere)
    assert code == 2
    assert "--without-proof" in said["do_this"]
    assert not (project / "browser").exists()
    reason = ("--without-proof", "no browser in this room")
    code, said = modelwright("ship", str(project), "--to", "browser", *reason, **nowhere)
    assert code == 0
    assert said["certificate"]["unproved"] == {"browser": "no browser in this room"}
    assert "no browser in this room" in (project / "browser" / "parity.html").read_text()


def test_a_task_for_a_device_is_searched_among_models_that_can_go_there(
    project: Path, tmp_path: Path
) -> None:
    if importlib.util.find_spec("ai_edge_litert") is None:
        pytest.skip('the extra is not installed: pip install "modelwright[device]"')
    data = training_file(tmp_path / "payments.csv")
    folder = tmp_path / "device"
    assert modelwright("new", str(folder), "--data", str(data), "--predict", "fraud", "--yes")[0] == 0
    task = folder / "task.toml"
    task.write_text(task.read_text().replace('runs_on = ["server"]', 'runs_on = ["device"]'))
    code, said = modelwright("run", str(folder), "--trials", "4")
    assert code == 0, said
    page = (folder / "report.html").read_text()
    assert "LiteRT has no operator for a tree" in page
    code, said = modelwright("ship", str(folder))
    assert code == 0, said
    assert list(said["folders"]) == ["device"]
    (answerer,) = said["certificate"]["answerers"]
    assert answerer["max_difference"] <= 1e-5
    assert said["measured"]["places"]["device"]["row"] > 0
    proof = (folder / "device" / "parity.html").read_text()
    assert "model.tflite, device" in proof
    assert sha256(folder / "device" / "model.tflite") in proof
    code, again = modelwright("ship", str(folder))
    assert (code, again["certificate"]) == (0, said["certificate"])
    assert again["measured"] is None


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_limits_that_no_form_keeps_stop_shipping_and_the_closest_is_named(project: Path) -> None:
    code, said = modelwright("ship", str(project), "--to", "server", "--max-bytes", "10")
    assert (code, said["error"]) == (2, "ReleaseError")
    assert "closest is float" in said["received"]
    assert not (project / "release" / "parity.json").exists()


def test_an_audit_may_be_left_out_with_a_reason_but_not_for_sensitive_data(project: Path) -> None:
    asked = ("ship", str(project), "--to", "browser", "--without-proof", "not asked", "--no-audit", "made up")
    code, said = modelwright(*asked)
    assert code == 0
    assert said["certificate"]["unaudited"] == "made up"
    assert "made up" in (project / "browser" / "parity.html").read_text()
    task = project / "task.toml"
    task.write_text(task.read_text().replace("sensitive = false", "sensitive = true"))
    code, said = modelwright(*asked)
    assert (code, said["where"]) == (2, "--no-audit")


def test_a_task_that_changed_since_is_not_shipped(project: Path) -> None:
    task = project / "task.toml"
    task.write_text(task.read_text().replace("false_positive = 1", "false_positive = 3"))
    assert "false_positive = 3" in task.read_text()
    code, said = modelwright("ship", str(project), "--to", "server")
    assert (code, said["error"]) == (2, "ProjectError")
    assert "changed since" in said["received"]


def test_sensitive_data_are_audited_before_the_model_leaves_and_only_shipping_is_done_anew(
    project: Path,
) -> None:
    task = project / "task.toml"
    task.write_text(task.read_text().replace("sensitive = false", "sensitive = true"))
    code, said = modelwright("ship", str(project), "--to", "browser", "--without-proof", "not asked here")
    assert code == 0
    leakage = said["certificate"]["leakage"]
    assert said["certificate"]["unaudited"] == ""
    assert leakage["rows"] >= 150
    assert leakage["epsilon"] <= leakage["allowed"] == 1.0
    page = (project / "browser" / "parity.html").read_text()
    assert leakage["verdict"]["question"] in page
    code, said = modelwright("ship", str(project), "--to", "server")
    assert (code, said["certificate"]["leakage"]) == (0, None)
