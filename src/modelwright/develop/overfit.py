"""How large must a model be? Scale a network up until it overfits (section 6.2.5)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.develop.evaluating import OutOfTimeError, best_index, evaluate
from modelwright.engine.budget import budget, remaining_seconds
from modelwright.errors import ModelError
from modelwright.records import Bench, Choice, Desk, Failure, Recipe, Run, Study, Verdict, digest, step

QUESTION = "Is there a model large enough to overfit?"
LADDER = ((1, 16), (2, 32), (2, 128), (3, 256))
"""(layers, units) of each rung: the book's three moves, add layers, make them bigger, train longer."""

SMALL_ROWS = 5_000
EPOCHS = {"small": 40, "large": 15}
"""Epochs on each rung: below SMALL_ROWS training rows an epoch is cheap and overfitting needs more."""

TURN_SHARE = 0.02
"""Validation loss has turned when it ends this much above its lowest (and training loss does not)."""

SMOOTHED_EPOCHS = 3
"""Losses are read as moving averages over so many epochs: one lucky epoch is no lowest point."""

NOISE_TIMES = 3.0
"""The rise must also be so many times the epoch-to-epoch noise. Of flat curves of 15 or 40 epochs with
noise of 1 to 20 %, about 2 in 100 then look like overfitting; with TURN_SHARE alone 40 to 98 did
(simulated in ``tests/develop/test_overfit.py``)."""

BUDGET_SHARE = 0.15
"""Share of the remaining seconds that the ladder may use: most of the time belongs to tuning."""


LEAST_SECONDS = 5.0
"""No rung is begun with less time left: compiling a network takes about as long and cannot be stopped."""


@step(version=2)
def overfit(desk: Desk, bench: Bench, baseline: Study, *, seed: int = 0) -> Study:
    """Climb the ladder of networks until validation loss turns, and record every curve.

    Returns:
        A run for each rung climbed, on the first split only; `chosen` is the best of them. The verdict
        says whether the border between underfitting and overfitting was crossed, and where.
    """
    runs: list[Run] = []
    failures: list[Failure] = []
    with budget(_seconds()):
        for rung, recipe in enumerate(_ladder(bench, seed)):
            if remaining_seconds() < LEAST_SECONDS:
                break
            desk.note(recipe.name, done=rung, total=len(LADDER))
            try:
                run = desk.once(evaluate, bench, recipe, splits=1)
            except OutOfTimeError:
                break
            except ModelError as error:
                failures.append(Failure(recipe=recipe, reason=str(error)))
                continue
            runs.append(run)
            if _turned(_losses(desk, run)):
                break
    return Study(
        question=QUESTION,
        bench=digest(bench),
        runs=tuple(runs) or baseline.runs,
        chosen=best_index(bench, runs) if runs else baseline.chosen,
        verdict=_verdict(desk, runs),
        failures=tuple(failures),
    )


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


def _turned(losses: NDArray[Any]) -> bool:
    """Whether validation loss ends clearly above its lowest while training loss went on falling."""
    if len(losses) <= SMOOTHED_EPOCHS:
        return False
    smooth = np.lib.stride_tricks.sliding_window_view(losses, SMOOTHED_EPOCHS, axis=0).mean(axis=-1)
    lowest = int(np.argmin(smooth[:, 1]))
    rise = float(smooth[-1, 1] - smooth[lowest, 1])
    # second differences know nothing of a trend; of pure noise they vary sixfold
    noise = float(np.std(np.diff(losses[:, 1], n=2)) / np.sqrt(6.0))
    rose = rise > max(TURN_SHARE * float(smooth[lowest, 1]), NOISE_TIMES * noise)
    return rose and bool(smooth[-1, 0] < smooth[lowest, 0])


def _verdict(desk: Desk, runs: list[Run]) -> Verdict:
    if not runs:
        return Verdict(
            question=QUESTION, answer="unclear", reason="no network finished within the time given"
        )
    last = runs[-1]
    losses = _losses(desk, last)
    if not _turned(losses):
        tried = f"{last.recipe.name} did not overfit in {len(losses)} epochs"
        if len(runs) < len(LADDER):
            reason = f"{tried}, and there was no time for a larger one"
            return Verdict(question=QUESTION, answer="unclear", reason=reason)
        return Verdict(question=QUESTION, answer="no", reason=f"even {tried}: more capacity may help")
    lowest = int(np.argmin(losses[:, 1]))
    reason = (
        f"{last.recipe.name} overfits: validation loss is lowest, {losses[lowest, 1]:.4g}, after epoch "
        f"{lowest + 1} and ends at {losses[-1, 1]:.4g} while training loss falls to {losses[-1, 0]:.4g}"
    )
    return Verdict(question=QUESTION, answer="yes", reason=reason)
