"""Can it be told from a model's answers which rows it was trained on?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, rankdata

from modelwright.records import Estimate
from modelwright.statistics.intervals import LEVEL, bootstrap
from modelwright.statistics.measures import BUILT_IN, measure_function
from modelwright.statistics.scoring import Weights

FALSE_ALARMS = 0.01
"""The share of rows not trained on that an attacker may take for members."""

GUESSED = tuple(
    (share * members, share * (1 - members))
    for share in (0.02, 0.05, 0.1, 0.2, 0.5)
    for members in (0.0, 0.5, 1.0)
)
"""Shares of the rows that an attacker calls members, and others: those he is surest of."""

SUREST = 1e-7
"""Probabilities are kept so far from 0 and 1: float32 answers know no more."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """How well members are told from others.

    Args:
        area: ROC AUC of the scores, 0.5 where nothing can be told.
        found: the share of members found with `FALSE_ALARMS`, which is 0.01 where nothing can be told.
        guessed, right: the guesses behind `epsilon`, and how many of them were right.
        epsilon: with 95% confidence the training was not (epsilon, 0)-differentially private for any smaller
            epsilon; 0 where nothing was shown.
    """

    area: Estimate
    found: Estimate
    guessed: int
    right: int
    epsilon: float


def certainty(targets: NDArray[Any], outputs: Array) -> Array:
    """How sure a model is of each row's own target; more is surer.

    Of classes the log odds of the right one; of values minus the absolute error in standard deviations of the
    target, on average over the targets.

    Shapes:
        targets: int64 (rows,) class positions, or float64 (rows, targets)
        outputs: (rows, outputs)
        result: (rows,)

    Source: Carlini et al. 2022, "Membership inference attacks from first principles".
    """
    if np.issubdtype(targets.dtype, np.integer):
        right = np.clip(outputs[np.arange(len(targets)), targets], SUREST, 1 - SUREST)
        return np.log(right) - np.log1p(-right)
    values = targets.reshape(outputs.shape)
    spread = values.std(axis=0)
    return -(np.abs(values - outputs) / np.where(spread > 0, spread, 1.0)).mean(axis=1)


def membership(members: NDArray[np.bool_], attacks: Sequence[Array], *, seed: int) -> Membership:
    """What attackers tell of who was trained on; the one who shows most is reported.

    Args:
        members: (rows,), each drawn by a fair coin before training.
        attacks: scores, more is likelier a member, (rows,) each.

    Source:
        Steinke, Nasr and Jagielski 2023, "Privacy auditing with one (1) training run", theorem 5.2: under
        (epsilon, 0)-differential privacy the right guesses are at most binomial with chance
        e^epsilon / (1 + e^epsilon).
    """
    level = 1 - (1 - LEVEL) / (len(GUESSED) * len(attacks))  # all tests together hold at `LEVEL` (Bonferroni)
    told = [_most_told(members, scores, level) for scores in attacks]
    best = max(range(len(attacks)), key=lambda place: told[place])
    epsilon, guessed, right = told[best]
    ranks = rankdata(attacks[best]) / len(members)
    area = measure_function(BUILT_IN["roc_auc"].chosen(""), ("out", "in"))
    targets, rows = members.astype(np.int64), np.arange(len(members))
    return Membership(
        area=bootstrap(area, targets, np.column_stack([1 - ranks, ranks]), units=rows, seed=seed),
        found=bootstrap(_found, targets, ranks[:, None], units=rows, seed=seed),
        guessed=guessed,
        right=right,
        epsilon=epsilon,
    )


def epsilon_of(guessed: int, right: int, level: float = LEVEL) -> float:
    """The least epsilon that so many right guesses leave possible, with this confidence; 0 or more."""
    if right == 0:
        return 0.0
    least = float(beta.ppf(1 - level, right, guessed - right + 1))
    return max(0.0, float(np.log(least) - np.log1p(-least)))


def _most_told(members: NDArray[np.bool_], scores: Array, level: float) -> tuple[float, int, int]:
    """The epsilon that the best of `GUESSED` shows, the number of its guesses, and how many are right."""
    order = np.argsort(scores, kind="stable")
    told = [(0.0, 0, 0)]
    for shares in GUESSED:
        inside, outside = (int(share * len(scores)) for share in shares)
        if inside + outside:
            right = int(members[order[len(order) - inside :]].sum() + (~members[order[:outside]]).sum())
            told.append((epsilon_of(inside + outside, right, level), inside + outside, right))
    return max(told)


def _found(targets: NDArray[Any], scores: NDArray[Any], weights: Weights = None) -> float:
    """The share of members above all but `FALSE_ALARMS` of the others."""
    weight = np.ones(len(targets)) if weights is None else np.asarray(weights, dtype=np.float64)
    order = np.argsort(-scores[:, 0], kind="stable")
    inside = np.where(targets[order] == 1, weight[order], 0.0)
    outside = weight[order] - inside
    allowed = np.cumsum(outside) <= FALSE_ALARMS * outside.sum()
    return float(inside[allowed].sum() / max(inside.sum(), 1e-12))
