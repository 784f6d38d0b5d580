"""Intervals hold the truth as often as they say, and equal models are rarely called different."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from modelwright.errors import UndefinedMeasure
from modelwright.records import Estimate, Measure
from modelwright.statistics import resampling
from modelwright.statistics.intervals import bootstrap, paired_bootstrap, unpaired_difference
from modelwright.statistics.measures import BUILT_IN, Score, measure_function
from modelwright.statistics.resampling import resamples_for

Generator = np.random.Generator
World = Callable[[int, Generator], tuple[Any, Any]]


def score_of(name: str) -> Score:
    reads_values = BUILT_IN[name].reads == "value"
    return measure_function(BUILT_IN[name].chosen(""), () if reads_values else ("no", "yes"))


def two_columns(positive: Any) -> Any:
    return np.column_stack([1 - positive, positive]).astype(np.float64)


def right_with(chance: float) -> World:
    def world(rows: int, generator: Generator) -> tuple[Any, Any]:
        return np.ones(rows, dtype=np.int64), two_columns(generator.random(rows) < chance)

    return world


def ranked(share: float, distance: float) -> World:
    def world(rows: int, generator: Generator) -> tuple[Any, Any]:
        targets = (generator.random(rows) < share).astype(np.int64)
        ranks = generator.normal(size=rows) + distance * targets
        return targets, two_columns(1 / (1 + np.exp(-ranks)))

    return world


def off_by_normal_errors(rows: int, generator: Generator) -> tuple[Any, Any]:
    targets = generator.normal(size=rows)
    return targets, (targets + generator.normal(size=rows))[:, None]


def coverage(name: str, world: World, rows: int, trials: int, resamples: int) -> float:
    """Share of simulated data sets whose 95 % interval holds the measure of a huge one."""
    generator, score = np.random.default_rng(7), score_of(name)
    truth = score(*world(400_000, generator))
    units, held = np.arange(rows), 0
    for trial in range(trials):
        targets, outputs = world(rows, generator)
        got = bootstrap(score, targets, outputs, units=units, seed=trial, resamples=resamples)
        held += got.low <= truth <= got.high
    return held / trials


@pytest.mark.parametrize(
    ("name", "world", "rows"),
    [
        ("accuracy", right_with(0.97), 60),
        ("roc_auc", ranked(0.3, 2.5), 200),
        ("rmse", off_by_normal_errors, 200),
    ],
)
def test_a_quick_look_at_coverage(name: str, world: World, rows: int) -> None:
    # 100 trials tell a coverage to 4 points (twice the standard error); the slow test has the rest
    assert coverage(name, world, rows, 100, 60) >= 0.88


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "world", "rows"),
    [
        ("accuracy", right_with(0.9), 60),
        ("accuracy", right_with(0.97), 60),
        ("accuracy", right_with(0.9), 200),
        ("roc_auc", ranked(0.3, 1.5), 200),
        ("roc_auc", ranked(0.3, 2.5), 200),
        ("rmse", off_by_normal_errors, 200),
        ("r2", off_by_normal_errors, 200),
        ("f1", ranked(0.3, 2.5), 200),
        ("average_precision", ranked(60 / 2500, 2.2), 2500),
    ],
)
def test_intervals_hold_the_truth_92_to_98_times_in_100(name: str, world: World, rows: int) -> None:
    assert 0.92 <= coverage(name, world, rows, 1200, 200) <= 0.98


def test_a_perfect_score_on_few_rows_is_not_called_certain() -> None:
    targets = np.arange(30) % 2
    perfect = bootstrap(score_of("accuracy"), targets, two_columns(targets), units=np.arange(30), seed=0)
    assert perfect.value == perfect.high == 1.0
    assert perfect.low == pytest.approx(0.878, abs=0.01)  # the rule of three says 0.9
    few = np.array([1, 1, 1, *[0] * 27])
    ranked_right = bootstrap(score_of("roc_auc"), few, two_columns(few), units=np.arange(30), seed=0)
    assert ranked_right.low < 0.5  # three positives prove little


def test_duplicates_do_not_make_an_estimate_surer() -> None:
    targets, outputs = ranked(0.3, 1.5)(100, np.random.default_rng(0))
    units = np.arange(100)
    score = score_of("roc_auc")
    once = bootstrap(score, targets, outputs, units=units, seed=0)
    ten = np.tile(units, 10)
    copied = bootstrap(score, targets[ten], outputs[ten], units=ten, seed=0)
    forgotten = bootstrap(score, targets[ten], outputs[ten], units=np.arange(1000), seed=0)
    assert copied.low == pytest.approx(once.low, abs=1e-9)
    assert forgotten.low > once.low + 0.03


@pytest.mark.parametrize("trials", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_equal_models_are_rarely_called_different(trials: int) -> None:
    generator, score = np.random.default_rng(3), score_of("accuracy")
    wins = losses = 0
    for trial in range(trials):
        shared = generator.random(120) < 0.05
        right = [~(shared | (generator.random(120) < 0.08)) for _ in range(2)]
        got = paired_bootstrap(
            score,
            np.ones(120, dtype=np.int64),
            two_columns(right[0]),
            two_columns(right[1]),
            goal="maximise",
            units=np.arange(120),
            seed=trial,
            resamples=100,
        )
        wins, losses = wins + (got.low > 0), losses + (got.high < 0)
    assert (wins + losses) / trials <= (0.07 if trials > 100 else 0.15)
    assert wins + losses > 0 or trials < 100


def test_a_truly_better_model_is_found_better() -> None:
    generator, score = np.random.default_rng(4), score_of("rmse")
    found = 0
    for trial in range(40):
        targets = generator.normal(size=300)
        noise = generator.normal(size=(2, 300))
        better, worse = (targets + s * noise[i] for i, s in enumerate((0.8, 1.0)))
        got = paired_bootstrap(
            score,
            targets,
            better[:, None],
            worse[:, None],
            goal="minimise",
            units=np.arange(300),
            seed=trial,
            resamples=100,
        )
        found += got.low > 0
    assert found >= 36


def test_of_rows_that_answer_each_other_luck_is_seldom_called_better_once_that_is_told(smoother: Any) -> None:
    score = score_of("roc_auc")
    better = {True: 0, False: 0}
    for seed in range(400):
        targets, smoothed = smoother(seed)
        for mutual in better:
            got = paired_bootstrap(
                score,
                targets,
                two_columns(1 / (1 + np.exp(-smoothed))),
                two_columns(np.full(100, 0.5)),
                goal="maximise",
                units=np.arange(100),
                seed=seed,
                mutual=mutual,
                resamples=100,
            )
            better[mutual] += got.low > 0
    assert better[True] <= 20  # 2.5% is meant, 5% promised
    assert better[False] > better[True] + 10


def test_a_model_is_not_better_than_itself() -> None:
    targets, outputs = ranked(0.3, 1.5)(80, np.random.default_rng(0))
    got = paired_bootstrap(
        score_of("roc_auc"), targets, outputs, outputs, goal="maximise", units=np.arange(80), seed=0
    )
    assert (got.value, got.low, got.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("trials", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_an_honest_promise_is_rarely_called_broken_and_a_false_one_often_is(trials: int) -> None:
    generator, score = np.random.default_rng(5), score_of("accuracy")
    alarms = {0.9: 0, 0.8: 0}
    for truth in alarms:
        for trial in range(trials):
            promised, kept = (
                bootstrap(score, *right_with(p)(n, generator), units=np.arange(n), seed=trial, resamples=100)
                for p, n in ((0.9, 600), (truth, 200))
            )
            alarms[truth] += unpaired_difference(kept, promised, goal="maximise").high < 0
    assert alarms[0.9] / trials <= (0.04 if trials > 100 else 0.1)
    assert alarms[0.8] / trials >= 0.85


def test_the_difference_of_two_estimates_is_positive_when_better() -> None:
    small = Estimate(value=2.0, low=1.0, high=4.0, method="")
    large = Estimate(value=10.0, low=9.0, high=11.0, method="")
    less = unpaired_difference(small, large, goal="minimise")
    assert less.value == 8.0
    assert less.low == pytest.approx(8 - np.hypot(2, 1))
    assert less.high == pytest.approx(8 + np.hypot(1, 1))
    assert unpaired_difference(small, large, goal="maximise").value == -8.0


def test_resamples_without_a_value_are_left_out_and_counted() -> None:
    targets = np.array([1, *[0] * 20])
    outputs = two_columns(np.linspace(0, 1, 21))
    got = bootstrap(score_of("roc_auc"), targets, outputs, units=np.arange(21), seed=0)
    assert "without a value left out" in got.method
    assert got.low <= got.value <= got.high
    assert got.low < 0.05  # one positive row: nothing is known


def test_one_unit_or_one_class_gives_an_error_not_a_number() -> None:
    targets, outputs = np.array([0, 1, 1]), two_columns(np.array([0.1, 0.5, 0.9]))
    with pytest.raises(UndefinedMeasure, match="all of one unit"):
        bootstrap(score_of("accuracy"), targets, outputs, units=np.zeros(3), seed=0)
    with pytest.raises(UndefinedMeasure, match="rows of one class"):
        bootstrap(score_of("roc_auc"), np.ones(3, dtype=np.int64), outputs, units=np.arange(3), seed=0)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    targets, outputs = ranked(0.3, 1.5)(200, np.random.default_rng(0))
    first, again, other = (
        bootstrap(score_of("roc_auc"), targets, outputs, units=np.arange(200), seed=seed)
        for seed in (1, 1, 2)
    )
    assert first == again != other
    assert first.low == pytest.approx(other.low, abs=0.01)


def test_a_users_measure_gets_percentiles_whatever_its_scale() -> None:
    code = "def gain(targets, predictions):\n    return 100 * ((predictions > 0.5) == targets).mean()\n"
    measure = Measure(name="m.py:gain", title="", goal="maximise", reads="probability", reason="", code=code)
    targets, outputs = ranked(0.4, 2)(150, np.random.default_rng(0))
    own = bootstrap(measure_function(measure, ("no", "yes")), targets, outputs, units=np.arange(150), seed=0)
    built_in = bootstrap(score_of("accuracy"), targets, outputs, units=np.arange(150), seed=0)
    assert own.value == pytest.approx(100 * built_in.value)
    assert own.low == pytest.approx(100 * built_in.low, abs=2)
    plain = bootstrap(lambda t, o, w: np.average(t, weights=w), targets, outputs, units=targets, seed=0)
    assert plain.low <= plain.value <= plain.high


@pytest.mark.parametrize("rows", [25_000, 32_561])
def test_many_rows_are_resampled_less_often_and_never_less_than_200_times(rows: int) -> None:
    assert 200 <= resamples_for(rows) < resamples_for(100) == 1000


def test_beyond_a_hundred_thousand_units_a_part_tells_what_all_would(monkeypatch: pytest.MonkeyPatch) -> None:
    targets, outputs = ranked(0.3, 1.5)(20_000, np.random.default_rng(0))
    score, units = score_of("roc_auc"), np.arange(20_000)
    whole = bootstrap(score, targets, outputs, units=units, seed=0)
    monkeypatch.setattr(resampling, "MOST_UNITS", 2_000)
    part = bootstrap(score, targets, outputs, units=units, seed=0)
    assert part.value == whole.value
    assert part.high - part.low == pytest.approx(whole.high - whole.low, rel=0.15)
