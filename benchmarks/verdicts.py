"""Are verdicts as seldom wrong as they say? Simulated: the baseline's gate, and "can it be learnt?".

    python benchmarks/verdicts.py [gate learnt trained] [--draws 500] [--worlds 200]

- The gate: two answers of equal worth; counted is how often one is called better. And the best of ten of
  equal worth against an eleventh, with the interval that tuning uses.
- Can it be learnt, answers drawn: rows whose answers have nothing to do with the targets; and rows whose
  best answer has the very score that the verdict says it would have found.
- Models trained: a linear model, trees and a network on rows whose targets were dealt at random, through the
  product's own steps; counted is how often the product says that something was learnt, and how often that
  common sense is beaten. The tables of real rows need the shared data sets.

Writes benchmarks/results/verdicts.json and verdicts.md; parts not named stay as they were.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars
from scipy.optimize import brentq

from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.measure import choose_measure
from modelwright.define.snapshot import snapshot
from modelwright.develop.baseline import beat_baseline
from modelwright.develop.learnable import judge_learnable
from modelwright.develop.prepare import prepare
from modelwright.develop.protocol import choose_protocol
from modelwright.develop.tune import tune
from modelwright.project import Project
from modelwright.records import Bench
from modelwright.statistics.intervals import LEVEL, paired_bootstrap, wilson_of_counts
from modelwright.statistics.measures import BUILT_IN, Score, measure_function
from modelwright.statistics.permutation import ALPHA, Association, association
from modelwright.statistics.skill import calibrated_answers, score_found

RESULTS = Path(__file__).resolve().parent / "results"
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SIZES = (100, 1_000)
PARTS = ("gate", "learnt", "trained")
MEASURES = ("accuracy", "roc_auc", "rmse")
PICKED = 10
"""Candidates of equal worth, of which the best is held against one more."""

LEARNT_SIZES = (300, 3_000)
LEARNT = ("roc_auc", "rmse")
ASKED = 3
NULL_WORLDS = 20
"""Worlds over which the score that would be found is averaged."""

TRUTH_ROWS = 200_000

ASTRAY = 0.2
"""The signal with which a model that has learnt nothing sees the targets of other rows."""

TRAINED_ROWS = 300
TRAINED = 3
"""Models asked: the linear one, trees, and the network that tuning tries first."""

Random = np.random.Generator


def score_of(name: str) -> Score:
    """A built-in measure."""
    values = BUILT_IN[name].reads == "value"
    return measure_function(BUILT_IN[name].chosen(""), () if values else ("no", "yes"))


def probabilities(scores: Any) -> Any:
    """Scores as a model's outputs of two classes, (rows, 2)."""
    positive = 1 / (1 + np.exp(-scores))
    return np.column_stack([1 - positive, positive])


def equals(name: str, rows: int, count: int, random: Random) -> tuple[Any, list[Any]]:
    """Targets, and so many answers of equal worth that err together half of the time."""
    shared = random.normal(size=rows)
    own = [np.sqrt(0.5) * shared + np.sqrt(0.5) * random.normal(size=rows) for _ in range(count)]
    if name == "rmse":
        targets = random.normal(size=rows)
        return targets, [(targets + noise)[:, None] for noise in own]
    targets = (random.random(rows) < 0.4).astype(np.int64)
    return targets, [probabilities(1.5 * (targets - 0.5) + noise) for noise in own]


def gate(name: str, rows: int, candidates: int, draws: int) -> dict[str, Any]:
    """How often the best of some candidates is called better than an equal."""
    score = score_of(name)
    goal = BUILT_IN[name].goal
    sign = 1.0 if goal == "maximise" else -1.0
    wrong = 0
    for draw in range(draws):
        targets, answers = equals(name, rows, candidates + 1, np.random.default_rng([3, rows, draw]))
        best = max(answers[1:], key=lambda each: sign * score(targets, each))
        found = paired_bootstrap(
            score,
            targets,
            best,
            answers[0],
            goal=goal,
            units=np.arange(rows),
            seed=draw,
            level=round(1 - (1 - LEVEL) / candidates, 4),
        )
        wrong += found.low > 0
    return {"what": name, "rows": rows, "candidates": candidates, **rate(wrong, draws)}


