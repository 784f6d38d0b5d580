"""Do the checks find what is there, and nothing else? Faults planted into real data, and the data as they
are.

    python benchmarks/checks.py [--seeds 20] [--only MW101 ...] [--sets titanic ...]
    python benchmarks/checks.py --peer deepchecks=PYTHON --seeds 5 [--sets titanic ...]
    python benchmarks/checks.py --speed --rows 1000000 --columns 50 [--peer NAME=PYTHON ...]

Every fault is planted into every data set that it fits, at several strengths, each with so many seeds; the
strengths marked "must catch" were named before anything was measured. A fault counts as found when the check
of its code names the planted column; of rows, when it reports anything, for the clean sets have none. Clean
data, known faults taken out, are looked at as often: random halves (3,000 rows at most), once as they are and
once with columns added that nothing is wrong with. A peer is asked about the same rows, in an environment of
its own whose Python is named (benchmarks/checks_peers.py says which of its checks answers for which code).
With --speed, all checks are timed beside the peers' nearest suites (benchmarks/checks_speed.py). Writes
benchmarks/results/checks.json and checks.md after every set; what was not measured again stays.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars
from checks_speed import compared
from checks_tables import written

from modelwright.checks.inspection import Inspection, NotApplicable, Outcome
from modelwright.checks.registry import CHECKS
from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.snapshot import snapshot
from modelwright.define.understand import open_dataset
from modelwright.records import Blob, BlobKind, Source

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
RESULTS = Path(__file__).resolve().parent / "results"
WORKER = Path(__file__).resolve().parent / "checks_peers.py"
ROWS = 3_000
"""Rows drawn of each data set: a check that needs more is of little use to a small team."""

Random = np.random.Generator
Table = polars.DataFrame
Record = dict[str, Any]


def as_it_is(table: Table) -> Table:
    """No row left out."""
    return table


@dataclass(frozen=True, kw_only=True)
class Set:
    """A data set without the faults it is known for.

    Args:
        number: a column of numbers that faults are planted into.
        clean: leaves out the rows that are at fault.
        known: code -> what is true of these data and cannot be taken out, neither alarm nor detection.
    """

    name: str
    file: str
    target: str
    ignore: tuple[str, ...] = ()
    clean: Callable[[Table], Table] = as_it_is
    number: str = ""
    text: str = ""
    known: dict[str, str] = field(default_factory=dict[str, str])

    def distinct(self, table: Table) -> Table:
        """Each combination of inputs once, whatever its target."""
        return table.unique([name for name in table.columns if name != self.target], maintain_order=True)


def complete(table: Table) -> Table:
    """Rows without a missing cell, in words or openly."""
    words = polars.selectors.string()
    return table.drop_nulls().filter(
        polars.all_horizontal(words != "?") if table.select(words).width else True
    )


def below_the_cap(table: Table) -> Table:
    """Adult's rows without "?" and without the capital gain of 99,999 that stands for "or more"."""
    return complete(table).filter(polars.col("capital_gain") < 99_999)


def of_known_age(table: Table) -> Table:
    """The insured whose age is not 0, which stands for missing (320 rows, SOURCE.md)."""
    return table.filter(polars.col("Age") > 0)


def unlike_each_other(table: Table) -> Table:
    """Of texts that share most of their rarer words the first; at most 6,000 of them."""
    table = table.head(6_000).filter(polars.col("text").str.len_chars() > 0)
    words = table.select(
        polars.int_range(polars.len()).alias("row"),
        LETTERS.str.extract_all(r"\w+").list.unique().alias("word"),
    ).explode("word")
    rows_with = words.group_by("word").len()
    words = words.join(rows_with.filter(polars.col("len") <= RARE_WORD), on="word")
    sizes = words.group_by("row").len(name="size")
    shared = (
        words.join(words, on="word")
        .filter(polars.col("row") < polars.col("row_right"))
        .group_by("row", "row_right")
        .len(name="both")
        .join(sizes, on="row")
        .join(sizes, left_on="row_right", right_on="row", suffix="_of_the_later")
    )
    union = polars.col("size") + polars.col("size_of_the_later") - polars.col("both")
    later = shared.filter(polars.col("both") >= SHARED_WORDS * union)["row_right"].unique()
    first = table.select(LETTERS.is_first_distinct()).to_series()
    return table.filter(first & ~polars.Series(np.isin(np.arange(table.height), later.to_numpy())))


