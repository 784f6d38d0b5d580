"""Every page shows what the records say, and nothing in the data is ever more than text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.deploy.report.page import file_of
from modelwright.project import Project

PAGES = ["/", "/data", "/rows", "/models", "/report", "/ledger", "/ledger/1", "/steps/define.understand"]
SCRIPT = "<script>alert"


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_and_escapes_what_the_data_say(ask: Any, path: str) -> None:
    answer = ask(path)
    assert answer.status == 200
    assert SCRIPT not in answer.text
    assert answer.text.count("<script") == 1  # the workbench's own


@pytest.mark.parametrize("path", ["/data", "/rows", "/steps/define.collect"])
def test_names_made_of_markup_show_as_they_are(ask: Any, path: str) -> None:
    assert "&lt;script&gt;alert" in ask(path).text


def test_the_map_says_what_is_done_and_what_is_open(ask: Any) -> None:
    text = ask("/").text
    assert "What is predicted, from what?" in text
    assert text.count('class="stop done"') >= 5
    assert 'data-step="develop.tune"' in text
    assert "not done yet" in text


def test_a_step_shows_its_findings_and_where_it_comes_from(ask: Any, project: Path) -> None:
    with Project.open(project) as opened:
        entry = opened.entry("define.understand")
    assert entry is not None
    text = ask("/steps/define.understand").text
    assert f"/ledger/{entry.sequence}" in text
    lineage = ask(f"/ledger/{entry.sequence}").text
    assert "define.collect" in lineage
    assert "modelwright check" in lineage


def test_a_record_can_be_kept_as_json(ask: Any, project: Path) -> None:
    with Project.open(project) as opened:
        entry = opened.entry("define.frame")
    assert entry is not None
    answer = ask(f"/ledger/{entry.sequence}/record.json")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert json.loads(answer.body)["targets"] == ["late"]


def test_rows_are_found_by_text_column_and_line_and_sealed_ones_never(ask: Any, project: Path) -> None:
    every = ask("/rows").text
    assert "180 of 180 rows; 60 more are sealed" in every
    assert "1 of 180 rows" in ask("/rows?text=ORDER%20" + _open_order(project) + "%20").text
    shown = ask("/rows?column=late&value=yes").text
    assert ">no</bdi>" not in shown
    assert "No row answers" in ask("/rows?text=nothing%20like%20it").text
    with Project.open(project) as opened:
        protocol, dataset = (opened.last(step) for step in ("develop.choose_protocol", "define.collect"))
        sealed = opened.read(dataset.lines)[opened.read(protocol.test)]
    lines = ",".join(str(line) for line in sealed)
    assert "0 of 180 rows" in ask(f"/rows?lines={lines}").text


def _open_order(project: Path) -> str:
    """The number of an order that is not sealed."""
    with Project.open(project) as opened:
        sealed = set(opened.read(opened.last("develop.choose_protocol").test).tolist())
    return str(next(place for place in range(100, 240) if place not in sealed))


def test_the_threshold_moves_by_the_reports_own_script(ask: Any) -> None:
    script = ask("/static/threshold.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.text == file_of("threshold.js")
    assert "once one was tuned" in ask("/decide").text


@pytest.mark.parametrize(
    "query", ["page=99999", "page=-1", "page=x", "lines=a,b", "lines=" + "9" * 30, "column=none", "text=%00"]
)
def test_odd_questions_about_rows_are_answered(ask: Any, query: str) -> None:
    assert ask(f"/rows?{query}").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/steps/no.step",
        "/ledger/999999",
        "/ledger/999999/record.json",
        "/static/..%2Fx",
        "/framed/x",
    ],
)
def test_what_is_not_there_is_said_to_be_nowhere(ask: Any, path: str) -> None:
    assert ask(path).status == 404


@pytest.mark.parametrize("body", [b"[1]", b"{", b'"x"', b"1" * 1_000_001])
def test_a_form_of_another_shape_is_refused_in_four_parts(ask: Any, body: bytes) -> None:
    answer = ask("/run", "POST", body)
    assert answer.status == 422
    assert set(json.loads(answer.body)) == {"where", "expected", "received", "do_this"}


@pytest.mark.parametrize("seconds", ["", "soon", "-1", "nan", "1e99", None, []])
def test_a_time_that_is_none_starts_no_run(ask: Any, seconds: Any) -> None:
    assert ask("/run", "POST", {"seconds": seconds}).status == 422
    assert not ask.bench.runner.goes_on


def test_a_sensitive_tasks_rows_are_not_shown(ask_of: Any, tmp_path: Path) -> None:
    from modelwright.workbench.starting import frame_task

    folder = tmp_path / "patients"
    folder.mkdir()
    ages = np.random.default_rng(0).integers(20, 60, 90)
    rows = "".join(f"{age},secret{age},{'yes' if age > 33 else 'no'}\n" for age in ages)
    (folder / "patients.csv").write_text("age,name,ill\n" + rows)
    frame_task(folder, "patients.csv", "ill", "")
    task = folder / "task.toml"
    task.write_text(task.read_text().replace("sensitive = false", "sensitive = true"))
    frame_task(folder, "patients.csv", "ill", "")
    ask = ask_of(folder)
    assert "secret" not in ask("/rows").text
    assert "secret" not in ask("/rows?column=name&value=secret44").text


def test_pictures_of_the_report_have_their_style_here_too(ask: Any) -> None:
    style = ask("/static/report.css").text
    for sheet in ("style.css", "pictures.css", "threshold.css"):
        assert file_of(sheet) in style
