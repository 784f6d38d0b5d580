"""Do the checks find what is there, and nothing else? Faults planted into real data, and the data as they
are.

    python benchmarks/checks.py [--seeds 20] [--only MW101 ...]

Every fault is planted into every data set that it fits, at several strengths, each with so many seeds; the
strengths marked "must catch" were named before anything was measured. Clean versions (known faults taken
out) are looked at as often, on random halves of their rows. Counted is whether the check reports the
planted column or rows, by its code. Writes benchmarks/results/checks.json and checks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars

from modelwright.checks.inspection import NotApplicable
from modelwright.checks.registry import CHECKS
from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.snapshot import snapshot
from modelwright.define.understand import open_dataset
from modelwright.errors import ModelwrightError
from modelwright.project import Project
from modelwright.records import Finding, step
from modelwright.statistics.intervals import wilson_of_counts

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
RESULTS = Path(__file__).resolve().parent / "results"
ROWS = 3_000
"""Rows drawn of each data set: a check that needs more is of little use to a small team."""

Random = np.random.Generator
Table = polars.DataFrame


@dataclass(frozen=True, kw_only=True)
class Set:
    """A data set without the faults it is known for."""

    name: str
    file: str
    target: str
    ignore: tuple[str, ...] = ()
    clean: Callable[[Table], Table] = lambda table: table
    texts: bool = False
    numbers: tuple[str, ...] = ()


def distinct(table: Table) -> Table:
    """Each row once, whatever its target."""
    return table.unique(maintain_order=True)


SETS = (
    Set(
        name="titanic", file="titanic/titanic_kaggle_train.csv.gz", target="Survived", numbers=("Age", "Fare")
    ),
    Set(
        name="adult",
        file="adult_census/adult.csv.gz",
        target="income",
        ignore=("split", "fnlwgt", "education"),
        clean=distinct,
        numbers=("age", "hours_per_week"),
    ),
    Set(name="boston", file="boston_housing/boston_housing.csv.gz", target="MEDV", numbers=("RM", "AGE")),
    Set(
        name="california",
        file="california_housing/california_housing.csv.gz",
        target="median_house_value",
        numbers=("median_income", "housing_median_age"),
    ),
    Set(
        name="bicycles",
        file="bike_sharing_hourly/hour.csv.gz",
        target="cnt",
        ignore=("casual", "registered", "instant", "dteday"),
        numbers=("temp", "windspeed"),
    ),
    Set(
        name="card fraud",
        file="creditcard_fraud_casecontrol/creditcard_casecontrol.parquet",
        target="Class",
        clean=distinct,
        numbers=("V1", "Amount"),
    ),
    Set(
        name="mammography",
        file="mammography_imbalanced/mammography.csv.gz",
        target="target",
        clean=distinct,
    ),
    Set(name="sms", file="sms_spam/sms_spam.csv.gz", target="label", clean=distinct, texts=True),
    Set(
        name="insurance",
        file="vehicle_insurance_fraud/vehicle_insurance_fraud.csv.gz",
        target="FraudFound_P",
        clean=distinct,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something wrong that can be put into a table.

    Args:
        plant: makes (table, choices of the task) of a table, at a strength; None where it does not fit.
        strengths: from weak to strong. must: from this one on it must be caught.
    """

    code: str
    name: str
    plant: Callable[[Set, Table, float, Random], tuple[Table, dict[str, Any]] | None]
    strengths: tuple[float, ...]
    must: float
    options: dict[str, Any] = field(default_factory=dict[str, Any])


def copied(data: Set, table: Table, share: float, random: Random) -> tuple[Table, dict[str, Any]]:
    """A share of the rows stands there twice."""
    chosen = random.choice(table.height, max(1, int(share * table.height)), replace=False)
    return shuffled(polars.concat([table, table[chosen]]), random), {}


def conflicting(data: Set, table: Table, share: float, random: Random) -> tuple[Table, dict[str, Any]] | None:
    """A share of the rows stands there again with another class."""
    if not classes(data, table):
        return None
    chosen = random.choice(table.height, max(1, int(share * table.height)), replace=False)
    names = table[data.target].cast(polars.String).unique().sort().to_list()
    again = table[chosen].with_columns(
        polars.col(data.target)
        .cast(polars.String)
        .map_elements(lambda name: names[(names.index(name) + 1) % len(names)], return_dtype=polars.String)
    )
    both = polars.concat([table.with_columns(polars.col(data.target).cast(polars.String)), again])
    return shuffled(both, random), {}


