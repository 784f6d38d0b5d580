"""How large is the report of a million rows, how fast does it open, and how fast does its threshold answer?

Made-up rows go through the product's own steps: task, data, findings, bench, a linear model in
validation, one look at the sealed rows, the threshold's table, weak slices, the report. Then a headless
Chromium opens the file, and the workbench's page, and moves their sliders.

    python benchmarks/report.py [FOLDER]     # a folder that is there already is measured again, not made anew
"""

from __future__ import annotations

import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars
from playwright.sync_api import Page, sync_playwright

from modelwright.define.profile import profile
from modelwright.deploy.browser.finding import find_browser
from modelwright.deploy.deciding import weigh_thresholds
from modelwright.deploy.explain import explain
from modelwright.deploy.weak_slices import find_weak_slices
from modelwright.develop.baseline import beat_baseline
from modelwright.develop.confirm import confirm
from modelwright.engine.columns import columns_of
from modelwright.engine.model import load
from modelwright.project import Project
from modelwright.records import Bench, Study, step
from modelwright.workflow.chapter import define_task, prepare_bench, understand_data
from modelwright.workflow.places import write_page
from modelwright.workflow.wishes import Wishes

ROWS = 1_340_000
"""A quarter of them is sealed; of the others the report's threshold is weighed on every one."""

SCORED = 1_000_000
OPENINGS = 15
MOVES = 60
RESULTS = Path(__file__).parent / "results"

MOVE = """() => new Promise((done) => {
  const slider = document.getElementById("threshold"), times = [], last = Number(slider.max);
  let left = MOVES;
  const next = () => {
    slider.value = (left * 7919) % last;
    const start = performance.now();
    slider.dispatchEvent(new Event("input"));
    document.body.getBoundingClientRect();  // everything laid out again
    const answered = performance.now() - start;
    requestAnimationFrame(() => setTimeout(() => {
      times.push([answered, performance.now() - start]);
      left -= 1;
      if (left) next(); else done(times);
    }));
  };
  next();
})""".replace("MOVES", str(MOVES))


def made_up(path: Path) -> None:
    """Transactions, 1.5% of them fraud, by numbers, words and a date; one town is harder."""
    random = np.random.default_rng(0)
    fraud = random.random(ROWS) < 0.015
    town = random.choice([f"town {place}" for place in range(40)], ROWS)
    hard = town == "town 7"
    table = {
        "amount": np.exp(random.normal(3.5 + 0.9 * (fraud & ~hard), 1)).round(2),
        "hour": ((random.normal(13, 5, ROWS) + 8 * fraud) % 24).round(1),
        "age_days": random.exponential(np.where(fraud, 60, 400)).round(),
        "distance": np.exp(random.normal(1 + 1.2 * fraud, 1.1)).round(1),
        "town": town,
        "channel": np.where(random.random(ROWS) < np.where(fraud, 0.7, 0.3), "web", "shop"),
        "day": np.datetime_as_string(
            np.datetime64("2023-01-01") + random.integers(0, 700, ROWS).astype("timedelta64[D]")
        ),
        "fraud": np.where(fraud, "yes", "no"),
    }
    polars.DataFrame(table).write_parquet(path)


@step(version=1)
def best_of(desk: Any, baseline: Study) -> Study:
    """The linear model of the baseline as what a search would have chosen."""
    desk.note("taking the linear model")
    chosen = next(place for place, run in enumerate(baseline.runs) if run.recipe.family == "linear")
    return replace(baseline, runs=(baseline.runs[chosen],), chosen=0, comparisons=())


@step(version=1)
def scored(desk: Any, bench: Bench, tuned: Study, confirmed: Study) -> Study:
    """The same with an answer for every row of development, as many folds would give.

    A holdout of so many rows validates a part of them only. The answers are the final model's: good for
    measuring speed, and for nothing else.
    """
    assert confirmed.final is not None
    table, test = desk.read(bench.dataset.table), desk.read(bench.protocol.test)
    rows = np.setdiff1d(np.arange(table.height), test)[:SCORED]
    predictions = np.full((table.height, 1, 2), np.nan)
    model = load(desk.read(confirmed.final.model))
    predictions[rows, 0] = model.predict_columns(columns_of(table, bench.dataset), rows)
    return replace(tuned, runs=(replace(tuned.best, predictions=desk.keep(predictions, "array")),))


