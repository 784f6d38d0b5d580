"""What do learning curves say? The best epoch, where overfitting starts, how choppy, how wide the gap.

Curves are DATA losses, float (seeds, epochs), epochs counted from 1. Seeds whose loss stopped being
finite before that of others are left out: they have diverged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.special import stdtrit

from modelwright.errors import UndefinedMeasure
from modelwright.records import Estimate, record

Curves = NDArray[np.floating]
Curve = NDArray[np.float64]

LEVEL = 0.95
NORMAL_QUANTILE = 1.96

LEAST_EPOCHS = 6
"""With fewer epochs nothing is said of overfitting: three second differences or fewer know no noise."""

WILD_TIMES = 2.5
WILD_EPOCHS = 5
"""A loss above the running median of so many epochs by so many times the run's noise is one wild epoch,
and is read as that median (Hampel's filter, upwards only: real training is thrown back, never ahead)."""

RISE_TIMES = 3.0
"""Validation loss has turned when it ends so many times its own noise above its lowest. False alarms and
finds at this number are simulated in ``tests/statistics/test_learning_curves.py``."""

RISE_SHARE = 0.02
"""... and by this share of its lowest: a rise that is certain but smaller is nothing to act on."""

END_EPOCHS = 3
"""The end of a curve is the mean of so many epochs."""

BEST_TIMES = 2.0
"""Losses closer than so many times the noise cannot be told apart; the epochs that close to the lowest hold
the truly best one in about 95 of 100 simulated curves (same tests)."""

SMOOTHED_REACH = 2
"""Epochs to each side that a smoothed loss is made of."""

FALL_TIMES = 2.0
FALL_SHARE = 0.01
"""Loss still falls when over the last quarter of the epochs it fell by so many times its noise and by
this share of itself."""

FALLEN_SHARE = 0.9
"""A curve has come down once this share of its fall is done; it is choppy, or not, from there on."""

_MEDIAN_TO_DEVIATION = 0.6745
"""Median absolute value of standard normal numbers."""

_SECOND_DIFFERENCE = 6.0**0.5
"""A second difference of independent numbers varies so many times as they do (1 + 4 + 1 variances)."""

_PLATEAU_COST = 1.5
"""Degrees of freedom a plateau of a monotone fit costs (Meyer and Woodroofe 2000, "On the degrees of
freedom in shape-restricted regression", put it between 1 and 2)."""


@record
class Reading:
    """What a model's learning curves say.

    Args:
        seeds, epochs: that could be read.
        best_epoch: see `best_epoch`. best_epochs: where each seed's own loss is lowest.
        best_loss: mean over seeds of each one's lowest validation loss, what early stopping keeps.
        best_losses: each seed's, by its position among those given. last_loss: after the last epoch.
        training_loss: at the last epoch.
        overfits_from: see `start_of_overfitting`.
        rise: how far validation loss ends above its lowest, as a share of it.
        still_falling: validation loss was still falling at the last epoch.
        choppiness: see `choppiness`.
        gap, last_gap: see `generalisation_gap`.
    """

    seeds: int
    epochs: int
    best_epoch: Estimate
    best_epochs: tuple[int, ...]
    best_loss: Estimate
    best_losses: dict[int, float]
    last_loss: Estimate
    training_loss: Estimate
    overfits_from: int | None
    rise: float
    still_falling: bool
    choppiness: float
    gap: Estimate
    last_gap: Estimate


def read(validation: Curves, training: Curves) -> Reading:
    """Everything this module can say of one model.

    Shapes:
        validation, training: (seeds, epochs)

    Raises:
        UndefinedMeasure: no seed has a finite loss.
    """
    held_out, fitted, seeds = _readable(validation, training)
    mean = _steady_mean(held_out)
    best = held_out.argmin(axis=1)
    lowest = np.take_along_axis(held_out, best[:, None], axis=1)[:, 0]
    return Reading(
        seeds=len(held_out),
        epochs=len(mean),
        best_epoch=best_epoch(validation),
        best_epochs=tuple((best + 1).tolist()),
        best_loss=_over_seeds(lowest, held_out),
        best_losses=dict(zip(seeds.tolist(), lowest.tolist(), strict=True)),
        last_loss=_over_seeds(held_out[:, -1], held_out),
        training_loss=_over_seeds(fitted[:, -1], fitted),
        overfits_from=start_of_overfitting(validation, training),
        rise=_rise(mean) / max(abs(float(_smoothed(mean).min())), np.finfo(np.float64).tiny),
        still_falling=still_falling(validation),
        choppiness=choppiness(validation),
        gap=generalisation_gap(validation, training),
        last_gap=generalisation_gap(validation, training, at_last=True),
    )


def start_of_overfitting(validation: Curves, training: Curves) -> int | None:
    """The epoch of the lowest validation loss, where a lasting rise follows it; None where none does.

    The rule:

    1. Set each seed's wild epochs back (`WILD_TIMES`) and take the mean over seeds: noise averages away.
       Smooth it: running median of 3 (one wild epoch is no rise), then twice the running mean of 3.
    2. It has turned when its end, the mean of the last `END_EPOCHS` medians, stands above the smoothed
       lowest by `RISE_TIMES` times the noise and by `RISE_SHARE` of it, and training loss did not rise.
    3. Noise is the larger of two estimates: from second differences, which no trend enters, and the
       scatter about the best fall-then-rise curve, which sees noise that lasts over epochs, too.
    4. Overfitting starts where the mean, weighted 1, 2, 1, is lowest within `SMOOTHED_REACH` epochs of the
       smoothed lowest (smoothing finds the basin and shifts its bottom away from a steep fall), or at an
       epoch there that is lower by more than `BEST_TIMES` times the noise. Wild epochs stand one time the
       noise above where they were set to: their neighbours may be the best, they are not.

    Shapes:
        validation, training: (seeds, epochs)

    Raises:
        UndefinedMeasure: no seed has a finite loss.

    Source:
        Deep Learning with Python, 2nd ed., section 5.1.1; Tukey 1977, "Exploratory Data Analysis",
        chapter 7 (running medians, hanning); Prechelt 1998, "Early stopping - but when?".
    """
    held_out, fitted, _ = _readable(validation, training)
    mean, fit = _steady_mean(held_out), fitted.mean(axis=0)
    if len(mean) < LEAST_EPOCHS:
        return None
    lowest = _lowest(held_out)
    needed = max(RISE_TIMES * _noise(mean), RISE_SHARE * abs(float(mean[lowest])))
    memorises = _end(fit) <= float(_smoothed(fit)[lowest])
    return lowest + 1 if _rise(mean) > needed and memorises else None


def best_epoch(validation: Curves) -> Estimate:
    """The epoch of the lowest mean validation loss, and the epochs that may be it.

    The interval holds every epoch whose mean loss lies within `BEST_TIMES` times the mean's noise of the
    lowest, and the lowest of every seed. Of a single seed it says where that one run may have been best,
    and nothing of what another seed would do.

    Shapes:
        validation: (seeds, epochs)
    """
    held_out, _, _ = _readable(validation, validation)
    mean = _steady_mean(held_out)
    best = _lowest(held_out)
    bottom = min(float(_smoothed(mean).min()), float(mean[best]))
    near = np.flatnonzero(mean <= bottom + BEST_TIMES * _noise(mean))
    maybe = np.concatenate([near, held_out.argmin(axis=1), [best]])
    of = (
        "the one seed's curve"
        if len(held_out) == 1
        else f"the mean of {len(held_out)} seeds, or lowest of one"
    )
    return Estimate(
        value=best + 1.0,
        low=float(maybe.min()) + 1.0,
        high=float(maybe.max()) + 1.0,
        level=LEVEL,
        method=f"epochs within {BEST_TIMES:g} times the noise of the lowest, {of}",
    )


def still_falling(validation: Curves) -> bool:
    """Whether mean validation loss was still falling over the last quarter of the epochs.

    Shapes:
        validation: (seeds, epochs)
    """
    held_out, _, _ = _readable(validation, validation)
    mean = _steady_mean(held_out)
    if len(mean) < LEAST_EPOCHS:
        return bool(len(mean) > 1 and mean[-1] == mean.min())
    before = float(_smoothed(mean)[-1 - max(END_EPOCHS, len(mean) // 4)])
    needed = max(FALL_TIMES * _noise(mean), FALL_SHARE * abs(_end(mean)))
    return before - _end(mean) > needed


def choppiness(validation: Curves) -> float:
    """Epoch-to-epoch noise of one run, as a share of its level: 0.02 means about 2 % up or down.

    From second differences, root mean square over epochs (so wild epochs count) and over seeds, once the
    curve has come down; a steep first fall is no noise.

    Shapes:
        validation: (seeds, epochs)
    """
    held_out, _, _ = _readable(validation, validation)
    mean = held_out.mean(axis=0)
    fallen = mean[0] - FALLEN_SHARE * (mean[0] - mean.min())
    settled = held_out[:, int(np.argmax(mean <= fallen)) :]
    if settled.shape[1] < END_EPOCHS:
        settled = held_out[:, -END_EPOCHS:]
    if settled.shape[1] < END_EPOCHS:
        return 0.0
    differences = np.diff(settled, n=2, axis=1) / _SECOND_DIFFERENCE
    level = float(np.median(np.abs(settled)))
    return float(np.sqrt(np.mean(differences**2))) / level if level > 0 else 0.0


def generalisation_gap(validation: Curves, training: Curves, *, at_last: bool = False) -> Estimate:
    """Validation minus training loss, at each seed's best epoch or at the last, with the spread over seeds.

    Shapes:
        validation, training: (seeds, epochs)
    """
    held_out, fitted, _ = _readable(validation, training)
    gaps = held_out - fitted
    at = np.full(len(gaps), -1) if at_last else held_out.argmin(axis=1)
    return _over_seeds(np.take_along_axis(gaps, at[:, None], axis=1)[:, 0], gaps)


def t_interval(values: Curve, level: float = LEVEL) -> Estimate:
    """The mean of two or more numbers with its t interval."""
    count = len(values)
    arm = float(stdtrit(count - 1, (1 + level) / 2) * values.std(ddof=1) / np.sqrt(count))
    mean = float(values.mean())
    return Estimate(
        value=mean, low=mean - arm, high=mean + arm, level=level, method=f"t interval over {count} seeds"
    )


def _readable(validation: Curves, training: Curves) -> tuple[Curve, Curve, NDArray[np.int64]]:
    """Both curves of the seeds that went the whole way, up to where they end, and which seeds those are."""
    held_out, fitted = (np.atleast_2d(np.asarray(each, dtype=np.float64)) for each in (validation, training))
    lengths = np.logical_and.accumulate(np.isfinite(held_out) & np.isfinite(fitted), axis=1).sum(axis=1)
    epochs = int(lengths.max(initial=0))
    if epochs == 0:
        raise UndefinedMeasure(
            where="learning curves",
            expected="at least one seed with a finite loss after the first epoch",
            received=f"{len(held_out)} seeds, none of them finite",
            do_this="Lower the learning rate, or look at the model's last layer and loss.",
        )
    seeds = np.flatnonzero(lengths == epochs)
    return held_out[seeds, :epochs], fitted[seeds, :epochs], seeds


def _steady_mean(losses: Curve) -> Curve:
    """Mean over seeds, each without its wild epochs."""
    return _without_wild(losses).mean(axis=0)


def _without_wild(losses: Curve) -> Curve:
    """(seeds, epochs): epochs far above the running median are set to it."""
    if losses.shape[1] < WILD_EPOCHS:
        return losses
    half = WILD_EPOCHS // 2
    padded = np.concatenate([losses[:, :1]] * half + [losses] + [losses[:, -1:]] * half, axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WILD_EPOCHS, axis=1)
    medians = np.sort(windows, axis=-1)[..., half]
    wild = losses - medians > WILD_TIMES * _step_noise(losses)[:, None]
    return np.where(wild, medians, losses)


def _median_of_three(curve: Curve) -> Curve:
    """Each epoch's median with its neighbours: a lone wild epoch disappears, a step stays."""
    if len(curve) < 3:
        return curve
    low, high = np.minimum(curve[:-2], curve[1:-1]), np.maximum(curve[:-2], curve[1:-1])
    middle = np.maximum(low, np.minimum(high, curve[2:]))
    # Tukey's rule for ends: the median of the end, its neighbour and where the next two point.
    first = sorted([curve[0], middle[0], _pointed(middle[0], middle[1:2])])[1]
    last = sorted([curve[-1], middle[-1], _pointed(middle[-1], middle[-2:-1])])[1]
    return np.concatenate([[first], middle, [last]])


def _pointed(near: float, far: Curve) -> float:
    """Where a line through the two nearest medians would put the end."""
    return 3 * near - 2 * float(far[0]) if len(far) else near


def _smoothed(curve: Curve) -> Curve:
    """Running median of 3, then twice the running mean of 3: weights 1, 2, 3, 2, 1."""
    return _mean_of_three(_mean_of_three(_median_of_three(curve)))


def _mean_of_three(curve: Curve) -> Curve:
    """Each epoch's mean with its neighbours (with its one neighbour at the ends)."""
    padded = np.concatenate([[0.0], curve, [0.0]])
    counts = np.full(len(curve), 3.0)
    counts[0] -= 1.0
    counts[-1] -= 1.0
    return (padded[:-2] + padded[1:-1] + padded[2:]) / counts


def _end(curve: Curve) -> float:
    return float(_median_of_three(curve)[-END_EPOCHS:].mean())


def _rise(curve: Curve) -> float:
    """How far the end stands above the lowest, both smoothed; 0 for a curve that ends at its lowest."""
    return max(0.0, _end(curve) - float(_smoothed(curve).min()))


def _lowest(held_out: Curve) -> int:
    """Where mean loss is lowest, from 0: rule 4 of `start_of_overfitting`."""
    mean = _steady_mean(held_out)
    noise = _noise(mean)
    near = int(np.argmin(_smoothed(mean)))
    start, end = max(0, near - SMOOTHED_REACH), near + SMOOTHED_REACH + 1
    measured = np.minimum(held_out.mean(axis=0), mean + noise)
    usual = start + int(np.argmin(_hanning(measured)[start:end]))
    sharp = start + int(np.argmin(mean[start:end]))
    return sharp if mean[usual] - mean[sharp] > BEST_TIMES * noise else usual


def _hanning(curve: Curve) -> Curve:
    """Each epoch's loss and its neighbours', weighted 1, 2, 1; the ends as they are."""
    return np.concatenate([curve[:1], (curve[:-2] + 2 * curve[1:-1] + curve[2:]) / 4, curve[1:][-1:]])


def _noise(curve: Curve) -> float:
    """Standard deviation of what varies from epoch to epoch; 0 for fewer than three epochs."""
    if len(curve) < 3:
        return 0.0
    return max(float(_step_noise(curve)), _scatter(curve))


def _step_noise(curves: Curve) -> Curve:
    """Noise from second differences, which no straight trend enters; a median, which few wild epochs move."""
    steps = np.abs(np.diff(curves, n=2)) / _SECOND_DIFFERENCE
    return np.median(steps, axis=-1) / _MEDIAN_TO_DEVIATION


def _scatter(curve: Curve) -> float:
    """Scatter about the best curve that falls to the lowest epoch and rises after it."""
    turn = int(np.argmin(_smoothed(curve))) + 1
    falls = isotonic_regression(curve[:turn], increasing=False)
    rises = isotonic_regression(curve[turn:]) if turn < len(curve) else None
    parts = [falls] if rises is None else [falls, rises]
    left = curve - np.concatenate([part.x for part in parts])
    plateaus = sum(len(part.blocks) - 1 for part in parts)
    freedom = len(curve) - _PLATEAU_COST * plateaus
    return float(np.sqrt((left**2).sum() / freedom)) if freedom >= 1 else 0.0


def _over_seeds(values: Curve, curves: Curve) -> Estimate:
    """Mean over seeds; of a single seed the interval is of its curve's own noise."""
    if len(values) > 1:
        return t_interval(values)
    value, arm = float(values[0]), NORMAL_QUANTILE * _noise(_without_wild(curves)[0])
    method = "one seed: noise of its curve from epoch to epoch, not what another seed would give"
    return Estimate(value=value, low=value - arm, high=value + arm, level=LEVEL, method=method)
