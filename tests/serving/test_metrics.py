from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelwright.serving.metrics import Histogram, Metrics

LINE = re.compile(r'([a-z_]+)(\{[a-z]+="(?:[^"\\\n]|\\.)*"(?:,[a-z]+="(?:[^"\\\n]|\\.)*")*\})? (\S+)')


def read(text: str) -> dict[str, float]:
    """Prometheus' text format, read strictly: one series a line, each once."""
    series: dict[str, float] = {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# "):
            assert re.match(r"# (HELP|TYPE) [a-z_]+ ", line)
            continue
        found = LINE.fullmatch(line)
        assert found, line
        name = found[1] + (found[2] or "")
        assert name not in series
        series[name] = float(found[3])
    return series


def test_what_was_answered_is_counted(
    start_serving: Callable[..., Any], release_folder: Path, row: dict[str, Any]
) -> None:
    with start_serving(release_folder) as one:
        one.predict([row, row])
        one.predict({"age": 1})
        one.ask("GET", "/secret/0123")
        one.ask("GET", "/v2/models/some-stranger")
        status, text, headers = one.ask("GET", "/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    series = read(text)
    assert series['modelwright_requests_total{path="/predict",status="200"}'] == 1
    assert series['modelwright_requests_total{path="/predict",status="422"}'] == 1
    assert series['modelwright_requests_total{path="other",status="404"}'] == 1
    assert series['modelwright_rows_total{release="hand-binary"}'] == 2
    assert series['modelwright_release_info{release="hand-binary"}'] == 1
    assert series["modelwright_batch_rows_count"] == 1
    assert series["modelwright_connections"] >= 1
    assert series["modelwright_held_bytes"] == 0
    assert series["process_resident_memory_bytes"] > 10_000_000
    assert "secret" not in text
    assert "stranger" not in text


def test_buckets_count_what_is_at_most_their_bound() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 9.0):
        histogram.add(value)
    assert list(histogram.lines("x", ())) == [
        'x_bucket{le="1"} 2', 'x_bucket{le="2"} 4', 'x_bucket{le="+Inf"} 5', "x_sum 14.0", "x_count 5",
    ]  # fmt: skip


def test_a_label_is_escaped() -> None:
    text = Metrics().text('a"b\\c\nd', {}).decode()
    assert read(text)['modelwright_release_info{release="a\\"b\\\\c\\nd"}'] == 1
