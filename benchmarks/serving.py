"""How fast is a release served, beside FastAPI with onnxruntime? One run, the same graph, the same rows.

    python benchmarks/serving.py --alone SERVING/bin/python --peer fastapi=PEERS/bin/python

``--alone`` is an environment with a release's requirements.txt and nothing else; a peer's has its own
packages (fastapi: ``pip install fastapi 'uvicorn[standard]' onnxruntime numpy``). Needs the load generator
wrk (apt-get install wrk). The server runs on one core, wrk on another; rounds alternate between servers.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from onnx import TensorProto, helper, numpy_helper

from modelwright.deploy.packing import pack
from modelwright.serving.manifest import FORMAT, Field, Golden, Manifest
from modelwright.serving.release import Release

RESULTS = Path(__file__).parent / "results" / "serving.md"
FIELDS = 8  # as California housing has
LAYERS = (64, 32, 1)
CONNECTIONS = 64
PEER = "FastAPI + onnxruntime, sync"
SERVER_CORE, CALLER_CORE = 1, 0

FASTAPI = """
import json, sys
import numpy as np, onnxruntime, uvicorn
from fastapi import FastAPI
from pydantic import create_model
folder, port = sys.argv[1:]
manifest = json.load(open(f"{folder}/manifest.json"))
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options, providers=["CPUExecutionProvider"])
fields = [(field["name"], field["tensor"]) for field in manifest["inputs"]]
Row = create_model("Row", **{name: (float, ...) for name, _ in fields})
app = FastAPI()
@app.post("/predict")
def predict(row: Row):
    feeds = {tensor: np.array([getattr(row, name)]) for name, tensor in fields}
    return {"model": manifest["name"], "prediction": float(session.run(None, feeds)[0][0, 0])}
uvicorn.run(app, port=int(port), loop="uvloop", http="httptools", log_level="error", access_log=False)
"""


def small_release(folder: Path) -> dict[str, float]:
    """Write a release of a small network over eight numbers; returns a row for it."""
    chance = np.random.default_rng(0)
    columns = [f"column_{i}" for i in range(FIELDS)]
    nodes = [helper.make_node("Reshape", [name, "shape"], [f"{name}_2d"]) for name in columns]
    nodes.append(helper.make_node("Concat", [f"{name}_2d" for name in columns], ["wide"], axis=1))
    nodes.append(helper.make_node("Cast", ["wide"], ["layer_0"], to=TensorProto.FLOAT))
    constants = [helper.make_tensor("shape", TensorProto.INT64, [2], [-1, 1])]
    for number, (width, units) in enumerate(zip((FIELDS, *LAYERS), LAYERS, strict=False)):
        weights = chance.normal(size=(width, units)).astype(np.float32) / width
        constants.append(numpy_helper.from_array(weights, f"weights_{number}"))
        last = number == len(LAYERS) - 1
        product = "outputs" if last else f"product_{number}"
        nodes.append(helper.make_node("MatMul", [f"layer_{number}", f"weights_{number}"], [product]))
        if not last:
            nodes.append(helper.make_node("Relu", [product], [f"layer_{number + 1}"]))
    inputs = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["rows"]) for name in columns]
    outputs = [helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["rows", 1])]
    graph = helper.make_graph(nodes, "small", inputs, outputs, constants)
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()
    fields = tuple(Field(name=f"feature_{i}", tensor=name, dtype="number") for i, name in enumerate(columns))
    manifest = Manifest(
        format=FORMAT, name="small-00000000", kind="regression", targets=("value",), inputs=fields
    )
    row = {field.name: 0.5 + number for number, field in enumerate(fields)}
    answer = Release(manifest, model).predict([row]).outputs.tolist()
    for name, data in pack(manifest, model, Golden(rows=[row], outputs=answer, tolerance=[1e-5])).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return row


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of load came to."""

    rate: float
    middle: str
    p99: str
    failed: int
    processor_microseconds: float


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, body: bytes) -> Iterator[tuple[int, float]]:
    """A server that answers; gives its process and the seconds until its first answer."""
    start = time.perf_counter()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        ["taskset", "-c", str(SERVER_CORE), *command], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        while not _answers(port, body):
            if process.poll() is not None or time.perf_counter() - start > 60:
                raise SystemExit(f"{command[0]} does not answer")
            time.sleep(0.005)
        yield process.pid, time.perf_counter() - start
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _answers(port: int, body: bytes) -> bool:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/predict", body, {"content-type": "application/json"}
    )
    try:
        return urllib.request.urlopen(request, timeout=5).status == 200
    except OSError:
        return False


