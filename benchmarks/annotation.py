"""Does annotation stay quick with a million items? Import, the next item, an answer on disk.

    python benchmarks/annotation.py [--items 1000000] [--deals 2000]

Items are short texts from a CSV file, imported as the command does. Dealt and answered is by three annotators
in turn, one of whom begins when the others have answered thousands; half way through, a priority for every
item is set. Then the same over HTTP: the workbench as a process of its own, asked by two invited annotators
in turn, each over a connection that is kept. Writes benchmarks/results/annotation.json and annotation.md.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from modelwright.project import open_annotations
from modelwright.records import Given, Question
from modelwright.sources.annotations.tables import Columns
from modelwright.workflow.annotating import import_annotations

RESULTS = Path(__file__).resolve().parent / "results"
WORDS = [
    "order",
    "late",
    "refund",
    "parcel",
    "box",
    "thanks",
    "broken",
    "never",
    "arrived",
    "size",
    "colour",
    "shop",
    "card",
    "money",
    "back",
]


def write_items(path: Path, count: int) -> None:
    """Write so many short texts as a CSV file."""
    draw = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        file.write("id,text,channel\n")
        for number in range(count):
            text = " ".join(draw.choices(WORDS, k=12))
            file.write(f"m{number},{text},{draw.choice(('mail', 'chat'))}\n")


def times(took: list[float]) -> dict[str, float]:
    """Quantiles in milliseconds."""
    milliseconds = np.array(took) * 1_000
    return {
        name: round(float(np.quantile(milliseconds, share)), 3)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    }


def measured(folder: Path, count: int, deals: int) -> dict[str, Any]:
    """Import, deal and answer, and how long each took."""
    file = folder / "items.csv"
    write_items(file, count)
    found: dict[str, Any] = {"items": count, "file_megabytes": round(file.stat().st_size / 1e6, 1)}
    started = time.perf_counter()
    asked = Question(kind="single", labels=("praise", "complaint"))
    new = import_annotations(folder / "project", file, question=asked, columns=Columns(key="id")).new
    found["import_seconds"] = round(time.perf_counter() - started, 2)
    assert new == count
    with open_annotations(folder / "project") as store:
        next_seconds: list[float] = []
        answer_seconds: list[float] = []
        for number in range(deals):
            if number == deals // 2:
                started = time.perf_counter()
                store.put_first([f"m{place}" for place in range(count)])
                found["priority_seconds"] = round(time.perf_counter() - started, 2)
            who = ("ann", "bob", "cai")[number % 3 if number > deals // 3 else number % 2]
            started = time.perf_counter()
            (dealt,) = store.deal(who, tab="one")
            next_seconds.append(time.perf_counter() - started)
            started = time.perf_counter()
            store.record(
                Given(answer_id=f"{number}", annotator=who, key=dealt.key, value="praise", seconds=1)
            )
            answer_seconds.append(time.perf_counter() - started)
        found["next_item_ms"], found["answer_on_disk_ms"] = times(next_seconds), times(answer_seconds)
        started = time.perf_counter()
        found["answered"] = store.progress().answered
        found["progress_seconds"] = round(time.perf_counter() - started, 2)
    started = time.perf_counter()
    with open_annotations(folder / "project") as store:
        store.deal("dot", tab="one")
    found["open_and_first_item_seconds"] = round(time.perf_counter() - started, 3)
    found |= over_http(folder / "project", deals)
    path = folder / "project" / ".modelwright" / "annotations.sqlite"
    found["file_on_disk_megabytes"] = round(path.stat().st_size / 1e6, 1)
    found["peak_megabytes"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
    return found


def over_http(folder: Path, deals: int) -> dict[str, Any]:
    """The next item, and an answer on disk, as an annotator's page asks for them."""
    served = subprocess.Popen(
        [sys.executable, "-m", "modelwright", "ui", str(folder), "--no-open"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert served.stdout is not None
    try:
        port = int(served.stdout.readline().partition("127.0.0.1:")[2].partition("/")[0])
        with open_annotations(folder) as store:
            guests = [Guest(port, store.invite(name)) for name in ("eve", "fay")]
        took: dict[str, list[float]] = {"deal": [], "acts": []}
        for number in range(deals):
            guest = guests[number % 2]
            seconds, dealt = guest.post("/annotate/deal", {"tab": "one", "count": 1})
            took["deal"].append(seconds)
            act = {"answer_id": f"http-{number}", "annotator": guest.name, "value": "praise", "seconds": 1}
            seconds, _ = guest.post("/annotate/acts", {"acts": [act | {"key": dealt["items"][0]["key"]}]})
            took["acts"].append(seconds)
    finally:
        served.terminate()
        served.wait(30)
    return {"http_next_item_ms": times(took["deal"]), "http_answer_on_disk_ms": times(took["acts"])}


class Guest:
    """An invited annotator's browser, as far as it asks.

    Args:
        port: the workbench's. token: her link's.
    """

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._headers = {"origin": f"http://127.0.0.1:{port}", "content-type": "application/json"}
        answer, body = self._ask("POST", "/join", {"token": token})
        self.name = json.loads(body)["name"]
        self._headers["cookie"] = str(answer.getheader("set-cookie")).partition(";")[0]
        _, shown = self._ask("GET", "/annotate")
        found = re.search(rb'name="csrf" content="([^"]+)"', shown)
        assert found is not None
        self._headers["x-modelwright-csrf"] = found.group(1).decode()

    def post(self, path: str, value: dict[str, Any]) -> tuple[float, Any]:
        """Send something: how long it took, and what was answered."""
        started = time.perf_counter()
        answer, body = self._ask("POST", path, value)
        seconds = time.perf_counter() - started
        assert answer.status == 200, body
        return seconds, json.loads(body)

    def _ask(
        self, method: str, path: str, value: dict[str, Any] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        self._connection.request(method, path, json.dumps(value or {}), self._headers)
        answer = self._connection.getresponse()
        return answer, answer.read()


def spelled(quantiles: dict[str, float]) -> str:
    """Quantiles as a cell."""
    return " / ".join(f"{one}" for one in quantiles.values()) + " ms"


def page(found: dict[str, Any]) -> str:
    """The figures as a page."""
    rows = [
        ("import, from CSV", f"{found['import_seconds']} s", "60 s"),
        (
            "next item, p50 / p99 / max",
            spelled(found["next_item_ms"]),
            "p99 100 ms",
        ),
        (
            "an answer on disk, p50 / p99 / max",
            spelled(found["answer_on_disk_ms"]),
            "",
        ),
        (
            "next item over HTTP, p50 / p99 / max",
            spelled(found["http_next_item_ms"]),
            "p99 100 ms",
        ),
        (
            "an answer on disk over HTTP, p50 / p99 / max",
            spelled(found["http_answer_on_disk_ms"]),
            "",
        ),
        ("a priority for every item", f"{found['priority_seconds']} s", ""),
        ("all counts", f"{found['progress_seconds']} s", ""),
        ("opened, and a new annotator's first item", f"{found['open_and_first_item_seconds']} s", ""),
        ("file on disk", f"{found['file_on_disk_megabytes']} MB", ""),
        ("peak memory", f"{found['peak_megabytes']} MB", ""),
    ]
    ran = f"`python benchmarks/annotation.py`, on {found['machine']}."
    head = f"# Annotation of {found['items']:,} items\n\n{ran}\n"
    table = ["| what | measured | allowed |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]
    return "\n".join([head, *table, ""])


def main() -> None:
    """Measure, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--deals", type=int, default=2_000)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        found = measured(folder, chosen.items, chosen.deals)
    finally:
        shutil.rmtree(folder)
    found["machine"] = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "annotation.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "annotation.md").write_text(page(found), encoding="utf-8")
    print(page(found))


if __name__ == "__main__":
    main()
