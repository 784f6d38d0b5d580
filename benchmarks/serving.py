"""How fast is a release served, beside other servers and beside onnxruntime alone?

    python benchmarks/serving.py speed --alone SERVING/bin/python --peer fastapi=PEER/bin/python ...
    python benchmarks/serving.py peers --alone SERVING/bin/python --peer fastapi=... --peer bentoml=... ...
    python benchmarks/serving.py heavy --alone SERVING/bin/python
    python benchmarks/serving.py overload --alone SERVING/bin/python

``--alone`` is an environment with a release's requirements.txt and nothing else. A peer (fastapi, bentoml,
litserve, mlflow, kserve, mlserver) has an environment of its own: its package, onnxruntime and numpy
(fastapi: ``uvicorn[standard]`` too; mlflow: onnx and pandas). Needs the load generator wrk (apt-get install
wrk). A server runs on one core, its callers on another; rounds alternate between servers. Each part's figures
go to benchmarks/results/serving.json, and all of them from there to serving.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
from serving_load import (
    CALLER_CORES,
    SERVER_CORES,
    Round,
    Server,
    environment_megabytes,
    load,
    processor_seconds,
    running,
)
from serving_models import Row, heavy_release, small_release
from serving_overload import drown
from serving_peers import PEERS, TITLES, environment, set_up, versions

from modelwright.serving.manifest import read_manifest
from modelwright.serving.release import Release

RESULTS = Path(__file__).parent / "results"
CONNECTIONS = 64
HEAVY_CONNECTIONS = 16
HEAVY_ROWS = (1, 32)  # rows a request
OURS = "modelwright"
LOGGING = "modelwright, with --log"
BASE = TITLES["fastapi"]

# The same graph by onnxruntime itself, in a process that does nothing else: rows a second, seconds of
# processor a row. Of so many threads, each runs the model for itself, or all of them share each run.
IN_PROCESS = """
import sys, threading, time
import numpy as np, onnxruntime
path, batch, seconds, apart, shared = sys.argv[1], *map(int, sys.argv[2:])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = shared
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
feeds = {one.name: np.full(batch, 0.5) for one in session.get_inputs()}
session.run(None, feeds)
runs = []
def work(end):
    while time.perf_counter() < end:
        session.run(None, feeds)
        runs.append(batch)
start, used = time.perf_counter(), time.process_time()
threads = [threading.Thread(target=work, args=(start + seconds,)) for _ in range(apart)]
for one in threads: one.start()
for one in threads: one.join()
print(sum(runs) / (time.perf_counter() - start), (time.process_time() - used) / sum(runs))
"""
# Cores of the server and of onnxruntime alone, cores of the callers, and ways of using them alone: rows a
# run, threads that run it each for itself, threads that share a run. The fastest way counts.
PLACES = {
    "one": (SERVER_CORES, CALLER_CORES, ((1, 1, 1), (8, 1, 1), (32, 1, 1))),
    "both": ("0,1", "0,1", ((32, 1, 2), (8, 2, 1), (32, 2, 1))),
}


def ours(chosen: argparse.Namespace, release: Path, row: Row, *more: str) -> Server:
    """The release's own server, asked for one row as JSON."""
    return Server(
        command=lambda port: [chosen.alone, str(release / "serve.py"), *more, "--port", str(port)],
        body=msgspec.json.encode(row),
        expected=expected(release, row),
    )


def expected(release: Path, row: Row) -> float:
    """What the release answers to a row, asked without a server."""
    return float(Release.load(release).predict([row]).outputs[0, 0])


def peer(name: str, python: str, folder: Path, release: Path, row: Row) -> Server:
    """Another server, set up with the same graph."""
    one, own = PEERS[name], folder / name
    set_up(name, python, own, release)
    return Server(
        command=lambda port: one.command(Path(python).parent, port),
        environment=lambda port: environment(name, python, own, release, port),
        path=one.path,
        body=msgspec.json.encode(one.body(row)),
        value=lambda answer: one.value(json.loads(answer)),
        expected=expected(release, row),
        folder=own,
    )