LETTERS = polars.col("text").str.to_lowercase().str.replace_all(r"\d+", "0")
"""A text in which telephone numbers and codes are all one."""

RARE_WORD = 300
"""Texts that a word may be in to be one of the rarer words."""

SHARED_WORDS = 0.4
"""Jaccard similarity of the sets of rarer words from which one of two texts is left out: counted otherwise
than the check counts (runs of three words), and more than it reports."""

SETS = (
    Set(
        name="titanic",
        file="titanic/titanic_kaggle_train.csv.gz",
        target="Survived",
        ignore=("PassengerId", "Cabin"),
        clean=complete,
        number="Age",
        known={"MW106": "some passengers differ in nothing but their names (16 of all 891)"},
    ),
    Set(
        name="adult",
        file="adult_census/adult.csv.gz",
        target="income",
        ignore=("split", "fnlwgt", "education"),
        clean=below_the_cap,
        number="age",
        known={"MW106": "people in so few groups often differ in one cell (224 of 48,811, ids and all)"},
    ),
    Set(name="boston", file="boston_housing/boston_housing.csv.gz", target="MEDV", number="RM"),
    Set(
        name="california",
        file="california_housing/california_housing.csv.gz",
        target="median_house_value",
        clean=complete,
        number="median_income",
    ),
    Set(
        name="bicycles",
        file="bike_sharing_hourly/hour.csv.gz",
        target="cnt",
        ignore=("casual", "registered", "instant", "dteday"),
        number="temp",
        known={"MW106": "25 of 17,379 hours differ in one cell from another, 23 of them in the hour"},
    ),
    Set(
        name="card fraud",
        file="creditcard_fraud_casecontrol/creditcard_casecontrol.parquet",
        target="Class",
        number="V1",
        known={
            "MW104": "473 of 5,393 rows (8.8%) are frauds",
            "MW106": "5 purchases stand there again, all the same but for the second they were made in",
        },
    ),
    Set(
        name="mammography",
        file="mammography_imbalanced/mammography.csv.gz",
        target="target",
        number="attr1",
        known={
            "MW104": "253 of 7,848 different rows (3.2%) are positive",
            "MW106": "32 of 7,848 different rows differ from another in one cell",
        },
    ),
    Set(
        name="sms",
        file="sms_spam/sms_spam.csv.gz",
        target="label",
        ignore=("id",),
        clean=unlike_each_other,
        text="text",
        known={"MW104": "398 of 4,534 different messages (8.8%) are spam"},
    ),
    Set(
        name="imdb",
        file="imdb/imdb.parquet",
        target="label",
        ignore=("id", "split", "rating", "imdb_title_id"),
        clean=unlike_each_other,
        text="text",
    ),
    Set(
        name="insurance",
        file="vehicle_insurance_fraud/fraud_oracle.csv.gz",
        target="FraudFound_P",
        ignore=("PolicyNumber",),
        clean=of_known_age,
        number="Age",
        known={"MW104": "892 of 15,100 claims (5.9%) are frauds"},
    ),
)


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A table with a fault.

    Args:
        choices: of the task. columns: what a finding must name to be about the fault; none: any will do.
        entity: the column that says which rows belong together.
    """

    table: Table
    choices: dict[str, Any] = field(default_factory=dict[str, Any])
    columns: tuple[str, ...] = ()
    entity: str = ""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something wrong that can be put into a table.

    Args:
        plant: makes a faulty table of a table, at a strength; None where it does not fit.
        strengths: from weak to strong. must: from this one on it must be caught.
    """

    code: str
    name: str
    plant: Callable[[Set, Table, float, Random], Planted | None]
    strengths: tuple[float, ...]
    must: float

    def must_catch(self, strength: float) -> bool:
        """Whether this strength, or a weaker one, was named."""
        return self.strengths.index(strength) >= self.strengths.index(self.must)


def copied(data: Set, table: Table, share: float, random: Random) -> Planted:
    """A share of the rows stands there twice."""
    return Planted(table=shuffled(polars.concat([table, table[some(table, share, random)]]), random))


def respelt(data: Set, table: Table, share: float, random: Random) -> Planted | None:
    """A share of the rows stands there again, its words in capitals."""
    words = words_of(data, table)
    if not words:
        return None
    again = table[some(table, share, random)].with_columns(polars.col(words).str.to_uppercase())
    return Planted(table=shuffled(polars.concat([table, again]), random))


