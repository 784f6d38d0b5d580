"""Which recipe generalises best? A search over families, capacity and regularisation (section 6.2.6)."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from modelwright.develop.evaluating import OutOfTimeError, best_index, compare, evaluate_or_fail
from modelwright.develop.space import suggested_recipe
from modelwright.engine.budget import budget, remaining_seconds
from modelwright.records import (
    Bench,
    Choice,
    Comparison,
    Desk,
    Failure,
    Family,
    Recipe,
    Run,
    Study,
    Verdict,
    digest,
    number_text,
    step,
)

QUESTION = "Which candidate generalises best, and does it beat common sense?"
FAMILIES: list[Family] = ["linear", "trees", "network"]

RESERVED_SHARE = 0.15
RESERVED_SECONDS = 4.0
"""Kept back from a budget in seconds for the final training, the report and the release."""

STARTUP_TRIALS = 8
"""Random trials before the TPE sampler starts to model the scores (Optuna's default is 10)."""


@dataclass(slots=True, kw_only=True)
class _Search:
    """A search under way: what was tried and how long each family takes."""

    runs: list[Run] = field(default_factory=list[Run])
    failures: list[Failure] = field(default_factory=list[Failure])
    families: list[Family] = field(default_factory=list[Family])
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    def expected_seconds(self, family: str) -> float:
        return self.seconds.get(family, 0.0)


@step(version=4)
def tune(
    desk: Desk,
    bench: Bench,
    baseline: Study,
    overfitted: Study,
    *,
    recipes: tuple[Recipe, ...] = (),
    trials: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    left_out: dict[str, str] | None = None,
) -> Study:
    """Try each family's defaults, the user's own recipes, then what Optuna's TPE sampler proposes.

    Args:
        recipes: candidates of the user's own, tried first.
        trials: how many candidates in all; the same data, seed and trials give the same records.
        seconds: instead, the whole run's time budget (it names the record; the clock is `engine.budget`'s).
        left_out: families that are not tried -> why, such as that they cannot go where the model must run.

    Returns:
        Every run made, the baseline's linear model among them; `chosen` has the best score. The verdict is
        "no" when even that does not beat common sense by the paired interval, widened for having been picked.

    Source:
        Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization (TPE), as in Optuna.
    """
    search = _Search(
        runs=[run for run in baseline.runs if run.recipe.family == "linear"],
        families=[family for family in FAMILIES if family not in (left_out or {})],
        failures=[_left_out(family, why) for family, why in (left_out or {}).items()],
    )
    for failure in search.failures:
        desk.note(f"{failure.recipe.name} are {failure.reason}")
    with budget(_seconds_for_search()):
        for done, recipe in enumerate(_candidates(bench, overfitted, recipes, trials, seed, search)):
            facts: dict[str, Any] = {"done": done, "total": trials} if trials else {"tried": done}
            desk.note(recipe.name, **_best_so_far(bench, search.runs), **facts)
            if not _try(desk, bench, recipe, search):
                break
    runs = search.runs or list(baseline.runs)
    chosen = best_index(bench, runs)
    comparison = compare(desk, bench, runs[chosen], baseline.best, picked_of=len(runs))
    return Study(
        question=QUESTION,
        bench=digest(bench),
        runs=tuple(runs),
        chosen=chosen,
        verdict=_verdict(bench, comparison),
        comparisons=(comparison,),
        failures=tuple(search.failures),
    )


def _try(desk: Desk, bench: Bench, recipe: Recipe, search: _Search) -> bool:
    """Evaluate one candidate; False when the time is over."""
    if search.expected_seconds(recipe.family) > remaining_seconds():
        return remaining_seconds() > min(search.seconds.values(), default=0.0)
    started = time.monotonic()
    try:
        outcome = evaluate_or_fail(desk, bench, recipe)
    except OutOfTimeError:
        return False
    took = time.monotonic() - started
    search.seconds[recipe.family] = max(took, search.seconds.get(recipe.family, 0.0))
    if isinstance(outcome, Run):
        search.runs.append(outcome)
    else:
        search.failures.append(outcome)
    return remaining_seconds() > 0


def _candidates(
    bench: Bench,
    overfitted: Study,
    own: tuple[Recipe, ...],
    trials: int | None,
    seed: int,
    search: _Search,
) -> Iterator[Recipe]:
    """The user's recipes, each family's defaults, then the sampler's proposals, up to `trials`."""
    defaults = (one for one in _defaults(overfitted, seed) if one.family in search.families)
    first = (*own, *defaults)
    limit = trials if trials is not None else 10_000
    yield from first[:limit]
    yield from _sampled(bench, limit - len(first), seed, search)


def _defaults(overfitted: Study, seed: int) -> tuple[Recipe, ...]:
    """Trees as they come, and the network that the ladder found best, regularised and stopped in time."""
    best = overfitted.best.recipe
    choices: dict[str, Choice] = {"dropout": 0.25}
    if best.family == "network":
        size = {name: best.choices[name] for name in ("layers", "units")}
        penalty = {name: best.choices[name] for name in ("dropout", "l1", "l2") if best.choices.get(name)}
        choices = size | (penalty or choices)
    return (
        Recipe(family="trees", name="trees", seed=seed),
        Recipe(family="network", name="network", choices=choices, seed=seed),
    )


def _sampled(bench: Bench, count: int, seed: int, search: _Search) -> Iterator[Recipe]:
    import optuna  # half a second to import, and only a search needs it

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    goal = "maximize" if bench.measure.goal == "maximise" else "minimize"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
        study: Any = optuna.create_study(direction=goal, sampler=sampler)
    for _ in range(max(0, count)):
        trial: Any = study.ask()
        recipe = suggested_recipe(trial, bench, search.families, seed)
        before = len(search.runs)
        yield recipe
        scored = len(search.runs) > before
        value = search.runs[-1].score.value if scored else None
        study.tell(trial, value, state=None if scored else optuna.trial.TrialState.FAIL)


def _left_out(family: str, why: str) -> Failure:
    recipe = Recipe(family=cast(Family, family), name=family)
    return Failure(recipe=recipe, reason=f"left out before training: {why}")


def _seconds_for_search() -> float | None:
    left = remaining_seconds()
    return None if left == float("inf") else max(0.0, left * (1 - RESERVED_SHARE) - RESERVED_SECONDS)


def _best_so_far(bench: Bench, runs: list[Run]) -> dict[str, Any]:
    if not runs:
        return {}
    best = runs[best_index(bench, runs)]
    score = best.score.value
    return {
        "best": f"{best.recipe.name} {bench.measure.title} {number_text(score)}",
        "best_score": float(score),
    }


def _verdict(bench: Bench, comparison: Comparison) -> Verdict:
    gain = comparison.difference
    reason = f"{comparison.challenger} against {comparison.champion}: {bench.measure.title} better by {gain}"
    if comparison.better:
        return Verdict(question=QUESTION, answer="yes", reason=reason)
    answer = "no" if gain.high <= 0 else "unclear"
    return Verdict(question=QUESTION, answer=answer, reason=f"{reason}; the interval does not exclude zero")
