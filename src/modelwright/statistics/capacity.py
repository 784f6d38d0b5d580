"""Is a model too small, about right or too large, and what would help it? Verdicts on models compared.

The rules, for each model, in this order; "clearly" means beyond the interval over seeds and beyond
`NOTABLE_SHARE`, the other numbers are named below:

1. Validation loss still falls at the last epoch, or there were too few to say: **more training**.
2. Its lowest loss is clearly above another model's. Smaller than that one: **too small**. As large or
   larger: if it is regularised and rises less than the better one, its penalty is too strong, and it is
   **too small** in effect; if it overfits, **too large**, or, of one size, **needs regularisation**; if it
   does not overfit, it does not learn what it could: **more training** (at another learning rate).
3. A model of a tenth of its size gets as low, and it overfits earlier, more steeply or more choppily than
   that one: **too large**.
4. It overfits and is not regularised, and either a model of its size gets as low and overfits later or
   half as much, or it ends half as high again as its lowest: **needs regularisation**.
5. It never overfits, and nothing shows that more capacity would buy nothing, neither a model of its size
   or larger nor a smaller one that gets as low: **too small**, since the border was not reached.
6. Else **about right**.

Source:
    Deep Learning with Python, 2nd ed., sections 5.3.3 (increase capacity until you overfit), 5.4.4
    (reduce the size, regularise) and 6.2.5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modelwright.records import Estimate, Fit, number_text
from modelwright.statistics.learning_curves import LEAST_EPOCHS, LEVEL, Reading, t_interval

NOTABLE_SHARE = 0.03
"""A lowest loss must be so much higher than another's to matter: seeds tell what chance training is, not
what chance the validation rows are, and no one changes a model for less."""

MUCH_LARGER_TIMES = 10.0
"""A model so many times another's size is needlessly large where it gains nothing. Chapter 5's large
network has 34 times the reference's parameters, the reference 4 times the small one's."""

SAME_SIZE_TIMES = 1.5
"""Models whose parameters differ by less are of one size: biases, normalisation, another last layer."""

LESS_TIMES = 0.5
"""A rise of validation loss is clearly less when it is at most this share of the other."""

MORE_TIMES = 1.25
"""A rise or noise is clearly more when it is at least so many times the other."""

STEEP_SHARE = 0.5
"""A model that ends half as high again as its lowest loss overfits steeply, with no other to compare to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A model as judged.

    Args:
        parameters: trainable numbers.
        regularised: a penalty on weights, dropout or the like is at work.
    """

    name: str
    parameters: int
    reading: Reading
    regularised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict in words, and its evidence in a sentence or two."""

    fit: Fit
    reason: str


def judge(contenders: Sequence[Contender]) -> tuple[Judgement, ...]:
    """A verdict on each model among those compared, in the order given.

    Args:
        contenders: read on the same rows with the same loss, trained from the same seeds.
    """
    return tuple(_judged(one, [other for other in contenders if other is not one]) for one in contenders)


def difference(one: Contender, other: Contender) -> Estimate:
    """How much higher the lowest loss of `one` is, paired over the seeds that both were trained from."""
    losses, others = one.reading.best_losses, other.reading.best_losses
    both = sorted(losses.keys() & others.keys())
    if len(both) > 1:
        return t_interval(np.array([losses[seed] - others[seed] for seed in both]))
    first, second = one.reading.best_loss, other.reading.best_loss
    value, arm = first.value - second.value, math.hypot(first.high - first.value, second.high - second.value)
    return Estimate(
        value=value, low=value - arm, high=value + arm, level=LEVEL, method="arms added in squares"
    )


def _judged(one: Contender, others: Sequence[Contender]) -> Judgement:
    if one.reading.still_falling or one.reading.epochs < LEAST_EPOCHS:
        return _unfinished(one)
    better = _clearly_better(one, others)
    if better is not None:
        return _beaten(one, better)
    as_good = [other for other in others if not _clearly_above(other, one)]
    thrifty = [other for other in as_good if _needlessly_larger(one, other)]
    if thrifty:
        return _needlessly_large(one, min(thrifty, key=_lowest))
    if one.reading.overfits_from is not None:
        return _overfitting(one, as_good)
    return _level(one, others, as_good)


def _clearly_better(one: Contender, others: Sequence[Contender]) -> Contender | None:
    better = [other for other in others if _clearly_above(one, other)]
    return min(better, key=_lowest, default=None)


def _lowest(contender: Contender) -> float:
    return contender.reading.best_loss.value


def _clearly_above(one: Contender, other: Contender) -> bool:
    notable = NOTABLE_SHARE * abs(other.reading.best_loss.value)
    found = difference(one, other)
    return found.low > 0 and found.value > notable


def _same_size(one: Contender, other: Contender) -> bool:
    small, large = sorted((one.parameters, other.parameters))
    return large <= SAME_SIZE_TIMES * small


def _needlessly_larger(one: Contender, other: Contender) -> bool:
    if one.parameters < MUCH_LARGER_TIMES * other.parameters:
        return False
    return bool(_worse_ways(one.reading, other.reading))


def _worse_ways(one: Reading, other: Reading) -> list[str]:
    """In which ways one model overfits worse than another, in words."""
    if one.overfits_from is None:
        return []
    ways: list[str] = []
    if other.overfits_from is None or one.overfits_from < other.overfits_from:
        ways.append("earlier")
    if one.rise > MORE_TIMES * other.rise:
        ways.append("more steeply")
    if one.choppiness > MORE_TIMES * other.choppiness:
        ways.append("more choppily")
    return ways


