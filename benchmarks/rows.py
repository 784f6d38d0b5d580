"""Are rows found at once among a million? What the workbench's room of rows asks of a data set's file.

    python benchmarks/rows.py [--rows 1000000] [--repeats 5]

A table of ten columns of numbers, five of categories and one of short texts; a quarter of the rows is sealed.
Each question is asked several times, the middle of its times is told, and how much memory finding took beyond
what the program takes. Writes benchmarks/results/rows.json and rows.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import polars

from modelwright.workbench.rows import Asked, find_rows

RESULTS = Path(__file__).resolve().parent / "results"
QUESTIONS = {
    "the first page": Asked(),
    "the 10,000th page": Asked(page=9_999),
    "a category of a column": Asked(column="category 1", value="beta"),
    "a number of a column": Asked(column="number 0", value="0"),
    "a word in any column": Asked(text="town 976"),
    "a word that is nowhere": Asked(text="no such thing"),
    "digits in any column": Asked(text="31415"),
    "rows by their lines": Asked(lines=(5, 400_000, 800_000)),
}


def write_table(path: Path, rows: int) -> None:
    """Write the table as a data set's file."""
    draw = np.random.default_rng(0)
    numbers = {f"number {place}": draw.normal(size=rows) for place in range(10)}
    words = ["alpha", "beta", "gamma", "delta"]
    categories = {f"category {place}": draw.choice(words, rows) for place in range(5)}
    notes = [f"order {place} sent to town {place % 977}" for place in range(rows)]
    polars.DataFrame({**numbers, **categories, "note": notes}).write_parquet(path)


def measured(path: Path, rows: int, repeats: int) -> dict[str, Any]:
    """The middle of the times of each question, in seconds, and what it found."""
    lines = np.arange(2, rows + 2)
    sealed = np.sort(np.random.default_rng(1).choice(rows, rows // 4, replace=False))
    find_rows(path, lines, sealed, Asked())  # what loads once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers: dict[str, Any] = {}
    for name, asked in QUESTIONS.items():
        took: list[float] = []
        count = 0
        for _ in range(repeats):
            started = time.perf_counter()
            count = find_rows(path, lines, sealed, asked).count
            took.append(time.perf_counter() - started)
        answers[name] = {"seconds": round(float(np.median(took)), 3), "rows_found": count}
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"answers": answers, "megabytes_more": round((after - before) / 1e3)}


def page(found: dict[str, Any]) -> str:
    """The figures as a page."""
    lines = [
        f"# Rows found among {found['rows']:,}",
        "",
        f"`python benchmarks/rows.py`, on {found['machine']}. Memory rose by {found['megabytes_more']:,} MB "
        f"at most; the file has {found['file_megabytes']:,} MB.",
        "",
        "| asked for | seconds | rows found |",
        "|---|---|---|",
        *(f"| {name} | {one['seconds']} | {one['rows_found']:,} |" for name, one in found["answers"].items()),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, and write what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        # In a process of its own, so that this one's memory never held the table.
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:
            apart.submit(write_table, path, chosen.rows).result()
        found = {"rows": chosen.rows, "file_megabytes": round(path.stat().st_size / 1e6)}
        found |= measured(path, chosen.rows, chosen.repeats)
    versions = f"polars {polars.__version__}, Python {platform.python_version()}"
    found["machine"] = f"{os.cpu_count()} cores, {platform.system()}, {versions}"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "rows.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "rows.md").write_text(page(found), encoding="utf-8")
    print(page(found))


if __name__ == "__main__":
    main()
