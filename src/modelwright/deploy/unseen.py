"""Which answers may judge a change to a model? Those to rows it was not trained on.

A final model was trained on every row but the sealed test part. On those rows it is surer than it will ever
be in service, and a change that would turn an answer there turns none here: pruned or quantised, it seems to
lose less than it does. So the change is made again to models of the same recipe, each trained without a part
of the rows (the very splits development was judged on), and judged on that part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.budget import unhurried
from modelwright.engine.columns import Columns, Rows, columns_of, targets_of
from modelwright.engine.folds import Part
from modelwright.engine.model import Model
from modelwright.engine.preparation.applying import prepare_rows
from modelwright.engine.preparation.augmenting import augment_rows, augmented_sources
from modelwright.engine.preparation.preparation import Preparation
from modelwright.engine.target import Target
from modelwright.engine.whole import train_whole
from modelwright.records import Bench, Desk, Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Development:
    """The rows of a bench that development may use; those of the sealed test part are in none of them.

    Args:
        answers: int64 (rows,) class positions or float64 (rows, targets), of the whole dataset.
        units: int64 (rows,), duplicates and groups.
        splits: int8 (splits, rows), one repeat: 1 trains, 2 validates.
    """

    bench: Bench
    columns: Columns
    answers: NDArray[Any]
    units: NDArray[np.int64]
    splits: NDArray[np.int8]
    target: Target

    @property
    def usable(self) -> Rows:
        """Every row that development may use, in order."""
        return np.flatnonzero((self.splits > 0).any(axis=0))

    @property
    def validated(self) -> Rows:
        """Rows that a split validates."""
        return np.flatnonzero((self.splits == 2).any(axis=0))

    def part(self, preparation: Preparation, rows: Rows) -> Part:
        """These rows as a contender trains on them, copies with columns dropped included."""
        plan, seed = self.bench.plan, self.bench.protocol.seed
        columns, augmented = augment_rows(plan, self.columns, rows, seed)
        sources = augmented_sources(plan, rows, seed)
        return Part(training=prepare_rows(preparation, columns, augmented), answers=self.answers[sources])

    def trained(self, recipe: Recipe, rows: Rows) -> Model:
        """A model of the recipe that learnt from these rows alone, whatever the time budget."""
        plan, seed = self.bench.plan, self.bench.protocol.seed
        with unhurried():
            return train_whole(recipe, self.target, plan, self.columns, self.answers, rows=rows, seed=seed)


def development_of(desk: Desk, bench: Bench) -> Development:
    """Read the rows and the splits of the first repeat."""
    table, dataset, protocol = desk.read(bench.dataset.table), bench.dataset, bench.protocol
    return Development(
        bench=bench,
        columns=columns_of(table, dataset),
        answers=targets_of(table, dataset, bench.task),
        units=desk.read(protocol.units),
        splits=desk.read(protocol.splits)[: protocol.folds],
        target=Target(kind=bench.task.kind, classes=dataset.classes, names=bench.task.targets),
    )


def models_without(development: Development, recipe: Recipe) -> Iterator[tuple[Model, Rows, Rows]]:
    """For each split a model, the rows it was trained on, and the rows it has not seen."""
    for split in development.splits:
        rows = np.flatnonzero(split == 1)
        yield development.trained(recipe, rows), rows, np.flatnonzero(split == 2)