def related(name: str, rows: int, signal: float, random: Random) -> tuple[Any, list[Any]]:
    """Targets, and answers: the first sees them with so much signal, the others those of other rows."""
    values = name == "rmse"
    targets = standard(random.normal(size=rows)) if values else (random.random(rows) < 0.4).astype(np.int64)
    seen = [(targets, signal) if signal else (random.permutation(targets), ASTRAY)]
    seen += [(random.permutation(targets), ASTRAY) for _ in range(ASKED - 1)]
    noise = [random.normal(size=(rows, 1 if values else 2)) for _ in seen]
    return targets, [calibrated_answers(*one, each) for one, each in zip(seen, noise, strict=True)]


def standard(values: Any) -> Any:
    """With mean 0 and standard deviation 1, so that one RMSE means one skill in every world."""
    return (values - values.mean()) / values.std()


def signal_of(name: str, wanted: float) -> float:
    """The signal with which the first of `related` has this score on many rows."""
    score = score_of(name)

    def missing(signal: float) -> float:
        targets, answers = related(name, TRUTH_ROWS, signal, np.random.default_rng(0))
        return score(targets, answers[0]) - wanted

    return float(brentq(missing, 0.01, 3.0, xtol=1e-3))


def asked(name: str, rows: int, signal: float, seed: int) -> tuple[Any, Association]:
    """One drawn world's targets, and the test of its answers."""
    targets, answers = related(name, rows, signal, np.random.default_rng([5, rows, seed]))
    goal = BUILT_IN[name].goal
    return targets, association(score_of(name), targets, answers, goal=goal, units=np.arange(rows), seed=seed)


def findable(name: str, rows: int, seed: int) -> float:
    """The score that one world of nothing says it would have found."""
    targets, found = asked(name, rows, 0.0, seed)
    return score_found(
        score_of(name),
        targets,
        1 if name == "rmse" else 2,
        goal=BUILT_IN[name].goal,
        border=found.border,
        units=np.arange(rows),
        seed=seed,
    )


def learnt(name: str, rows: int, draws: int) -> dict[str, Any]:
    """How often nothing is called something, and how often what would be found is not."""
    said = float(np.mean([findable(name, rows, seed) for seed in range(NULL_WORLDS)]))
    signal = signal_of(name, said)
    called = sum(asked(name, rows, 0.0, seed)[1].chance <= ALPHA for seed in range(draws))
    missed = sum(asked(name, rows, signal, 10_000 + seed)[1].chance > ALPHA for seed in range(draws))
    return {
        "what": name,
        "rows": rows,
        "findable": round(said, 4),
        "called": rate(called, draws),
        "missed": rate(missed, draws),
    }


def drawn(seed: int, *, values: bool) -> dict[str, Any]:
    """A table whose target has nothing to do with its four numbers and its category."""
    random = np.random.default_rng([9, seed])
    table: dict[str, Any] = {f"x{place}": random.normal(size=TRAINED_ROWS).round(4) for place in range(4)}
    table["kind"] = random.choice(list("abcde"), TRAINED_ROWS)
    target = random.normal(size=TRAINED_ROWS).round(4)
    table["y"] = target if values else np.where(target > 0, "yes", "no")
    return table


@functools.cache
def real(name: str) -> polars.DataFrame:
    """Rows of a shared data set, the target named y."""
    if name == "messages":
        table = polars.read_csv(DATA / "sms_spam/sms_spam.csv.gz").drop("id").unique(maintain_order=True)
        return table[:1_500].rename({"label": "y"})
    if name == "passengers":
        table = polars.read_csv(DATA / "titanic/titanic_kaggle_train.csv.gz")
        return table.drop("PassengerId", "Name", "Ticket", "Cabin").rename({"Survived": "y"})
    return polars.read_csv(DATA / "boston_housing/boston_housing.csv.gz").rename({"MEDV": "y"})


def dealt(name: str, seed: int) -> polars.DataFrame:
    """A real table with the target of another row in each."""
    table = real(name)
    return table.with_columns(table["y"][np.random.default_rng([11, seed]).permutation(table.height)])


WORLDS = {
    "drawn, two classes": functools.partial(drawn, values=False),
    "drawn, a number": functools.partial(drawn, values=True),
    "SMS Spam, 1,500 texts": functools.partial(dealt, "messages"),
    "Titanic": functools.partial(dealt, "passengers"),
    "Boston": functools.partial(dealt, "houses"),
}