def leaking(data: Set, table: Table, sure: float, random: Random) -> tuple[Table, dict[str, Any]]:
    """A column that gives the target away in so large a share of the rows."""
    target = table[data.target]
    wrong = random.random(table.height) > sure
    elsewhere = target[random.permutation(table.height)]
    told = polars.select(polars.when(polars.Series(wrong)).then(elsewhere).otherwise(target)).to_series()
    return table.with_columns(told.alias("outcome code")), {}


def by_entity(data: Set, table: Table, effect: float, random: Random) -> tuple[Table, dict[str, Any]]:
    """Rows of devices, six each, that share the target as far as the effect says."""
    rank = table[data.target].rank("ordinal").to_numpy() / table.height
    order = np.argsort(effect * rank + (1 - effect) * random.random(table.height))
    device = np.empty(table.height, dtype=np.int64)
    device[order] = np.arange(table.height) // 6
    names = random.permutation(int(device.max()) + 1)
    return table.with_columns(polars.Series("device_id", [f"d{names[one]:05d}" for one in device])), {}


def later_day(data: Set, table: Table, share: float, random: Random) -> tuple[Table, dict[str, Any]]:
    """A day on which something was written down, after the day of the row in a share of them."""
    day = np.datetime64("2023-01-01") + random.integers(0, 500, table.height).astype("timedelta64[D]")
    later = np.where(random.random(table.height) < share, 5, -5).astype("timedelta64[D]")
    days = {"day": day.astype(str), "noted on": (day + later).astype(str)}
    return table.with_columns(**{name: polars.Series(values) for name, values in days.items()}), {
        "time": "day"
    }


def disguised(data: Set, table: Table, share: float, random: Random) -> tuple[Table, dict[str, Any]] | None:
    """A share of a column of numbers is -999."""
    if not data.numbers:
        return None
    hidden = polars.Series(random.random(table.height) < share)
    column = polars.when(hidden).then(-999.0).otherwise(polars.col(data.numbers[0]).cast(polars.Float64))
    return table.with_columns(column.alias(data.numbers[0])), {}


def rare(data: Set, table: Table, share: float, random: Random) -> tuple[Table, dict[str, Any]] | None:
    """Of the rarer class only so large a share of the rows is left."""
    if not classes(data, table):
        return None
    counts = table[data.target].value_counts(sort=True)
    rarest = counts[data.target][-1]
    others = table.filter(polars.col(data.target) != rarest)
    kept = int(share * others.height / (1 - share))
    few = table.filter(polars.col(data.target) == rarest)
    if kept < 1 or kept > few.height:
        return None
    return shuffled(polars.concat([others, few[random.choice(few.height, kept, replace=False)]]), random), {}


def constant(data: Set, table: Table, share: float, random: Random) -> tuple[Table, dict[str, Any]]:
    """A column with one value in so large a share of the rows."""
    value = np.where(random.random(table.height) < share, "usual", "other")
    return table.with_columns(polars.Series("kind", value)), {}


def twin_texts(data: Set, table: Table, share: float, random: Random) -> tuple[Table, dict[str, Any]] | None:
    """A share of the texts of ten words and more comes again with one word changed."""
    if not data.texts:
        return None
    long = table.filter(polars.col("text").str.count_matches(r"\S+") >= 15)
    chosen = long[
        random.choice(long.height, min(long.height, max(1, int(share * table.height))), replace=False)
    ]
    again = chosen.with_columns(
        polars.col("text").map_elements(lambda text: changed(text, random), return_dtype=polars.String)
    )
    return shuffled(polars.concat([table, again]), random), {}


def changed(text: str, random: Random) -> str:
    """The text with one word made another."""
    words = text.split()
    words[int(random.integers(len(words)))] = "another"
    return " ".join(words)


def in_runs(data: Set, table: Table, length: float, random: Random) -> tuple[Table, dict[str, Any]]:
    """Rows in blocks sorted by their target: neighbours share it for about so many rows."""
    rank = table[data.target].rank("ordinal").to_numpy() / table.height
    wave = np.sin(np.arange(table.height) * np.pi / length)
    order = np.argsort(np.argsort(wave + 1e-6 * random.random(table.height)))
    return table[np.argsort(rank + 1e-9 * random.random(table.height))[order]], {}


def other_unit(data: Set, table: Table, share: float, random: Random) -> tuple[Table, dict[str, Any]] | None:
    """A share of a column is a thousand times too large."""
    if not data.numbers:
        return None
    wrong = polars.Series(random.random(table.height) < share)
    name = data.numbers[0]
    column = (
        polars.when(wrong).then(polars.col(name) * 1_000.0).otherwise(polars.col(name).cast(polars.Float64))
    )
    return table.with_columns(column.alias(name)), {}


