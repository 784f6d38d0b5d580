"""Does the model keep the rows it learnt from to itself? Asked before it leaves the house (section 6.3.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.proving import final_of
from modelwright.deploy.unseen import Development, development_of
from modelwright.engine.model import load
from modelwright.errors import ReleaseError
from modelwright.records import Bench, Desk, Leakage, Study, Verdict, step
from modelwright.statistics.membership import FALSE_ALARMS, Membership, certainty, membership

QUESTION = "Does the model keep to itself which rows it learnt from?"

REFERENCES = 4
"""Models that say how sure one is of a row that it was not trained on. Without them attacks under-report."""

MOST_ROWS = 20_000
"""Units audited, drawn at random: an AUC of 0.51 is then already told from 0.5."""

FEWEST_ROWS = 100

Rows = NDArray[np.int64]


class TooFewRowsError(ReleaseError):
    """From so few rows nothing can be said about what a model tells of them."""


@step(version=3)
def audit_privacy(
    desk: Desk, bench: Bench, confirmed: Study, *, allowed: float = 1.0, seed: int = 0
) -> Leakage:
    """Train the shipped recipe on half of the rows, by the toss of a coin, and let an attacker guess which.

    One attacker goes by how sure the model is of a row's own target. The other knows the answers of
    `REFERENCES` more models, each trained on a half of its own, and holds the audited one's certainty against
    theirs where they were not trained on the row. The one who finds more is reported. Copies of a row and
    members of one group go together and are guessed once. What is audited is the recipe, on half of its rows:
    the shipped model learnt from twice as many, and such models tell less of each. It is a lower bound; a
    better attack may find more.

    Args:
        allowed: the most epsilon that may be shown, for the verdict.

    Raises:
        ReleaseError: nothing was confirmed. TooFewRowsError: there is too little to guess about.

    Source:
        Steinke, Nasr and Jagielski 2023, "Privacy auditing with one (1) training run"; Carlini et al. 2022,
        "Membership inference attacks from first principles" (reference models).
    """
    development = development_of(desk, bench)
    recipe = load(desk.read(final_of(confirmed).model)).trained.recipe
    rows, unit, first = _units(development)
    coins = np.random.default_rng([seed, 8]).random((1 + REFERENCES, len(first))) < 0.5
    sure: list[NDArray[np.float64]] = []
    for done, members in enumerate(coins):
        desk.note(f"model {done + 1} of the audit", done=done, total=len(coins))
        model = development.trained(recipe, rows[members[unit]])
        answers = model.predict_columns(development.columns, first)
        sure.append(certainty(development.answers[first], answers))
    told = membership(coins[0], (sure[0], _calibrated(np.array(sure), coins)), seed=seed)
    return _leakage(allowed, told, rows=len(first))


def require_kept(leakage: Leakage, accepted: str) -> None:
    """Refuse to let a model out that leaks more than is allowed, unless a reason is given.

    Raises:
        ReleaseError: it does, and none is.
    """
    if not leakage.leaks or accepted.strip():
        return
    raise ReleaseError(
        where="privacy audit before the model leaves the house (the task says that its data are sensitive)",
        expected=f"epsilon of at most {leakage.allowed:g} shown (constraints.max_epsilon in task.toml)",
        received=leakage.verdict.reason,
        do_this="Train a model that remembers less: a stronger penalty, more dropout, fewer trees or units, "
        "earlier stopping, more rows; or your own with DP-SGD (jax-privacy). Or keep it in the house: --to "
        'server. To let it out nevertheless, say why: --accept-leakage "REASON"; the certificate repeats it.',
    )


def _units(development: Development) -> tuple[Rows, Rows, Rows]:
    """Rows of development, the number of each one's unit, and each unit's first row."""
    rows, seed = development.usable, development.bench.protocol.seed
    kept = np.unique(development.units[rows])
    if len(kept) > MOST_ROWS:
        kept = np.random.default_rng([seed, 9]).choice(kept, MOST_ROWS, replace=False)
        rows = rows[np.isin(development.units[rows], kept)]
    if len(kept) < FEWEST_ROWS:
        raise TooFewRowsError(
            where="privacy audit",
            expected=f"at least {FEWEST_ROWS} rows of development that are no copies of each other",
            received=f"{len(kept)}",
            do_this="Bring more rows: from so few nothing can be said about what the model tells of them.",
        )
    _, first, unit = np.unique(development.units[rows], return_index=True, return_inverse=True)
    return rows, unit.astype(np.int64), rows[first]


def _calibrated(sure: NDArray[np.float64], coins: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The first model's certainty less that of the others where a row was not theirs, (units,).

    Where it was everyone's, their mean over rows that were not stands in.
    """
    others, outside = sure[1:], ~coins[1:]
    times = outside.sum(axis=0)
    expected = np.where(outside, others, 0.0).sum(axis=0) / np.maximum(times, 1)
    return sure[0] - np.where(times > 0, expected, others[outside].mean())


def _leakage(allowed: float, told: Membership, *, rows: int) -> Leakage:
    answer = "no" if told.epsilon > allowed else "yes"
    said = f"of the {told.guessed:,} guesses that an attacker is surest of {told.right:,} are right"
    shown = f"epsilon is at least {told.epsilon:.2f}" if told.epsilon > 0 else "no loss of privacy is shown"
    reason = (
        f"{said} (half would be by chance): {shown}, and {allowed:g} is allowed. Over all {rows:,} rows the "
        f"ROC AUC of his guesses is {told.area}, and he finds "
        f"{told.found.value:.1%} of the members when {FALSE_ALARMS:.0%} of the others may be taken for one. "
        "A better attack may find more"
    )
    return Leakage(
        rows=rows,
        references=REFERENCES,
        area=told.area,
        found=told.found,
        guessed=told.guessed,
        right=told.right,
        epsilon=told.epsilon,
        allowed=allowed,
        verdict=Verdict(question=QUESTION, answer=answer, reason=reason),
    )
