"""Counters of what the server does, in Prometheus' text format.

A client library would bring threads, registries and a dependency; a release counts on one event loop.
"""

from __future__ import annotations

import bisect
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

KIND = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BATCH_ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Histogram:
    """How often a value fell below each bound.

    Args:
        bounds: rising.
    """

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list[int])
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect.bisect_left(self.bounds, value)] += 1
        self.total += value

    def lines(self, name: str, labels: Labels) -> Iterator[str]:
        """As Prometheus reads it: each bucket counts those below, too."""
        below = 0
        for bound, count in zip((*self.bounds, float("inf")), self.counts, strict=True):
            below += count
            edge = "+Inf" if bound == float("inf") else f"{bound:g}"
            yield _line(f"{name}_bucket", (*labels, ("le", edge)), below)
        yield _line(f"{name}_sum", labels, self.total)
        yield _line(f"{name}_count", labels, below)


def joined(histograms: Sequence[Histogram]) -> Histogram:
    """One histogram of several with the same bounds."""
    whole = Histogram(histograms[0].bounds)
    whole.counts = [sum(counts) for counts in zip(*(one.counts for one in histograms), strict=True)]
    whole.total = sum(one.total for one in histograms)
    return whole


class Metrics:
    """What is counted, and how it is told."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.swaps: Counter[str] = Counter()
        self._seconds: dict[tuple[str, int], Histogram] = {}  # by path and status: one look a response
        self._batch_rows = Histogram(BATCH_ROWS)
        self._batch_seconds = Histogram(SECONDS)
        self._started = time.time()

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count one response.

        Args:
            path: its pattern, never the raw path: a stranger must not be able to make series.
        """
        known = self._seconds.get((path, status))
        if known is None:
            known = self._seconds[path, status] = Histogram(SECONDS)
        known.add(seconds)

    def ran(self, rows: int, seconds: float) -> None:
        """Count one run of the model."""
        self._batch_rows.add(rows)
        self._batch_seconds.add(seconds)

    def text(self, label: str, gauges: dict[str, float]) -> bytes:
        """Everything, as Prometheus reads it.

        Args:
            label: the release on stage.
            gauges: what is counted elsewhere, name -> value; a name ending in ``_total`` is a counter.
        """
        return ("\n".join(self._lines(label, gauges)) + "\n").encode()

    def _lines(self, label: str, gauges: dict[str, float]) -> Iterator[str]:
        yield from _head("release_info", "gauge", "The release on stage.")
        yield _line("modelwright_release_info", (("release", label),), 1)
        yield from _head("requests_total", "counter", "Responses by path and status.")
        for (path, status), seconds in sorted(self._seconds.items(), key=itemgetter(0)):
            labels = (("path", path), ("status", str(status)))
            yield _line("modelwright_requests_total", labels, sum(seconds.counts))
        yield from _head("rows_total", "counter", "Rows answered by each release.")
        for release, count in sorted(self.rows.items()):
            yield _line("modelwright_rows_total", (("release", release),), count)
        yield from _head("swaps_total", "counter", "Releases swapped in, or refused.")
        for outcome in ("swapped", "refused"):
            yield _line("modelwright_swaps_total", (("outcome", outcome),), self.swaps[outcome])
        yield from _head("request_seconds", "histogram", "From a request's head to its answer.")
        for path in sorted({path for path, _ in self._seconds}):
            each = [seconds for (its, _), seconds in self._seconds.items() if its == path]
            yield from joined(each).lines("modelwright_request_seconds", (("path", path),))
        yield from _head("batch_rows", "histogram", "Rows in one run of the model.")
        yield from self._batch_rows.lines("modelwright_batch_rows", ())
        yield from _head("batch_seconds", "histogram", "Length of one run of the model.")
        yield from self._batch_seconds.lines("modelwright_batch_seconds", ())
        for name, value in gauges.items():
            yield f"# TYPE modelwright_{name} {'counter' if name.endswith('_total') else 'gauge'}"
            yield _line(f"modelwright_{name}", (), value)
        yield from self._process()

    def _process(self) -> Iterator[str]:
        yield "# TYPE process_cpu_seconds_total counter"
        yield _line("process_cpu_seconds_total", (), time.process_time())
        yield "# TYPE process_start_time_seconds gauge"
        yield _line("process_start_time_seconds", (), self._started)
        resident = resident_bytes()
        if resident is not None:
            yield "# TYPE process_resident_memory_bytes gauge"
            yield _line("process_resident_memory_bytes", (), resident)


def resident_bytes() -> int | None:
    """Memory of this process now; none where the system does not tell (only Linux does so cheaply)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as told:
            return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def _head(name: str, kind: str, says: str) -> Iterator[str]:
    yield f"# HELP modelwright_{name} {says}"
    yield f"# TYPE modelwright_{name} {kind}"


def _line(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    return f"{name}{{{inside}}} {value!r}" if inside else f"{name} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
