"""How large must a model be? Scale a network up until it overfits, then regularise back (section 6.2.5)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.develop.evaluating import OutOfTimeError, best_index, evaluate
from modelwright.engine.budget import budget, remaining_seconds
from modelwright.errors import ModelError
from modelwright.records import Bench, Choice, Desk, Failure, Recipe, Run, Study, Verdict, digest, step
from modelwright.statistics.learning_curves import start_of_overfitting

QUESTION = "Is there a model large enough to overfit?"
LADDER = ((1, 16), (2, 32), (2, 128), (3, 256))
"""(layers, units) of each rung: the book's three moves, add layers, make them bigger, train longer."""

BACK: tuple[tuple[str, dict[str, Choice]], ...] = (
    ("dropout 0.25", {"dropout": 0.25}),
    ("dropout 0.5", {"dropout": 0.5}),
    ("L2 0.0001", {"l2": 1e-4}),
    ("L2 0.002", {"l2": 2e-3}),
)
"""The ways back from a rung that overfits (section 5.4.4; 0.002 is its strength). They differ in nothing that
is compiled, so they cost no more than their training."""

SMALL_ROWS = 5_000
EPOCHS = {"small": 40, "large": 15}
"""Epochs on each rung: below SMALL_ROWS training rows an epoch is cheap and overfitting needs more."""

BUDGET_SHARE = 0.15
"""Share of the remaining seconds that the ladder may use: most of the time belongs to tuning."""


LEAST_SECONDS = 5.0
"""No rung is begun with less time left: compiling a network takes about as long and cannot be stopped."""


@step(version=4)
def overfit(desk: Desk, bench: Bench, baseline: Study, *, seed: int = 0) -> Study:
    """Climb the ladder of networks until validation loss turns, then regularise the one that overfits.

    Returns:
        A run for each rung climbed and each way back tried, on the first split only; `chosen` is the best
        of them. The verdict says whether the border between underfitting and overfitting was crossed,
        where, and what regularisation bought.
    """
    walk = _Walk(desk=desk, bench=bench)
    with budget(_seconds()):
        crossed = any(walk.overfits(recipe) for recipe in _ladder(bench, seed))
        climbed = len(walk.runs)
        if crossed:
            for recipe in _ways_back(walk.runs[-1].recipe):
                walk.overfits(recipe)
    runs = walk.runs
    return Study(
        question=QUESTION,
        bench=digest(bench),
        runs=tuple(runs) or baseline.runs,
        chosen=best_index(bench, runs) if runs else baseline.chosen,
        verdict=_verdict(desk, runs[:climbed], runs[climbed:]),
        failures=tuple(walk.failures),
    )


@dataclass(slots=True, kw_only=True)
class _Walk:
    """The runs of a walk up the ladder and back; it ends where the time does."""

    desk: Desk
    bench: Bench
    runs: list[Run] = field(default_factory=list[Run])
    failures: list[Failure] = field(default_factory=list[Failure])
    over: bool = False

    def overfits(self, recipe: Recipe) -> bool:
        """Train this one, unless the time is over; whether its validation loss turns."""
        if self.over or remaining_seconds() < LEAST_SECONDS:
            self.over = True
            return False
        done = len(self.runs) + len(self.failures)
        self.desk.note(recipe.name, done=done, total=len(LADDER) + len(BACK))
        try:
            run = self.desk.once(evaluate, self.bench, recipe, splits=1)
        except OutOfTimeError:
            self.over = True
            return False
        except ModelError as error:
            self.failures.append(Failure(recipe=recipe, reason=str(error)))
            return False
        self.runs.append(run)
        return _turn(_losses(self.desk, run)) is not None


def _ways_back(recipe: Recipe) -> list[Recipe]:
    """The network that overfits, regularised each way."""
    return [
        replace(recipe, name=f"{recipe.name}, {name}", choices=recipe.choices | choices)
        for name, choices in BACK
    ]


def _seconds() -> float | None:
    left = remaining_seconds()
    return None if left == float("inf") else left * BUDGET_SHARE


def _ladder(bench: Bench, seed: int) -> list[Recipe]:
    epochs = EPOCHS["small"] if bench.protocol.rows < SMALL_ROWS else EPOCHS["large"]
    return [_rung(layers, units, epochs, seed) for layers, units in LADDER]


def _rung(layers: int, units: int, epochs: int, seed: int) -> Recipe:
    choices: dict[str, Choice] = {
        "layers": layers,
        "units": units,
        "dropout": 0.0,
        "l1": 0.0,
        "l2": 0.0,
        "max_epochs": epochs,
        "patience": epochs,
    }
    return Recipe(family="network", name=f"network {layers} x {units}", choices=choices, seed=seed)


def _losses(desk: Desk, run: Run) -> NDArray[Any]:
    """float (epochs, 2): training and validation loss."""
    return desk.read(run.curves) if run.curves is not None else np.empty((0, 2))


def _turn(losses: NDArray[Any]) -> int | None:
    """The epoch from which validation loss rises for good while training loss falls, if it does."""
    return start_of_overfitting(losses[None, :, 1], losses[None, :, 0]) if len(losses) else None


def _verdict(desk: Desk, climbed: list[Run], regularised: list[Run]) -> Verdict:
    if not climbed:
        return Verdict(
            question=QUESTION, answer="unclear", reason="no network finished within the time given"
        )
    last = climbed[-1]
    losses = _losses(desk, last)
    turn = _turn(losses)
    if turn is None:
        tried = f"{last.recipe.name} did not overfit in {len(losses)} epochs"
        if len(climbed) < len(LADDER):
            reason = f"{tried}, and there was no time for a larger one"
            return Verdict(question=QUESTION, answer="unclear", reason=reason)
        return Verdict(question=QUESTION, answer="no", reason=f"even {tried}: more capacity may help")
    reason = (
        f"{last.recipe.name} overfits: validation loss is lowest, {losses[turn - 1, 1]:.4g}, after epoch "
        f"{turn} and ends at {losses[-1, 1]:.4g} while training loss falls to {losses[-1, 0]:.4g}"
    )
    return Verdict(question=QUESTION, answer="yes", reason=reason + _bought(desk, regularised))


def _bought(desk: Desk, regularised: list[Run]) -> str:
    """What the best of the ways back came to, in words."""
    if not regularised:
        return ""
    lowest = [float(_losses(desk, run)[:, 1].min()) for run in regularised]
    best = int(np.argmin(lowest))
    ending = float(_losses(desk, regularised[best])[-1, 1])
    how = regularised[best].recipe.name.rpartition(", ")[2]
    return f"; regularised with {how} its lowest is {lowest[best]:.4g} and it ends at {ending:.4g}"