def laid(project: Project, table: Any, seed: int) -> Bench:
    """The bench that the product lays for a table."""
    snap = project.run(snapshot, project.adopt(table))
    task = project.run(frame, snap, predict=("y",), source_name="worlds")
    dataset = project.run(collect, task, snap)
    measure = project.run(choose_measure, task, dataset)
    protocol = project.run(choose_protocol, task, dataset, measure, (), seed=seed)
    plan = project.run(prepare, task, dataset)
    return Bench(task=task, dataset=dataset, measure=measure, plan=plan, protocol=protocol)


def trained(name: str, worlds: int) -> dict[str, Any]:
    """How often models trained on dealt targets are called to have learnt, and to beat common sense."""
    learnt_something = better = 0
    bench: Any = None
    for seed in range(worlds):
        with tempfile.TemporaryDirectory() as folder, Project.create(Path(folder) / "p") as project:
            bench = laid(project, WORLDS[name](seed), seed)
            baseline = project.run(beat_baseline, bench)
            tuned = project.run(tune, bench, baseline, baseline, trials=TRAINED - 1)
            found = project.run(judge_learnable, bench, baseline.runs + tuned.runs)
            learnt_something += found.answer == "yes"
            better += tuned.verdict.answer == "yes"
    return {
        "what": name,
        "rows": bench.protocol.rows,
        "protocol": bench.protocol.kind,
        "measure": bench.measure.name,
        "learnt": rate(learnt_something, worlds),
        "better": rate(better, worlds),
    }


def rate(hits: int, tried: int) -> dict[str, Any]:
    """A share with its 95% interval."""
    low, high = wilson_of_counts(int(hits), tried)
    return {
        "wrong": int(hits),
        "of": tried,
        "share": hits / tried,
        "interval": [round(low, 4), round(high, 4)],
    }


def said(found: dict[str, Any]) -> str:
    """A share in words."""
    low, high = found["interval"]
    return f"{found['share']:.1%} ({low:.1%} to {high:.1%})"


def written(results: dict[str, Any]) -> str:
    """The tables as Markdown."""
    lines = ["# Are verdicts as seldom wrong as they say?", "", "Shares with 95% intervals.", ""]
    lines += ["The gate: the best of some candidates against one of equal worth.", ""]
    lines += ["| measure | rows | candidates | called better |", "|---|---|---|---|"]
    lines += [
        f"| {one['what']} | {one['rows']:,} | {one['candidates']} | {said(one)} |" for one in results["gate"]
    ]
    lines += ["", f"Can it be learnt? Answers drawn, {ASKED} candidates.", ""]
    lines += [
        "| measure | rows | nothing called something | would be found from | of such, missed |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {one['what']} | {one['rows']:,} | {said(one['called'])} | {one['findable']:g} | "
        f"{said(one['missed'])} |"
        for one in results["learnt"]
    ]
    lines += ["", "A linear model, trees and a network, trained on targets dealt at random.", ""]
    lines += ["| rows of | rows | protocol | measure | called learnt | beats common sense |"]
    lines += ["|---|---|---|---|---|---|"]
    lines += [
        f"| {one['what']} | {one['rows']:,} | {one['protocol']} | {one['measure']} | {said(one['learnt'])} | "
        f"{said(one['better'])} |"
        for one in results["trained"]
    ]
    lines += [
        "",
        f"`python benchmarks/verdicts.py`, Python {platform.python_version()}, {os.cpu_count()} cores.",
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Simulate and write the results down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=PARTS, choices=PARTS)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--worlds-of", nargs="*", default=list(WORLDS), choices=list(WORLDS), metavar="NAME")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    began = time.monotonic()
    before = arguments.out / "verdicts.json"
    results: dict[str, Any] = json.loads(before.read_text()) if before.exists() else {}
    asked_for = {
        "gate": lambda: (
            gate(name, rows, candidates, arguments.draws)
            for name in MEASURES
            for rows in SIZES
            for candidates in (1, PICKED)
        ),
        "learnt": lambda: (learnt(name, rows, arguments.draws) for name in LEARNT for rows in LEARNT_SIZES),
        "trained": lambda: (trained(name, arguments.worlds) for name in arguments.worlds_of),
    }
    for part in arguments.parts:
        results[part] = []
        for found in asked_for[part]():
            results[part].append(found)
            print(part, json.dumps(found), f"{time.monotonic() - began:.0f} s", flush=True)
        arguments.out.mkdir(exist_ok=True)
        before.write_text(json.dumps(results, indent=2) + "\n")
    (arguments.out / "verdicts.md").write_text(written(results))


if __name__ == "__main__":
    main()
