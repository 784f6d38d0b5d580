"""How did development go? Every run with its interval, what overfitted, and the search."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.report.axes import limits
from modelwright.deploy.report.blocks import Figure
from modelwright.deploy.report.chart import Axis, Mark, Series, chart
from modelwright.deploy.report.figures import estimate_words, fixed
from modelwright.deploy.report.forest import Row, forest
from modelwright.deploy.report.history import history
from modelwright.deploy.report.wording import sentence, short
from modelwright.records import Bench, Comparison, Desk, Run, Study

_MOST_ROWS = 16
_MOST_CURVES = 6


def forest_figure(bench: Bench, baseline: Study, tuned: Study | None) -> Figure:
    """Baselines and the best runs of each search, with intervals."""
    rows = _rows(bench, baseline, tuned)
    left_out = _count(baseline, tuned) - len(rows)
    measure = short(bench.measure.title, 32)
    maximise = bench.measure.goal == "maximise"
    return Figure(
        title="Every contender, with its 95% interval",
        caption="Validation rows only. The dotted line is the best baseline; an arrow points to a score "
        f"beyond the picture.{f' {left_out:,} lower-ranked candidates are left out.' if left_out else ''}",
        picture=forest(rows, measure, maximise=maximise),
        narrow=forest(rows, measure, maximise=maximise, narrow=True),
        size="wide",
    )


def comparison_words(comparison: Comparison, measure: str) -> str:
    """A paired comparison as a sentence."""
    challenger, champion = short(comparison.challenger), short(comparison.champion)
    gain = comparison.difference
    if comparison.better:
        verdict = "beats"
    else:
        verdict = "does worse than" if gain.high < 0 else "cannot be told apart from"
    return f"{sentence(challenger)} {verdict} {champion}: {measure} better by {estimate_words(gain)}."


def curve_figures(desk: Desk, study: Study) -> tuple[Figure, ...]:
    """Training and validation loss of each run that has epochs."""
    curved = [run for run in study.runs if run.curves is not None]
    figures: list[Figure] = []
    for run in curved[:_MOST_CURVES]:
        losses = np.asarray(desk.read(run.curves), dtype=np.float64).reshape(-1, 2)  # type: ignore[arg-type]  # has curves
        if len(losses):
            figures.append(_curves(run, losses))
    return tuple(figures)


def history_figure(bench: Bench, tuned: Study) -> tuple[Figure, ...]:
    """The search as a picture, where there is more than one candidate."""
    if len(tuned.runs) < 2:
        return ()
    measure, maximise = short(bench.measure.title, 32), bench.measure.goal == "maximise"
    figure = Figure(
        title="The search",
        caption="Each dot is a candidate on the validation rows, the line is the best so far, the ring the "
        "chosen one. The worst candidates may lie beyond the edge.",
        picture=history(tuned.runs, measure, tuned.chosen, maximise=maximise),
        narrow=history(tuned.runs, measure, tuned.chosen, maximise=maximise, narrow=True),
        size="wide",
    )
    return (figure,)


def choices_of(run: Run) -> tuple[tuple[str, str], ...]:
    """A recipe's choices for people."""
    return tuple(
        (short(name.replace("_", " ")), f"{value:.4g}" if isinstance(value, float) else short(value))
        for name, value in sorted(run.recipe.choices.items())
    )


def _rows(bench: Bench, baseline: Study, tuned: Study | None) -> list[Row]:
    sign = -1.0 if bench.measure.goal == "maximise" else 1.0
    best = tuned.best if tuned is not None else None
    first = [run for run in baseline.runs[:_MOST_ROWS] if best is None or not _same(run, best)]
    rows = [Row(label=_label(run), score=run.score, kind=_kind(run)) for run in first]
    if tuned is None or best is None:
        return rows
    known = {(run.recipe.name, run.score.value) for run in (*baseline.runs, best)}
    others = [
        run for run in tuned.runs if run is not best and (run.recipe.name, run.score.value) not in known
    ]
    ranked = sorted(
        others, key=lambda run: sign * run.score.value if np.isfinite(run.score.value) else np.inf
    )
    kept = _best_of_each(ranked, _MOST_ROWS - len(rows) - 1)
    rows += [Row(label=_label(run), score=run.score) for run in reversed(kept)]
    return [*rows, Row(label=_label(best), score=best.score, kind="chosen")]


def _same(one: Run, other: Run) -> bool:
    return (one.recipe.name, one.score.value) == (other.recipe.name, other.score.value)


def _best_of_each(ranked: Sequence[Run], most: int) -> list[Run]:
    """The best of every family first, then the best of the rest, in order of rank."""
    firsts = {run.recipe.family: index for index, run in reversed(list(enumerate(ranked)))}
    first = sorted(firsts.values())[:most]
    rest = [index for index in range(len(ranked)) if index not in firsts.values()]
    kept = sorted([*first, *rest[: max(0, min(6, most - len(first)))]])
    return [ranked[index] for index in kept]


def _label(run: Run) -> str:
    return short(run.recipe.name, 44)


def _kind(run: Run) -> str:
    return "baseline" if run.recipe.family in ("prior", "existing") else "model"


def _count(baseline: Study, tuned: Study | None) -> int:
    runs = [*baseline.runs, *(tuned.runs if tuned else ())]
    return len({(run.recipe.name, run.score.value) for run in runs})


def _curves(run: Run, losses: NDArray[np.float64]) -> Figure:
    epochs = np.arange(1, len(losses) + 1, dtype=np.float64)
    lowest = int(np.nanargmin(losses[:, 1])) if np.isfinite(losses[:, 1]).any() else 0
    low, high = limits(losses.ravel(), share=0.01)
    best = f"lowest: epoch {lowest + 1}"
    picture = chart(
        f"Loss while training {run.recipe.name}",
        f"Validation loss is lowest, {fixed(float(losses[lowest, 1]), 4)}, after epoch {lowest + 1} of "
        f"{len(losses)}.",
        [
            Series(points=np.column_stack([epochs, losses[:, 0]]), kind="quiet", label="training"),
            Series(points=np.column_stack([epochs, losses[:, 1]]), label="validation"),
        ],
        Axis(title="epoch", low=1, high=max(2, len(losses))),
        Axis(title="loss", low=low, high=high),
        marks=[Mark(x=lowest + 1, y=float(losses[lowest, 1]), label=best)],
    )
    size = f"{run.parameters:,} parameters. " if run.parameters else ""
    return Figure(
        title=short(run.recipe.name, 48), caption=f"{size}Score {estimate_words(run.score)}.", picture=picture
    )