def words_of(data: Set, table: Table) -> list[str]:
    """The columns of words in which rows can be spelt otherwise."""
    return [name for name in table.columns if table[name].dtype == polars.String and name != data.target]


def conflicting(data: Set, table: Table, share: float, random: Random) -> Planted | None:
    """A share of the rows stands there again with another class."""
    again = relabelled(data, table, share, random)
    if again is None:
        return None
    words = table.with_columns(polars.col(data.target).cast(polars.String))
    return Planted(table=shuffled(polars.concat([words, again]), random))


def conflicting_respelt(data: Set, table: Table, share: float, random: Random) -> Planted | None:
    """A share of the rows stands there again with another class, its words in capitals."""
    again, words = relabelled(data, table, share, random), words_of(data, table)
    if again is None or not words:
        return None
    rows = table.with_columns(polars.col(data.target).cast(polars.String))
    louder = again.with_columns(polars.col(words).str.to_uppercase())
    return Planted(table=shuffled(polars.concat([rows, louder]), random))


def relabelled(data: Set, table: Table, share: float, random: Random) -> Table | None:
    """A share of the rows, each with the class that follows its own."""
    if not classes(data, table):
        return None
    words = table.with_columns(polars.col(data.target).cast(polars.String))
    names = words[data.target].unique().sort().to_list()
    following = dict(zip(names, names[1:] + names[:1], strict=True))
    return words[some(table, share, random)].with_columns(polars.col(data.target).replace_strict(following))


def adding_up(data: Set, table: Table, parts: float, random: Random) -> Planted | None:
    """So many columns that add up to the target, as boys and girls to children."""
    if classes(data, table):
        return None
    target = table[data.target].cast(polars.Float64).to_numpy()
    shares = random.dirichlet(np.ones(int(parts)), table.height)
    names = tuple(f"part {place + 1}" for place in range(int(parts)))
    columns = [polars.Series(name, shares[:, place] * target) for place, name in enumerate(names)]
    return Planted(table=table.with_columns(columns), columns=names)


def leaking(data: Set, table: Table, sure: float, random: Random) -> Planted:
    """A column that gives the target away in so large a share of the rows."""
    target = table[data.target]
    wrong = polars.Series(random.random(table.height) > sure)
    elsewhere = target[random.permutation(table.height)]
    told = polars.select(polars.when(wrong).then(elsewhere).otherwise(target)).to_series()
    return Planted(table=table.with_columns(told.alias("outcome")), columns=("outcome",))


def by_entity(data: Set, table: Table, effect: float, random: Random) -> Planted:
    """Rows of devices, six each, that share the target as far as the effect says."""
    rank = table[data.target].rank("ordinal").to_numpy() / table.height
    order = np.argsort(effect * rank + (1 - effect) * random.random(table.height))
    device = np.empty(table.height, dtype=np.int64)
    device[order] = np.arange(table.height) // 6
    names = random.permutation(int(device.max()) + 1)
    ids = polars.Series("device_id", [f"d{names[one]:05d}" for one in device])
    return Planted(table=table.with_columns(ids), columns=("device_id",), entity="device_id")


def later_day(data: Set, table: Table, share: float, random: Random) -> Planted:
    """A day on which something was written down, after the day of the row in a share of them."""
    day = np.datetime64("2023-01-01") + random.integers(0, 500, table.height).astype("timedelta64[D]")
    later = np.where(random.random(table.height) < share, 5, -5).astype("timedelta64[D]")
    days = [polars.Series("day", day.astype(str)), polars.Series("noted on", (day + later).astype(str))]
    return Planted(table=table.with_columns(days), choices={"time": "day"}, columns=("noted on",))


def disguised(data: Set, table: Table, share: float, random: Random) -> Planted | None:
    """A share of a column of numbers is -999."""
    return replaced(data, table, share, random, lambda values: -999.0)


def other_unit(data: Set, table: Table, share: float, random: Random) -> Planted | None:
    """A share of a column is a thousand times too large."""
    return replaced(data, table, share, random, lambda values: 1_000 * values)


