"""No unit straddles a split, every row validates as often as promised, and the future stays unseen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelwright.develop import protocol as protocol_module
from modelwright.develop.protocol import choose_protocol
from modelwright.errors import DataError
from modelwright.records import (
    Column,
    Dataset,
    Dtype,
    Ingest,
    Protocol,
    Role,
    Task,
    TaskKind,
    TestChoice,
    digest,
)
from modelwright.statistics.measures import BUILT_IN

MEASURE = BUILT_IN["accuracy"].chosen("")


def dtype_of(series: polars.Series) -> Dtype:
    if series.dtype == polars.String:
        return "string"
    return "date" if series.dtype.is_temporal() else "number"


def framed(
    desk: Any,
    table: polars.DataFrame,
    target: str | tuple[str, ...] = "y",
    *,
    kind: TaskKind = "binary",
    roles: dict[str, Role] | None = None,
    classes: tuple[str, ...] | None = None,
    test: Any = None,
    fraction: float = 0.25,
) -> tuple[Task, Dataset]:
    """A task and dataset by hand; columns are numeric or categorical unless `roles` says otherwise."""
    targets = (target,) if isinstance(target, str) else target
    role_of = dict.fromkeys(targets, "target") | (roles or {})
    columns = tuple(
        Column(
            name=name,
            role=role_of.get(name, "numeric" if dtype_of(table[name]) == "number" else "categorical"),  # type: ignore[arg-type]
            dtype=dtype_of(table[name]),
            reason="",
            missing=0,
            unique=0,
        )
        for name in table.columns
    )
    if kind in ("binary", "multiclass") and classes is None:
        classes = tuple(sorted(table[targets[0]].unique().to_list()))
    by_role = {role: name for name, role in role_of.items()}
    dataset = Dataset(
        rows=table.height,
        columns=columns,
        table=desk.keep(table, "table"),
        lines=desk.keep(np.arange(table.height), "array"),
        classes=classes or (),
        test_rows=None if test is None else desk.keep(np.array(test, dtype=np.int64), "array"),
        ingest=Ingest(format="csv", rows_in=table.height, rows_kept=table.height),
    )
    task = Task(
        question="",
        source="",
        targets=targets,
        kind=kind,
        kind_reason="",
        group=by_role.get("group"),
        time=by_role.get("time"),
        test=TestChoice(fraction=fraction),
    )
    return task, dataset


class Drawn:
    """A protocol with its arrays, and the laws that every protocol keeps."""

    def __init__(self, desk: Any, framed_as: tuple[Task, Dataset], seed: int = 0) -> None:
        self.protocol: Protocol = choose_protocol(desk, *framed_as, MEASURE, seed=seed)
        self.test: NDArray[np.int64] = desk.read(self.protocol.test)
        self.splits: NDArray[np.int8] = desk.read(self.protocol.splits)
        self.units: NDArray[np.int64] = desk.read(self.protocol.units)
        self.validated = (self.splits == 2).sum(axis=0)

    def keeps_the_laws(self) -> None:
        assert self.splits.shape == (self.protocol.folds * self.protocol.repeats, len(self.units))
        assert set(np.unique(self.splits)) <= {0, 1, 2}
        assert (self.splits[:, self.test] == 0).all()
        assert (self.splits == 1).any(axis=1).all()
        assert (self.splits == 2).any(axis=1).all()
        used = np.flatnonzero((self.splits > 0).any(axis=0))
        assert not set(self.units[used]) & set(self.units[self.test])
        for split in self.splits:
            assert not set(self.units[split == 1]) & set(self.units[split == 2])

    @property
    def development(self) -> NDArray[np.int64]:
        return np.flatnonzero((self.splits > 0).any(axis=0))


def table_of(rows: int, seed: int = 0, classes: int = 2, share: float | None = None) -> polars.DataFrame:
    generator = np.random.default_rng(seed)
    chances = None if share is None else [1 - share, share]
    labels = generator.choice(list("abcdefgh"[:classes]), rows, p=chances)
    return polars.DataFrame({"x": generator.normal(size=rows), "y": labels})


@pytest.mark.parametrize(
    ("rows", "kind", "splits"), [(300, "iterated_k_fold", 15), (3000, "k_fold", 5), (14_000, "holdout", 1)]
)
def test_the_way_of_splitting_follows_from_the_rows(desk: Any, rows: int, kind: str, splits: int) -> None:
    drawn = Drawn(desk, framed(desk, table_of(rows)))
    drawn.keeps_the_laws()
    assert drawn.protocol.kind == kind
    assert len(drawn.splits) == splits
    assert drawn.protocol.rows + drawn.protocol.test_rows == rows
    assert "is known to ±" in drawn.protocol.reason
    if kind != "holdout":
        assert (drawn.validated[drawn.development] == drawn.protocol.repeats).all()
        assert len(drawn.development) == drawn.protocol.rows
    else:
        assert drawn.validated.sum() == round(0.2 * drawn.protocol.rows)


def test_a_rare_class_is_worth_folds_even_where_rows_are_many(desk: Any) -> None:
    drawn = Drawn(desk, framed(desk, table_of(15_000, share=0.02)))
    assert drawn.protocol.kind == "k_fold"
    assert "of the rarer class" in drawn.protocol.reason


def test_long_texts_are_judged_on_a_holdout(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol_module, "HOLDOUT_CHARACTERS", 100_000)
    table = table_of(3000).with_columns(polars.col("x").cast(polars.String).str.pad_start(50).alias("t"))
    drawn = Drawn(desk, framed(desk, table, roles={"t": "text"}))
    assert drawn.protocol.kind == "holdout"
    assert "long texts" in drawn.protocol.reason


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(30, 150),
    levels=st.integers(12, 60),
    groups=st.integers(10, 40),
    classes=st.integers(2, 4),
    seed=st.integers(0, 10**6),
    grouped=st.booleans(),
)
def test_no_unit_ever_straddles_a_split(
    desk: Any, rows: int, levels: int, groups: int, classes: int, seed: int, grouped: bool
) -> None:
    generator = np.random.default_rng(seed)
    table = polars.DataFrame(
        {
            "x": generator.integers(0, levels, rows),
            "z": [("A", "a ", None)[i] for i in generator.integers(0, 3, rows)],
            "who": generator.integers(0, groups, rows),
            "y": generator.choice(list("abcd"[:classes]), rows),
        }
    )
    roles: dict[str, Role] = {"who": "group" if grouped else "ignored"}
    kind: TaskKind = "binary" if classes == 2 else "multiclass"
    try:
        drawn = Drawn(desk, framed(desk, table, kind=kind, roles=roles), seed)
    except DataError:  # linked into too few units: said, not split
        return
    drawn.keeps_the_laws()
    assert (drawn.validated[drawn.development] == drawn.protocol.repeats).all()
    if "no copies" not in drawn.protocol.reason:
        features = table.select("x", polars.col("z").str.to_lowercase().str.strip_chars()).rows()
        assert len({(unit, row) for unit, row in zip(drawn.units, features, strict=True)}) == len(
            set(features)
        )
    if grouped:
        assert len(set(zip(drawn.units, table["who"], strict=True))) == table["who"].n_unique()


@pytest.mark.parametrize("rows", [203, 1507])
def test_each_part_has_its_share_of_each_class_within_one_row(desk: Any, rows: int) -> None:
    table = table_of(rows, classes=3)
    drawn = Drawn(desk, framed(desk, table, kind="multiclass"))
    labels = table["y"].to_numpy()
    for name in "abc":
        total, tested = (labels == name).sum(), (labels[drawn.test] == name).sum()
        assert abs(tested - 0.25 * total) <= 1
        for split in drawn.splits:
            assert abs((labels[split == 2] == name).sum() - (total - tested) / 5) <= 1


def test_values_are_dealt_by_their_tenths(desk: Any) -> None:
    values = np.random.default_rng(0).lognormal(size=400)
    table = polars.DataFrame({"x": np.arange(400.0), "y": values})
    drawn = Drawn(desk, framed(desk, table, kind="regression"))
    drawn.keeps_the_laws()
    top = values >= np.quantile(values, 0.9)
    assert top[drawn.test].sum() == 10
    assert "±" in drawn.protocol.reason
    two = table.with_columns(z=-polars.col("y"))
    Drawn(desk, framed(desk, two, ("y", "z"), kind="vector_regression")).keeps_the_laws()


def test_the_same_seed_gives_the_same_record_and_another_seed_another_split(desk: Any) -> None:
    framed_as = framed(desk, table_of(300))
    first, again, other = (Drawn(desk, framed_as, seed) for seed in (0, 0, 1))
    assert digest(first.protocol) == digest(again.protocol)
    assert first.protocol.test.digest != other.protocol.test.digest
    assert len({split.tobytes() for split in first.splits}) == len(first.splits)


def test_the_latest_rows_are_the_test_part_and_training_never_sees_the_future(desk: Any) -> None:
    days = np.random.default_rng(0).permutation(np.repeat(np.arange(100), 3))
    stamps = np.datetime64("2024-01-01", "us") + days * np.timedelta64(86_400_000_000, "us")
    table = table_of(300).with_columns(polars.Series("when", stamps))
    drawn = Drawn(desk, framed(desk, table, roles={"when": "time"}))
    drawn.keeps_the_laws()
    assert drawn.protocol.kind == "forward"
    assert sorted(set(days[drawn.test])) == list(range(75, 100))
    for split in drawn.splits:
        assert days[split == 1].max() < days[split == 2].min()
        assert days[split == 2].max() < 75
    assert drawn.validated.max() == 1
    assert drawn.protocol.folds == 5


def test_a_stretch_of_time_with_one_class_is_no_split(desk: Any) -> None:
    labels = ["a", "b"] * 56 + ["a"] * 23 + ["a", "b"] * 82 + ["a"]
    table = polars.DataFrame({"x": np.arange(300.0), "y": labels, "when": range(300)})
    drawn = Drawn(desk, framed(desk, table, roles={"when": "time"}))
    drawn.keeps_the_laws()
    assert "1 splits left out, as one side would be all of one class" in drawn.protocol.reason
    assert drawn.protocol.folds == 4


def test_rows_without_a_time_and_earlier_copies_of_later_rows_are_not_used(desk: Any) -> None:
    table = table_of(200).with_columns(when=polars.int_range(200).cast(polars.Float64))
    nowhere = table[:3].with_columns(when=polars.lit(None, polars.Float64), x=polars.Series([9.0, 8.0, 7.0]))
    late_copy = table[:1].with_columns(when=polars.lit(500.0))
    drawn = Drawn(desk, framed(desk, polars.concat([table, nowhere, late_copy]), roles={"when": "time"}))
    drawn.keeps_the_laws()
    assert 203 in drawn.test
    assert not set(drawn.development) & {0, 200, 201, 202}
    assert "3 rows without a time are not used" in drawn.protocol.test_reason
    assert "1 other rows have the very features of a test row" in drawn.protocol.test_reason


def test_a_given_test_part_is_kept_and_its_copies_are_not_trained_on(desk: Any) -> None:
    table = table_of(120)
    both = polars.concat([table, table[:5], table_of(30, seed=1)])
    drawn = Drawn(desk, framed(desk, both, test=range(120, 155)))
    drawn.keeps_the_laws()
    assert drawn.test.tolist() == list(range(120, 155))
    assert not set(drawn.development) & set(range(5))
    assert drawn.protocol.rows == 115
    assert "5 other rows have the very features of a test row" in drawn.protocol.test_reason


def test_a_coarse_table_does_not_lose_its_rows_to_a_given_test_part(desk: Any) -> None:
    generator = np.random.default_rng(0)
    coarse = polars.DataFrame({"x": generator.integers(0, 40, 300), "y": generator.choice(["a", "b"], 300)})
    drawn = Drawn(desk, framed(desk, coarse, test=range(150, 300)))
    assert drawn.protocol.rows == 150
    assert "so they are kept" in drawn.protocol.test_reason


def test_a_table_of_few_combinations_is_split_by_rows(desk: Any) -> None:
    generator = np.random.default_rng(0)
    table = polars.DataFrame(
        {"sex": generator.choice(["m", "f"], 400), "y": generator.choice(["a", "b"], 400)}
    )
    drawn = Drawn(desk, framed(desk, table))
    drawn.keeps_the_laws()
    assert len(set(drawn.units)) == 400
    assert "so few combinations" in drawn.protocol.reason


def test_copies_are_found_whatever_their_spacing_and_case_and_signed_zero(desk: Any) -> None:
    table = table_of(60).with_columns(
        t=polars.Series(["Call  me", " call me\n", *[str(i) for i in range(58)]]),
        x=polars.Series([0.0, -0.0, *range(1, 59)]),
    )
    drawn = Drawn(desk, framed(desk, table, roles={"t": "text"}))
    assert drawn.units[:3].tolist() == [0, 0, 2]
    assert "1 rows repeat another's features" in drawn.protocol.reason


def test_groups_and_copies_are_linked_and_rows_without_a_group_stand_alone(desk: Any) -> None:
    table = polars.DataFrame(
        {
            "x": [1.0, 2, 2, 3, 4, 5, *range(10, 40)],
            "who": ["p", "p", "q", "q", None, None, *map(str, range(30))],
            "y": ["a", "b"] * 18,
        }
    )
    drawn = Drawn(desk, framed(desk, table, roles={"who": "group"}))
    drawn.keeps_the_laws()
    assert drawn.units[:6].tolist() == [0, 0, 0, 0, 4, 5]
    assert drawn.protocol.grouped


def test_a_class_only_in_the_test_part_is_said(desk: Any) -> None:
    table = table_of(100, classes=3).filter(polars.col("y") != "c")
    last = table[:2].with_columns(y=polars.lit("c"), x=polars.Series([77.0, 78.0]))
    both = polars.concat([table, last])
    drawn = Drawn(desk, framed(desk, both, kind="multiclass", test=range(both.height - 12, both.height)))
    assert "'c' occurs in the test part only, and cannot be learnt" in drawn.protocol.test_reason


def test_a_single_row_of_a_class_is_said_and_the_rest_is_split(desk: Any) -> None:
    table = polars.concat([table_of(80), polars.DataFrame({"x": [5.5], "y": ["z"]})])
    drawn = Drawn(desk, framed(desk, table, kind="multiclass"))
    drawn.keeps_the_laws()
    assert "'z' is too rare to be in every training part" in drawn.protocol.reason
    assert "the test part has no 'z'" in drawn.protocol.test_reason


def test_folds_are_as_few_as_the_rarer_class_has_rows(desk: Any) -> None:
    table = polars.DataFrame({"x": np.arange(60.0), "y": ["a"] * 56 + ["b"] * 4})
    drawn = Drawn(desk, framed(desk, table))
    drawn.keeps_the_laws()
    assert drawn.protocol.folds == 3
    labels = table["y"].to_numpy()
    assert all("b" in labels[split == side] for split in drawn.splits for side in (1, 2))
    assert "the rarer class has only 3 units" in drawn.protocol.reason


def test_the_smallest_data_set_that_is_taken_is_split(desk: Any) -> None:
    Drawn(desk, framed(desk, polars.DataFrame({"x": range(10), "y": ["a", "b"] * 5}))).keeps_the_laws()
    Drawn(desk, framed(desk, table_of(40), fraction=0.01)).keeps_the_laws()


@pytest.mark.parametrize(
    ("table", "choices", "told"),
    [
        ({"x": range(9), "y": ["a", "b", "c"] * 3}, {}, "at least 10 rows with a target.*received 9"),
        ({"x": range(30), "y": ["a"] * 30}, {}, "rows of at least two classes.*all 'a'"),
        ({"x": range(30), "y": [2.5] * 30}, {"kind": "regression"}, "2.5 in all"),
        ({"x": range(30), "y": ["a"] * 28 + ["b"] * 2}, {}, "at least 3 units of each class.*2 of class 'b'"),
        ({"y": ["a", "b"] * 10}, {}, "at least one column a model may read"),
        (
            {"x": range(30), "y": ["a", "b"] * 15, "g": ["u", "v", "w"] * 10},
            {"roles": {"g": "group"}},
            "group g: expected at least 6 units.*received 3",
        ),
        (
            {"x": range(30), "y": ["a", "b"] * 15, "t": [1.0] * 30},
            {"roles": {"t": "time"}},
            "rows of at least two moments",
        ),
        (
            {"x": range(30), "y": ["a"] * 22 + ["b"] * 8, "t": range(30)},
            {"roles": {"t": "time"}},
            "all 'a'",
        ),
        (
            {"x": range(30), "y": ["a", "b"] * 15},
            {"test": range(3, 30)},
            "at least 10 rows with a target, with some left to develop a model on; received 3",
        ),
    ],
)
def test_rows_that_cannot_carry_the_task_are_told_why(
    desk: Any, table: dict[str, Any], choices: dict[str, Any], told: str
) -> None:
    with pytest.raises(DataError, match=told) as caught:
        Drawn(desk, framed(desk, polars.DataFrame(table), **choices))
    assert all(caught.value.parts().values())


def test_a_class_that_lives_in_one_group_is_told(desk: Any) -> None:
    table = polars.DataFrame(
        {
            "x": np.arange(60.0),
            "y": ["a"] * 50 + ["b"] * 10,
            "g": [f"g{i // 5}" for i in range(50)] + ["one"] * 10,
        }
    )
    with pytest.raises(DataError, match="1 of class 'b'"):
        Drawn(desk, framed(desk, table, roles={"g": "group"}))


def test_mammography_keeps_its_3334_copies_together(desk: Any, shared_data: Path) -> None:
    table = polars.read_csv(shared_data / "mammography_imbalanced/mammography.csv.gz")
    table = table.with_columns(polars.col("target").cast(polars.String))
    drawn = Drawn(desk, framed(desk, table, "target"))
    drawn.keeps_the_laws()
    features = table.drop("target")
    assert features.n_unique() == 7848
    assert len(set(drawn.units)) == 7848 - 32
    assert "32 more are nearly another" in drawn.protocol.reason
    assert features[drawn.test].join(features[drawn.development], on=features.columns).height == 0
    positive = (table["target"] == "1").to_numpy()
    assert abs(positive[drawn.test].sum() - 65) <= 1
    assert {int(positive[split == 2].sum()) for split in drawn.splits} <= {38, 39, 40}


def test_sms_messages_sent_twice_stay_on_one_side(desk: Any, shared_data: Path) -> None:
    table = polars.read_csv(shared_data / "sms_spam/sms_spam.csv.gz")
    drawn = Drawn(desk, framed(desk, table, "label", roles={"id": "id", "text": "text"}))
    drawn.keeps_the_laws()
    texts = table["text"].to_numpy()
    assert 5574 - len(set(texts)) == 403
    assert not set(texts[drawn.test]) & set(texts[drawn.development])
    assert len(drawn.test) == pytest.approx(5574 / 4, abs=2)
    assert drawn.protocol.kind == "k_fold"