def slipped(data: Set, table: Table, count: float, random: Random) -> tuple[Table, dict[str, Any]] | None:
    """So many cells of a column are 10,000 times too large."""
    if not data.numbers:
        return None
    name = data.numbers[0]
    values = table[name].cast(polars.Float64).to_numpy().copy()
    places = random.choice(np.flatnonzero(np.isfinite(values) & (values != 0)), int(count), replace=False)
    values[places] *= 10_000
    return table.with_columns(polars.Series(name, values).fill_nan(None)), {}


def moved_test(
    data: Set, table: Table, distance: float, random: Random
) -> tuple[Table, dict[str, Any]] | None:
    """A test part whose rows were chosen by a column, as strictly as the distance says."""
    if not data.numbers:
        return None
    rank = (
        table[data.numbers[0]]
        .cast(polars.Float64)
        .fill_null(strategy="mean")
        .rank("random", seed=1)
        .to_numpy()
    )
    order = np.argsort(distance * rank / table.height + (1 - distance) * random.random(table.height))
    part = np.full(table.height, "train", dtype=object)
    part[order[-table.height // 4 :]] = "test"
    choices = {"test_column": "part", "test_value": "test"}
    return table.with_columns(polars.Series("part", part.tolist())), choices


def drifting(data: Set, table: Table, distance: float, random: Random) -> tuple[Table, dict[str, Any]] | None:
    """Days, and a column that rises with them as much as the distance says."""
    if not data.numbers:
        return None
    rank = (
        table[data.numbers[0]]
        .cast(polars.Float64)
        .fill_null(strategy="mean")
        .rank("random", seed=1)
        .to_numpy()
    )
    order = np.argsort(distance * rank / table.height + (1 - distance) * random.random(table.height))
    day = np.datetime64("2020-01-01") + np.arange(table.height).astype("timedelta64[h]")
    return table[order].with_columns(polars.Series("day", day.astype(str))), {"time": "day"}


FAULTS = (
    Fault(code="MW101", name="rows copied", plant=copied, strengths=(0.002, 0.01, 0.05), must=0.01),
    Fault(
        code="MW102", name="a column tells the target", plant=leaking, strengths=(0.9, 0.99, 1.0), must=1.0
    ),
    Fault(code="MW103", name="-999 for missing", plant=disguised, strengths=(0.01, 0.05, 0.2), must=0.05),
    Fault(code="MW104", name="a rare class", plant=rare, strengths=(0.15, 0.05, 0.01), must=0.05),
    Fault(code="MW105", name="a constant column", plant=constant, strengths=(0.9995, 1.0), must=1.0),
    Fault(
        code="MW106",
        name="texts with a word changed",
        plant=twin_texts,
        strengths=(0.002, 0.01, 0.05),
        must=0.01,
    ),
    Fault(
        code="MW107", name="labels in conflict", plant=conflicting, strengths=(0.005, 0.02, 0.05), must=0.02
    ),
    Fault(code="MW108", name="a day after", plant=later_day, strengths=(0.005, 0.05, 0.5), must=0.05),
    Fault(
        code="MW109", name="rows of one device alike", plant=by_entity, strengths=(0.2, 0.5, 0.8), must=0.5
    ),
    Fault(code="MW110", name="neighbours alike", plant=in_runs, strengths=(3, 10, 50), must=10),
    Fault(
        code="MW111",
        name="a thousand times too large",
        plant=other_unit,
        strengths=(0.005, 0.02, 0.2),
        must=0.02,
    ),
    Fault(code="MW112", name="slips of the keyboard", plant=slipped, strengths=(1, 3), must=1),
    Fault(code="MW114", name="a test part apart", plant=moved_test, strengths=(0.1, 0.4, 0.8), must=0.4),
    Fault(code="MW116", name="a column drifts", plant=drifting, strengths=(0.1, 0.4, 0.8), must=0.4),
)


def classes(data: Set, table: Table) -> bool:
    """Whether the target is one of a few classes."""
    return table[data.target].n_unique() <= 20


def shuffled(table: Table, random: Random) -> Table:
    """The rows in another order."""
    return table[random.permutation(table.height)]


def read(data: Set) -> Table:
    """The data set without its known faults, its rows in random order."""
    path = DATA / data.file
    table = (
        polars.read_parquet(path)
        if path.suffix == ".parquet"
        else polars.read_csv(path, infer_schema_length=None)
    )
    return shuffled(data.clean(table.drop(data.ignore)), np.random.default_rng(0))


def part(table: Table, random: Random) -> Table:
    """So many rows, or half of them where there are fewer than twice as many."""
    rows = min(ROWS, table.height // 2) if table.height < 2 * ROWS else ROWS
    return table[random.choice(table.height, rows, replace=False)]


@step(version=1)
def seen(desk: Any, snap: Any, *, target: str, choices: dict[str, Any]) -> tuple[Finding, ...]:
    """Every check's findings."""
    task = frame(desk, snap, predict=(target,), **choices)
    inspection = open_dataset(desk, task, collect(desk, task, snap))
    outcomes = [check.look(inspection) for check in CHECKS]
    return tuple(one for outcome in outcomes if not isinstance(outcome, NotApplicable) for one in outcome)


def codes(table: Table, target: str, choices: dict[str, Any]) -> set[str]:
    """What is found in a table."""
    with tempfile.TemporaryDirectory() as folder, Project.create(Path(folder) / "p") as project:
        snap = project.run(snapshot, project.adopt(table))
        found = project.run(seen, snap, target=target, choices=choices)
    return {one.code for one in found}


def planted(data: Set, table: Table, fault: Fault, strength: float, seeds: int) -> dict[str, Any] | None:
    """How often the fault is found at a strength."""
    found = tried = 0
    for seed in range(seeds):
        random = np.random.default_rng([seed, 1])
        made = fault.plant(data, part(table, random), strength, random)
        if made is None:
            return None
        try:
            found += fault.code in codes(made[0], data.target, made[1])
        except ModelwrightError as problem:
            print(f"{fault.code} {data.name}: {problem}")
            return None
        tried += 1
    return {
        "code": fault.code,
        "fault": fault.name,
        "set": data.name,
        "strength": strength,
        "must": strength >= fault.must
        if fault.strengths[0] < fault.strengths[-1]
        else strength <= fault.must,
        "found": found,
        "tried": tried,
    }


def clean(data: Set, table: Table, seeds: int) -> dict[str, Any]:
    """How often each check says something of the data as they are."""
    alarms: dict[str, int] = {}
    for seed in range(seeds):
        for code in codes(part(table, np.random.default_rng([seed, 2])), data.target, {}):
            alarms[code] = alarms.get(code, 0) + 1
    return {"set": data.name, "tried": seeds, "alarms": alarms}


def written(found: list[dict[str, Any]], cleaned: list[dict[str, Any]]) -> str:
    """The tables as Markdown."""
    lines = [
        "# Do the checks find what is there?",
        "",
        "| code | fault | strength | found | 95% interval | sets |",
    ]
    lines += ["|---|---|---|---|---|---|"]
    for fault in FAULTS:
        for strength in fault.strengths:
            rows = [one for one in found if one["code"] == fault.code and one["strength"] == strength]
            if not rows:
                continue
            hits, tried = sum(one["found"] for one in rows), sum(one["tried"] for one in rows)
            low, high = wilson_of_counts(hits, tried)
            must = " (must catch)" if rows[0]["must"] else ""
            missed = " **missed**" if rows[0]["must"] and hits < 0.95 * tried else ""
            lines.append(
                f"| {fault.code} | {fault.name} | {strength:g}{must} | {hits / tried:.1%}{missed} | "
                f"{low:.1%} to {high:.1%} | {len(rows)} |"
            )
    lines += [
        "",
        "On the data as they are, known faults taken out:",
        "",
        "| code | alarms | of |",
        "|---|---|---|",
    ]
    tried = sum(one["tried"] for one in cleaned)
    for check in CHECKS:
        alarms = sum(one["alarms"].get(check.CODE, 0) for one in cleaned)
        where = ", ".join(one["set"] for one in cleaned if one["alarms"].get(check.CODE))
        lines.append(f"| {check.CODE} | {alarms} ({alarms / max(tried, 1):.1%}) {where} | {tried} |")
    lines += [
        "",
        f"`python benchmarks/checks.py`, Python {platform.python_version()}, {os.cpu_count()} cores.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Plant, look, count and write down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", nargs="*", default=[])
    arguments = parser.parse_args()
    began = time.monotonic()
    found: list[dict[str, Any]] = []
    cleaned: list[dict[str, Any]] = []
    for data in SETS:
        table = read(data)
        cleaned.append(clean(data, table, arguments.seeds))
        print(json.dumps(cleaned[-1]), f"{time.monotonic() - began:.0f} s", flush=True)
        for fault in FAULTS:
            if arguments.only and fault.code not in arguments.only:
                continue
            for strength in fault.strengths:
                one = planted(data, table, fault, strength, arguments.seeds)
                if one is not None:
                    found.append(one)
                    print(json.dumps(one), f"{time.monotonic() - began:.0f} s", flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "checks.json").write_text(json.dumps({"planted": found, "clean": cleaned}, indent=2) + "\n")
    (RESULTS / "checks.md").write_text(written(found, cleaned))


if __name__ == "__main__":
    main()
