"""Which candidates were tried, and how did each do? The best first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from modelwright.deploy.report.chart import Axis, Mark, Series, chart, thinned
from modelwright.deploy.report.figures import file_size
from modelwright.deploy.report.history import FAMILY_NAMES, history
from modelwright.deploy.targets import reachable
from modelwright.records import Blob, Measure, Run, Study, Target, digest

MOST_CURVES = 12
"""Pictures of curves side by side; more would be a wall."""

BYTES_A_PARAMETER = 4
"""As float32, in which networks and linear models are trained and shipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One candidate's line on the board.

    Args:
        kind: its family in words. chosen: the one taken. choices: its hyperparameters.
        seconds: its training and judging in every split took; None where it is not known.
        weights: what its parameters take, four bytes each. targets: where such a model can go.
        curves: a picture of its training, where it has epochs.
    """

    run: Run
    kind: str
    chosen: bool
    choices: tuple[tuple[str, str], ...]
    seconds: float | None
    weights: str
    targets: tuple[Target, ...]
    curves: Markup | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All candidates of a bench.

    Args:
        places: the best first. search: a picture of the search, in the order tried.
        failures: what could not be trained, and why.
    """

    places: tuple[Place, ...]
    search: Markup | None
    failures: tuple[tuple[str, str], ...]


def board(
    studies: Iterable[Study | None],
    measure: Measure,
    read: Callable[[Blob], Any],
    took: Mapping[str, float] = MappingProxyType({}),
) -> Board:
    """The leaderboard of the studies made on one bench, the last of them having chosen.

    Args:
        studies: in the order made; None where one was not made yet.
        took: a run's digest -> seconds.
        read: a blob's content.
    """
    made = [study for study in studies if study is not None]
    if not made:
        return Board(places=(), search=None, failures=())
    last = made[-1]
    runs = list(dict.fromkeys(_Named(run) for study in made for run in study.runs))
    maximise = measure.goal == "maximise"
    ordered = sorted((named.run for named in runs), key=lambda run: _rank(run, maximise=maximise))
    drawn = {run.recipe.name for run in [run for run in ordered if run.curves is not None][:MOST_CURVES]}
    places = tuple(
        Place(
            run=run,
            kind=FAMILY_NAMES[run.recipe.family],
            chosen=run == last.best,
            choices=tuple((name, f"{value}") for name, value in sorted(run.recipe.choices.items())),
            seconds=took.get(digest(run)),
            weights=_weight(run),
            targets=reachable(run.recipe.family),
            curves=_curves(run, read) if run.recipe.name in drawn else None,
        )
        for run in ordered
    )
    failures = tuple((one.recipe.name, one.reason) for study in made for one in study.failures)
    search = history(last.runs, measure.title, last.chosen, maximise=maximise) if len(last.runs) > 2 else None
    return Board(places=places, search=search, failures=failures)


@dataclass(frozen=True, slots=True)
class _Named:
    """A run that is the same as another of its recipe and score: studies share runs."""

    run: Run

    def __hash__(self) -> int:
        return hash((self.run.recipe.name, self.run.score.value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Named) and self.run == other.run


def _weight(run: Run) -> str:
    """What its parameters take; a tree's leaves say little, for its branches weigh more."""
    known = run.parameters and run.recipe.family != "trees"
    return file_size(BYTES_A_PARAMETER * run.parameters) if known else ""


def _rank(run: Run, *, maximise: bool) -> float:
    value = run.score.value
    return math.inf if not math.isfinite(value) else (-value if maximise else value)


def _curves(run: Run, read: Callable[[Blob], Any]) -> Markup | None:
    """Training and validation loss by epoch."""
    if run.curves is None:
        return None
    losses: NDArray[np.float64] = np.asarray(read(run.curves), dtype=np.float64)
    if losses.ndim != 2 or len(losses) < 2 or not np.isfinite(losses).any():
        return None
    epochs = np.arange(1, len(losses) + 1, dtype=np.float64)
    train, validated = (np.column_stack([epochs, losses[:, place]]) for place in (0, 1))
    finite = losses[np.isfinite(losses)]
    best = int(np.nanargmin(losses[:, 1]))
    return chart(
        f"Training of {run.recipe.name}",
        "Loss on the rows trained on and on validation rows, by epoch.",
        [
            Series(points=thinned(train), kind="quiet", label="training"),
            Series(points=thinned(validated), kind="accent", label="validation"),
        ],
        Axis(title="epoch", low=1, high=float(len(losses))),
        Axis(title="loss", low=0.0, high=float(finite.max()) * 1.02),
        marks=[Mark(x=float(epochs[best]), y=float(losses[best, 1]))],
    )