def _unfinished(one: Contender) -> Judgement:
    reading = one.reading
    said = f"{_epochs(reading)} are too few to tell where overfitting starts"
    if reading.still_falling:
        loss = number_text(reading.last_loss.value)
        said = f"validation loss was still falling after {_epochs(reading)}, at {loss}"
    return Judgement(fit="more training", reason=f"{said}: train it longer before judging its size")


def _beaten(one: Contender, better: Contender) -> Judgement:
    """A verdict on a model whose lowest loss is clearly above another's."""
    share = difference(one, better).value / abs(_lowest(better))
    size = "of the same size" if _same_size(one, better) else f"{_times(better, one)} times as large"
    said = (
        f"its lowest validation loss, {_lowest_words(one)}, is {share:.0%} above that of {better.name} "
        f"({number_text(_lowest(better))}, {size}), and it {_turn(one.reading)}"
    )
    if one.parameters * SAME_SIZE_TIMES < better.parameters:
        return Judgement(fit="too small", reason=said)
    if one.regularised and one.reading.rise < better.reading.rise:
        return Judgement(fit="too small", reason=f"{said}: regularised too much, it is too small in effect")
    if one.reading.overfits_from is None:
        advice = "it does not learn what its size could: try another learning rate, or train longer"
        return Judgement(fit="more training", reason=f"{said}: {advice}")
    return Judgement(fit="needs regularisation" if _same_size(one, better) else "too large", reason=said)


def _needlessly_large(one: Contender, thrifty: Contender) -> Judgement:
    reading, other = one.reading, thrifty.reading
    reason = (
        f"with {_times(one, thrifty)} times the parameters of {thrifty.name} it gets no notably lower "
        f"({number_text(_lowest(one))} against {number_text(_lowest(thrifty))}) and overfits "
        f"{_listed(_worse_ways(reading, other))}: it {_turn(reading)}, while {thrifty.name} {_turn(other)}; "
        f"from epoch to epoch it varies by {reading.choppiness:.1%}, {thrifty.name} by {other.choppiness:.1%}"
    )
    return Judgement(fit="too large", reason=reason)


def _overfitting(one: Contender, as_good: Sequence[Contender]) -> Judgement:
    """A verdict on a model that gets as low as any and then overfits."""
    said = f"{_rank(one, as_good)}; it {_turn(one.reading)}"
    steep = one.reading.rise >= STEEP_SHARE
    if one.regularised:
        return Judgement(fit="about right", reason=f"{said}{': stop it there' if steep else ''}")
    steadier = [o for o in as_good if _same_size(one, o) and _steadier(o.reading, one.reading)]
    if steadier:
        helped = min(steadier, key=_lowest)
        how = f"{helped.name}, of the same size, gets about as low ({number_text(_lowest(helped))})"
        reason = f"{said}; {how} and {_turn(helped.reading)}"
        return Judgement(fit="needs regularisation", reason=reason)
    if steep:
        return Judgement(
            fit="needs regularisation", reason=f"{said}: its rise is steep, its size is not at fault"
        )
    return Judgement(fit="about right", reason=f"{said}{_slower(one, as_good)}")


def _steadier(one: Reading, other: Reading) -> bool:
    """Whether one model overfits clearly later or clearly less than another."""
    if one.overfits_from is None:
        return True
    later = one.best_epoch.low > other.best_epoch.high
    return later or one.rise <= LESS_TIMES * other.rise


def _level(one: Contender, others: Sequence[Contender], as_good: Sequence[Contender]) -> Judgement:
    """A verdict on a model whose validation loss neither falls nor rises at the end."""
    said = f"{_rank(one, as_good)}; it {_turn(one.reading)}"
    if as_good or any(other.parameters * SAME_SIZE_TIMES >= one.parameters for other in others):
        return Judgement(fit="about right", reason=f"{said}{_slower(one, as_good)}")
    advice = "nothing as large was compared, so more capacity may get lower still"
    return Judgement(fit="too small", reason=f"{said}; {advice}")


def _rank(one: Contender, as_good: Sequence[Contender]) -> str:
    """Its lowest loss, and how the others' compare."""
    said = f"its lowest validation loss is {_lowest_words(one)}"
    best = min((one, *as_good), key=_lowest)
    if best is one:
        return f"{said}, the lowest of all" if as_good else said
    return f"{said}, not notably above the lowest of all ({best.name}, {number_text(_lowest(best))})"


def _slower(one: Contender, as_good: Sequence[Contender]) -> str:
    """What a model that is small for its rank pays: epochs."""
    larger = [other for other in as_good if other.parameters > SAME_SIZE_TIMES * one.parameters]
    faster = [o for o in larger if o.reading.best_epoch.high < one.reading.best_epoch.low]
    if not faster:
        return ""
    other = min(faster, key=_lowest)
    return (
        f"; {other.name}, {_times(other, one)} times as large, gets there by epoch {_best(other.reading)}: "
        "this one learns more slowly, but by its loss it is not too small"
    )


def _lowest_words(one: Contender) -> str:
    return f"{number_text(_lowest(one))} at epoch {_best(one.reading)}"


def _turn(reading: Reading) -> str:
    if reading.overfits_from is None:
        return f"does not overfit in {_epochs(reading)}"
    return f"overfits from epoch {reading.overfits_from} and ends {reading.rise:.0%} above its lowest"


def _best(reading: Reading) -> str:
    found = reading.best_epoch
    if found.low == found.high:
        return f"{found.value:.0f}"
    return f"{found.value:.0f} ({found.low:.0f} to {found.high:.0f})"


def _epochs(reading: Reading) -> str:
    return "1 epoch" if reading.epochs == 1 else f"{reading.epochs} epochs"


def _times(one: Contender, other: Contender) -> str:
    ratio = one.parameters / max(1, other.parameters)
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2g}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"
