"""What was asked and answered is kept, within bounds, and keeps nobody waiting."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.serving import prediction_log
from modelwright.serving.answers import Answers
from modelwright.serving.log_file import LogFile
from modelwright.serving.options import Options
from modelwright.serving.prediction_log import Entry, PredictionLog
from modelwright.serving.server import main


def entry(rows: list[dict[str, Any]], request: str = "r") -> Entry:
    answers = Answers(outputs=np.full((len(rows), 2), 0.5), prediction=["ham"] * len(rows))
    return Entry(1_700_000_000.25, request, "hand-1", rows, answers, len(json.dumps(rows)))


def read(file: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(file) as database:
        found = database.execute(
            "SELECT time, request, row, release, inputs, outputs FROM predictions ORDER BY id"
        )
        rows = found.fetchall()
    database.close()
    return rows


def test_every_answered_row_is_written_down(
    start_serving: Callable[..., Any], release_folder: Path, row: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "log.db"
    with start_serving(release_folder, options=Options(log=str(file), log_mask="note, joined")) as one:
        answers = one.ask("POST", "/predict", [row, {**row, "age": None}], **{"X-Request-Id": "mine"})[1]
        one.predict({"age": "bad"})
        tensors = [{"name": n, "shape": [1], "datatype": "BYTES", "data": [str(v)]} for n, v in row.items()]
        assert one.ask("POST", "/v2/models/hand-binary/infer", {"inputs": tensors})[0] == 200
        one.server.finish()
        text = one.ask("GET", "/metrics")[1]
    written = read(file)
    assert [(w[1] == "mine", w[2], w[3]) for w in written] == [
        (True, 1, "hand-binary"), (True, 2, "hand-binary"), (False, 1, "hand-binary"),
    ]  # fmt: skip
    assert json.loads(written[0][4]) == {**row, "note": "***", "joined": "***"}
    told = json.loads(written[0][5])
    assert told["prediction"] == answers[0]["prediction"]
    assert told["outputs"] == list(answers[0]["probabilities"].values())
    assert written[0][0].startswith(time.strftime("%Y-", time.gmtime()))
    assert "modelwright_logged_rows_total 3" in text
    assert "modelwright_log_dropped_rows_total 0" in text


@pytest.mark.parametrize(
    ("mask", "sensitive", "masked"),
    [
        (None, True, ("*",)),
        (None, False, ()),
        ("", True, ()),
        ("a, b", True, ("a", "b")),
        ("*", False, ("*",)),
    ],
)
def test_sensitive_data_are_masked_unless_told_otherwise(
    mask: str | None, sensitive: bool, masked: tuple[str, ...]
) -> None:
    assert Options(log_mask=mask).masked(sensitive=sensitive) == masked


def test_all_columns_can_be_masked(tmp_path: Path, row: dict[str, Any]) -> None:
    log = PredictionLog(LogFile(tmp_path / "log.db", max_bytes=10_000_000), masked=("*",))
    log.put(entry([row]))
    log.close()
    assert json.loads(read(tmp_path / "log.db")[0][4]) == dict.fromkeys(row, "***")


def test_the_file_stays_within_its_bound_and_keeps_the_newest(tmp_path: Path) -> None:
    file, bound = tmp_path / "log.db", 400_000
    log = PredictionLog(LogFile(file, max_bytes=bound))
    for number in range(3000):
        log.put(entry([{"note": "x" * 500}], request=str(number)))
    log.close()
    kept = [int(line[1]) for line in read(file)]
    assert file.stat().st_size <= bound
    assert kept[-1] == 2999
    assert kept == list(range(kept[0], 3000))
    assert len(kept) > 300
    assert (log.written, log.dropped) == (3000, 0)


def test_a_log_that_cannot_keep_up_drops_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_log, "MAX_WAITING_ENTRIES", 10)
    log = PredictionLog(LogFile(tmp_path / "log.db", max_bytes=10_000_000))
    locked = sqlite3.connect(tmp_path / "log.db")
    locked.execute("BEGIN IMMEDIATE")  # another process holds the file
    start = time.monotonic()
    for _ in range(5000):
        log.put(entry([{"a": 1}, {"a": 2}]))
    assert time.monotonic() - start < 1
    assert log.dropped > 9_000
    locked.rollback()
    locked.close()
    log.close()
    assert log.written + log.dropped == 10_000
    assert len(read(tmp_path / "log.db")) == log.written > 0


def test_large_entries_are_bounded_by_their_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_log, "MAX_WAITING_BYTES", 1_000)
    log = PredictionLog(LogFile(tmp_path / "log.db", max_bytes=10_000_000))
    log.put(entry([{"a": "x" * 2_000}]))
    log.put(entry([{"a": "x"}]))
    log.close()
    assert (log.written, log.dropped) == (1, 1)


def test_a_broken_log_stops_no_answer(
    start_serving: Callable[..., Any], release_folder: Path, row: dict[str, Any], tmp_path: Path
) -> None:
    with start_serving(release_folder, options=Options(log=str(tmp_path / "log.db"))) as one:
        with sqlite3.connect(tmp_path / "log.db") as database:
            database.execute("DROP TABLE predictions")
        database.close()
        assert one.predict(row)[0] == 200
        one.server.finish()
        assert "modelwright_log_dropped_rows_total 1" in one.ask("GET", "/metrics")[1]
        assert one.predict(row)[0] == 200


def test_a_log_that_cannot_be_opened_is_told(
    release_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(release_folder, ["--port", "0", "--log", str(tmp_path / "no" / "log.db")]) == 2
    assert "--log" in capsys.readouterr().err
