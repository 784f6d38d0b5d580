from __future__ import annotations

import itertools
import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from modelwright.engine.columns import Columns
from modelwright.engine.preparation.applying import MAX_DEVIATIONS, Prepared, prepare_rows
from modelwright.engine.preparation.dates import FIRST_SECOND, LAST_SECOND, date_parts
from modelwright.engine.preparation.fitting import augment_rows, augmented_sources, fit_preparation
from modelwright.engine.preparation.preparation import Preparation
from modelwright.engine.preparation.tokens import split_text
from modelwright.records import ColumnPlan, Plan, decode, encode

ROWS = np.arange(6, dtype=np.int64)


def columns_from(**values: list[Any]) -> Columns:
    arrays: dict[str, Any] = {}
    for name, cells in values.items():
        numeric = all(isinstance(cell, float) for cell in cells)
        arrays[name] = np.array(cells, dtype=np.float64 if numeric else object)
    return Columns(values=arrays, rows=len(next(iter(arrays.values()))))


def plan_of(drop: dict[str, float] | None = None, /, **treatments: str) -> Plan:
    plans = tuple(
        ColumnPlan(name=name, treatment=kind, drop_share=(drop or {}).get(name, 0.0), reason="")  # type: ignore[arg-type]
        for name, kind in treatments.items()
    )
    return Plan(columns=plans, min_category_rows=2, max_categories=3, min_term_rows=1, max_tokens=8)


def prepared_from(plan: Plan, columns: Columns, train: Any = None) -> Prepared:
    rows = np.arange(columns.rows, dtype=np.int64)
    return prepare_rows(fit_preparation(plan, columns, rows if train is None else train), columns, rows)


def test_numbers_have_mean_0_and_deviation_1_on_the_training_rows() -> None:
    prepared = prepared_from(plan_of(a="number"), columns_from(a=[1.0, 2.0, 4.0, 8.0]))
    assert prepared.numbers.mean() == pytest.approx(0, abs=1e-7)
    assert prepared.numbers.std() == pytest.approx(1, rel=1e-6)


def test_a_missing_number_becomes_the_median_and_is_marked() -> None:
    prepared = prepared_from(plan_of(a="number"), columns_from(a=[1.0, 2.0, math.nan, 9.0]))
    assert prepared.number_names == ("a", "a is missing")
    assert prepared.numbers[2, 0] == prepared.numbers[1, 0]
    assert prepared.numbers[:, 1].tolist() == [0, 0, 1, 0]


def test_a_number_never_missing_in_training_has_no_indicator_and_still_takes_a_gap() -> None:
    columns = columns_from(a=[1.0, 2.0, 3.0, math.nan])
    prepared = prepared_from(plan_of(a="number"), columns, train=np.arange(3))
    assert prepared.number_names == ("a",)
    assert prepared.numbers[3, 0] == 0


def test_a_number_that_training_drops_has_an_indicator_although_never_missing() -> None:
    plan = plan_of({"a": 0.5}, a="number")
    assert prepared_from(plan, columns_from(a=[1.0, 2.0])).number_names == ("a", "a is missing")


@pytest.mark.parametrize("values", [[0.1] * 5, [math.nan] * 5, [1e308, -1e308, 0.0], [5e-324, 0.0, 1e-323]])
def test_awkward_numbers_stay_finite(values: list[float]) -> None:
    prepared = prepared_from(plan_of(a="number"), columns_from(a=values))
    assert np.isfinite(prepared.numbers).all()


def test_a_constant_column_becomes_zero() -> None:
    prepared = prepared_from(plan_of(a="number"), columns_from(a=[0.1] * 3))
    assert prepared.numbers.tolist() == [[0], [0], [0]]


def test_an_absurd_production_value_is_held_within_bounds() -> None:
    columns = columns_from(a=[1.0, 2.0, 3.0, 1e300])
    prepared = prepared_from(plan_of(a="number"), columns, train=np.arange(3))
    assert prepared.numbers[3, 0] == MAX_DEVIATIONS


def test_categories_are_coded_by_frequency_then_name_with_missing_and_unseen_apart() -> None:
    cells = ["b", "a", "b", "a", "c", "c", "c", "rare", None, ""]
    prepared = prepared_from(plan_of(k="category"), columns_from(k=cells))
    assert prepared.codes[:, 0].tolist() == [4, 3, 4, 3, 2, 2, 2, 1, 0, 0]
    assert prepared.category_sizes == (5,)


def test_only_the_most_frequent_categories_are_kept() -> None:
    cells = [name for name in "abcde" for _ in range(2)]
    prepared = prepared_from(plan_of(k="category"), columns_from(k=cells))
    assert prepared.codes[:, 0].tolist() == [2, 2, 3, 3, 4, 4, 1, 1, 1, 1]