def make(folder: Path) -> dict[str, float]:
    """The project, and how long its last steps took."""
    data = folder.parent / "transactions.parquet"
    made_up(data)
    seconds: dict[str, float] = {}
    with Project.create(folder) as project, project.writing(1):

        def timed(name: str, work: Any, *records: Any) -> Any:
            start = time.perf_counter()
            done = project.run(work, *records)
            seconds[name] = round(time.perf_counter() - start, 1)
            return done

        task, snap = define_task(project, data, Wishes(predict=("fraud",)))
        file = folder / "task.toml"
        told = re.sub(r"(?m)^#? ?volume_per_day.*$", "volume_per_day = 10000", file.read_text())
        file.write_text(re.sub(r"(?m)^#? ?false_negative.*$", "false_negative = 40", told))
        task, snap = define_task(project, folder, Wishes())
        dataset, findings = understand_data(project, task, snap)
        bench: Bench = prepare_bench(project, task, dataset, 0)
        looks = project.run(profile, bench.task, dataset, bench.protocol)
        baseline = timed("baseline", beat_baseline, bench)
        tuned = project.run(best_of, baseline)
        confirmed = timed("confirm", confirm, bench, baseline, tuned)
        tuned = project.run(scored, bench, tuned, confirmed)
        decision = timed("thresholds", weigh_thresholds, bench, tuned, confirmed)
        assert decision.rows == SCORED
        weak = timed("weak slices", find_weak_slices, bench, tuned, confirmed)
        beside = (None, None, None, None, looks, None, decision, weak)
        card = timed("report", explain, bench, findings, baseline, None, tuned, confirmed, *beside)
        write_page(project, card)
    return seconds


def opened(page: Page, address: str) -> list[float]:
    """Milliseconds from asking for a page until it is loaded and painted, each time."""
    times: list[float] = []
    for _ in range(OPENINGS):
        start = time.perf_counter()
        page.goto(address, wait_until="load")
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        times.append(1000 * (time.perf_counter() - start))
    return times


def moved(page: Page) -> dict[str, float]:
    """Milliseconds from moving the slider until everything is laid out again, and until it is painted."""
    times = np.array(page.evaluate(MOVE))
    return {
        "answered_median": round(float(np.median(times[:, 0])), 2),
        "answered_most": round(float(times[:, 0].max()), 2),
        "painted_median": round(float(np.median(times[:, 1])), 1),
        "painted_most": round(float(times[:, 1].max()), 1),
    }


def measure(folder: Path) -> dict[str, Any]:
    """What a browser says of the file and of the workbench."""
    report = folder / "report.html"
    command = [sys.executable, "-m", "modelwright", "ui", str(folder), "--no-open"]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert served.stdout is not None
    address = re.search(r"http\S+", served.stdout.readline())
    assert address is not None
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=str(find_browser()), args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
            )
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            opening, sliding = opened(page, report.as_uri()), moved(page)
            page.goto(address.group(0))
            home = address.group(0).partition("/enter")[0]
            page.wait_for_url(f"{home}/")
            deciding, there = opened(page, f"{home}/decide"), moved(page)
            version = browser.version
            browser.close()
    finally:
        served.send_signal(signal.SIGINT)
        served.wait(30)
    return {
        "chromium": version,
        "bytes": report.stat().st_size,
        "report_opens_ms": {"median": round(statistics.median(opening)), "most": round(max(opening))},
        "report_slider_ms": sliding,
        "workbench_opens_ms": {"median": round(statistics.median(deciding)), "most": round(max(deciding))},
        "workbench_slider_ms": there,
    }


def told(found: dict[str, Any]) -> str:
    """The results as a page."""
    rows = [
        ("size of report.html", f"{found['bytes'] / 1e6:.2f} MB", "2 MB"),
        ("the report opens and is painted (file)", _span(found["report_opens_ms"]), "1,000 ms"),
        ("its slider: all figures changed and laid out", _answered(found["report_slider_ms"]), "50 ms"),
        ("and painted (a frame is 17 ms)", _painted(found["report_slider_ms"]), ""),
        ("the workbench's page Decide opens", _span(found["workbench_opens_ms"]), ""),
        ("its slider: all figures changed and laid out", _answered(found["workbench_slider_ms"]), "50 ms"),
        ("and painted", _painted(found["workbench_slider_ms"]), ""),
    ]
    steps = ", ".join(f"{name} {seconds} s" for name, seconds in found["seconds"].items())
    table = "\n".join(f"| {what} | {value} | {bar} |" for what, value, bar in rows)
    return (
        f"# The report of {SCORED:,} scored rows, of {ROWS:,}\n\n"
        f"`python benchmarks/report.py`: {found['machine']}, Chromium {found['chromium']}, headless, "
        f"{OPENINGS} openings, {MOVES} moves. Median (most).\n\n"
        f"| what | measured | bar |\n|---|---|---|\n{table}\n\nMaking it: {steps}.\n"
    )


def _span(times: dict[str, float]) -> str:
    return f"{times['median']} ms ({times['most']})"


def _answered(times: dict[str, float]) -> str:
    return f"{times['answered_median']} ms ({times['answered_most']})"


def _painted(times: dict[str, float]) -> str:
    return f"{times['painted_median']} ms ({times['painted_most']})"


def main() -> None:
    """Make the project where it is not there, measure, write the results down."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()) / "project"
    seconds_file = folder.parent / "seconds.json"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        seconds_file.write_text(json.dumps(make(folder)))
    found = {
        "rows": ROWS,
        "machine": f"{platform.system()} {platform.machine()}, one core of {os.cpu_count()}",
        "python": platform.python_version(),
        "seconds": json.loads(seconds_file.read_text()),
        **measure(folder),
    }
    (RESULTS / "report.json").write_text(json.dumps(found, indent=2) + "\n")
    (RESULTS / "report.md").write_text(told(found))
    print(told(found))


if __name__ == "__main__":
    main()
