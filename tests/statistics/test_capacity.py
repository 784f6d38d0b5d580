"""Verdicts on models compared: real learning curves, families made up, and every rule by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from modelwright.statistics.capacity import Contender, difference, judge
from modelwright.statistics.learning_curves import read

Curves = NDArray[np.float64]

PARAMETERS = {"small": 40_029, "reference": 160_305, "large": 5_383_681, "l2": 160_305, "dropout": 160_305}
"""Two hidden layers of 4, 16, 512, 16 and 16 units on 10,000 words."""

VALIDATION = {
    "small": (
        ".528 .450 .382 .338 .307 .291 .290 .283 .290 .292 .305 .308 .319 .336 .339 .351 .367 .377 .400 .404",
        ".586 .502 .432 .380 .340 .323 .298 .288 .282 .281 .284 .283 .293 .295 .297 .308 .318 .321 .332 .341",
        ".594 .540 .499 .456 .410 .360 .327 .310 .294 .287 .288 .290 .290 .296 .301 .310 .317 .346 .336 .346",
    ),
    "reference": (
        ".395 .352 .297 .281 .294 .298 .321 .324 .359 .359 .396 .397 .454 .440 .472 .514 .507 .532 .559 .578",
        ".398 .333 .292 .281 .283 .365 .302 .317 .332 .353 .389 .412 .430 .455 .454 .480 .519 .524 .548 .568",
        ".453 .324 .313 .374 .283 .294 .313 .357 .331 .350 .375 .403 .413 .428 .459 .472 .497 .529 .541 .564",
    ),
    "large": (
        ".553 .358 .346 .318 .293 .342 .349 .342 .500 .435 .515 .423 .509 .577 1.08 .527 .599 .652 .681 .705",
        ".388 .304 .272 .365 .422 .343 .370 .395 .449 .491 .551 .425 .520 .605 .651 .691 .723 .740 .754 .767",
        ".365 .369 .375 .352 .317 .330 .372 .324 .451 .393 .495 1.06 .518 .595 .634 .682 .703 .723 .738 .749",
    ),
    "l2": (
        ".403 .346 .304 .287 .299 .288 .295 .296 .302 .304 .332 .316 .325 .327 .329 .353 .346 .375 .356 .359",
        ".426 .346 .298 .287 .284 .350 .293 .296 .301 .304 .325 .319 .335 .322 .330 .394 .338 .349 .339 .384",
        ".460 .336 .318 .382 .288 .290 .293 .359 .298 .320 .308 .324 .320 .323 .332 .331 .336 .360 .341 .358",
    ),
    "dropout": (
        ".509 .409 .336 .309 .292 .287 .289 .294 .309 .308 .335 .359 .374 .398 .400 .423 .460 .463 .499 .513",
        ".504 .395 .330 .310 .289 .283 .284 .303 .307 .326 .373 .370 .383 .403 .442 .465 .495 .534 .532 .564",
        ".557 .438 .368 .327 .309 .281 .281 .287 .300 .313 .331 .358 .372 .395 .403 .458 .480 .521 .511 .515",
    ),
}
"""Validation data loss of plain Keras on IMDB's training half: 10,000 words, 15,000 rows to train on,
10,000 to validate on, rmsprop, batches of 512, 20 epochs; a line a seed."""

TRAINING = {
    "small": (
        ".513 .423 .340 .277 .227 .191 .166 .142 .129 .112 .105 .090 .081 .079 .066 .060 .055 .047 .044 .037",
        ".575 .484 .401 .339 .290 .259 .225 .201 .181 .164 .154 .138 .129 .118 .107 .103 .093 .083 .080 .072",
        ".586 .523 .469 .415 .357 .301 .252 .223 .193 .172 .155 .143 .127 .117 .107 .099 .091 .095 .078 .073",
    ),
    "reference": (
        ".362 .284 .201 .156 .137 .113 .103 .084 .082 .062 .063 .046 .055 .032 .031 .036 .019 .016 .014 .012",
        ".363 .271 .201 .161 .136 .166 .098 .085 .074 .065 .069 .058 .046 .045 .029 .026 .026 .017 .014 .012",
        ".426 .273 .226 .243 .140 .120 .109 .114 .072 .062 .056 .051 .039 .032 .028 .021 .018 .016 .012 .010",
    ),
    "large": (
        ".514 .270 .199 .146 .077 .039 .028 .021 .029 .006 .003 .005 .002 .001 .234 .001 .001 .000 .000 .000",
        ".345 .228 .150 .154 .179 .050 .025 .014 .081 .005 .003 .007 .002 .001 .001 .001 .000 .000 .000 .000",
        ".323 .277 .214 .197 .061 .038 .028 .027 .006 .009 .003 .313 .002 .001 .001 .000 .000 .000 .000 .000",
    ),
    "l2": (
        ".369 .287 .223 .186 .177 .154 .145 .133 .127 .119 .132 .110 .110 .104 .098 .110 .099 .113 .094 .088",
        ".392 .291 .222 .191 .170 .204 .147 .136 .129 .121 .132 .116 .119 .102 .099 .145 .091 .094 .083 .106",
        ".435 .291 .247 .280 .179 .164 .151 .195 .131 .138 .117 .121 .110 .105 .106 .096 .096 .106 .089 .097",
    ),
    "dropout": (
        ".492 .378 .283 .238 .201 .165 .150 .124 .104 .100 .079 .066 .059 .055 .052 .044 .037 .033 .034 .030",
        ".488 .360 .277 .239 .191 .157 .128 .109 .097 .079 .087 .057 .052 .045 .038 .038 .030 .030 .024 .023",
        ".545 .413 .328 .268 .226 .179 .150 .126 .110 .093 .080 .074 .061 .053 .048 .040 .037 .053 .031 .032",
    ),
}
"""Training data loss after each epoch, on 5,000 of the rows."""


def numbers(lines: tuple[str, ...]) -> Curves:
    return np.array([[float(number) for number in line.split()] for line in lines])


def imdb(*names: str, seeds: Any = slice(None), told: bool = True) -> list[Contender]:
    return [
        Contender(
            name=name,
            parameters=PARAMETERS[name],
            reading=read(numbers(VALIDATION[name])[seeds], numbers(TRAINING[name])[seeds]),
            regularised=told and name in ("l2", "dropout"),
        )
        for name in names
    ]


def fits(contenders: list[Contender]) -> dict[str, str]:
    return {one.name: verdict.fit for one, verdict in zip(contenders, judge(contenders), strict=True)}


@pytest.mark.parametrize("seeds", [slice(None), slice(0, 1), slice(1, 2), slice(2, 3), slice(0, 2)])
def test_the_books_five_are_judged_as_its_reader_would(seeds: slice) -> None:
    assert fits(imdb("small", "reference", "large", "l2", "dropout", seeds=seeds)) == {
        "small": "about right",
        "reference": "needs regularisation",
        "large": "too large",
        "l2": "about right",
        "dropout": "about right",
    }


def test_the_books_three_sizes_need_no_regularised_one_to_be_judged() -> None:
    assert fits(imdb("small", "reference", "large")) == {
        "small": "about right",
        "reference": "needs regularisation",
        "large": "too large",
    }


def test_what_the_curves_say_of_the_five() -> None:
    read_of = {one.name: one.reading for one in imdb("small", "reference", "large", "l2", "dropout")}
    starts = {name: reading.overfits_from for name, reading in read_of.items()}
    assert starts == {"small": 10, "reference": 5, "large": 3, "l2": 6, "dropout": 7}
    for name, (low, high) in {"small": (8, 12), "reference": (4, 6), "dropout": (6, 8)}.items():
        assert (read_of[name].best_epoch.low, read_of[name].best_epoch.high) == (low, high)
    assert max(read_of, key=lambda name: read_of[name].choppiness) == "large"
    assert max(read_of, key=lambda name: read_of[name].rise) == "large"
    assert read_of["l2"].rise < 0.3 < 0.7 < read_of["reference"].rise


def test_a_small_model_as_good_is_not_called_too_small_but_slow() -> None:
    verdict = judge(imdb("small", "reference"))[0]
    assert verdict.fit == "about right"
    assert "reference, 4 times as large, gets there by epoch 5" in verdict.reason
    assert "by its loss it is not too small" in verdict.reason


def test_the_reason_names_the_evidence() -> None:
    large = judge(imdb("small", "reference", "large"))[2]
    assert "34 times the parameters of reference" in large.reason
    assert "earlier, more steeply and more choppily" in large.reason
    reference = judge(imdb("reference", "l2"))[0]
    assert "l2, of the same size, gets about as low" in reference.reason


def made(
    name: str,
    parameters: int,
    *,
    lowest: float = 0.3,
    turn: int | None = None,
    slope: float = 0.02,
    speed: float = 1.5,
    seeds: int = 3,
    epochs: int = 20,
    noise: float = 0.003,
    regularised: bool = False,
    seed: int = 0,
) -> Contender:
    """A model whose validation loss falls to `lowest` and from `turn` on rises by `slope` an epoch."""
    epoch = np.arange(1.0, epochs + 1)
    true = lowest + 0.4 * np.exp(-(epoch - 1) / speed)
    if turn is not None:
        true = true + slope * np.maximum(0, epoch - turn)
    drawn = np.random.default_rng((seed, parameters)).standard_normal((seeds, epochs))
    training = np.tile(0.5 * np.exp(-(epoch - 1) / 4), (seeds, 1))
    reading = read(true + noise * drawn, training)
    return Contender(name=name, parameters=parameters, reading=reading, regularised=regularised)


def verdict(one: Contender, *others: Contender) -> str:
    return judge([one, *others])[0].fit


SMALL, RIGHT, LARGE = 1_000, 10_000, 1_000_000


def test_a_model_that_still_improves_needs_more_training() -> None:
    assert verdict(made("slow", SMALL, speed=30), made("right", RIGHT, turn=8)) == "more training"


def test_a_few_epochs_are_no_ground_for_a_verdict_on_size() -> None:
    assert verdict(made("brief", SMALL, epochs=4, speed=0.3)) == "more training"


@pytest.mark.parametrize("turn", [None, 10])
def test_a_model_clearly_beaten_by_a_larger_one_is_too_small(turn: int | None) -> None:
    assert verdict(made("small", SMALL, lowest=0.36, turn=turn), made("right", RIGHT, turn=8)) == "too small"


def test_a_model_clearly_beaten_by_a_smaller_one_is_too_large() -> None:
    assert verdict(made("large", LARGE, lowest=0.36, turn=4), made("right", RIGHT, turn=8)) == "too large"


def test_a_model_ten_times_as_large_for_no_lower_loss_is_too_large() -> None:
    right = made("right", RIGHT, turn=8)
    assert verdict(made("large", LARGE, turn=4, slope=0.05), right) == "too large"
    assert verdict(made("twice", 2 * RIGHT, turn=6), right) != "too large"


def test_a_larger_model_that_does_clearly_better_is_not_too_large() -> None:
    large, small = made("large", LARGE, lowest=0.25, turn=6), made("small", SMALL, lowest=0.3)
    assert verdict(large, small) != "too large"
    assert verdict(small, large) == "too small"


def test_a_large_model_that_a_penalty_keeps_from_overfitting_is_about_right() -> None:
    large = made("large with dropout", LARGE, regularised=True)
    assert verdict(large, made("right", RIGHT, turn=8, slope=0.005)) == "about right"


def test_a_model_that_overfits_steeply_needs_regularisation() -> None:
    assert verdict(made("plain", RIGHT, turn=5, slope=0.03)) == "needs regularisation"
    assert verdict(made("plain", RIGHT, turn=12, slope=0.005)) == "about right"


def test_a_model_needs_what_helps_its_sibling() -> None:
    plain, penalised = (
        made("plain", RIGHT, turn=7, slope=0.009),
        made("l2", RIGHT, turn=7, slope=0.003, regularised=True),
    )
    assert verdict(plain, penalised) == "needs regularisation"
    assert verdict(penalised, plain) == "about right"


def test_a_penalty_too_strong_makes_a_model_too_small_in_effect() -> None:
    plain, penalised = made("plain", RIGHT, turn=8), made("l2", RIGHT, lowest=0.4, regularised=True)
    assert verdict(penalised, plain) == "too small"
    assert "regularised too much" in judge([penalised, plain])[0].reason


def test_a_model_that_learns_less_than_its_size_allows_needs_training_not_size() -> None:
    stuck = made("stuck", LARGE, lowest=0.5)
    assert verdict(stuck, made("right", RIGHT, turn=8)) == "more training"
    assert "learning rate" in judge([stuck, made("right", RIGHT, turn=8)])[0].reason


def test_a_model_alone_that_never_overfits_may_be_too_small() -> None:
    assert verdict(made("alone", SMALL, speed=1)) == "too small"


def test_where_more_capacity_buys_nothing_no_size_is_too_small() -> None:
    small, large = made("small", SMALL, speed=1), made("large", LARGE, speed=1)
    assert fits([small, large]) == {"small": "about right", "large": "about right"}


def test_verdicts_seldom_change_with_the_noise() -> None:
    expected = {"small": "too small", "right": "about right", "large": "too large", "slow": "more training"}
    right = 0
    for seed in range(100):
        family = [
            made("small", SMALL, lowest=0.36, turn=14, slope=0.003, noise=0.006, seed=seed),
            made("right", RIGHT, turn=10, slope=0.01, noise=0.006, seed=seed),
            made("large", LARGE, turn=5, slope=0.04, noise=0.02, seed=seed),
            made("slow", 2 * RIGHT, lowest=0.2, speed=15, noise=0.006, seed=seed),
        ]
        right += fits(family) == expected
    assert right / 100 >= 0.9


def test_models_of_the_same_curves_are_seldom_told_apart() -> None:
    told_apart = 0
    for seed in range(150):
        one = made("one", RIGHT, turn=8, noise=0.01, seed=seed)
        other = made("other", RIGHT + 1, turn=8, noise=0.01, seed=seed + 1_000)
        gap = difference(one, other)
        told_apart += gap.low > 0 or gap.high < 0
    assert told_apart / 150 <= 0.08


def test_differences_are_paired_over_the_seeds_both_have() -> None:
    losses = np.tile(np.linspace(1, 0.5, 8), (3, 1)) + np.array([[0.0], [0.1], [0.2]])
    worse = losses + 0.05
    worse[2, 3:] = np.nan
    one, other = (Contender(name="m", parameters=1, reading=read(c, c)) for c in (worse, losses))
    gap = difference(one, other)
    assert gap.value == pytest.approx(0.05)
    assert gap.high - gap.low == pytest.approx(0, abs=1e-12)


def test_one_seed_is_compared_by_the_noise_of_its_curve() -> None:
    one, other = made("one", RIGHT, seeds=1, lowest=0.4), made("other", RIGHT, seeds=1)
    gap = difference(one, other)
    assert gap.low < 0.1 < gap.high
    assert gap.low > 0