def test_a_date_becomes_its_parts_with_one_indicator() -> None:
    moment = 1_709_210_096.5  # 2024-02-29T12:34:56.5 UTC, a Thursday
    columns = columns_from(d=[moment, -1.0, math.nan])
    preparation = fit_preparation(plan_of(d="date"), columns, np.arange(3))
    assert preparation.number_names[1] == "d (year)"
    assert preparation.number_names[-1] == "d is missing"
    by_part = {number.part: number for number in preparation.numbers}
    numbers = prepare_rows(preparation, columns, np.arange(3)).numbers
    raw = {
        part: numbers[:, index] * by_part[part].scale + by_part[part].centre
        for index, part in enumerate(by_part)
    }
    expected = {"year": 2024, "month": 2, "day": 29, "weekday": 3, "hour": 12, "yearday": 60}
    assert {part: round(float(raw[part][0])) for part in expected} == expected
    before = {"year": 1969, "month": 12, "day": 31, "weekday": 2, "hour": 23, "yearday": 365}
    assert {part: round(float(raw[part][1])) for part in before} == before
    assert raw["days"][0] == pytest.approx(moment / 86_400, rel=1e-6)


def test_texts_fall_into_words_and_signs_in_any_script() -> None:
    assert split_text("Win £100 NOW!! call_me 😀你好") == [
        *("win", "£", "100", "now", "!", "!", "call_me", "😀", "你", "好")
    ]
    assert split_text("مرحبا ABC") == ["مرحبا", "abc"]
    assert split_text(" \t\n") == []


def test_bags_hold_words_and_neighbours_weighted_by_rarity() -> None:
    texts = ["a b a", "b c", "c c c", None, ""]
    prepared = prepared_from(plan_of(t="text"), columns_from(t=texts))
    assert prepared.term_names == ("b", "c", "a", "a b", "b a", "b c", "c c")
    assert prepared.bags.toarray() == pytest.approx(reference_bags(texts, prepared.term_names), abs=1e-6)


def test_bags_of_shared_data_match_a_plain_loop(shared_data: Any) -> None:
    import polars

    texts = polars.read_csv(shared_data / "sms_spam" / "sms_spam.csv.gz")["text"].to_list()[:400]
    plan = Plan(columns=(ColumnPlan(name="t", treatment="text", reason=""),), min_term_rows=2)
    prepared = prepared_from(plan, columns_from(t=texts))
    assert len(prepared.term_names) > 1000
    assert prepared.bags.toarray() == pytest.approx(reference_bags(texts, prepared.term_names), abs=1e-6)


def reference_bags(texts: list[str | None], terms: tuple[str, ...]) -> Any:
    counted: list[Counter[str]] = []
    for text in texts:
        tokens = split_text(text or "")
        counted.append(Counter(tokens + [" ".join(pair) for pair in itertools.pairwise(tokens)]))
    bags = np.zeros((len(texts), len(terms)))
    for column, term in enumerate(terms):
        rows_with = sum(term in counts for counts in counted)
        rarity = math.log((1 + len(texts)) / (1 + rows_with)) + 1
        for row, counts in enumerate(counted):
            if counts[term]:
                bags[row, column] = (1 + math.log(counts[term])) * rarity
    lengths = np.linalg.norm(bags, axis=1, keepdims=True)
    return bags / np.where(lengths > 0, lengths, 1)


def test_token_ids_keep_order_pad_with_0_and_mark_unknown_words() -> None:
    columns = columns_from(t=["b a b", "b", "zzz b", None])
    prepared = prepared_from(plan_of(t="text"), columns, train=np.arange(2))
    assert prepared.tokens[:, 0].tolist() == [[2, 3, 2, 0], [2, 0, 0, 0], [1, 2, 0, 0], [0, 0, 0, 0]]
    assert prepared.word_counts == (4,)


def test_all_empty_texts_give_empty_bags_and_padding() -> None:
    prepared = prepared_from(plan_of(t="text"), columns_from(t=["", None, "  "]))
    assert prepared.bags.shape == (3, 0)
    assert prepared.tokens.tolist() == [[[0]], [[0]], [[0]]]


def test_rows_outside_training_teach_nothing() -> None:
    some = columns_from(a=[1.0, 2.0, 3.0], k=["x", "x", "y"], t=["p q", "q", "p"])
    more = columns_from(a=[1.0, 2.0, 3.0, 99.0], k=["x", "x", "y", "y"], t=["p q", "q", "p", "leak leak q p"])
    plan = plan_of(a="number", k="category", t="text")
    assert fit_preparation(plan, some, np.arange(3)) == fit_preparation(plan, more, np.arange(3))


