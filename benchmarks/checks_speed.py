"""How long do all checks take, beside the nearest suites of Deepchecks and Evidently, on the same rows?

Called by `benchmarks/checks.py --speed`. The rows are Adult's, drawn again and again; its columns once as
they are and then noised copies of them. Ours is the whole command, import and reading included; a peer's time
is its suite alone.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars

ROOT = Path(__file__).resolve().parents[1]
WORKER = ROOT / "benchmarks" / "checks_peers.py"
LIMIT_SECONDS = 900
PAUSE_SECONDS = 0.05
TARGET, TIME = "income", "day"
FINDINGS = 1
"""`modelwright check` ends so when it has findings."""

Record = dict[str, Any]


def compared(data: Path, rows: int, columns: int, peers: dict[str, str]) -> Record:
    """Wall seconds and peak memory of each, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written_table(data, rows, columns, folder)
        program = [sys.executable, "-m", "modelwright"]
        project = str(folder / "project")
        choices = ["--predict", TARGET, "--time", TIME, "--yes"]
        runs = [
            measured("modelwright new", [*program, "new", project, "--data", f"{folder}/rows.csv", *choices]),
            measured("modelwright check", [*program, "check", project], fine=FINDINGS),
        ]
        for peer, python in peers.items():
            command = [python, str(WORKER), peer, f"{folder}/rows.parquet", TARGET, TIME]
            runs.append(measured(peer, command))
    return {
        "rows": rows,
        "columns": columns,
        "threads": os.environ.get("OMP_NUM_THREADS", "as many as there are"),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "runs": runs,
    }


def written_table(data: Path, rows: int, columns: int, folder: Path) -> None:
    """Adult's rows drawn again, and noised copies of its columns, as rows.csv and rows.parquet."""
    random = np.random.default_rng(0)
    adult = polars.read_csv(data / "adult_census" / "adult.csv.gz").drop("split")
    table = adult[random.integers(0, adult.height, rows)]
    names = [name for name in table.columns if name != TARGET]
    more = [
        noised(table[names[place % len(names)]], random).alias(f"{names[place % len(names)]}_{place}")
        for place in range(columns - table.width - 1)
    ]
    hours = np.datetime64("2020-01-01") + (np.arange(rows) // 500).astype("timedelta64[h]")
    table = table.with_columns(*more, polars.Series(TIME, hours.astype("datetime64[us]")))
    table.write_parquet(folder / "rows.parquet")
    table.write_csv(folder / "rows.csv")


def noised(values: polars.Series, random: np.random.Generator) -> polars.Series:
    """Numbers with a third of their spread added; of words half dealt anew."""
    if values.dtype.is_numeric():
        spread = 0.3 * float(values.cast(polars.Float64).std() or 0.0)  # pyright: ignore[reportArgumentType]  # of numbers
        return (values + polars.Series(spread * random.normal(size=len(values)))).round(2)
    kept = polars.Series(random.random(len(values)) < 0.5)
    dealt = values[random.permutation(len(values))]
    return polars.select(polars.when(kept).then(values).otherwise(dealt)).to_series()


def measured(name: str, command: list[str], *, fine: int = 0) -> Record:
    """Wall seconds and peak megabytes of a command, and what it says of itself; stopped at the limit."""
    began = time.perf_counter()
    peak = 0.0
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complaint:
        with subprocess.Popen(command, stdout=said, stderr=complaint, text=True) as process:
            while process.poll() is None and time.perf_counter() - began < LIMIT_SECONDS:
                peak = max(peak, peak_megabytes(process.pid))
                time.sleep(PAUSE_SECONDS)
            stopped = process.poll() is None
            if stopped:
                process.kill()
        seconds = time.perf_counter() - began
        said.seek(0)
        complaint.seek(0)
        told = said.read().strip().splitlines()
        run: Record = {"name": name, "wall_seconds": round(seconds, 2), "peak_megabytes": round(peak)}
        if stopped:
            return run | {"stopped": True}
        if process.returncode not in (0, fine):
            return run | {"failed": complaint.read().strip().splitlines()[-1:]}
    return run | (json.loads(told[-1]) if told and told[-1].startswith("{") else {})


def peak_megabytes(process: int) -> float:
    """The most memory that a running process has held; 0 when it is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    peaks = [line for line in status if line.startswith("VmHWM")]
    return int(peaks[0].split()[1]) * 1024 / 1e6 if peaks else 0.0