def replaced(
    data: Set, table: Table, share: float, random: Random, by: Callable[[polars.Expr], Any]
) -> Planted | None:
    """A share of the numbers of a column replaced."""
    if not data.number:
        return None
    wrong = polars.Series(random.random(table.height) < share)
    values = polars.col(data.number).cast(polars.Float64)
    column = polars.when(wrong).then(by(values)).otherwise(values).alias(data.number)
    return Planted(table=table.with_columns(column), columns=(data.number,))


def slipped(data: Set, table: Table, count: float, random: Random) -> Planted | None:
    """So many cells of a column are 10,000 times too large."""
    if not data.number:
        return None
    values = table[data.number].cast(polars.Float64).to_numpy().copy()
    values[random.choice(np.flatnonzero(values), int(count), replace=False)] *= 10_000
    return Planted(table=table.with_columns(polars.Series(data.number, values)), columns=(data.number,))


def rare(data: Set, table: Table, share: float, random: Random) -> Planted | None:
    """Of the rarer class only so large a share of the rows is left; where it has fewer, of the other."""
    if not classes(data, table):
        return None
    rarest = table[data.target].value_counts(sort=True)[data.target][-1]
    few = table.filter(polars.col(data.target) == rarest)
    others = table.filter(polars.col(data.target) != rarest)
    kept = max(1, round(share * others.height / (1 - share)))
    if kept > few.height:
        kept, others = few.height, others.head(round(few.height * (1 - share) / share))
    chosen = few[random.choice(few.height, kept, replace=False)]
    return Planted(table=shuffled(polars.concat([others, chosen]), random), columns=(data.target,))


def constant(data: Set, table: Table, share: float, random: Random) -> Planted:
    """A column with one value in so large a share of the rows."""
    value = np.where(random.random(table.height) < share, "usual", "other")
    return Planted(table=table.with_columns(polars.Series("kind", value)), columns=("kind",))


def twin_texts(data: Set, table: Table, share: float, random: Random) -> Planted | None:
    """A share of the texts of fifteen words and more comes again with one word changed."""
    if not data.text:
        return None
    long = table.filter(polars.col(data.text).str.count_matches(r"\S+") >= 15)
    count = min(long.height, max(1, int(share * table.height)))
    chosen = long[random.choice(long.height, count, replace=False)]
    texts = [changed(text, random) for text in chosen[data.text]]
    again = chosen.with_columns(polars.Series(data.text, texts))
    return Planted(table=shuffled(polars.concat([table, again]), random), columns=(data.text,))


def rows_nearly_again(data: Set, table: Table, share: float, random: Random) -> Planted | None:
    """A share of the rows comes again with another row's number in one column."""
    if not data.number:
        return None
    chosen = table[random.choice(table.height, max(1, int(share * table.height)), replace=False)]
    other = table[data.number][random.choice(table.height, chosen.height)].alias(data.number)
    return Planted(table=shuffled(polars.concat([table, chosen.with_columns(other)]), random))


def changed(text: str, random: Random) -> str:
    """The text with one word made another."""
    words = text.split()
    words[int(random.integers(len(words)))] = "another"
    return " ".join(words)


def in_runs(data: Set, table: Table, length: float, random: Random) -> Planted | None:
    """Rows of like targets in blocks of such a length, the blocks in any order.

    Of fewer than four blocks a class nobody could say whether the file is sorted by it.
    """
    if classes(data, table) and table[data.target].value_counts()["count"].min() < 4 * length:
        return None
    by_target = np.lexsort((random.random(table.height), table[data.target].rank("ordinal").to_numpy()))
    blocks = np.array_split(by_target, max(1, round(table.height / length)))
    order = np.concatenate([blocks[place] for place in random.permutation(len(blocks))])
    return Planted(table=table[order], columns=(data.target,))