def speed(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One row as JSON over many connections, by our server and by others, in turns."""
    release = folder / "release"
    row = small_release(release)
    pythons = dict(one.split("=", 1) for one in chosen.peer)
    servers = {
        OURS: ours(chosen, release, row),
        LOGGING: ours(chosen, release, row, "--log", str(folder / "log.db")),
        **{TITLES[name]: peer(name, python, folder, release, row) for name, python in pythons.items()},
    }
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in servers}
    for _ in range(chosen.rounds):
        for name, server in servers.items():
            with running(server) as (pid, port, _):
                for seconds in (1, chosen.seconds):  # the first to warm it
                    one = load(server, port, pid, connections=CONNECTIONS, seconds=seconds, folder=folder)
            rounds[name].append(asdict(one))
            print(f"{name}: {one.rate:,.0f}/s, p99 {one.p99:.2f} ms, {one.processor_microseconds:.0f} us")
    return {
        "rounds": rounds,
        "versions": {TITLES[name]: versions(name, python) for name, python in pythons.items()},
        "cold": cold_starts(servers[OURS], chosen.starts),
        "megabytes": environment_megabytes(chosen.alone),
    }


def cold_starts(server: Server, starts: int) -> list[float]:
    """Seconds from a process to its first answer."""
    found: list[float] = []
    for _ in range(starts):
        with running(server) as (_, _, seconds):
            found.append(seconds)
    return found


def binary_body(row: Row, rows: int) -> tuple[bytes, dict[str, str]]:
    """The row so many times as an inference request with binary tensors, and its headers."""
    wide = {"datatype": "FP64", "shape": [rows], "parameters": {"binary_data_size": 8 * rows}}
    asked = {"inputs": [{"name": name, **wide} for name in row], "parameters": {"binary_data_output": True}}
    head = msgspec.json.encode(asked)
    tail = b"".join(struct.pack(f"<{rows}d", *[value] * rows) for value in row.values())
    headers = {
        "content-type": "application/octet-stream",
        "inference-header-content-length": str(len(head)),
    }
    return head + tail, headers


def heavy(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """A model that takes two milliseconds a row, asked with a binary body, beside onnxruntime alone."""
    release = folder / "release"
    row = heavy_release(release)
    found: dict[str, Any] = {"connections": HEAVY_CONNECTIONS, "rounds": []}
    for place, (cores, callers, ways) in PLACES.items():
        for rows in HEAVY_ROWS:
            server = asked_in_bytes(chosen, release, row, rows, cores, callers)
            for _ in range(chosen.rounds):
                each = [in_process(chosen, release, cores, *way) for way in ways]
                alone = max(each, key=lambda its: its["alone_rate"])
                one = {"place": place, "rows": rows, **alone, **served(chosen, server, rows, folder)}
                found["rounds"].append(one)
                print(one)
    return found


def asked_in_bytes(
    chosen: argparse.Namespace, release: Path, row: Row, rows: int, cores: str, callers: str
) -> Server:
    """The release's own server, asked by the Open Inference Protocol with a binary body."""
    body, headers = binary_body(row, rows)
    model = read_manifest(release).name.rpartition("-")[0]
    return Server(
        command=ours(chosen, release, row).command, path=f"/v2/models/{model}/infer",
        body=body, headers=headers, expected=expected(release, row),
        value=lambda answer: struct.unpack("<d", answer[-8:])[0], cores=cores, callers=callers,
    )  # fmt: skip


def served(chosen: argparse.Namespace, server: Server, rows: int, folder: Path) -> dict[str, float]:
    """Rows a second over HTTP; seconds of processor a row, the server's and its callers'."""
    choices = {"connections": HEAVY_CONNECTIONS, "folder": folder}
    with running(server) as (pid, port, _):
        load(server, port, pid, seconds=1, **choices)
        used, called = processor_seconds(pid), children_seconds()
        before = answered_rows(port)
        one = load(server, port, pid, seconds=chosen.seconds, **choices)
        answered = answered_rows(port) - before
        used, called = processor_seconds(pid) - used, children_seconds() - called
    return {
        "rate": one.rate * rows, "processor": used / answered, "callers": called / answered,
        "p99": one.p99, "failed": one.failed,
    }  # fmt: skip


def answered_rows(port: int) -> int:
    """Rows that the server has answered, as it counts them."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    return sum(map(int, re.findall(r"^modelwright_rows_total\{.*\} (\d+)$", text, re.M)))


def children_seconds() -> float:
    """Of processor, used by the programs that this one has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def in_process(
    chosen: argparse.Namespace, release: Path, cores: str, batch: int, apart: int, shared: int
) -> dict[str, float]:
    """Rows a second of onnxruntime alone on these cores, and seconds of processor a row."""
    numbers = map(str, (batch, chosen.seconds, apart, shared))
    told = subprocess.run(
        ["taskset", "-c", cores, chosen.alone, "-c", IN_PROCESS, str(release / "model.onnx"), *numbers],
        env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    rate, processor = map(float, told.stdout.split())
    return {"alone_rate": rate, "alone_processor": processor}


def overload(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Ten times more than the server can do, for a minute."""
    row = small_release(folder / "release")
    found = drown([chosen.alone, str(folder / "release" / "serve.py")], row, chosen.overload_seconds)
    print(found)
    return found


PARTS = {"speed": speed, "peers": speed, "heavy": heavy, "overload": overload}


def main() -> None:
    """Measure one part, keep its figures, and write the page anew."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--alone", default=sys.executable, help="Python with a release's requirements.txt")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help="fastapi=PYTHON")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--overload-seconds", type=int, default=60)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        measured = PARTS[chosen.part](chosen, Path(temporary))
    keeping = RESULTS / "serving.json"
    known: dict[str, Any] = json.loads(keeping.read_text()) if keeping.exists() else {}
    python = f"{platform.machine()}, Python {platform.python_version()}"
    where = f"{python}, a shared machine of {os.cpu_count()} cores"
    known[chosen.part] = {**measured, "where": where, "rounds_seconds": [chosen.rounds, chosen.seconds]}
    keeping.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    (RESULTS / "serving.md").write_text(page(known), encoding="utf-8")


def page(known: dict[str, Any]) -> str:
    """Every part that was measured, in words and tables."""
    written = [PAGES[part](known[part]) for part in PAGES if part in known]
    return "\n".join(["# Serving\n", "Written by `benchmarks/serving.py`.\n", *written])


def speed_page(found: dict[str, Any]) -> str:
    """The table of servers."""
    rounds = {name: [Round(**one) for one in each] for name, each in found["rounds"].items()}
    base = rounds.get(BASE)
    lines = [_line(name, each, base, rounds[OURS]) for name, each in rounds.items()]
    told = "\n".join(f"- {name}: {packages}" for name, packages in found["versions"].items())
    cold = found["cold"]
    starts = f"{statistics.median(cold):.2f} s ({min(cold):.2f} to {max(cold):.2f}, {len(cold)} starts)"
    number, seconds = found["rounds_seconds"]
    return f"""\
## A small model over JSON, beside {len(found["versions"])} other{"s" * (len(found["versions"]) > 1)}

`serving.py`: a network of 8-64-32-1 units, one row a request, {CONNECTIONS} connections kept open, wrk on
one core, the server with all its processes on another ({found["where"]});
{number} rounds of {seconds} s in turns. The middle of the rounds; their range in brackets.

| server | requests/s | times {BASE} | ours is faster | p50 ms | p99 ms | processor us a request | failed |
|---|---|---|---|---|---|---|---|
{chr(10).join(lines)}

Cold start, from the process to its first answer: {starts}.
The serving environment's packages: {found["megabytes"]:.0f} MB.

{told}
"""


def _line(name: str, measured: list[Round], base: list[Round] | None, ours: list[Round]) -> str:
    ordered = sorted(measured, key=lambda one: one.rate)
    middle = ordered[len(ordered) // 2]
    rates = f"{middle.rate:,.0f} ({ordered[0].rate:,.0f} to {ordered[-1].rate:,.0f})"
    p99 = (
        f"{middle.p99:.2f} ({min(one.p99 for one in measured):.2f} to {max(one.p99 for one in measured):.2f})"
    )
    failed = sum(one.failed for one in measured)
    return (
        f"| {name} | {rates} | {_times(measured, base)} | {_times(ours, measured)} | {middle.middle:.2f} |"
        f" {p99} | {middle.processor_microseconds:.0f} | {failed} |"
    )


def _times(one: list[Round], other: list[Round] | None) -> str:
    """How often the other's rate goes into this one's: round by round, middle and range."""
    if other is None:
        return ""
    ratios = [mine.rate / its.rate for mine, its in zip(one, other, strict=True)]
    return f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"


def heavy_page(found: dict[str, Any]) -> str:
    """The compute-bound model, beside onnxruntime alone."""
    kinds = dict.fromkeys((one["place"], one["rows"]) for one in found["rounds"])
    lines = [
        _heavy_line(kind, [one for one in found["rounds"] if (one["place"], one["rows"]) == kind])
        for kind in kinds
    ]
    number, seconds = found["rounds_seconds"]
    return f"""\
## A model that computes

`serving.py heavy`: a residual convolutional network of 700,000 parameters over 64 columns, about two
milliseconds a row; the Open Inference Protocol with a binary body, {found["connections"]} connections
({found["where"]}); {number} rounds of {seconds} s in turns, the middle, the range of shares in brackets.
Beside it onnxruntime alone in a process on the same cores, the fastest of its ways: runs of 1, 8 and 32
rows; on both cores two threads that share a run, or that run the model each for itself.
"One": the server on one core, its callers on the other. "Both": the server on both, and its callers there
too, whose processor time is then missing to the server. Milliseconds are of processor, a row.

| cores | rows a request | served, rows/s | alone, rows/s | share | served, ms | alone, ms | share \
| callers, ms | p99 ms | failed |
|---|---|---|---|---|---|---|---|---|---|---|
{chr(10).join(lines)}
"""


def _heavy_line(kind: tuple[str, int], rounds: list[dict[str, float]]) -> str:
    def middle(name: str, times: float = 1) -> float:
        return times * statistics.median(one[name] for one in rounds)

    rates = _share([one["rate"] / one["alone_rate"] for one in rounds])
    used = _share([one["alone_processor"] / one["processor"] for one in rounds])
    return (
        f"| {kind[0]} | {kind[1]} | {middle('rate'):,.0f} | {middle('alone_rate'):,.0f} | {rates} |"
        f" {middle('processor', 1e3):.3f} | {middle('alone_processor', 1e3):.3f} | {used} |"
        f" {middle('callers', 1e3):.3f} | {middle('p99'):.0f} | {sum(one['failed'] for one in rounds):.0f} |"
    )


def _share(shares: list[float]) -> str:
    low, middle, high = (100 * one for one in (min(shares), statistics.median(shares), max(shares)))
    return f"{middle:.0f} % ({low:.0f} to {high:.0f})"


def overload_page(found: dict[str, Any]) -> str:
    """Ten times too much."""
    answered = ", ".join(f"{count:,} x {status}" for status, count in sorted(found["statuses"].items()))
    return f"""\
## Ten times too much

`serving.py overload`: requests of {found["rows"]:,} rows, each on a connection of its own, sent whether or
not earlier ones were answered, {found["times"]:.1f} times as many as the server answers in peace
({found["rate"]:.0f} a second), for {found["seconds"]} s ({found["where"]}).
Answers: {answered}; refusals without Retry-After or without words: {found["unexplained"]}.
Memory grew by at most {found["growth_megabytes"]:.0f} MB.
After the flood a request was answered within {found["recovery_seconds"]:.2f} s.
"""


PAGES = {"speed": speed_page, "peers": speed_page, "heavy": heavy_page, "overload": overload_page}


if __name__ == "__main__":
    main()