def load(port: int, pid: int, script: Path, seconds: int) -> Round:
    """One round of wrk."""
    before = processor_seconds(pid)
    told = subprocess.run(
        ["taskset", "-c", str(CALLER_CORE), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency",
         "-s", str(script), f"http://127.0.0.1:{port}/predict"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    used = processor_seconds(pid) - before
    found = {key: re.findall(rf"{key}\s+(\S+)", told)[-1] for key in ("50%", "99%", "Requests/sec:")}
    failed = re.findall(r"Non-2xx or 3xx responses: (\d+)", told)
    errors = re.findall(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", told)
    rate = float(found["Requests/sec:"])
    bad = sum(map(int, failed)) + sum(int(count) for line in errors for count in line)
    return Round(
        rate,
        found["50%"],
        found["99%"],
        bad,
        1e6 * used / max(1.0, rate * seconds),
    )


def processor_seconds(pid: int) -> float:
    """Of a process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def environment_megabytes(python: str) -> float:
    """Size of an environment's packages, compiled files left out (they depend on what has run)."""
    script = "import sysconfig; print(sysconfig.get_path('purelib'))"
    folder = Path(
        subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    )
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and f.suffix != ".pyc") / 1e6


def main() -> None:
    """Measure, print and write benchmarks/results/serving.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--alone", default=sys.executable, help="Python with a release's requirements.txt")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help="fastapi=PYTHON")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--starts", type=int, default=7)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        body = msgspec.json.encode(small_release(folder / "release"))
        (folder / "body.json").write_bytes(body)
        script = folder / "load.lua"
        script.write_text(
            f'local f = io.open("{folder}/body.json", "rb"); wrk.method = "POST"; wrk.body = f:read("*a");'
            'f:close(); wrk.headers["content-type"] = "application/json"'
        )
        (folder / "fastapi_peer.py").write_text(FASTAPI)
        servers = commands(chosen, folder)
        rounds = measured_load(servers, body, script, chosen)
        cold = cold_starts(servers["modelwright"], body, chosen.starts)
    report = told(rounds, cold, environment_megabytes(chosen.alone), chosen)
    print(report)
    RESULTS.write_text(report, encoding="utf-8")


def commands(chosen: argparse.Namespace, folder: Path) -> dict[str, list[str]]:
    """How each server is started; the port comes last."""
    peers = dict(one.split("=", 1) for one in chosen.peer)
    if unknown := peers.keys() - {"fastapi"}:
        raise SystemExit(f"--peer: expected fastapi; received {', '.join(unknown)}")
    serve = [chosen.alone, str(folder / "release" / "serve.py")]
    found = {
        "modelwright": [*serve, "--port"],
        "modelwright, with --log": [*serve, "--log", str(folder / "log.db"), "--port"],
    }
    if "fastapi" in peers:
        found[PEER] = [peers["fastapi"], str(folder / "fastapi_peer.py"), str(folder / "release")]
    return found


def measured_load(
    servers: dict[str, list[str]], body: bytes, script: Path, chosen: argparse.Namespace
) -> dict[str, list[Round]]:
    """Rounds of load, one server after the other, again and again."""
    rounds: dict[str, list[Round]] = {name: [] for name in servers}
    for _ in range(chosen.rounds):
        for name, command in servers.items():
            port = free_port()
            with running([*command, str(port)], port, body) as (pid, _):
                load(port, pid, script, 1)  # warm
                rounds[name].append(load(port, pid, script, chosen.seconds))
    return rounds


def cold_starts(command: list[str], body: bytes, starts: int) -> list[float]:
    """Seconds from a process to its first answer."""
    found: list[float] = []
    for _ in range(starts):
        port = free_port()
        with running([*command, str(port)], port, body) as (_, seconds):
            found.append(seconds)
    return found


def told(
    rounds: dict[str, list[Round]], cold: list[float], megabytes: float, chosen: argparse.Namespace
) -> str:
    """The tables."""
    base = statistics.median(one.rate for one in rounds[PEER]) if PEER in rounds else None
    table = [_line(name, measured, base) for name, measured in rounds.items()]
    where = f"{platform.machine()}, Python {platform.python_version()}, a shared machine"
    starts = f"{statistics.median(cold):.2f} s ({min(cold):.2f} to {max(cold):.2f}, {len(cold)} starts)"
    return f"""\
# Serving

`python benchmarks/serving.py --alone PYTHON --peer fastapi=PYTHON --rounds {chosen.rounds} \
--seconds {chosen.seconds}`:
a network of 8-64-32-1 units, one row as JSON, {CONNECTIONS} connections kept open, wrk on one core, the
server on another ({where}). The middle of the rounds; their range in brackets.

| server | requests/s | times {PEER} | p50 | p99 | processor us a request | failed |
|---|---|---|---|---|---|---|
{chr(10).join(table)}

Cold start, from the process to its first answer: {starts}.
The serving environment's packages: {megabytes:.0f} MB.
"""


def _line(name: str, measured: list[Round], base: float | None) -> str:
    ordered = sorted(measured, key=lambda one: one.rate)
    middle = ordered[len(ordered) // 2]
    times = f"{middle.rate / base:.1f}" if base else ""
    rates = f"{middle.rate:,.0f} ({ordered[0].rate:,.0f} to {ordered[-1].rate:,.0f})"
    failed = sum(one.failed for one in measured)
    return (
        f"| {name} | {rates} | {times} | {middle.middle} | {middle.p99} |"
        f" {middle.processor_microseconds:.0f} | {failed} |"
    )


if __name__ == "__main__":
    main()