def moved_test(data: Set, table: Table, distance: float, random: Random) -> Planted | None:
    """A test part whose rows were chosen by a column, as strictly as the distance says."""
    if not data.number:
        return None
    part = np.full(table.height, "train", dtype=object)
    part[by_number(data, table, distance, random)[-table.height // 4 :]] = "test"
    return Planted(
        table=table.with_columns(polars.Series("part", part.tolist())),
        choices={"test_column": "part", "test_value": "test"},
        columns=(data.number,),
    )


def drifting(data: Set, table: Table, distance: float, random: Random) -> Planted | None:
    """Days, and a column that rises with them as much as the distance says."""
    if not data.number:
        return None
    ordered = table[by_number(data, table, distance, random)]
    return Planted(table=hourly(ordered), choices={"time": "day"}, columns=(data.number,))


def by_number(data: Set, table: Table, distance: float, random: Random) -> np.ndarray[Any, Any]:
    """Rows in the order of a column, as strictly as the distance says: 1 wholly, 0 not at all."""
    rank = table[data.number].rank("random", seed=int(random.integers(2**31))).to_numpy() / table.height
    return np.argsort(distance * rank + (1 - distance) * random.random(table.height))


def hourly(table: Table) -> Table:
    """The rows as they came, one an hour."""
    hours = np.datetime64("2020-01-01T00:00") + np.arange(table.height).astype("timedelta64[h]")
    return table.with_columns(polars.Series("day", hours.astype(str)))


def harmless(data: Set, table: Table, random: Random) -> Planted:
    """Rows in no order, one an hour; a day before each; devices at random; a test part drawn at random."""
    before = np.datetime64("2019-12-01T00:00") + np.arange(table.height).astype("timedelta64[h]")
    device = random.permutation(table.height) // 6
    test = random.permutation(table.height) < table.height // 4
    more = [
        polars.Series("noted on", before.astype(str)),
        polars.Series("device_id", [f"d{one:05d}" for one in device]),
        polars.Series("part", np.where(test, "test", "train")),
    ]
    return Planted(
        table=hourly(table).with_columns(more),
        choices={"time": "day", "test_column": "part", "test_value": "test"},
        entity="device_id",
    )


FAULTS = (
    Fault(code="MW101", name="rows copied", plant=copied, strengths=(0.002, 0.01, 0.05), must=0.01),
    Fault(  # strengths under one code differ, for faults are told apart by them
        code="MW101",
        name="rows copied in capitals",
        plant=respelt,
        strengths=(0.003, 0.011, 0.051),
        must=0.011,
    ),
    Fault(
        code="MW102", name="a column tells the target", plant=leaking, strengths=(0.9, 0.99, 1.0), must=1.0
    ),
    Fault(code="MW102", name="columns add up to the target", plant=adding_up, strengths=(2, 3), must=2),
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
        code="MW106",
        name="rows with a cell changed",
        plant=rows_nearly_again,
        strengths=(0.003, 0.02),  # other than those of texts, by which the two are told apart
        must=0.02,
    ),
    Fault(
        code="MW107", name="labels in conflict", plant=conflicting, strengths=(0.005, 0.02, 0.05), must=0.02
    ),
    Fault(
        code="MW107",
        name="labels in conflict, in capitals",
        plant=conflicting_respelt,
        strengths=(0.006, 0.021, 0.051),
        must=0.021,
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
    Fault(code="MW114", name="a test part apart", plant=moved_test, strengths=(0.1, 0.2, 0.4, 0.8), must=0.4),
    Fault(code="MW116", name="a column drifts", plant=drifting, strengths=(0.1, 0.2, 0.4, 0.8), must=0.4),
)


def classes(data: Set, table: Table) -> bool:
    """Whether the target is one of a few classes."""
    return table[data.target].n_unique() <= 20


def some(table: Table, share: float, random: Random) -> np.ndarray[Any, Any]:
    """A share of the rows, one at least."""
    return random.choice(table.height, max(1, int(share * table.height)), replace=False)


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
    table = shuffled(table.drop(data.ignore), np.random.default_rng(0))
    return data.distinct(data.clean(table))


def part(table: Table, random: Random) -> Table:
    """So many rows, or half of them where there are fewer than twice as many."""
    rows = min(ROWS, table.height // 2)
    return table[random.choice(table.height, rows, replace=False)]


class Memory:
    """A desk that keeps everything in memory and writes nothing down."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def read(self, blob: Blob) -> Any:
        """What was kept."""
        return self.kept[int(blob.digest)]

    def scan(self, blob: Blob) -> Iterator[Any]:
        """A table, whole."""
        yield self.read(blob)

    def keep(self, value: Any, kind: BlobKind) -> Blob:
        """Keep a value by its number."""
        self.kept.append(value)
        return Blob(digest=str(len(self.kept) - 1), kind=kind, size_bytes=0)

    def note(self, message: str, **facts: Any) -> None:
        """Say nothing."""

    def once(self, work: Callable[..., Any], *records: Any, **choices: Any) -> Any:
        """Do it."""
        return work(self, *records, **choices)


def opened(path: Path, target: str, choices: dict[str, Any]) -> Inspection:
    """A CSV file laid open for the checks as the product does it, its rows' types and roles inferred."""
    desk = Memory()
    source = Source(name=path.name, file=desk.keep(path, "file"))
    snap = snapshot(desk, source)
    task = frame(desk, snap, predict=(target,), **choices)
    return open_dataset(desk, task, collect(desk, task, snap))


class Ourselves:
    """The checks of this package."""

    name = "modelwright"
    codes = tuple(fault.code for fault in FAULTS)

    @property
    def about(self) -> Record:
        """On what it ran."""
        packages = ("modelwright", "numpy", "polars", "scipy")
        return {
            "versions": {name: importlib.metadata.version(name) for name in packages},
            "python": platform.python_version(),
        }

    def looked(self, data: Set, made: Planted, codes: tuple[str, ...]) -> dict[str, bool | None]:
        """Whether each check reports what was planted; None where it has nothing to look at."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.csv"
            made.table.write_csv(path)
            inspection = opened(path, data.target, made.choices)
        looked = {check.CODE: check.look(inspection) for check in CHECKS if check.CODE in codes}
        return {code: told_of(looked[code], made.columns) for code in codes}


def told_of(outcome: Outcome, columns: tuple[str, ...]) -> bool | None:
    """Whether a check reports all of these columns; None where it has nothing to look at."""
    if isinstance(outcome, NotApplicable):
        return None
    return any(set(columns) <= set(finding.columns) for finding in outcome)


class Peer:
    """A peer, asked over a pipe in an environment of its own."""

    name: str

    def __init__(self, name: str, python: str) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [python, str(WORKER), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._said = self._answer()
        self._errors: dict[str, int] = {}

    @property
    def codes(self) -> tuple[str, ...]:
        """Of the faults that it has a check for."""
        return tuple(self._said["checks"])

    @property
    def about(self) -> Record:
        """On what it ran, and what went wrong."""
        return {**self._said, "errors": self._errors}

    def looked(self, data: Set, made: Planted, codes: tuple[str, ...]) -> dict[str, bool | None]:
        """Whether each check reports what was planted; None where it has nothing to look at, or fails."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.parquet"
            made.table.write_parquet(path)
            request = {
                "path": str(path),
                "target": data.target,
                "classes": classes(data, made.table),
                "text": data.text,
                "choices": made.choices,
                "columns": made.columns,
                "entity": made.entity,
                "codes": codes,
            }
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._answer()
        for code, problem in answer["errors"].items():
            told = f"{code} {data.name}: {problem}"
            self._errors[told] = self._errors.get(told, 0) + 1
        return answer["told"]

    def _answer(self) -> Record:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


class Contender(Protocol):
    """Somebody who checks data."""

    name: str

    @property
    def codes(self) -> tuple[str, ...]:
        """Of the faults that they have a check for."""
        ...

    @property
    def about(self) -> Record:
        """On what they ran."""
        ...

    def looked(self, data: Set, made: Planted, codes: tuple[str, ...]) -> dict[str, bool | None]:
        """Whether each check reports what was planted; None where it has nothing to look at."""
        ...


def planted(contender: Contender, data: Set, table: Table, fault: Fault, seeds: int) -> Iterator[Record]:
    """At each strength, by seed, whether the fault was found."""
    for strength in fault.strengths:
        found: list[bool | None] = []
        for seed in range(seeds):
            random = np.random.default_rng([seed, 1])
            made = fault.plant(data, part(table, random), strength, random)
            if made is None or (fault.code in data.known and not made.columns):
                return
            told = contender.looked(data, made, (fault.code,))[fault.code]
            found.append(bool(told) if contender.name == Ourselves.name else told)
        yield {"code": fault.code, "set": data.name, "strength": strength, "found": found}


def clean(contender: Contender, data: Set, table: Table, only: list[str], seeds: int) -> Iterator[Record]:
    """Of both versions of the clean data, by seed, whether each of these checks says something."""
    for version in VERSIONS:
        left_out = {*data.known, *(TRUE_OF_HARMLESS if version == VERSIONS[1] else ())}
        if contender.name != Ourselves.name:  # each of a peer's checks sees the rows in one version
            left_out |= {c for c in contender.codes if (c in NEED_MORE) != (version == VERSIONS[1])}
        can = dict.fromkeys(contender.codes)  # a code has several faults
        codes = tuple(code for code in can if code in only and code not in left_out)
        looked: dict[str, list[bool | None]] = {code: [] for code in codes}
        for seed in range(seeds):
            random = np.random.default_rng([seed, 2])
            rows = part(table, random)
            made = harmless(data, rows, random) if version == VERSIONS[1] else Planted(table=rows)
            told = contender.looked(data, made, codes)
            for code in codes:
                looked[code].append(told[code])
        yield {"set": data.name, "version": version, "looked": looked}


VERSIONS = ("as it is", "with harmless columns")
TRUE_OF_HARMLESS = ("MW105",)
"""`device_id` is an id, and said to be one."""

NEED_MORE = ("MW108", "MW109", "MW114", "MW116")
"""Checks that have nothing to look at in the rows as they are."""


def measured(contender: Contender, data: Set, faults: list[Fault], seeds: int) -> Record:
    """Everything planted into one set, and everything clean."""
    began = time.monotonic()
    table = read(data)
    size = part(table, np.random.default_rng(0)).height
    codes = list(dict.fromkeys(fault.code for fault in faults))
    cleaned = list(clean(contender, data, table, codes, seeds))
    found = [
        one
        for fault in faults
        if fault.code in contender.codes
        for one in planted(contender, data, table, fault, seeds)
    ]
    print(f"{contender.name}, {data.name}: {time.monotonic() - began:.0f} s", flush=True)
    about = {"name": data.name, "rows": table.height, "part": size, "known": data.known, "seeds": seeds}
    return {"sets": [about], "planted": found, "clean": cleaned}


def merged(before: Record, now: Record, name: str, codes: list[str]) -> Record:
    """What was measured before, but of this set and these codes what was measured now."""
    others = [one for one in before.get("sets", []) if one["name"] != name]
    kept = [one for one in before.get("planted", []) if one["set"] != name or one["code"] not in codes]
    looked = {(one["set"], one["version"]): one["looked"] for one in before.get("clean", [])}
    for one in now["clean"]:
        before_now = looked.get((name, one["version"]), {})
        kept_looks = {code: told for code, told in before_now.items() if code not in codes}
        looked[name, one["version"]] = kept_looks | one["looked"]
    return {
        "sets": [*others, *now["sets"]],
        "planted": [*kept, *now["planted"]],
        "clean": [{"set": each, "version": v, "looked": told} for (each, v), told in looked.items()],
    }


def described(fault: Fault) -> Record:
    """A fault for the tables."""
    must = [strength for strength in fault.strengths if fault.must_catch(strength)]
    return {"code": fault.code, "name": fault.name, "strengths": fault.strengths, "must": must}


def main() -> None:
    """Plant, look, count and write down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", nargs="*", default=[fault.code for fault in FAULTS], metavar="CODE")
    parser.add_argument("--sets", nargs="*", default=[data.name for data in SETS], metavar="SET")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    peers = dict(one.split("=", 1) for one in arguments.peer)
    file = arguments.out / "checks.json"
    arguments.out.mkdir(exist_ok=True)
    results: Record = json.loads(file.read_text()) if file.exists() else {}
    if arguments.speed:
        results["speed"] = compared(DATA, arguments.rows, arguments.columns, peers)
        write(file, results)
        return
    faults = [fault for fault in FAULTS if fault.code in arguments.only]
    for contender in [Peer(name, python) for name, python in peers.items()] or [Ourselves()]:
        for data in [data for data in SETS if data.name in arguments.sets]:
            before = results.get(contender.name, {})
            commands = {*before.get("commands", []), said(sys.argv[1:])}
            now = measured(contender, data, faults, arguments.seeds)
            results[contender.name] = {
                "commands": sorted(commands),
                "faults": [described(fault) for fault in FAULTS],
                **merged(before, now, data.name, arguments.only),
                **contender.about,
            }
            write(file, results)


def write(file: Path, results: Record) -> None:
    """The counts, and the tables made of them."""
    file.write_text(json.dumps(results) + "\n")
    file.with_suffix(".md").write_text(written(results))


def said(words: list[str]) -> str:
    """The command as it was given, the paths apart."""
    told = [word.split("=")[0] + "=PYTHON" if "=" in word else word for word in words]
    if "--out" in told:
        place = told.index("--out")
        told[place : place + 2] = []
    return " ".join(["python", "benchmarks/checks.py", *told])


if __name__ == "__main__":
    main()