def test_prepared_rows_do_not_depend_on_their_neighbours() -> None:
    columns = columns_from(a=[1.0, 2.0, 3.0], k=["x", "x", "y"], t=["p q", "q unseen", "p"])
    plan = plan_of(a="number", k="category", t="text")
    preparation = fit_preparation(plan, columns, np.array([0, 2]))
    together = prepare_rows(preparation, columns, np.arange(3))
    lone = columns_from(a=[2.0], k=["x"], t=["q unseen"])
    alone = prepare_rows(preparation, lone, np.array([0]))
    taken = together.take(np.array([1]))
    assert taken.numbers.tolist() == alone.numbers.tolist()
    assert taken.codes.tolist() == alone.codes.tolist()
    assert taken.tokens.tolist() == alone.tokens.tolist()
    assert taken.bags.toarray().tolist() == alone.bags.toarray().tolist()


def test_the_linear_design_is_numbers_then_codes_then_bags() -> None:
    columns = columns_from(a=[1.0, 3.0], k=["x", "x"], j=[None, "z"], t=["p", "q"])
    prepared = prepared_from(plan_of(a="number", k="category", j="category", t="text"), columns)
    design = prepared.design().toarray()
    assert design.shape == (2, prepared.width) == (2, 1 + 3 + 2 + 2)
    assert design[:, 1:6].tolist() == [[0, 0, 1, 1, 0], [0, 0, 1, 0, 1]]
    assert (design == prepared.dense(10)).all()
    assert prepared.dense(1).shape == (2, 7)


def test_a_preparation_is_written_and_read_back() -> None:
    columns = columns_from(a=[1.0, math.nan], d=[0.0, 1e9], k=["x", "x"], t=["p q", "q"])
    plan = plan_of(a="number", d="date", k="category", t="text")
    preparation = fit_preparation(plan, columns, np.arange(2))
    assert decode(encode(preparation), Preparation) == preparation


def test_nothing_is_copied_where_no_column_may_be_missing() -> None:
    columns = columns_from(a=[1.0, 2.0])
    same, rows = augment_rows(plan_of(a="number"), columns, np.arange(2), seed=0)
    assert same is columns
    assert rows.tolist() == [0, 1]


def test_copies_lack_one_column_each_and_know_their_source() -> None:
    columns = columns_from(a=[float(n) for n in range(10)], t=[f"w{n} w" for n in range(10)])
    plan = plan_of({"a": 0.2, "t": 0.3}, a="number", t="text")
    train = np.arange(2, 10)
    longer, rows = augment_rows(plan, columns, train, seed=3)
    sources = augmented_sources(plan, train, seed=3)
    assert len(rows) == len(sources) == 8 + 2 + 3
    assert rows[:8].tolist() == sources[:8].tolist() == train.tolist()
    assert np.isnan(longer.values["a"][rows[8:10]]).all()
    assert longer.values["t"][rows[10:]].tolist() == [None] * 3
    assert longer.values["t"][rows[8:10]].tolist() == columns.values["t"][sources[8:10]].tolist()
    assert np.array_equal(longer.values["a"][rows[10:]], sources[10:].astype(float))


def test_copies_are_prepared_as_if_they_had_come_without_the_column() -> None:
    columns = columns_from(t=[f"w{n} w w" for n in range(10)])
    plan = plan_of({"t": 0.3}, t="text")
    longer, rows = augment_rows(plan, columns, np.arange(10), seed=3)
    preparation = fit_preparation(plan, longer, rows)
    fresh = Columns(values=longer.values, rows=longer.rows)
    ours, theirs = prepare_rows(preparation, longer, rows), prepare_rows(preparation, fresh, rows)
    assert ours.bags.toarray().tolist() == theirs.bags.toarray().tolist()
    assert ours.tokens.tolist() == theirs.tokens.tolist()
    assert fit_preparation(plan, fresh, rows) == preparation


def test_dates_fall_into_the_parts_that_datetime_knows() -> None:
    random = np.random.default_rng(0)
    seconds = np.concatenate([random.integers(FIRST_SECOND, LAST_SECOND, 3_000), [FIRST_SECOND, LAST_SECOND]])
    parts = date_parts(seconds.astype(np.float64))
    for position, second in enumerate(seconds):
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(second))
        expected = (moment.year, moment.month, moment.day, moment.weekday(), moment.hour)
        received = (parts[part][position] for part in ("year", "month", "day", "weekday", "hour"))
        assert tuple(received) == expected
        assert parts["yearday"][position] == moment.timetuple().tm_yday
