"""Does anything learn? Common sense first, then a linear model that has to beat it (section 6.2.4)."""

from __future__ import annotations

from modelwright.develop.common_sense import common_sense
from modelwright.develop.evaluating import best_index, compare, evaluate_or_fail
from modelwright.engine.budget import unhurried
from modelwright.records import Bench, Comparison, Desk, Failure, Recipe, Run, Study, Verdict, digest, step

QUESTION = "Does a simple model beat common sense?"


@step(version=3)
def beat_baseline(desk: Desk, bench: Bench, *, existing_code: str = "", seed: int = 0) -> Study:
    """Score the common-sense answers and a linear model, and say whether common sense is beaten.

    Args:
        existing_code: source text of the file that holds the existing solution, where it is a function.

    Returns:
        Runs in the order prior, last answer (where rows have a time), existing (where declared), linear;
        `chosen` is the bar: the best common-sense answer. The verdict is "yes" only when the paired
        interval excludes no improvement.
    """
    recipes = (*common_sense(bench, existing_code), Recipe(family="linear", name="linear", seed=seed))
    runs: list[Run] = []
    failures: list[Failure] = []
    for done, recipe in enumerate(recipes):
        desk.note(recipe.name, done=done, total=len(recipes))
        with unhurried():  # without a bar to beat there is no answer at all
            outcome = evaluate_or_fail(desk, bench, recipe)
        if isinstance(outcome, Run):
            runs.append(outcome)
        else:
            failures.append(outcome)
    sensible = [run for run in runs if run.recipe.family in ("prior", "existing")]
    bar = best_index(bench, sensible)
    comparisons = tuple(
        compare(desk, bench, run, sensible[bar], picked_of=len(runs) - len(sensible))
        for run in runs[len(sensible) :]
    )
    return Study(
        question=QUESTION,
        bench=digest(bench),
        runs=tuple(runs),
        chosen=bar,
        verdict=_verdict(bench, sensible[bar], comparisons),
        comparisons=comparisons,
        failures=tuple(failures),
    )


def _verdict(bench: Bench, bar: Run, comparisons: tuple[Comparison, ...]) -> Verdict:
    if not comparisons:
        return Verdict(question=QUESTION, answer="unclear", reason="the linear model could not be trained")
    gain = comparisons[0].difference
    figures = f"linear against {bar.recipe.name}: {bench.measure.title} better by {gain}"
    if comparisons[0].better:
        return Verdict(question=QUESTION, answer="yes", reason=figures)
    answer = "no" if gain.high <= 0 else "unclear"
    return Verdict(question=QUESTION, answer=answer, reason=f"{figures}; the interval does not exclude zero")
